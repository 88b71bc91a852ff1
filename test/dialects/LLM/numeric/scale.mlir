// What llm.scale computes, against NumPy. Written by expected.py; change that, and run it again.
// RUN: hone-check %s --pipeline=reference

// One f32 rounding for each product, with the factor in f32.
func.func @power_of_two() {
  %input_static = arith.constant dense<
    [[-0.248, 0.528, -1.141, 1.606, 0.689, 0.442, 1.358],
     [-0.064, 0.726, 2.97, -1.892, -0.986, 0.929, -0.033],
     [0.306, -0.717, -0.169, 0.365, 0.778, 0.956, 0.809]]> : tensor<3x7xf32>
  %input = tensor.cast %input_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.scale %input {factor = 0.25 : f32} : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[-0.062, 0.132, -0.28525, 0.4015, 0.17225, 0.1105, 0.3395],
     [-0.016, 0.1815, 0.7425, -0.473, -0.2465, 0.23225, -0.00825],
     [0.0765, -0.17925, -0.04225, 0.09125, 0.1945, 0.239, 0.20225]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}

// One f32 rounding for each product, with the factor in f32.
func.func @tenth() {
  %input_static = arith.constant dense<
    [[-0.248, 0.528, -1.141, 1.606, 0.689, 0.442, 1.358],
     [-0.064, 0.726, 2.97, -1.892, -0.986, 0.929, -0.033],
     [0.306, -0.717, -0.169, 0.365, 0.778, 0.956, 0.809]]> : tensor<3x7xf32>
  %input = tensor.cast %input_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.scale %input {factor = 0.1 : f32} : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[-0.0248, 0.0528, -0.1141, 0.16059999, 0.068900004, 0.0442, 0.1358],
     [-0.0064000003, 0.0726, 0.29700002, -0.1892, -0.0986, 0.0929, -0.0033],
     [0.0306, -0.0717, -0.016900001, 0.036500003, 0.0778, 0.0956, 0.080900006]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}

// One f32 rounding for each product, with the factor in f32.
func.func @negative() {
  %input_static = arith.constant dense<
    [[-0.248, 0.528, -1.141, 1.606, 0.689, 0.442, 1.358],
     [-0.064, 0.726, 2.97, -1.892, -0.986, 0.929, -0.033],
     [0.306, -0.717, -0.169, 0.365, 0.778, 0.956, 0.809]]> : tensor<3x7xf32>
  %input = tensor.cast %input_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.scale %input {factor = -12.0 : f32} : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[2.9759998, -6.336, 13.692, -19.272, -8.268, -5.304, -16.296001],
     [0.768, -8.712, -35.64, 22.703999, 11.832, -11.148001, 0.396],
     [-3.672, 8.604, 2.0279999, -4.38, -9.336, -11.472, -9.708]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}

// One f32 rounding for each product, with the factor in f32.
func.func @zero() {
  %input_static = arith.constant dense<
    [[-0.248, 0.528, -1.141, 1.606, 0.689, 0.442, 1.358],
     [-0.064, 0.726, 2.97, -1.892, -0.986, 0.929, -0.033],
     [0.306, -0.717, -0.169, 0.365, 0.778, 0.956, 0.809]]> : tensor<3x7xf32>
  %input = tensor.cast %input_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.scale %input {factor = 0.0 : f32} : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[-0.0, 0.0, -0.0, 0.0, 0.0, 0.0, 0.0],
     [-0.0, 0.0, 0.0, -0.0, -0.0, 0.0, -0.0],
     [0.0, -0.0, -0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}
