// A function that tests kernels calls them with memory of its own, once for each number of workers.
// RUN: hone-opt %s -split-input-file -pass-pipeline='builtin.module(hone-bufferize-callers{workers=1,3})' \
// RUN:   -verify-diagnostics | FileCheck %s

// The result of each run holds NaN before; the runs must leave the same bits, and the first goes on.
// CHECK-LABEL: func.func @rows
// CHECK: %[[IN:.*]] = bufferization.to_buffer %{{.*}} read_only : tensor<?x8xf32> to memref<?x8xf32>
// CHECK: %[[ROWS:.*]] = memref.dim %[[IN]], %{{.*}}
// CHECK: %[[ONE:.*]] = memref.alloc(%[[ROWS]]) : memref<?x8xf32>
// CHECK: %[[NAN:.*]] = arith.constant 0x7FC00000 : f32
// CHECK: memref.store %[[NAN]], %[[ONE]]
// CHECK: %[[N:.*]] = arith.constant 1 : index
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]]
// CHECK-NEXT: func.call @add_8(%[[IN]], %[[IN]], %[[ONE]], %[[I]], %[[N]])
// CHECK: %[[THREE:.*]] = memref.alloc
// CHECK: %[[M:.*]] = arith.constant 3 : index
// CHECK: scf.for %[[J:.*]] = %{{.*}} to %[[M]]
// CHECK-NEXT: func.call @add_8(%[[IN]], %[[IN]], %[[THREE]], %[[J]], %[[M]])
// CHECK: %[[OTHER:.*]] = bufferization.to_tensor %[[THREE]]
// CHECK: %[[FIRST:.*]] = bufferization.to_tensor %[[ONE]]
// CHECK: check.expect_equal %[[OTHER]], %[[FIRST]]
// CHECK: %[[RESULT:.*]] = bufferization.to_tensor %[[ONE]]
// CHECK: check.expect_close %[[RESULT]]
// CHECK: memref.dealloc %[[ONE]]
// CHECK: memref.dealloc %[[THREE]]
// CHECK-LABEL: func.func private @add_8
// CHECK-SAME: %{{.*}}: memref<?x8xf32> {llm.access = "write"}, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
func.func @rows(%x: tensor<?x8xf32>) {
  %0 = call @add_8(%x, %x) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  check.expect_close %0, %x : tensor<?x8xf32>, tensor<?x8xf32>
  return
}
func.func private @add_8(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {llm.kernel} {
  %0 = llm.add %a, %b : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// Rounded activations stay bytes between kernels; converted, they are the numbers that they stand for.
// CHECK-LABEL: func.func @blocked
// CHECK: %[[BYTES:.*]] = memref.alloc(%{{.*}}) : memref<?x76xi8>
// CHECK: call @quantize(%{{.*}}, %[[BYTES]],
// CHECK: check.expect_equal %{{.*}}, %{{.*}} : tensor<?x76xi8>, tensor<?x76xi8>
// CHECK: %[[NUMBERS:.*]] = memref.alloc(%{{.*}}) : memref<?x32xf32>
// CHECK: memref.load %[[BYTES]]
// CHECK: %[[SCALE:.*]] = arith.bitcast %{{.*}} : i32 to f32
// CHECK: %[[INTEGER:.*]] = arith.sitofp %{{.*}} : i16 to f32
// CHECK: %[[NUMBER:.*]] = arith.mulf %[[INTEGER]], %[[SCALE]]
// CHECK: memref.store %[[NUMBER]], %[[NUMBERS]]
!b = tensor<?x32xi16, #llm.blocked<columns = 32>>
func.func @blocked(%x: tensor<?x32xf32>) {
  %0 = call @quantize(%x) : (tensor<?x32xf32>) -> !b
  %1 = check.convert %0 : !b to tensor<?x32xf32>
  check.expect_close %1, %x : tensor<?x32xf32>, tensor<?x32xf32>
  return
}
func.func private @quantize(%a: tensor<?x32xf32>) -> !b attributes {llm.kernel} {
  %0 = llm.quantize_rows %a : tensor<?x32xf32>
  return %0 : !b
}

// -----

// Numbers of keys and values go to pages with their tables, of which each run has its own; 65 positions take two pages.
// CHECK-LABEL: func.func @kv
// CHECK: %[[PAGES:.*]] = memref.alloc() : memref<4x2048xf16>
// CHECK: %[[PAGE_TABLES:.*]] = memref.alloc() : memref<2x2xi64>
// CHECK: %[[TABLES:.*]] = memref.alloc() : memref<2xi64>
// CHECK: arith.constant 0x7E00 : f16
// CHECK: memref.store %{{.*}}, %[[PAGE_TABLES]]
// CHECK: memref.store %{{.*}}, %[[TABLES]]
// CHECK: %[[KV:.*]] = llvm.inttoptr
// CHECK: tensor.extract
// CHECK: memref.store %{{.*}}, %[[PAGES]]
// CHECK: memref.alloc() : memref<4x2048xf16>
// CHECK: %[[SECOND:.*]] = llvm.inttoptr
// CHECK: call @append(%[[KV]], {{.*}}) : (!llvm.ptr, index,
// CHECK: call @append(%[[SECOND]],
// CHECK: memref.load %[[PAGES]]
// CHECK: check.expect_equal
// CHECK: check.expect_equal
!kv = !llm.kv<1x1x16xf16>
!numbers = tensor<2x1x2x65x1x16xf16>
func.func @kv(%numbers: !numbers, %rows: tensor<1x16xf32>, %indices: tensor<1xi32>) {
  %layer = arith.constant 0 : index
  %kv = check.convert %numbers : !numbers to !kv
  %after = call @append(%kv, %layer, %rows, %indices) : (!kv, index, tensor<1x16xf32>, tensor<1xi32>) -> !kv
  %result = check.convert %after : !kv to !numbers
  check.expect_equal %result, %numbers : !numbers, !numbers
  return
}
func.func private @append(%kv: !kv, %layer: index, %rows: tensor<1x16xf32>, %indices: tensor<1xi32>) -> !kv
    attributes {llm.kernel} {
  %0 = llm.kv_append %kv[%layer], %rows, %rows, %indices, %indices : !kv, tensor<1x16xf32>, tensor<1xi32>
  return %0 : !kv
}

// -----

// Workers end the first phase of attention before one begins the second; the memory between them holds NaN before.
// CHECK-LABEL: func.func @phases
// CHECK: %[[RESULT:.*]] = memref.alloc() : memref<1x16xf32>
// CHECK: %[[SHARED:.*]] = memref.alloc() : memref<8x1x16x48xf32>
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: scf.for %[[I:.*]] =
// CHECK-NEXT: call @attention({{.*}}, %[[RESULT]], %[[SHARED]], %[[FIRST]], %[[I]],
// CHECK-NEXT: }
// CHECK: %[[SECOND:.*]] = arith.constant 1 : index
// CHECK: scf.for %[[J:.*]] =
// CHECK-NEXT: call @attention({{.*}}, %[[RESULT]], %[[SHARED]], %[[SECOND]], %[[J]],
!kv = !llm.kv<1x1x16xf16>
!numbers = tensor<2x1x2x65x1x16xf16>
func.func @phases(%numbers: !numbers, %rows: tensor<1x16xf32>, %indices: tensor<1xi32>) {
  %layer = arith.constant 0 : index
  %kv = check.convert %numbers : !numbers to !kv
  %result = call @attention(%rows, %kv, %layer, %indices)
    : (tensor<1x16xf32>, !kv, index, tensor<1xi32>) -> tensor<1x16xf32>
  check.expect_equal %result, %rows : tensor<1x16xf32>, tensor<1x16xf32>
  return
}
func.func private @attention(%rows: tensor<1x16xf32>, %kv: !kv, %layer: index, %indices: tensor<1xi32>)
    -> tensor<1x16xf32> attributes {llm.kernel} {
  %0 = llm.attention %rows, %kv[%layer], %indices, %indices {scale = 0.25 : f32}
    : tensor<1x16xf32>, !kv, tensor<1xi32>
  return %0 : tensor<1x16xf32>
}

// -----

// expected-error@+1 {{is the step of a program; run hone-bufferize-step instead}}
func.func @step() attributes {llm.step} {
  return
}

// -----

func.func @whole_op(%x: tensor<?x32xf32>) {
  // expected-error@+1 {{has no memory form; run hone-outline-kernels and hone-embed-weights first}}
  %0 = llm.quantize_rows %x : tensor<?x32xf32>
  return
}

// -----

func.func @to_blocked(%x: tensor<?x32xf32>) {
  // expected-error@+1 {{cannot be done in memory; expected '!llm.kv' and a static tensor of its numbers, or blocked rows to f32}}
  %0 = check.convert %x : tensor<?x32xf32> to tensor<?x32xi16, #llm.blocked<columns = 32>>
  return
}

// -----

func.func @other_shape(%numbers: tensor<2x1x2x65x2x16xf16>) {
  // expected-error@+1 {{expected numbers of shape [2][layer][sequence][position][head][head dim]}}
  %kv = check.convert %numbers : tensor<2x1x2x65x2x16xf16> to !llm.kv<1x1x16xf16>
  return
}

// -----

func.func @other_shape_back(%numbers: tensor<2x1x2x65x1x16xf16>) {
  %kv = check.convert %numbers : tensor<2x1x2x65x1x16xf16> to !llm.kv<1x1x16xf16>
  // expected-error@+1 {{expected the shape of the numbers that '!llm.kv' was converted from}}
  %back = check.convert %kv : !llm.kv<1x1x16xf16> to tensor<2x1x2x64x1x16xf16>
  return
}

// -----

// The memory before an append is gone after it.
!kv = !llm.kv<1x1x16xf16>
func.func @used_twice(%numbers: tensor<2x1x2x65x1x16xf16>, %rows: tensor<1x16xf32>, %indices: tensor<1xi32>) {
  %layer = arith.constant 0 : index
  %kv = check.convert %numbers : tensor<2x1x2x65x1x16xf16> to !kv
  // expected-error@+1 {{updates pages in place; expected its '!llm.kv' to have no other use}}
  %after = call @append(%kv, %layer, %rows, %indices) : (!kv, index, tensor<1x16xf32>, tensor<1xi32>) -> !kv
  %back = check.convert %kv : !kv to tensor<2x1x2x65x1x16xf16>
  return
}
func.func private @append(%kv: !kv, %layer: index, %rows: tensor<1x16xf32>, %indices: tensor<1xi32>) -> !kv
    attributes {llm.kernel} {
  %0 = llm.kv_append %kv[%layer], %rows, %rows, %indices, %indices : !kv, tensor<1x16xf32>, tensor<1xi32>
  return %0 : !kv
}
