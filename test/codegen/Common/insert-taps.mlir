// Each value that a kernel call writes is shown to a callback, by every worker.
// RUN: hone-opt %s -split-input-file -hone-insert-taps -verify-diagnostics | FileCheck %s

// Values are handed over behind their call and before the barrier that follows, with the bytes of the rows that the step
// has. What a call reads is not shown.
// CHECK: func.func private @hone_rt_tap(!llvm.ptr, index, index, index, !llvm.ptr, index)
// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[PAGES:[a-z0-9]+]]: !llvm.ptr, %[[LOGITS:[a-z0-9]+]]: memref<?x8xf32>
// CHECK-SAME: %[[BARRIER:[a-z0-9]+]]: !llvm.ptr, %[[WORKER:[a-z0-9]+]]: index
// CHECK: call @two(%[[A:[a-z0-9_]+]], %[[B:[a-z0-9_]+]], %[[C:[a-z0-9_]+]])
// CHECK: %[[CALL:.*]] = arith.constant 0 : index
// CHECK: %[[VALUE:.*]] = arith.constant 0 : index
// CHECK: memref.extract_aligned_pointer_as_index %[[B]]
// CHECK: %[[ADDRESS:.*]] = llvm.inttoptr
// CHECK: %[[ROW:.*]] = arith.constant 32 : index
// CHECK: %[[ROWS:.*]] = memref.dim %[[B]]
// CHECK: %[[BYTES:.*]] = arith.muli %[[ROW]], %[[ROWS]]
// CHECK-NEXT: call @hone_rt_tap(%[[BARRIER]], %[[WORKER]], %[[CALL]], %[[VALUE]], %[[ADDRESS]], %[[BYTES]])
// CHECK-NEXT: arith.constant 0 : index
// CHECK-NEXT: %[[VALUE:.*]] = arith.constant 1 : index
// CHECK: memref.extract_aligned_pointer_as_index %[[C]]
// CHECK: call @hone_rt_tap(%[[BARRIER]], %[[WORKER]], %{{.*}}, %[[VALUE]],
// CHECK-NEXT: call @hone_rt_barrier
// Keys and values: the table of pages, and no number of bytes.
// CHECK-NEXT: call @append(%[[B]], %[[PAGES]])
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 1 : index
// CHECK-NEXT: %[[VALUE:.*]] = arith.constant 0 : index
// CHECK-NEXT: %[[NONE:.*]] = arith.constant 0 : index
// CHECK-NEXT: call @hone_rt_tap(%[[BARRIER]], %[[WORKER]], %[[CALL]], %[[VALUE]], %[[PAGES]], %[[NONE]])
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @two(%[[C]], %[[LOGITS]], %[[B]])
// CHECK: %[[CALL:.*]] = arith.constant 2 : index
// CHECK: memref.extract_aligned_pointer_as_index %[[LOGITS]]
// CHECK: call @hone_rt_tap
// CHECK: memref.extract_aligned_pointer_as_index %[[B]]
// CHECK: call @hone_rt_tap
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  call @two(%a, %b, %c) : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @hone_rt_barrier(%barrier) : (!llvm.ptr) -> ()
  call @append(%b, %pages) : (memref<?x8xf32>, !llvm.ptr) -> ()
  call @hone_rt_barrier(%barrier) : (!llvm.ptr) -> ()
  call @two(%c, %logits, %b) : (memref<?x8xf32>, memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @hone_rt_barrier(!llvm.ptr)
func.func private @two(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"},
                       memref<?x8xf32> {llm.access = "write"}) attributes {llm.kernel}
func.func private @append(memref<?x8xf32> {llm.access = "read"}, !llvm.ptr {llm.access = "read_write"})
  attributes {llm.kernel}
}

// -----

// Blocked rows are bytes; a value without rows has as many as its type.
// CHECK-LABEL: func.func @bytes
// CHECK: arith.constant 304 : index
// CHECK: arith.muli
// CHECK: call @hone_rt_tap
// CHECK: %[[BYTES:.*]] = arith.constant 16 : index
// CHECK-NEXT: call @hone_rt_tap({{.*}}, %[[BYTES]])
func.func @bytes(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x304xi8>, %weights: !llvm.ptr, %arena: memref<2x8xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  call @write(%logits, %arena) : (memref<?x304xi8>, memref<2x8xi8>) -> ()
  return
}
func.func private @write(memref<?x304xi8> {llm.access = "write"}, memref<2x8xi8> {llm.access = "write"})
  attributes {llm.kernel}

// -----

// expected-error@+1 {{expected a step in memory form; run hone-bufferize-step first}}
func.func @step(%tokens: tensor<?xi32>) attributes {llm.step} {
  return
}

// -----

// What a function writes is known of kernels only.
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  // expected-error@+1 {{expected a call of a kernel}}
  call @other() : () -> ()
  return
}
func.func private @other()
