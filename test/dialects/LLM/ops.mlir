// Every op, attribute and type is parsed, printed and parsed again, in its own form and in the generic one.
// RUN: hone-opt %s | hone-opt | FileCheck %s
// RUN: hone-opt %s -mlir-print-op-generic | hone-opt | FileCheck %s
// RUN: hone-opt %s -emit-bytecode | hone-opt | FileCheck %s

// CHECK: module attributes {llm.architecture = "llama", llm.context_length = 128 : i64, llm.name = "tiny",
// CHECK-SAME: llm.source = "tiny.gguf", llm.source_bytes = 4096 : i64}
module attributes {llm.architecture = "llama", llm.context_length = 128 : i64, llm.name = "tiny",
                   llm.source = "tiny.gguf", llm.source_bytes = 4096 : i64} {

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

// CHECK: llm.weight @packed : tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>> {
// CHECK-NEXT: %[[FILE:.*]] = llm.file_tensor "blk.0.ffn_up.weight" : tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK-NEXT: %[[PACKED:.*]] = llm.pack %[[FILE]] : tensor<64x32xi4, #llm.stored<scheme = q4_1>> to tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
// CHECK-NEXT: llm.yield %[[PACKED]] : tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
llm.weight @packed : tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>> {
  %0 = llm.file_tensor "blk.0.ffn_up.weight" : tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.pack %0 : tensor<64x32xi4, #llm.stored<scheme = q4_1>>
    to tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
  llm.yield %1 : tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
}

// CHECK: llm.weight @decoded : tensor<64x256xf32, #llm.stored<scheme = f32>> attributes {note = "kept"} {
// CHECK-NEXT: %[[FILE:.*]] = llm.file_tensor
// CHECK-NEXT: llm.decode %[[FILE]] : tensor<64x256xi6, #llm.stored<scheme = q6_K>> to tensor<64x256xf32, #llm.stored<scheme = f32>>
llm.weight @decoded : tensor<64x256xf32, #llm.stored<scheme = f32>> attributes {note = "kept"} {
  %0 = llm.file_tensor "output.weight" : tensor<64x256xi6, #llm.stored<scheme = q6_K>>
  %1 = llm.decode %0 : tensor<64x256xi6, #llm.stored<scheme = q6_K>> to tensor<64x256xf32, #llm.stored<scheme = f32>>
  llm.yield %1 : tensor<64x256xf32, #llm.stored<scheme = f32>>
}

// CHECK: llm.weight @norm : tensor<32xf32> {
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "blk.0.attn_norm.weight" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}

// The result is named after the weight.
// CHECK-LABEL: func.func @weight_ref
// CHECK: %norm = llm.weight_ref @norm : tensor<32xf32>
func.func @weight_ref() -> tensor<32xf32> {
  %0 = llm.weight_ref @norm : tensor<32xf32>
  return %0 : tensor<32xf32>
}

//===----------------------------------------------------------------------===//
// Encodings and types
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func private @schemes
// CHECK-SAME: tensor<2x3xf32, #llm.stored<scheme = f32>>
// CHECK-SAME: tensor<2x3xf16, #llm.stored<scheme = f16>>
// CHECK-SAME: tensor<2x3xbf16, #llm.stored<scheme = bf16>>
// CHECK-SAME: tensor<2x32xi4, #llm.stored<scheme = q4_0>>
// CHECK-SAME: tensor<2x32xi4, #llm.stored<scheme = q4_1>>
// CHECK-SAME: tensor<2x32xi5, #llm.stored<scheme = q5_0>>
// CHECK-SAME: tensor<2x32xi5, #llm.stored<scheme = q5_1>>
// CHECK-SAME: tensor<2x32xi8, #llm.stored<scheme = q8_0>>
// CHECK-SAME: tensor<2x256xi2, #llm.stored<scheme = q2_K>>
// CHECK-SAME: tensor<2x256xi3, #llm.stored<scheme = q3_K>>
// CHECK-SAME: tensor<2x256xi4, #llm.stored<scheme = q4_K>>
// CHECK-SAME: tensor<2x256xi5, #llm.stored<scheme = q5_K>>
// CHECK-SAME: tensor<2x256xi6, #llm.stored<scheme = q6_K>>
func.func private @schemes(
  tensor<2x3xf32, #llm.stored<scheme = f32>>, tensor<2x3xf16, #llm.stored<scheme = f16>>,
  tensor<2x3xbf16, #llm.stored<scheme = bf16>>, tensor<2x32xi4, #llm.stored<scheme = q4_0>>,
  tensor<2x32xi4, #llm.stored<scheme = q4_1>>, tensor<2x32xi5, #llm.stored<scheme = q5_0>>,
  tensor<2x32xi5, #llm.stored<scheme = q5_1>>, tensor<2x32xi8, #llm.stored<scheme = q8_0>>,
  tensor<2x256xi2, #llm.stored<scheme = q2_K>>, tensor<2x256xi3, #llm.stored<scheme = q3_K>>,
  tensor<2x256xi4, #llm.stored<scheme = q4_K>>, tensor<2x256xi5, #llm.stored<scheme = q5_K>>,
  tensor<2x256xi6, #llm.stored<scheme = q6_K>>)

// Plain schemes may be packed in tiles of any width, and any number of rows and columns.
// CHECK-LABEL: func.func private @panels
// CHECK-SAME: tensor<9x33xf32, #llm.stored<scheme = f32, panel = <8x16>>>
// CHECK-SAME: tensor<9x64xi5, #llm.stored<scheme = q5_0, panel = <4x32>>>
func.func private @panels(tensor<9x33xf32, #llm.stored<scheme = f32, panel = <8x16>>>,
                          tensor<9x64xi5, #llm.stored<scheme = q5_0, panel = <4x32>>>)

// CHECK-LABEL: func.func private @blocked
// CHECK-SAME: tensor<?x64xi16, #llm.blocked<columns = 32>>
func.func private @blocked(tensor<?x64xi16, #llm.blocked<columns = 32>>)

// CHECK-LABEL: func.func private @kv
// CHECK-SAME: !llm.kv<30x3x64xf16>, !llm.kv<1x1x1xbf16>, !llm.kv<2x2x16xf32>, !llm.kv<2x2x16xi8>
func.func private @kv(!llm.kv<30x3x64xf16>, !llm.kv<1x1x1xbf16>, !llm.kv<2x2x16xf32>, !llm.kv<2x2x16xi8>)

// CHECK-LABEL: func.func private @enums
// CHECK-SAME: activation = #llm.activation<silu>
// CHECK-SAME: panel = #llm.panel<8x32>
// CHECK-SAME: precisions = [#llm.precision<f32>, #llm.precision<int16>]
func.func private @enums() attributes {
  activation = #llm.activation<silu>, panel = #llm.panel<8x32>,
  precisions = [#llm.precision<f32>, #llm.precision<int16>]}

// CHECK-LABEL: func.func private @marks
// CHECK-SAME: attributes {llm.kernel, llm.step}
func.func private @marks() attributes {llm.kernel, llm.step}

//===----------------------------------------------------------------------===//
// Rows in, rows out
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @embedding
// CHECK: llm.embedding %{{.*}}, %{{.*}} : tensor<?xi32>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
func.func @embedding(%tokens: tensor<?xi32>, %table: tensor<64x32xi8, #llm.stored<scheme = q8_0>>) -> tensor<?x32xf32> {
  %0 = llm.embedding %tokens, %table : tensor<?xi32>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
  return %0 : tensor<?x32xf32>
}

// The number of rows is that of the indices.
// CHECK-LABEL: func.func @select_rows
// CHECK: llm.select_rows %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<3xi32>
func.func @select_rows(%input: tensor<?x32xf32>, %rows: tensor<3xi32>) -> tensor<3x32xf32> {
  %0 = llm.select_rows %input, %rows : tensor<?x32xf32>, tensor<3xi32>
  return %0 : tensor<3x32xf32>
}

// CHECK-LABEL: func.func @add
// CHECK: llm.add %{{.*}}, %{{.*}} : tensor<?x32xf32>
func.func @add(%lhs: tensor<?x32xf32>, %rhs: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.add %lhs, %rhs : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @add_bias
// CHECK: llm.add_bias %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<32xf32>
func.func @add_bias(%input: tensor<?x32xf32>, %bias: tensor<32xf32>) -> tensor<?x32xf32> {
  %0 = llm.add_bias %input, %bias : tensor<?x32xf32>, tensor<32xf32>
  return %0 : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @scale
// CHECK: llm.scale %{{.*}} {factor = 2.500000e-01 : f32} : tensor<?x32xf32>
func.func @scale(%input: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.scale %input {factor = 0.25 : f32} : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @rms_norm
// CHECK: llm.rms_norm %{{.*}}, %{{.*}} {epsilon = {{.*}} : f32} : tensor<?x32xf32>, tensor<32xf32>
func.func @rms_norm(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) -> tensor<?x32xf32> {
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return %0 : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @add_rms_norm
// CHECK: llm.add_rms_norm %{{.*}}, %{{.*}}, %{{.*}} {epsilon = {{.*}} : f32} : tensor<?x32xf32>, tensor<32xf32>
func.func @add_rms_norm(%input: tensor<?x32xf32>, %residual: tensor<?x32xf32>, %weight: tensor<32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %sum, %normed = llm.add_rms_norm %input, %residual, %weight {epsilon = 1.0e-5 : f32}
    : tensor<?x32xf32>, tensor<32xf32>
  return %sum, %normed : tensor<?x32xf32>, tensor<?x32xf32>
}

// CHECK-LABEL: func.func @quantize_rows
// CHECK: llm.quantize_rows %{{.*}} : tensor<?x64xf32>
func.func @quantize_rows(%input: tensor<?x64xf32>) -> tensor<?x64xi16, #llm.blocked<columns = 32>> {
  %0 = llm.quantize_rows %input : tensor<?x64xf32>
  return %0 : tensor<?x64xi16, #llm.blocked<columns = 32>>
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @linear
// CHECK: llm.linear %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<int16>} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
func.func @linear(%input: tensor<?x32xf32>, %weight: tensor<64x32xi4, #llm.stored<scheme = q4_1>>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = llm.linear %input, %weight : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.linear %input, %weight {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @linear_blocked
// CHECK: llm.linear %{{.*}}, %{{.*}} : tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
func.func @linear_blocked(%input: tensor<?x32xi16, #llm.blocked<columns = 32>>,
                          %weight: tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>) -> tensor<?x64xf32> {
  %0 = llm.linear %input, %weight : tensor<?x32xi16, #llm.blocked<columns = 32>>,
    tensor<64x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
  return %0 : tensor<?x64xf32>
}

// The type of a bias follows from its weight.
// CHECK-LABEL: func.func @linear_bias
// CHECK: llm.linear %{{.*}}, %{{.*}} bias %{{.*}} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK: llm.linear %{{.*}}, %{{.*}} bias %{{.*}} {activations = #llm.precision<int16>, scale = -2.500000e-01 : f32} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK: llm.linear %{{.*}}, %{{.*}} {scale = 0.000000e+00 : f32} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
func.func @linear_bias(%input: tensor<?x32xf32>, %weight: tensor<64x32xi4, #llm.stored<scheme = q4_1>>,
                       %bias: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = llm.linear %input, %weight bias %bias : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.linear %input, %weight bias %bias {activations = #llm.precision<int16>, scale = -0.25 : f32}
    : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %2 = llm.linear %input, %weight {scale = 0.0 : f32} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  return %0, %1, %2 : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}

// Each weight has its own scheme.
// CHECK-LABEL: func.func @qkv
// CHECK: llm.qkv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_0>>, tensor<16x32xi4, #llm.stored<scheme = q4_1>>, tensor<16x32xi8, #llm.stored<scheme = q8_0>>
func.func @qkv(%input: tensor<?x32xf32>, %wq: tensor<64x32xi4, #llm.stored<scheme = q4_0>>,
               %wk: tensor<16x32xi4, #llm.stored<scheme = q4_1>>, %wv: tensor<16x32xi8, #llm.stored<scheme = q8_0>>)
    -> (tensor<?x64xf32>, tensor<?x16xf32>, tensor<?x16xf32>) {
  %q, %k, %v = llm.qkv %input, %wq, %wk, %wv : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_0>>,
    tensor<16x32xi4, #llm.stored<scheme = q4_1>>, tensor<16x32xi8, #llm.stored<scheme = q8_0>>
  return %q, %k, %v : tensor<?x64xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// Any of the biases may be there.
// CHECK-LABEL: func.func @qkv_biases
// CHECK: llm.qkv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} query_bias %[[Q:.*]] key_bias %[[K:.*]] value_bias %[[K]] {activations = #llm.precision<f32>} : tensor<?x32xf32>
// CHECK: llm.qkv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} query_bias %[[Q]] : tensor<?x32xf32>
// CHECK: llm.qkv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} key_bias %[[K]] value_bias %[[K]] : tensor<?x32xf32>
func.func @qkv_biases(%input: tensor<?x32xf32>, %wq: tensor<64x32xf16, #llm.stored<scheme = f16>>,
                      %w: tensor<16x32xf16, #llm.stored<scheme = f16>>, %bq: tensor<64xf32>, %b: tensor<16xf32>) {
  %0:3 = llm.qkv %input, %wq, %w, %w query_bias %bq key_bias %b value_bias %b {activations = #llm.precision<f32>}
    : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<16x32xf16, #llm.stored<scheme = f16>>,
      tensor<16x32xf16, #llm.stored<scheme = f16>>
  %1:3 = llm.qkv %input, %wq, %w, %w query_bias %bq : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>,
    tensor<16x32xf16, #llm.stored<scheme = f16>>, tensor<16x32xf16, #llm.stored<scheme = f16>>
  %2:3 = llm.qkv %input, %wq, %w, %w key_bias %b value_bias %b
    : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<16x32xf16, #llm.stored<scheme = f16>>,
      tensor<16x32xf16, #llm.stored<scheme = f16>>
  return
}

// CHECK-LABEL: func.func @gated_activation
// CHECK: llm.gated_activation %{{.*}}, %{{.*}} {function = #llm.activation<silu>} : tensor<?x32xf32>
func.func @gated_activation(%gate: tensor<?x32xf32>, %up: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.gated_activation %gate, %up {function = #llm.activation<silu>} : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// A rounded result has the type that llm.quantize_rows gives.
// CHECK-LABEL: func.func @rounding
// CHECK: llm.rms_norm {{.*}} {epsilon = {{.*}} : f32, rounding = #llm.precision<int16>} : tensor<?x32xf32>, tensor<32xf32>
func.func @rounding(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32, rounding = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<32xf32>
  return %0 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// CHECK-LABEL: func.func @gated_linear
// CHECK: llm.gated_linear %{{.*}}, %{{.*}}, %{{.*}} {activations = #llm.precision<f32>, function = #llm.activation<silu>} : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
func.func @gated_linear(%input: tensor<?x32xf32>, %gate: tensor<64x32xf16, #llm.stored<scheme = f16>>,
                        %up: tensor<64x32xi8, #llm.stored<scheme = q8_0>>) -> tensor<?x64xf32> {
  %0 = llm.gated_linear %input, %gate, %up {activations = #llm.precision<f32>, function = #llm.activation<silu>}
    : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @gated_linear_biases
// CHECK: llm.gated_linear %{{.*}}, %[[W:.*]], %[[W]] gate_bias %[[B:.*]] up_bias %[[B]] {function = #llm.activation<silu>, rounding = #llm.precision<int16>} : tensor<?x32xf32>
// CHECK: llm.gated_linear %{{.*}}, %[[W]], %[[W]] up_bias %[[B]] {function = #llm.activation<silu>} : tensor<?x32xf32>
func.func @gated_linear_biases(%input: tensor<?x32xf32>, %w: tensor<64x32xf16, #llm.stored<scheme = f16>>,
                               %b: tensor<64xf32>) {
  %0 = llm.gated_linear %input, %w, %w gate_bias %b up_bias %b
    {function = #llm.activation<silu>, rounding = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<64x32xf16, #llm.stored<scheme = f16>>
  %1 = llm.gated_linear %input, %w, %w up_bias %b {function = #llm.activation<silu>}
    : tensor<?x32xf32>, tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<64x32xf16, #llm.stored<scheme = f16>>
  return
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func.func @rope
// CHECK: llm.rope %{{.*}}, %{{.*}} {base = 1.000000e+05 : f64, head_dim = 16 : i64, pairing = #llm.pairing<interleaved>} : tensor<?x32xf32>, tensor<?xi32>
// CHECK: llm.rope %{{.*}}, %{{.*}} {base = 1.000000e+05 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : tensor<?x32xf32>, tensor<?xi32>
func.func @rope(%input: tensor<?x32xf32>, %positions: tensor<?xi32>) -> tensor<?x32xf32> {
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<interleaved>}
    : tensor<?x32xf32>, tensor<?xi32>
  %1 = llm.rope %0, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  return %1 : tensor<?x32xf32>
}

// CHECK-LABEL: func.func @kv_append
// CHECK: llm.kv_append %{{.*}}[%{{.*}}], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
func.func @kv_append(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<?x32xf32>, %values: tensor<?x32xf32>,
                     %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> !llm.kv<2x2x16xf16> {
  %0 = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
  return %0 : !llm.kv<2x2x16xf16>
}

// CHECK-LABEL: func.func @rope_kv_append
// CHECK: llm.rope_kv_append %{{.*}}[%{{.*}}], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {base = 1.000000e+05 : f64, pairing = #llm.pairing<halves>} : !llm.kv<2x2x16xf16>, tensor<?x64xf32>, tensor<?x32xf32>, tensor<?xi32>
func.func @rope_kv_append(%kv: !llm.kv<2x2x16xf16>, %layer: index, %queries: tensor<?x64xf32>, %keys: tensor<?x32xf32>,
                          %positions: tensor<?xi32>) -> (!llm.kv<2x2x16xf16>, tensor<?x64xf32>) {
  %0, %turned = llm.rope_kv_append %kv[%layer], %queries, %keys, %keys, %positions, %positions
    {base = 1.0e5 : f64, pairing = #llm.pairing<halves>}
    : !llm.kv<2x2x16xf16>, tensor<?x64xf32>, tensor<?x32xf32>, tensor<?xi32>
  return %0, %turned : !llm.kv<2x2x16xf16>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @attention
// CHECK: llm.attention %{{.*}}, %{{.*}}[%{{.*}}], %{{.*}}, %{{.*}} {scale = 2.500000e-01 : f32} : tensor<?x64xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
func.func @attention(%queries: tensor<?x64xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index, %positions: tensor<?xi32>,
                     %sequences: tensor<?xi32>) -> tensor<?x64xf32> {
  %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x64xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  return %0 : tensor<?x64xf32>
}
}
