// Every op of the dialect is printed as it was read, and so once more.
// RUN: hone-opt %s | hone-opt | FileCheck %s

// CHECK-LABEL: func.func @expectations
// CHECK-SAME: (%[[A:.*]]: tensor<?x4xf32>, %[[E:.*]]: tensor<3x4xf32>)
func.func @expectations(%actual: tensor<?x4xf32>, %expected: tensor<3x4xf32>) {
  // CHECK: check.expect_close %[[A]], %[[E]] {atol = 1.000000e-05 : f64, rtol = 1.000000e-04 : f64}
  // CHECK-SAME: : tensor<?x4xf32>, tensor<3x4xf32>
  check.expect_close %actual, %expected {atol = 1.0e-5 : f64, rtol = 1.0e-4 : f64} : tensor<?x4xf32>, tensor<3x4xf32>
  // CHECK: check.expect_close %[[A]], %[[E]] : tensor<?x4xf32>, tensor<3x4xf32>
  check.expect_close %actual, %expected : tensor<?x4xf32>, tensor<3x4xf32>
  // CHECK: check.expect_equal %[[A]], %[[E]] : tensor<?x4xf32>, tensor<3x4xf32>
  check.expect_equal %actual, %expected : tensor<?x4xf32>, tensor<3x4xf32>
  return
}

// CHECK-LABEL: func.func @convert
func.func @convert(%numbers: tensor<2x1x2x8x1x16xf16>) -> !llm.kv<1x1x16xf16> {
  // CHECK: check.convert %{{.*}} : tensor<2x1x2x8x1x16xf16> to !llm.kv<1x1x16xf16>
  %kv = check.convert %numbers : tensor<2x1x2x8x1x16xf16> to !llm.kv<1x1x16xf16>
  return %kv : !llm.kv<1x1x16xf16>
}
