// Each kind of expectation that does not hold is reported at its line, and the exit status says so.
// RUN: not hone-check %s --pipeline=reference 2>&1 | FileCheck %s

// Two elements differ; the others are near enough, relatively or absolutely.
func.func @close() {
  %actual = arith.constant dense<[[1.0, 100.1, 0.001], [2.5, 100.2, 0.002]]> : tensor<2x3xf32>
  %expected = arith.constant dense<[[1.0, 100.0, 0.0], [2.0, 100.0, 0.0]]> : tensor<2x3xf32>
  // CHECK: failures.mlir:[[#@LINE+2]]: error: expected 2, got 2.5 at index [1, 0]
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: error: expected 100, got 100.199997 at index [1, 1]
  check.expect_close %actual, %expected {atol = 0.003 : f64, rtol = 0.001 : f64} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// A NaN is near nothing, itself included; an infinity is near itself alone.
func.func @not_finite() {
  %actual = arith.constant dense<[0x7FC00000, 0x7F800000, 0x7F800000, 1.0]> : tensor<4xf32>
  %expected = arith.constant dense<[0x7FC00000, 0x7F800000, 0xFF800000, 0x7F800000]> : tensor<4xf32>
  // CHECK-NEXT: failures.mlir:[[#@LINE+3]]: error: expected nan, got nan at index [0]
  // CHECK-NEXT: failures.mlir:[[#@LINE+2]]: error: expected -inf, got inf at index [2]
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: error: expected inf, got 1 at index [3]
  check.expect_close %actual, %expected {atol = 1.0 : f64, rtol = 1.0 : f64} : tensor<4xf32>, tensor<4xf32>
  return
}

// Bits: the zeros differ, and a NaN is itself.
func.func @equal() {
  %actual = arith.constant dense<[0.0, 0x7FC00000, 1.0]> : tensor<3xf32>
  %expected = arith.constant dense<[-0.0, 0x7FC00000, 1.0]> : tensor<3xf32>
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: error: expected -0, got 0 at index [0]
  check.expect_equal %actual, %expected : tensor<3xf32>, tensor<3xf32>
  return
}

// Integers print as what they are.
func.func @integers() {
  %actual = arith.constant dense<-2147483648> : tensor<i32>
  %expected = arith.constant dense<7> : tensor<i32>
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: error: expected 7, got -2147483648 at index []
  check.expect_equal %actual, %expected : tensor<i32>, tensor<i32>
  return
}

// Sizes that only the running program knows; no element is compared.
func.func @shapes() {
  %actual = arith.constant dense<1.0> : tensor<2x3xf32>
  %expected = arith.constant dense<2.0> : tensor<4x3xf32>
  %rows = tensor.cast %actual : tensor<2x3xf32> to tensor<?x3xf32>
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: error: expected a tensor of shape [4, 3], got [2, 3]
  check.expect_close %rows, %expected : tensor<?x3xf32>, tensor<4x3xf32>
  return
}

// Only the first few elements are shown.
func.func @many() {
  %actual = arith.constant dense<1.0> : tensor<4x3xf16>
  %expected = arith.constant dense<2.0> : tensor<4x3xf16>
  // CHECK-COUNT-5: failures.mlir:[[#@LINE+2]]: error: expected 2, got 1 at index
  // CHECK-NEXT: failures.mlir:[[#@LINE+1]]: note: 12 elements differ, of which 5 are shown
  check.expect_close %actual, %expected : tensor<4x3xf16>, tensor<4x3xf16>
  return
}

// One that holds, in a function that is called; private functions are not run by themselves.
func.func private @holds(%actual: tensor<1xf32>) {
  check.expect_close %actual, %actual : tensor<1xf32>, tensor<1xf32>
  return
}
func.func @calls() {
  %actual = arith.constant dense<1.0> : tensor<1xf32>
  func.call @holds(%actual) : (tensor<1xf32>) -> ()
  return
}
// CHECK: 1 passed, 6 failed
