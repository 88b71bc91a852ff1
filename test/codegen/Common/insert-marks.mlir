// The runtime is told behind each kernel call and each barrier, and the module learns what the calls are.
// RUN: hone-opt %s -split-input-file -hone-insert-marks -verify-diagnostics | FileCheck %s

// Kernels in the order of their first calls. A table is read row by row: a row of 32 q8_0 is a block of 34 bytes. A
// product reads its weight as a whole, 16 x 32 of q8_0 in 16 blocks, and does a multiplication and an addition for each
// of its 512 elements, of the type that the rows have. Attention of 4 query heads over 2 heads of 8 reads a key and a value
// in f16 of each head for each position, and does 2 products of 8 for each query head. A norm has no products.
// CHECK: module attributes {
// CHECK-SAME: llm.calls = array<i32: 0, 0, 1, 1, 0, -1, 1, 2, -1, 2, 0, 3, 3, 0, 2, 4, 0, 2, 5, 1, 2, 6, 1, -1>
// CHECK-SAME: llm.kernels = [
// CHECK-SAME: {arithmetic = 0 : i64, name = "lookup", position_bytes = 0 : i64, position_operations = 0 : i64, row_operations = 0 : i64, row_weight_bytes = 34 : i64, weight_bytes = 0 : i64}
// CHECK-SAME: {arithmetic = 1 : i64, name = "attention", position_bytes = 64 : i64, position_operations = 128 : i64, row_operations = 0 : i64, row_weight_bytes = 0 : i64, weight_bytes = 0 : i64}
// CHECK-SAME: {arithmetic = 0 : i64, name = "norm", position_bytes = 0 : i64, position_operations = 0 : i64, row_operations = 0 : i64, row_weight_bytes = 0 : i64, weight_bytes = 128 : i64}
// CHECK-SAME: {arithmetic = 1 : i64, name = "product_f32", position_bytes = 0 : i64, position_operations = 0 : i64, row_operations = 1024 : i64, row_weight_bytes = 0 : i64, weight_bytes = 544 : i64}
// CHECK-SAME: {arithmetic = 2 : i64, name = "product_int16",{{[^{]*}} row_operations = 1024 : i64, row_weight_bytes = 0 : i64, weight_bytes = 544 : i64}
// CHECK-SAME: {arithmetic = 3 : i64, name = "product_int8",{{[^{]*}} row_operations = 1024 : i64, row_weight_bytes = 0 : i64, weight_bytes = 544 : i64}

// CHECK: func.func private @hone_rt_mark(!llvm.ptr, index, index)
// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[BARRIER:[a-z0-9]+]]: !llvm.ptr, %[[WORKER:[a-z0-9]+]]: index
// CHECK: call @lookup
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 0 : index
// CHECK-NEXT: call @hone_rt_mark(%[[BARRIER]], %[[WORKER]], %[[CALL]])
// CHECK-NEXT: call @hone_rt_barrier
// CHECK-NEXT: %[[NONE:.*]] = arith.constant -1 : index
// CHECK-NEXT: call @hone_rt_mark(%[[BARRIER]], %[[WORKER]], %[[NONE]])

// A tap belongs to the call before it. Phases of one call (whose flag is 2) are told apart.
// CHECK: call @attention
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 1 : index
// CHECK-NEXT: call @hone_rt_mark(%[[BARRIER]], %[[WORKER]], %[[CALL]])
// CHECK-NEXT: call @hone_rt_tap
// CHECK: call @attention
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 2 : index
// CHECK-NEXT: call @hone_rt_mark(%[[BARRIER]], %[[WORKER]], %[[CALL]])

// What writes as many rows as need logits (flag 1), into the arena or into the logits themselves.
// CHECK: call @product_int8
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 6 : index
// CHECK: call @logits
// CHECK-NEXT: %[[CALL:.*]] = arith.constant 7 : index
// CHECK-NEXT: call @hone_rt_mark(%[[BARRIER]], %[[WORKER]], %[[CALL]])
// CHECK-NEXT: return
func.func private @hone_rt_barrier(!llvm.ptr)
func.func private @hone_rt_tap(!llvm.ptr, index, index, index, !llvm.ptr, index)
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x16xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = memref.dim %tokens, %c0 : memref<?xi32>
  %some = memref.dim %logit_rows, %c0 : memref<?xi32>
  %1 = builtin.unrealized_conversion_cast %c1 : index to i64
  %address1 = llvm.getelementptr %weights[%1] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
  %pointer1 = llvm.load %address1 : !llvm.ptr -> !llvm.ptr
  %none1 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %known1 = llvm.insertvalue %pointer1, %none1[1] : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %table = builtin.unrealized_conversion_cast %known1
    : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<544xi8>
  %c2 = arith.constant 2 : index
  %2 = builtin.unrealized_conversion_cast %c2 : index to i64
  %address2 = llvm.getelementptr %weights[%2] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
  %pointer2 = llvm.load %address2 : !llvm.ptr -> !llvm.ptr
  %none2 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %known2 = llvm.insertvalue %pointer2, %none2[1] : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %weight = builtin.unrealized_conversion_cast %known2
    : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<544xi8>
  %c3 = arith.constant 3 : index
  %3 = builtin.unrealized_conversion_cast %c3 : index to i64
  %address3 = llvm.getelementptr %weights[%3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
  %pointer3 = llvm.load %address3 : !llvm.ptr -> !llvm.ptr
  %none3 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %known3 = llvm.insertvalue %pointer3, %none3[1] : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
  %norm = builtin.unrealized_conversion_cast %known3
    : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<32xf32>
  %a = memref.view %arena[%c0][%rows] : memref<?xi8> to memref<?x32xf32>
  %b = memref.view %arena[%c0][%rows] : memref<?xi8> to memref<?x16xf32>
  %c = memref.view %arena[%c0][%some] : memref<?xi8> to memref<?x16xf32>
  %i16 = memref.view %arena[%c0][%rows] : memref<?xi8> to memref<?x76xi8>
  %i8 = memref.view %arena[%c0][%rows] : memref<?xi8> to memref<?x44xi8>
  %shared = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  call @lookup(%tokens, %table, %a, %worker, %workers)
    : (memref<?xi32>, memref<544xi8>, memref<?x32xf32>, index, index) -> ()
  call @hone_rt_barrier(%barrier) : (!llvm.ptr) -> ()
  call @attention(%a, %pages, %c0, %positions, %sequences, %a, %shared, %c0, %worker, %workers)
    : (memref<?x32xf32>, !llvm.ptr, index, memref<?xi32>, memref<?xi32>, memref<?x32xf32>, memref<8xf32>, index, index,
       index) -> ()
  call @hone_rt_tap(%barrier, %worker, %c1, %c0, %pages, %c0) : (!llvm.ptr, index, index, index, !llvm.ptr, index) -> ()
  call @attention(%a, %pages, %c0, %positions, %sequences, %a, %shared, %c1, %worker, %workers)
    : (memref<?x32xf32>, !llvm.ptr, index, memref<?xi32>, memref<?xi32>, memref<?x32xf32>, memref<8xf32>, index, index,
       index) -> ()
  call @norm(%a, %norm, %a, %worker, %workers)
    : (memref<?x32xf32>, memref<32xf32>, memref<?x32xf32>, index, index) -> ()
  call @product_f32(%a, %weight, %b, %worker, %workers)
    : (memref<?x32xf32>, memref<544xi8>, memref<?x16xf32>, index, index) -> ()
  call @product_int16(%i16, %weight, %b, %worker, %workers)
    : (memref<?x76xi8>, memref<544xi8>, memref<?x16xf32>, index, index) -> ()
  call @product_int8(%i8, %weight, %c, %worker, %workers)
    : (memref<?x44xi8>, memref<544xi8>, memref<?x16xf32>, index, index) -> ()
  call @logits(%c, %logits) : (memref<?x16xf32>, memref<?x16xf32>) -> ()
  return
}
func.func private @lookup(%tokens: memref<?xi32> {llm.access = "read"}, %table: memref<544xi8> {llm.access = "read"},
    %result: memref<?x32xf32> {llm.access = "write"}, %worker: index, %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %tokens : memref<?xi32> to tensor<?xi32>
  %1 = llm.from_buffer %table : memref<544xi8> to tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  %2 = llm.embedding %0, %1 : tensor<?xi32>, tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.to_buffer %2, %result : tensor<?x32xf32> to memref<?x32xf32>
  return
}
func.func private @attention(%rows: memref<?x32xf32> {llm.access = "read"}, %kv: !llvm.ptr {llm.access = "read"},
    %layer: index, %positions: memref<?xi32> {llm.access = "read"}, %sequences: memref<?xi32> {llm.access = "read"},
    %result: memref<?x32xf32> {llm.access = "write"}, %shared: memref<8xf32> {llm.access = "read_write"}, %phase: index,
    %worker: index, %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %rows : memref<?x32xf32> to tensor<?x32xf32>
  %1 = llm.from_buffer %kv : !llvm.ptr to !llm.kv<3x2x8xf16>
  %2 = llm.from_buffer %positions : memref<?xi32> to tensor<?xi32>
  %3 = llm.from_buffer %sequences : memref<?xi32> to tensor<?xi32>
  %4 = llm.attention %0, %1[%layer], %2, %3 {scale = 1.0 : f32} : tensor<?x32xf32>, !llm.kv<3x2x8xf16>, tensor<?xi32>
  llm.to_buffer %4, %result : tensor<?x32xf32> to memref<?x32xf32>
  return
}
func.func private @norm(%rows: memref<?x32xf32> {llm.access = "read"}, %weight: memref<32xf32> {llm.access = "read"},
    %result: memref<?x32xf32> {llm.access = "write"}, %worker: index, %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %rows : memref<?x32xf32> to tensor<?x32xf32>
  %1 = llm.from_buffer %weight : memref<32xf32> to tensor<32xf32>
  %2 = llm.rms_norm %0, %1 {epsilon = 1.0 : f32} : tensor<?x32xf32>, tensor<32xf32>
  llm.to_buffer %2, %result : tensor<?x32xf32> to memref<?x32xf32>
  return
}
func.func private @product_f32(%rows: memref<?x32xf32> {llm.access = "read"},
    %weight: memref<544xi8> {llm.access = "read"}, %result: memref<?x16xf32> {llm.access = "write"}, %worker: index,
    %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %rows : memref<?x32xf32> to tensor<?x32xf32>
  %1 = llm.from_buffer %weight : memref<544xi8> to tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x32xf32>, tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.to_buffer %2, %result : tensor<?x16xf32> to memref<?x16xf32>
  return
}
func.func private @product_int16(%rows: memref<?x76xi8> {llm.access = "read"},
    %weight: memref<544xi8> {llm.access = "read"}, %result: memref<?x16xf32> {llm.access = "write"}, %worker: index,
    %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %rows : memref<?x76xi8> to tensor<?x32xi16, #llm.blocked<columns = 32>>
  %1 = llm.from_buffer %weight : memref<544xi8> to tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  %2 = llm.linear %0, %1
    : tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.to_buffer %2, %result : tensor<?x16xf32> to memref<?x16xf32>
  return
}
func.func private @product_int8(%rows: memref<?x44xi8> {llm.access = "read"},
    %weight: memref<544xi8> {llm.access = "read"}, %result: memref<?x16xf32> {llm.access = "write"}, %worker: index,
    %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %rows : memref<?x44xi8> to tensor<?x32xi8, #llm.blocked<columns = 32>>
  %1 = llm.from_buffer %weight : memref<544xi8> to tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  %2 = llm.linear %0, %1
    : tensor<?x32xi8, #llm.blocked<columns = 32>>, tensor<16x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.to_buffer %2, %result : tensor<?x16xf32> to memref<?x16xf32>
  return
}
func.func private @logits(memref<?x16xf32> {llm.access = "read"}, memref<?x16xf32> {llm.access = "write"})
  attributes {llm.kernel}

// -----

// expected-error@+1 {{expected a step in memory form; run hone-bufferize-step first}}
func.func @step(%tokens: tensor<?xi32>) attributes {llm.step} {
  return
}

// -----

// What a function reads and computes is known of kernels only.
func.func @step(
    %tokens: memref<?xi32>, %positions: memref<?xi32>, %sequences: memref<?xi32>, %logit_rows: memref<?xi32>,
    %pages: !llvm.ptr, %logits: memref<?x8xf32>, %weights: !llvm.ptr, %arena: memref<?xi8>, %barrier: !llvm.ptr,
    %worker: index, %workers: index) attributes {llm.step} {
  // expected-error@+1 {{expected a call of a kernel}}
  call @other() : () -> ()
  return
}
func.func private @other()
