// What llm.gated_activation computes, against NumPy. Written by expected.py; change that, and run it again.
// RUN: hone-check %s --pipeline=reference

// Small and large numbers of both signs; exp overflows f32 in the last.
func.func @silu() {
  %gate_static = arith.constant dense<
    [[0.663, -0.562, -0.881, -0.661, 0.834, -0.168, -0.254],
     [0.0, -0.5, 20.0, -20.0, 87.0, -87.0, -700.0],
     [0.627, 0.399, 0.966, -0.326, 0.133, 0.83, -0.172]]> : tensor<3x7xf32>
  %gate = tensor.cast %gate_static : tensor<3x7xf32> to tensor<?x7xf32>
  %up_static = arith.constant dense<
    [[-1.18, -0.306, -0.518, -0.108, -1.042, -1.028, 0.234],
     [-0.667, 0.372, 0.471, 1.244, 0.933, 0.454, -0.438],
     [0.251, -0.508, -0.73, -0.383, 0.282, -0.284, -1.464]]> : tensor<3x7xf32>
  %up = tensor.cast %up_static : tensor<3x7xf32> to tensor<?x7xf32>
  %result = llm.gated_activation %gate, %up {function = #llm.activation<silu>} : tensor<?x7xf32>
  %result_expected = arith.constant dense<
    [[-0.5162927, 0.06244042, 0.13369948, 0.024308687, -0.6058864, 0.07911544, -0.025963975],
     [-0.0, -0.070222564, 9.42, -5.12815e-08, 81.171005, -6.500626e-37, 0.0],
     [0.10257972, -0.121300496, -0.51077706, 0.052342247, 0.01999824, -0.16414478, 0.11510287]]> : tensor<3x7xf32>
  check.expect_close %result, %result_expected {atol = 1.0e-5 : f64, rtol = 1.0e-5 : f64}
    : tensor<?x7xf32>, tensor<3x7xf32>
  return
}
