// Kernels that touch the same memory are separated, others are not.
// RUN: hone-opt %s -split-input-file -hone-place-barriers -verify-diagnostics | FileCheck %s
// RUN: not hone-opt %s -split-input-file -hone-place-barriers -remark-format=emitRemark \
// RUN:   -remarks-filter=hone-place-barriers -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Each step below has the arguments of a bufferized one; @copy reads its first operand and writes its second.

// Read after write: what one worker wrote is read by another.
// CHECK-LABEL: func.func private @hone_rt_barrier(!llvm.ptr)
// CHECK-LABEL: func.func @read_after_write
// CHECK-SAME: %[[BARRIER:[a-z0-9]+]]: !llvm.ptr, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK: call @copy
// CHECK-NEXT: call @hone_rt_barrier(%[[BARRIER]])
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
// REMARK: remark: [Analysis] Barrier {{.*}}before 'copy', which reads what 'copy' writes
// REMARK: place-barriers.mlir:[[@LINE+3]]:{{.*}} remark: [Analysis] PlaceBarriers | Category:hone-place-barriers
// REMARK-SAME: barriers=1
module attributes {llm.max_rows = 4 : i64} {
func.func @read_after_write(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%b, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// Write after read: a slow worker may still read what a fast one would overwrite.
// CHECK-LABEL: func.func @write_after_read
// CHECK: call @copy
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @write_after_read(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%c, %a) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// Write after write: the later value has to win.
// CHECK-LABEL: func.func @write_after_write
// CHECK: call @copy
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @write_after_write(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%c, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// Readers of the same memory, and writers of different memory, need no barrier: ranges that meet do not overlap.
// CHECK-LABEL: func.func @no_conflict
// CHECK: call @copy
// CHECK-NEXT: call @copy
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
// REMARK: barriers=0
module attributes {llm.max_rows = 4 : i64} {
func.func @no_conflict(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%a, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%a, %logits) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// An edge that no value has: the second call reads and writes other values than the first, and only the arena says that
// the last 64 of the first's 128 bytes are the second's too.
// CHECK-LABEL: func.func @shared_bytes
// CHECK: call @copy
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @shared_bytes(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %c1024 = arith.constant 1024 : index
  %a = memref.view %arena[%c512][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c1024][%worker] : memref<?xi8> to memref<?x8xf32>
  %d = memref.view %arena[%c64][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%c, %d) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// The same step without that edge: the second value begins where the first ends, and nothing else is changed. Then the
// barrier is not there.
// CHECK-LABEL: func.func @separate_bytes
// CHECK: call @copy
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @separate_bytes(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c512 = arith.constant 512 : index
  %c1024 = arith.constant 1024 : index
  %a = memref.view %arena[%c512][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c1024][%worker] : memref<?xi8> to memref<?x8xf32>
  %d = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%c, %d) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// The range of a value is that of 'llm.max_rows' rows: the same offsets do not overlap where a step has 2.
// CHECK-LABEL: func.func @fewer_rows
// CHECK: call @copy
// CHECK-NEXT: call @copy
// CHECK-NEXT: return
module attributes {llm.max_rows = 2 : i64} {
func.func @fewer_rows(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c512 = arith.constant 512 : index
  %c1024 = arith.constant 1024 : index
  %a = memref.view %arena[%c512][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c1024][%worker] : memref<?xi8> to memref<?x8xf32>
  %d = memref.view %arena[%c64][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%c, %d) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// KV pages are memory: attention waits for the append before it, and the next append for attention. Neither has a
// result that the other takes. Two attentions do not wait for each other.
// CHECK-LABEL: func.func @pages
// CHECK: call @append
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @attention
// CHECK-NEXT: call @attention
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @append
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @pages(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  call @append(%pages) : (!llvm.ptr) -> ()
  call @attention(%pages) : (!llvm.ptr) -> ()
  call @attention(%pages) : (!llvm.ptr) -> ()
  call @append(%pages) : (!llvm.ptr) -> ()
  return
}
func.func private @append(!llvm.ptr {llm.access = "read_write"}) attributes {llm.kernel}
func.func private @attention(!llvm.ptr {llm.access = "read"}) attributes {llm.kernel}
}

// -----

// One barrier separates a call from all before it: the third call conflicts with the first alone, which is behind the
// barrier already. The fourth conflicts with the third.
// CHECK-LABEL: func.func @one_barrier_for_all
// CHECK: call @copy(%[[A:[a-z0-9_]+]], %[[B:[a-z0-9_]+]])
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @copy(%[[B]], %[[C:[a-z0-9_]+]])
// CHECK-NEXT: call @copy(%[[B]], %[[D:[a-z0-9_]+]])
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: call @copy(%[[D]], %[[A]])
// CHECK-NEXT: return
module attributes {llm.max_rows = 4 : i64} {
func.func @one_barrier_for_all(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %c384 = arith.constant 384 : index
  %a = memref.view %arena[%c0][%worker] : memref<?xi8> to memref<?x8xf32>
  %b = memref.view %arena[%c128][%worker] : memref<?xi8> to memref<?x8xf32>
  %c = memref.view %arena[%c256][%worker] : memref<?xi8> to memref<?x8xf32>
  %d = memref.view %arena[%c384][%worker] : memref<?xi8> to memref<?x8xf32>
  call @copy(%a, %b) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%b, %c) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%b, %d) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  call @copy(%d, %a) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}

// -----

// Without the number of rows, ranges are unknown.
// expected-error@+1 {{expected 'llm.max_rows'; run hone-plan-arena first}}
module {
}

// -----

// What a function does to memory is known of kernels only.
module attributes {llm.max_rows = 4 : i64} {
func.func @step() attributes {llm.step} {
  // expected-error@+1 {{expected a call of a kernel}}
  call @other() : () -> ()
  return
}
func.func private @other()
}

// -----

module attributes {llm.max_rows = 4 : i64} {
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %a = memref.view %arena[%worker][%workers] : memref<?xi8> to memref<?x8xf32>
  // expected-error@+1 {{operand 1 has an offset in the arena that is not constant}}
  call @copy(%logits, %a) : (memref<?x8xf32>, memref<?x8xf32>) -> ()
  return
}
func.func private @copy(memref<?x8xf32> {llm.access = "read"}, memref<?x8xf32> {llm.access = "write"})
  attributes {llm.kernel}
}
