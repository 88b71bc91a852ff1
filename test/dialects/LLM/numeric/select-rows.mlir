// What llm.select_rows computes, against NumPy. Written by expected.py; change that, and run it again.
// RUN: hone-check %s --pipeline=reference

// Rows in any order, one of them twice.
func.func @select_rows() {
  %input_static = arith.constant dense<
    [[-0.25, 0.657, -1.207, -0.322, 1.076, -0.382, -0.126],
     [0.848, 1.537, -0.22, -1.293, 0.848, -0.376, -0.032],
     [-1.698, 0.599, 1.479, -0.753, 0.562, -0.924, -1.882],
     [-0.607, 0.152, -0.091, -0.534, 1.243, -0.822, -1.604],
     [-0.317, -0.23, 1.363, -1.191, 0.394, 0.032, -1.864]]> : tensor<5x7xf32>
  %input = tensor.cast %input_static : tensor<5x7xf32> to tensor<?x7xf32>
  %rows_static = arith.constant dense<
    [4, 0, 4]> : tensor<3xi32>
  %rows = tensor.cast %rows_static : tensor<3xi32> to tensor<?xi32>
  %result = llm.select_rows %input, %rows : tensor<?x7xf32>, tensor<?xi32>
  %result_expected = arith.constant dense<
    [[-0.317, -0.23, 1.363, -1.191, 0.394, 0.032, -1.864],
     [-0.25, 0.657, -1.207, -0.322, 1.076, -0.382, -0.126],
     [-0.317, -0.23, 1.363, -1.191, 0.394, 0.032, -1.864]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}
