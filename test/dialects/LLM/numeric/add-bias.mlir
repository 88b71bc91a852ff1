// What llm.add_bias computes, against NumPy. Written by expected.py; change that, and run it again.
// RUN: hone-check %s --pipeline=reference

llm.weight @bias : tensor<7xf32> {
  %values = arith.constant dense<
    [1.304, 1.0, -1.339, 1.044, -0.23, 0.963, -0.541]> : tensor<7xf32>
  llm.yield %values : tensor<7xf32>
}

// The same numbers for each row; one f32 rounding for each sum.
func.func @add_bias() {
  %input_static = arith.constant dense<
    [[0.583, 0.985, 0.713, 0.5, 0.467, 0.909, 0.816],
     [1.094, 1.6777216e+07, 0.176, -1.324, -0.539, 0.266, -0.689],
     [1.06, 0.093, -0.726, -1.508, 2.806, -0.113, -0.1]]> : tensor<3x7xf32>
  %input = tensor.cast %input_static : tensor<3x7xf32> to tensor<?x7xf32>
  %bias = llm.weight_ref @bias : tensor<7xf32>
  %result = llm.add_bias %input, %bias : tensor<?x7xf32>, tensor<7xf32>
  %result_expected = arith.constant dense<
    [[1.8870001, 1.985, -0.626, 1.544, 0.237, 1.872, 0.27499998],
     [2.398, 1.6777216e+07, -1.163, -0.27999997, -0.769, 1.229, -1.23],
     [2.3639998, 1.093, -2.065, -0.464, 2.576, 0.85, -0.64100003]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}
