// Values between kernels get a place in one arena; those that are not alive together share bytes.
// RUN: hone-opt %s -split-input-file -hone-plan-arena=max-rows=4 | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-plan-arena=max-rows=4 -remark-format=emitRemark \
// RUN:   -remarks-filter=hone-plan-arena -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not hone-opt %s -split-input-file -hone-plan-arena=max-rows=0 2>&1 | FileCheck %s --check-prefix=BOUNDS
// RUN: not hone-opt %s -split-input-file -hone-plan-arena=max-rows=65537 2>&1 | FileCheck %s --check-prefix=BOUNDS
// RUN: not hone-opt %s -split-input-file -hone-plan-arena=max-rows=many 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: hone-opt %s -split-input-file -hone-plan-arena=max-rows=65536 | FileCheck %s --check-prefix=LARGEST

// BOUNDS: error: expected max-rows between 1 and 65536, got
// NUMBER: 'many' value invalid for long argument!

// A chain: the third value takes the bytes of the first, which ended with the second call. 4 rows of 8 f32 are 128
// bytes.
// CHECK-LABEL: module attributes {llm.arena_bytes = 256 : i64, llm.max_rows = 4 : i64}
// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[ARENA:[a-z0-9]+]]: memref<?xi8>, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK: %[[ROWS:.*]] = memref.dim
// CHECK-NOT: memref.alloc
// CHECK: %[[AT0:.*]] = arith.constant 0 : index
// CHECK: %[[A:.*]] = memref.view %[[ARENA]][%[[AT0]]][%[[ROWS]]] : memref<?xi8> to memref<?x8xf32>
// CHECK: call @use(%{{.*}}, %[[A]]
// CHECK: %[[AT1:.*]] = arith.constant 128 : index
// CHECK: %[[B:.*]] = memref.view %[[ARENA]][%[[AT1]]][%[[ROWS]]]
// CHECK: call @use(%[[A]], %[[B]]
// CHECK: %[[AT2:.*]] = arith.constant 0 : index
// CHECK: %[[C:.*]] = memref.view %[[ARENA]][%[[AT2]]][%[[ROWS]]]
// CHECK: call @use(%[[B]], %[[C]]
// LARGEST: module attributes {llm.arena_bytes = 4194304 : i64, llm.max_rows = 65536 : i64}
// REMARK: plan-arena.mlir:[[@LINE+4]]:{{.*}} remark: [Analysis] PlanArena | Category:hone-plan-arena
// REMARK-SAME: arena_bytes=256
// REMARK-SAME: bytes_without_sharing=384
// REMARK-SAME: values=3
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %a = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%logits, %a) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %b = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %c = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%b, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @use(%c, %logits) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @use(memref<?x8xf32>, memref<?x8xf32>)

// -----

// The residual stays alive over the whole step, so that nothing shares its bytes.
// CHECK-LABEL: module attributes {llm.arena_bytes = 384 : i64
// CHECK-LABEL: func.func @step
// CHECK: memref.dim
// CHECK: %[[AT0:.*]] = arith.constant 0 : index
// CHECK: memref.view %{{.*}}[%[[AT0]]]
// CHECK: %[[AT1:.*]] = arith.constant 128 : index
// CHECK: memref.view %{{.*}}[%[[AT1]]]
// CHECK: %[[AT2:.*]] = arith.constant 256 : index
// CHECK: memref.view %{{.*}}[%[[AT2]]]
// CHECK: %[[AT3:.*]] = arith.constant 128 : index
// CHECK: memref.view %{{.*}}[%[[AT3]]]
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %residual = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%logits, %residual) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %b = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%residual, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %c = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%b, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %d = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%c, %d) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @use(%d, %residual) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @use(memref<?x8xf32>, memref<?x8xf32>)

// -----

// Places are multiples of a cache line: 4 rows of 72 bytes are 288, which ends in the fifth line. A larger value does
// not fit into the gap that a smaller one left, but a smaller one later does.
// CHECK-LABEL: module attributes {llm.arena_bytes = 960 : i64
// CHECK-LABEL: func.func @step
// CHECK: memref.dim
// CHECK: %[[AT0:.*]] = arith.constant 0 : index
// CHECK: memref.view %{{.*}}[%[[AT0]]][%{{.*}}] : memref<?xi8> to memref<?x76xi8>
// CHECK: %[[AT1:.*]] = arith.constant 320 : index
// CHECK: memref.view %{{.*}}[%[[AT1]]][%{{.*}}] : memref<?xi8> to memref<?x8xf32>
// CHECK: %[[AT2:.*]] = arith.constant 448 : index
// CHECK: memref.view %{{.*}}[%[[AT2]]][%{{.*}}] : memref<?xi8> to memref<?x32xf32>
// CHECK: %[[AT3:.*]] = arith.constant 0 : index
// CHECK: memref.view %{{.*}}[%[[AT3]]][] : memref<?xi8> to memref<3x8xf32>
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %a = memref.alloc(%rows) : memref<?x76xi8>
  %b = memref.alloc(%rows) : memref<?x8xf32>
  call @start(%a, %b) : (memref<?x76xi8>, memref<?x8xf32>) -> ()
  %c = memref.alloc(%rows) : memref<?x32xf32>
  %d = memref.alloc() : memref<3x8xf32>
  call @end(%b, %c, %d) : (memref<?x8xf32>, memref<?x32xf32>, memref<3x8xf32>) -> ()
  return
}
func.func private @start(memref<?x76xi8>, memref<?x8xf32>)
func.func private @end(memref<?x8xf32>, memref<?x32xf32>, memref<3x8xf32>)

// -----

// Results of one kernel are alive together, and so are its operands with its results.
// CHECK-LABEL: module attributes {llm.arena_bytes = 384 : i64
// CHECK-LABEL: func.func @step
// CHECK-DAG: arith.constant 128 : index
// CHECK-DAG: arith.constant 256 : index
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %a = memref.alloc(%rows) : memref<?x8xf32>
  %b = memref.alloc(%rows) : memref<?x8xf32>
  %c = memref.alloc(%rows) : memref<?x8xf32>
  call @use(%a, %b, %c) : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @use(memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>)

// -----

// A module without a step needs no arena.
// CHECK-LABEL: module attributes {llm.arena_bytes = 0 : i64, llm.max_rows = 4 : i64}
func.func private @other()

// -----

// Two kernels that do not depend on each other are one stage: the output of the second does not take the bytes that the
// first one still reads, so that no barrier comes between them.
// CHECK-LABEL: module attributes {llm.arena_bytes = 512 : i64
// CHECK-LABEL: func.func @step
// CHECK: memref.dim
// CHECK: %[[AT0:.*]] = arith.constant 0 : index
// CHECK: %[[Q:.*]] = memref.view %{{.*}}[%[[AT0]]]
// CHECK: %[[AT1:.*]] = arith.constant 128 : index
// CHECK: %[[K:.*]] = memref.view %{{.*}}[%[[AT1]]]
// CHECK: %[[AT2:.*]] = arith.constant 256 : index
// CHECK: %[[TURNED_Q:.*]] = memref.view %{{.*}}[%[[AT2]]]
// CHECK: call @rope(%[[Q]], %[[TURNED_Q]]
// CHECK: %[[AT3:.*]] = arith.constant 384 : index
// CHECK: %[[TURNED_K:.*]] = memref.view %{{.*}}[%[[AT3]]]
// CHECK: call @rope(%[[K]], %[[TURNED_K]]
func.func @step(%tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>,
                %logit_rows: memref<?xi32>, %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr,
                %arena: memref<?xi8>, %barrier: !llvm.ptr, %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %q = memref.alloc(%rows) : memref<?x8xf32>
  %k = memref.alloc(%rows) : memref<?x8xf32>
  call @project(%q, %k) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %turned_q = memref.alloc(%rows) : memref<?x8xf32>
  call @rope(%q, %turned_q) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  %turned_k = memref.alloc(%rows) : memref<?x8xf32>
  call @rope(%k, %turned_k) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @rope(%turned_q, %logits) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @rope(%turned_k, %logits) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @project(memref<?x8xf32> {llm.access = "write"}, memref<?x8xf32> {llm.access = "write"})
func.func private @rope(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
