// What llm.add computes, against NumPy. Written by expected.py; change that, and run it again.
// RUN: hone-check %s --pipeline=reference

// One f32 rounding for each sum.
func.func @add() {
  %lhs_static = arith.constant dense<
    [[0.254, 0.744, 0.114, -0.006, 0.558, 1.098, 0.487],
     [-0.609, 1.6777216e+07, 0.999, -1.252, 1.192, 1.41, -0.91],
     [0.453, -0.16, -1.578, -1.215, -1.705, 0.384, 1.127]]> : tensor<3x7xf32>
  %lhs = tensor.cast %lhs_static : tensor<3x7xf32> to tensor<?x7xf32>
  %rhs_static = arith.constant dense<
    [[0.494, 0.464, -0.192, -1.675, -1.42, 0.509, 1.12],
     [-0.775, 1.0, 0.619, 1.103, -2.155, 1.221, -1.623],
     [0.771, 1.372, 0.057, -0.043, -1.931, -0.522, 0.483]]> : tensor<3x7xf32>
  %rhs = tensor.cast %rhs_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.add %lhs, %rhs : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[0.748, 1.208, -0.078, -1.681, -0.8619999, 1.6070001, 1.607],
     [-1.3840001, 1.6777216e+07, 1.618, -0.14899993, -0.96299994, 2.631, -2.533],
     [1.224, 1.212, -1.5209999, -1.258, -3.6360002, -0.13800001, 1.61]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}

// The number of rows may be static.
func.func @static_rows() {
  %lhs = arith.constant dense<
    [[0.254, 0.744, 0.114, -0.006, 0.558, 1.098, 0.487],
     [-0.609, 1.6777216e+07, 0.999, -1.252, 1.192, 1.41, -0.91],
     [0.453, -0.16, -1.578, -1.215, -1.705, 0.384, 1.127]]> : tensor<3x7xf32>
  %result = llm.add %lhs, %lhs : tensor<3x7xf32>
  %result_expected = arith.constant dense<
    [[0.508, 1.488, 0.228, -0.012, 1.116, 2.196, 0.974],
     [-1.218, 3.3554432e+07, 1.998, -2.504, 2.384, 2.82, -1.82],
     [0.906, -0.32, -3.156, -2.43, -3.41, 0.768, 2.254]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<3x7xf32>, tensor<3x7xf32>
  return
}
