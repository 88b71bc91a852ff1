// An expectation becomes loops that report to the program that runs them.
// RUN: hone-opt %s -hone-lower-check | FileCheck %s

// CHECK-DAG: llvm.mlir.global internal constant @hone_check_location("{{.*}}lower-check.mlir:[[#@LINE+21]]\00")
// CHECK-DAG: func.func private @hone_check_begin(!llvm.ptr)
// CHECK-DAG: func.func private @hone_check_size(i64, i64)
// CHECK-DAG: func.func private @hone_check_difference(i64, f64, f64)
// CHECK-DAG: func.func private @hone_check_end()

// CHECK-LABEL: func.func @close
// CHECK-SAME: (%[[ACTUAL:.*]]: tensor<?x4xf32>, %[[EXPECTED:.*]]: tensor<3x4xf32>)
func.func @close(%actual: tensor<?x4xf32>, %expected: tensor<3x4xf32>) {
  // CHECK: %[[ADDRESS:.*]] = llvm.mlir.addressof @hone_check_location :
  // CHECK: call @hone_check_begin(%[[ADDRESS]])
  // CHECK-COUNT-2: call @hone_check_size
  // CHECK: scf.if
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: tensor.extract %[[ACTUAL]]
  // CHECK: tensor.extract %[[EXPECTED]]
  // CHECK: scf.if
  // CHECK: call @hone_check_difference
  // CHECK: call @hone_check_end()
  // CHECK-NOT: check.expect
  check.expect_close %actual, %expected {atol = 1.0e-5 : f64} : tensor<?x4xf32>, tensor<3x4xf32>
  return
}

// Bits are compared as integers.
// CHECK-LABEL: func.func @equal
func.func @equal(%actual: tensor<4xf16>) {
  // CHECK: arith.bitcast {{.*}} : f16 to i16
  // CHECK: arith.cmpi ne, {{.*}} : i16
  check.expect_equal %actual, %actual : tensor<4xf16>, tensor<4xf16>
  return
}
