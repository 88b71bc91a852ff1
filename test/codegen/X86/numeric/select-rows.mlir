// What llm.select_rows computes in its x86 kernels, against NumPy. Written by expected.py; change that, and run it again.
// REQUIRES: avx2
// RUN: hone-check %s --pipeline=x86

// Rows in any order; fewer of them than workers, too.
func.func @several() {
  %input_static = arith.constant dense<
    [[-0.25, 0.657, -1.207, -0.322, 1.076, -0.382, -0.126, 0.848, 1.537, -0.22, -1.293, 0.848,
      -0.376, -0.032, -1.698, 0.599],
     [1.479, -0.753, 0.562, -0.924, -1.882, -0.607, 0.152, -0.091, -0.534, 1.243, -0.822,
      -1.604, -0.317, -0.23, 1.363, -1.191],
     [0.394, 0.032, -1.864, -0.165, -0.569, -1.172, -1.082, -0.905, -0.595, 1.115, 0.095,
      -0.559, -0.695, 0.138, -0.416, -1.436],
     [0.698, -1.418, 0.494, 1.844, -2.635, -0.794, -0.073, -1.791, -0.474, -1.642, -1.832,
      1.411, 0.208, -0.347, -1.112, -0.812],
     [0.247, 0.091, 0.209, 0.983, -0.37, 0.061, -0.115, 0.295, -0.951, 0.962, 1.508, 2.077,
      1.943, -1.18, 1.221, -0.578]]> : tensor<5x16xf32>
  %input = tensor.cast %input_static : tensor<5x16xf32> to tensor<?x16xf32>
  %rows_static = arith.constant dense<
    [4, 0, 4]> : tensor<3xi32>
  %rows = tensor.cast %rows_static : tensor<3xi32> to tensor<?xi32>
  %result = llm.select_rows %input, %rows : tensor<?x16xf32>, tensor<?xi32>
  %result_expected = arith.constant dense<
    [[0.247, 0.091, 0.209, 0.983, -0.37, 0.061, -0.115, 0.295, -0.951, 0.962, 1.508, 2.077,
      1.943, -1.18, 1.221, -0.578],
     [-0.25, 0.657, -1.207, -0.322, 1.076, -0.382, -0.126, 0.848, 1.537, -0.22, -1.293, 0.848,
      -0.376, -0.032, -1.698, 0.599],
     [0.247, 0.091, 0.209, 0.983, -0.37, 0.061, -0.115, 0.295, -0.951, 0.962, 1.508, 2.077,
      1.943, -1.18, 1.221, -0.578]]> : tensor<3x16xf32>
  check.expect_close %result, %result_expected
    : tensor<?x16xf32>, tensor<3x16xf32>
  return
}

// Rows in any order; fewer of them than workers, too.
func.func @one() {
  %input_static = arith.constant dense<
    [[-0.25, 0.657, -1.207, -0.322, 1.076, -0.382, -0.126, 0.848, 1.537, -0.22, -1.293, 0.848,
      -0.376, -0.032, -1.698, 0.599],
     [1.479, -0.753, 0.562, -0.924, -1.882, -0.607, 0.152, -0.091, -0.534, 1.243, -0.822,
      -1.604, -0.317, -0.23, 1.363, -1.191],
     [0.394, 0.032, -1.864, -0.165, -0.569, -1.172, -1.082, -0.905, -0.595, 1.115, 0.095,
      -0.559, -0.695, 0.138, -0.416, -1.436],
     [0.698, -1.418, 0.494, 1.844, -2.635, -0.794, -0.073, -1.791, -0.474, -1.642, -1.832,
      1.411, 0.208, -0.347, -1.112, -0.812],
     [0.247, 0.091, 0.209, 0.983, -0.37, 0.061, -0.115, 0.295, -0.951, 0.962, 1.508, 2.077,
      1.943, -1.18, 1.221, -0.578]]> : tensor<5x16xf32>
  %input = tensor.cast %input_static : tensor<5x16xf32> to tensor<?x16xf32>
  %rows_static = arith.constant dense<
    [2]> : tensor<1xi32>
  %rows = tensor.cast %rows_static : tensor<1xi32> to tensor<?xi32>
  %result = llm.select_rows %input, %rows : tensor<?x16xf32>, tensor<?xi32>
  %result_expected = arith.constant dense<
    [[0.394, 0.032, -1.864, -0.165, -0.569, -1.172, -1.082, -0.905, -0.595, 1.115, 0.095,
      -0.559, -0.695, 0.138, -0.416, -1.436]]> : tensor<1x16xf32>
  check.expect_close %result, %result_expected
    : tensor<?x16xf32>, tensor<1x16xf32>
  return
}
