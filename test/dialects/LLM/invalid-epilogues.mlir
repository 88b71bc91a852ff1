// Biases and scales of products that are not what their ops expect.
// RUN: hone-opt %s -split-input-file -verify-diagnostics

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @linear_c4(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<32xf32>) {
  // expected-error@+1 {{'llm.linear' op expected 'bias' of type 'tensor<64xf32>' to match the rows of 'weight', got 'tensor<32xf32>'}}
  %0 = "llm.linear"(%input, %weight, %bias) : (tensor<?x32xf32>, !weight, tensor<32xf32>) -> tensor<?x64xf32>
  return
}

// -----

// The type that is not written is the one that is expected.
!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
// expected-note@+1 {{prior use here}}
func.func @linear_c4_text(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<32xf32>) {
  // expected-error@+1 {{use of value '%bias' expects different type than prior uses: 'tensor<64xf32>' vs 'tensor<32xf32>'}}
  %0 = llm.linear %input, %weight bias %bias : tensor<?x32xf32>, !weight
  return
}

// -----

func.func @linear_c4_rank(%input: tensor<?x32xf32>, %weight: tensor<64xf32>, %bias: tensor<64xf32>) {
  // expected-error@+1 {{expected the weight of a bias to have rank 2, got 'tensor<64xf32>'}}
  %0 = llm.linear %input, %weight bias %bias : tensor<?x32xf32>, tensor<64xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @linear_c5(%input: tensor<?x32xf32>, %weight: !weight) {
  // expected-error@+1 {{'llm.linear' op expected 'scale' to be finite, got 0x7FC00000 : f32}}
  %0 = llm.linear %input, %weight {scale = 0x7FC00000 : f32} : tensor<?x32xf32>, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @qkv_c4(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<64xf64>) {
  // expected-error@+1 {{'llm.qkv' op expected 'query_bias' of type 'tensor<64xf32>' to match the rows of 'query_weight', got 'tensor<64xf64>'}}
  %0:3 = "llm.qkv"(%input, %weight, %weight, %weight, %bias)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>}>
    : (tensor<?x32xf32>, !weight, !weight, !weight, tensor<64xf64>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @qkv_c4_key(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<64xf64>) {
  // expected-error@+1 {{'llm.qkv' op expected 'key_bias' of type 'tensor<64xf32>' to match the rows of 'key_weight', got 'tensor<64xf64>'}}
  %0:3 = "llm.qkv"(%input, %weight, %weight, %weight, %bias)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0>}>
    : (tensor<?x32xf32>, !weight, !weight, !weight, tensor<64xf64>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @qkv_c4_value(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<64xf64>) {
  // expected-error@+1 {{'llm.qkv' op expected 'value_bias' of type 'tensor<64xf32>' to match the rows of 'value_weight', got 'tensor<64xf64>'}}
  %0:3 = "llm.qkv"(%input, %weight, %weight, %weight, %bias)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 1>}>
    : (tensor<?x32xf32>, !weight, !weight, !weight, tensor<64xf64>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c6(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<1x64xf32>) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'gate_bias' of type 'tensor<64xf32>' to match the rows of 'gate_weight', got 'tensor<1x64xf32>'}}
  %0 = "llm.gated_linear"(%input, %weight, %weight, %bias)
    <{function = #llm.activation<silu>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}>
    : (tensor<?x32xf32>, !weight, !weight, tensor<1x64xf32>) -> tensor<?x64xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c6_up(%input: tensor<?x32xf32>, %weight: !weight, %bias: tensor<1x64xf32>) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'up_bias' of type 'tensor<64xf32>' to match the rows of 'up_weight', got 'tensor<1x64xf32>'}}
  %0 = "llm.gated_linear"(%input, %weight, %weight, %bias)
    <{function = #llm.activation<silu>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1>}>
    : (tensor<?x32xf32>, !weight, !weight, tensor<1x64xf32>) -> tensor<?x64xf32>
  return
}
