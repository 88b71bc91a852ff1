// One wrong number among those of an op is found, in plain rows and in the memory of keys and values.
// REQUIRES: avx2
// RUN: not hone-check %s --pipeline=x86 2>&1 | FileCheck %s

llm.weight @weight : tensor<2x32xf32, #llm.stored<scheme = f32>> {
  %values = arith.constant dense<2.0> : tensor<2x32xf32>
  %0 = check.convert %values : tensor<2x32xf32> to tensor<2x32xf32, #llm.stored<scheme = f32>>
  llm.yield %0 : tensor<2x32xf32, #llm.stored<scheme = f32>>
}

func.func @linear() {
  %input = arith.constant dense<1.5> : tensor<1x32xf32>
  %weight = llm.weight_ref @weight : tensor<2x32xf32, #llm.stored<scheme = f32>>
  %result = llm.linear %input, %weight : tensor<1x32xf32>, tensor<2x32xf32, #llm.stored<scheme = f32>>
  %expected = arith.constant dense<[[96.0, 96.1]]> : tensor<1x2xf32>
  // CHECK: wrong-expectation.mlir:[[#@LINE+1]]: error: expected 96.0999985, got 96 at index [0, 1]
  check.expect_close %result, %expected {rtol = 1.0e-5 : f64} : tensor<1x2xf32>, tensor<1x2xf32>
  return
}

func.func @kv_append() {
  %numbers = arith.constant dense<1.0> : tensor<2x1x1x2x1x8xf16>
  %rows = arith.constant dense<[[1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 1.0]]> : tensor<1x8xf32>
  %position = arith.constant dense<1> : tensor<1xi32>
  %sequence = arith.constant dense<0> : tensor<1xi32>
  %layer = arith.constant 0 : index
  %kv = check.convert %numbers : tensor<2x1x1x2x1x8xf16> to !llm.kv<1x1x8xf16>
  %after = llm.kv_append %kv[%layer], %rows, %rows, %position, %sequence
    : !llm.kv<1x1x8xf16>, tensor<1x8xf32>, tensor<1xi32>
  %result = check.convert %after : !llm.kv<1x1x8xf16> to tensor<2x1x1x2x1x8xf16>
  // CHECK-NEXT: wrong-expectation.mlir:[[#@LINE+2]]: error: expected 1, got 3 at index [0, 0, 0, 1, 0, 3]
  // CHECK-NEXT: wrong-expectation.mlir:[[#@LINE+1]]: error: expected 1, got 3 at index [1, 0, 0, 1, 0, 3]
  check.expect_equal %result, %numbers : tensor<2x1x1x2x1x8xf16>, tensor<2x1x1x2x1x8xf16>
  return
}
// What the runs with 1 and 3 workers left is the same.
// CHECK: 2 passed, 2 failed
