// The function that the runtime calls takes the structure of hone-rt/ABI.h apart.
// RUN: hone-opt %s -split-input-file -hone-emit-step-entry -verify-diagnostics | FileCheck %s

// Fields are read at their offsets: rows 0, logit_rows 8, tokens 16, positions 24, sequences 32, logit_row 40, logits
// 48, pages 56, weights 64, arena 72, barrier 88. The mark of the step is gone.
// CHECK-LABEL: func.func private @step
// CHECK-NOT: llm.step
// CHECK: func.func private @kernel(memref<?x8xf32>)
// CHECK-LABEL: func.func @hone_step
// CHECK-SAME: (%[[STEP:[a-z0-9]+]]: !llvm.ptr, %[[WORKER:[a-z0-9]+]]: i32, %[[WORKERS:[a-z0-9]+]]: i32)
// CHECK: llvm.getelementptr %[[STEP]][0]
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: llvm.getelementptr %[[STEP]][8]
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: arith.constant 256 : index
// CHECK: llvm.getelementptr %[[STEP]][16]
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[STEP]][24]
// CHECK: llvm.getelementptr %[[STEP]][32]
// CHECK: llvm.getelementptr %[[STEP]][40]
// CHECK: llvm.getelementptr %[[STEP]][56]
// CHECK: %[[PAGES:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[STEP]][48]
// CHECK: %[[LOGITS:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?x8xf32>
// CHECK: llvm.getelementptr %[[STEP]][64]
// CHECK: %[[TABLE:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.getelementptr %[[STEP]][72]
// CHECK: %[[ARENA:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?xi8>
// CHECK: llvm.getelementptr %[[STEP]][88]
// CHECK: %[[BARRIER:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: %[[I:.*]] = arith.index_cast %[[WORKER]] : i32 to index
// CHECK: %[[N:.*]] = arith.index_cast %[[WORKERS]] : i32 to index
// CHECK: call @step(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[PAGES]], %[[LOGITS]], %[[TABLE]], %[[ARENA]], %[[BARRIER]], %[[I]], %[[N]])
// CHECK-NEXT: return
module attributes {llm.arena_bytes = 256 : i64} {
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  return
}
func.func private @kernel(memref<?x8xf32>)
}

// -----

// expected-error@+1 {{expected one step in memory form; run hone-bufferize-step first}}
module {
}

// -----

// expected-error@+1 {{expected one step in memory form; run hone-bufferize-step first}}
module {
func.func @step(%tokens: tensor<?xi32>) attributes {llm.step} {
  return
}
}

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+1 {{is a second step; a program has one}}
func.func @again() attributes {llm.step} {
  return
}

// -----

// Eleven arguments, but not those of a step.
// expected-error @below {{expected one step in memory form; run hone-bufferize-step first}}
module {
  func.func @step(%0: index, %1: index, %2: index, %3: index, %4: index, %5: index, %6: index, %7: index, %8: index,
                  %9: index, %10: index) attributes {llm.step} {
    return
  }
}

// -----

// A step whose kernels have code for several levels has an entry for each, which says the level last.
// CHECK-LABEL: func.func private @levels
// CHECK-NOT: x86.levels
// CHECK-LABEL: func.func @hone_step(
// CHECK-SAME: x86.level = "avx-512"
// CHECK: %[[SECOND:.*]] = arith.constant 2 : index
// CHECK: call @levels({{.*}}, %[[SECOND]])
// CHECK-LABEL: func.func @"hone_step.x86-64-v3"
// CHECK-SAME: x86.level = "x86-64-v3"
// CHECK: call @levels({{.*}}, %{{[a-z0-9_]+}})
func.func @levels(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                  %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                  %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index, %level: index)
    attributes {llm.step, x86.levels = ["avx-512", "x86-64-v3"]} {
  return
}
