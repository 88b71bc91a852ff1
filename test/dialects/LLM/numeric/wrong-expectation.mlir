// One wrong number among those of an op is found.
// RUN: not hone-check %s --pipeline=reference 2>&1 | FileCheck %s

llm.weight @weight : tensor<2x3xf32, #llm.stored<scheme = f32>> {
  %values = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = check.convert %values : tensor<2x3xf32> to tensor<2x3xf32, #llm.stored<scheme = f32>>
  llm.yield %0 : tensor<2x3xf32, #llm.stored<scheme = f32>>
}

func.func @linear() {
  %input = arith.constant dense<[[1.0, 10.0, 100.0]]> : tensor<1x3xf32>
  %weight = llm.weight_ref @weight : tensor<2x3xf32, #llm.stored<scheme = f32>>
  %result = llm.linear %input, %weight : tensor<1x3xf32>, tensor<2x3xf32, #llm.stored<scheme = f32>>
  %expected = arith.constant dense<[[321.0, 654.1]]> : tensor<1x2xf32>
  // CHECK: wrong-expectation.mlir:[[#@LINE+1]]: error: expected 654.099976, got 654 at index [0, 1]
  check.expect_close %result, %expected {rtol = 1.0e-5 : f64} : tensor<1x2xf32>, tensor<1x2xf32>
  return
}
// CHECK: 0 passed, 1 failed
