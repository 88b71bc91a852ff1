// One case for each constraint of each op, named after it. Attributes and types: invalid-types.mlir.
// RUN: hone-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// expected-error@+1 {{'llm.weight' op expected a recipe without arguments, got 1}}
llm.weight @weight_c1 : tensor<32xf32> {
^bb0(%0: tensor<32xf32>):
  llm.yield %0 : tensor<32xf32>
}

// -----

llm.weight @weight_c1_type : tensor<32xf32> {
  %0 = llm.file_tensor "w" : tensor<64xf32>
  // expected-error@+1 {{'llm.yield' op expected a value of the weight's type 'tensor<32xf32>', got 'tensor<64xf32>'}}
  llm.yield %0 : tensor<64xf32>
}

// -----

// expected-error@+1 {{'llm.weight' op expected the recipe to end with 'llm.yield', got 'unknown.end'}}
llm.weight @weight_c1_no_yield : tensor<32xf32> {
  "unknown.end"() : () -> ()
}

// -----

func.func @yield_elsewhere(%value: tensor<32xf32>) {
  // expected-error@+1 {{'llm.yield' op expects parent op 'llm.weight'}}
  llm.yield %value : tensor<32xf32>
}

// -----

func.func @file_tensor_c1() {
  // expected-error@+1 {{'llm.file_tensor' op expected a result with encoding '#llm.stored' without a panel, got 'tensor<2x32xf32>'}}
  %0 = llm.file_tensor "w" : tensor<2x32xf32>
  return
}

// -----

func.func @file_tensor_c1_panel() {
  // expected-error@+1 {{expected a result with encoding '#llm.stored' without a panel, got}}
  %0 = llm.file_tensor "w" : tensor<2x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>
  return
}

// -----

func.func @decode_c1(%input: tensor<2x32xf16, #llm.stored<scheme = f16>>) {
  // expected-error@+1 {{'llm.decode' op expected a result of the shape of 'input' of type 'tensor<2x32xf16, #llm.stored<scheme = f16>>', got 'tensor<4x32xf32, #llm.stored<scheme = f32>>'}}
  %0 = llm.decode %input : tensor<2x32xf16, #llm.stored<scheme = f16>> to tensor<4x32xf32, #llm.stored<scheme = f32>>
  return
}

// -----

func.func @decode_c2(%input: tensor<2x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>) {
  // expected-error@+1 {{'llm.decode' op expected 'input' with encoding '#llm.stored' without a panel, got}}
  %0 = llm.decode %input : tensor<2x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
    to tensor<2x32xf32, #llm.stored<scheme = f32>>
  return
}

// -----

func.func @decode_c2_result(%input: tensor<2x32xf16, #llm.stored<scheme = f16>>) {
  // expected-error@+1 {{'llm.decode' op expected a result with encoding '#llm.stored<scheme = f32>', got 'tensor<2x32xf16, #llm.stored<scheme = f16>>'}}
  %0 = llm.decode %input : tensor<2x32xf16, #llm.stored<scheme = f16>> to tensor<2x32xf16, #llm.stored<scheme = f16>>
  return
}

// -----

func.func @pack_c1(%input: tensor<2x32xi4, #llm.stored<scheme = q4_1>>) {
  // expected-error@+1 {{'llm.pack' op expected a result of the shape, element type and scheme of 'input' of type 'tensor<2x32xi4, #llm.stored<scheme = q4_1>>', got}}
  %0 = llm.pack %input : tensor<2x32xi4, #llm.stored<scheme = q4_1>>
    to tensor<2x32xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
  return
}

// -----

func.func @pack_c2(%input: tensor<2x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>) {
  // expected-error@+1 {{'llm.pack' op expected 'input' with encoding '#llm.stored' without a panel, got}}
  %0 = llm.pack %input : tensor<2x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
    to tensor<2x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
  return
}

// -----

func.func @pack_c2_result(%input: tensor<2x32xi4, #llm.stored<scheme = q4_1>>) {
  // expected-error@+1 {{'llm.pack' op expected a result with encoding '#llm.stored' with a panel, got}}
  %0 = llm.pack %input : tensor<2x32xi4, #llm.stored<scheme = q4_1>> to tensor<2x32xi4, #llm.stored<scheme = q4_1>>
  return
}

// -----

func.func @weight_ref_c1() {
  // expected-error@+1 {{'llm.weight_ref' op expected 'weight_ref_c1' to name an 'llm.weight'}}
  %0 = llm.weight_ref @weight_ref_c1 : tensor<32xf32>
  return
}

// -----

llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "w" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}
func.func @weight_ref_c1_type() {
  // expected-error@+1 {{'llm.weight_ref' op expected the type of weight 'norm', 'tensor<32xf32>', got 'tensor<64xf32>'}}
  %0 = llm.weight_ref @norm : tensor<64xf32>
  return
}

// -----

func.func @embedding_c1(%tokens: tensor<?xi32>, %table: tensor<64xf32>) {
  // expected-error@+1 {{'llm.embedding' op expected 'table' of rank 2 with static columns, got 'tensor<64xf32>'}}
  %0 = llm.embedding %tokens, %table : tensor<?xi32>, tensor<64xf32>
  return
}

// -----

func.func @embedding_tokens(%tokens: tensor<?x1xi32>, %table: tensor<64x32xf32>) {
  // expected-error@+1 {{'llm.embedding' op expected 'tokens' of rank 1, got 'tensor<?x1xi32>'}}
  %0 = llm.embedding %tokens, %table : tensor<?x1xi32>, tensor<64x32xf32>
  return
}

// -----

func.func @embedding_blocked_table(%tokens: tensor<?xi32>, %table: tensor<64x32xi16, #llm.blocked<columns = 32>>) {
  // expected-error@+1 {{'llm.embedding' op operand #1 must be statically shaped tensor, plain or with '#llm.stored', but got}}
  %0 = llm.embedding %tokens, %table : tensor<?xi32>, tensor<64x32xi16, #llm.blocked<columns = 32>>
  return
}

// -----

func.func @select_rows_c1(%input: tensor<?xf32>, %rows: tensor<?xi32>) {
  // expected-error@+1 {{'llm.select_rows' op expected 'input' of rank 2 with static columns, got 'tensor<?xf32>'}}
  %0 = llm.select_rows %input, %rows : tensor<?xf32>, tensor<?xi32>
  return
}

// -----

func.func @select_rows_result(%input: tensor<?x32xf32>, %rows: tensor<?xi32>) {
  // expected-error@+2 {{'llm.select_rows' op failed to infer returned types}}
  // expected-error@+1 {{'llm.select_rows' op inferred type(s) 'tensor<?x32xf32>' are incompatible with return type(s) of operation 'tensor<?x64xf32>'}}
  %0 = "llm.select_rows"(%input, %rows) : (tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @add_c1(%lhs: tensor<?x32xf32>, %rhs: tensor<?x64xf32>) {
  // expected-error@+1 {{'llm.add' op failed to verify that all of {lhs, rhs} have same type}}
  %0 = "llm.add"(%lhs, %rhs) : (tensor<?x32xf32>, tensor<?x64xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @add_c1_rank(%input: tensor<32xf32>) {
  // expected-error@+1 {{'llm.add' op expected 'lhs' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.add %input, %input : tensor<32xf32>
  return
}

// -----

func.func @add_encoded(%input: tensor<2x32xf32, #llm.stored<scheme = f32>>) {
  // expected-error@+1 {{'llm.add' op operand #0 must be ranked tensor of f32 without an encoding, but got}}
  %0 = llm.add %input, %input : tensor<2x32xf32, #llm.stored<scheme = f32>>
  return
}

// -----

func.func @add_bias_c1(%input: tensor<32xf32>, %bias: tensor<32xf32>) {
  // expected-error@+1 {{'llm.add_bias' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.add_bias %input, %bias : tensor<32xf32>, tensor<32xf32>
  return
}

// -----

func.func @add_bias_c2(%input: tensor<?x32xf32>, %bias: tensor<16xf32>) {
  // expected-error@+1 {{'llm.add_bias' op expected 'bias' of type 'tensor<32xf32>' to match the columns of 'input', got 'tensor<16xf32>'}}
  %0 = llm.add_bias %input, %bias : tensor<?x32xf32>, tensor<16xf32>
  return
}

// -----

func.func @scale_c1(%input: tensor<32xf32>) {
  // expected-error@+1 {{'llm.scale' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.scale %input {factor = 1.0 : f32} : tensor<32xf32>
  return
}

// -----

func.func @scale_c2(%input: tensor<?x32xf32>) {
  // expected-error@+1 {{'llm.scale' op expected 'factor' to be finite, got 0x7F800000 : f32}}
  %0 = llm.scale %input {factor = 0x7F800000 : f32} : tensor<?x32xf32>
  return
}

// -----

func.func @rms_norm_c1(%input: tensor<?x?xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.rms_norm' op expected 'input' of rank 2 with static columns, got 'tensor<?x?xf32>'}}
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x?xf32>, tensor<32xf32>
  return
}

// -----

func.func @rms_norm_c2(%input: tensor<?x32xf32>, %weight: tensor<64xf32>) {
  // expected-error@+1 {{'llm.rms_norm' op expected 'weight' of type 'tensor<32xf32>' to match the columns of 'input', got 'tensor<64xf32>'}}
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<64xf32>
  return
}

// -----

func.func @rms_norm_c2_element(%input: tensor<?x32xf32>, %weight: tensor<32xf16>) {
  // expected-error@+1 {{'llm.rms_norm' op expected 'weight' of type 'tensor<32xf32>' to match the columns of 'input', got 'tensor<32xf16>'}}
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf16>
  return
}

// -----

func.func @rms_norm_c3(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.rms_norm' op expected 'epsilon' to be positive and finite, got 0.000000e+00 : f32}}
  %0 = llm.rms_norm %input, %weight {epsilon = 0.0 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return
}

// -----

func.func @rms_norm_c3_nan(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.rms_norm' op expected 'epsilon' to be positive and finite, got 0x7FC00000 : f32}}
  %0 = llm.rms_norm %input, %weight {epsilon = 0x7FC00000 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return
}

// -----

func.func @rms_norm_c4(%input: tensor<?x40xf32>, %weight: tensor<40xf32>) {
  // expected-error@+1 {{'llm.rms_norm' op expected a multiple of 32 columns to round to integers, got 'tensor<?x40xf32>'}}
  %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32, rounding = #llm.precision<int16>} : tensor<?x40xf32>, tensor<40xf32>
  return
}

// -----

func.func @add_rms_norm_c4(%input: tensor<?x40xf32>, %weight: tensor<40xf32>) {
  // expected-error@+1 {{'llm.add_rms_norm' op expected a multiple of 32 columns to round to integers, got 'tensor<?x40xf32>'}}
  %0:2 = llm.add_rms_norm %input, %input, %weight {epsilon = 1.0e-5 : f32, rounding = #llm.precision<int16>}
    : tensor<?x40xf32>, tensor<40xf32>
  return
}

// -----

func.func @add_rms_norm_c1(%input: tensor<?x32xf32>, %residual: tensor<?x64xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.add_rms_norm' op failed to verify that all of {input, residual} have same type}}
  %0:2 = "llm.add_rms_norm"(%input, %residual, %weight) {epsilon = 1.0e-5 : f32}
    : (tensor<?x32xf32>, tensor<?x64xf32>, tensor<32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>)
  return
}

// -----

func.func @add_rms_norm_c1_rank(%input: tensor<32xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.add_rms_norm' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0:2 = llm.add_rms_norm %input, %input, %weight {epsilon = 1.0e-5 : f32} : tensor<32xf32>, tensor<32xf32>
  return
}

// -----

func.func @add_rms_norm_c2(%input: tensor<?x32xf32>, %weight: tensor<64xf32>) {
  // expected-error@+1 {{'llm.add_rms_norm' op expected 'weight' of type 'tensor<32xf32>' to match the columns of 'input', got 'tensor<64xf32>'}}
  %0:2 = llm.add_rms_norm %input, %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<64xf32>
  return
}

// -----

func.func @add_rms_norm_c3(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.add_rms_norm' op expected 'epsilon' to be positive and finite, got -1.000000e+00 : f32}}
  %0:2 = llm.add_rms_norm %input, %input, %weight {epsilon = -1.0 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return
}

// -----

func.func @quantize_rows_c1(%input: tensor<32xf32>) {
  // expected-error@+1 {{'llm.quantize_rows' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.quantize_rows %input : tensor<32xf32>
  return
}

// -----

func.func @quantize_rows_c2(%input: tensor<?x40xf32>) {
  // expected-error@+1 {{'llm.quantize_rows' op expected a multiple of 32 columns to round to integers, got 'tensor<?x40xf32>'}}
  %0 = llm.quantize_rows %input : tensor<?x40xf32>
  return
}

// -----

func.func @quantize_rows_c3(%input: tensor<?x32xf32>) {
  // expected-error@+1 {{'llm.quantize_rows' op expected a 'precision' to round to, got 'f32'}}
  %0 = llm.quantize_rows %input {precision = #llm.precision<f32>} : tensor<?x32xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @linear_c1(%input: tensor<32xf32>, %weight: !weight) {
  // expected-error@+1 {{'llm.linear' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.linear %input, %weight : tensor<32xf32>, !weight
  return
}

// -----

!wide = tensor<64x64xf16, #llm.stored<scheme = f16>>
func.func @linear_c2(%input: tensor<?x32xf32>, %weight: !wide) {
  // expected-error@+1 {{'llm.linear' op expected 'weight' to have as many columns as 'input' of type 'tensor<?x32xf32>', got 'tensor<64x64xf16, #llm.stored<scheme = f16>>'}}
  %0 = llm.linear %input, %weight : tensor<?x32xf32>, !wide
  return
}

// -----

func.func @linear_c2_encoding(%input: tensor<?x32xf32>, %weight: tensor<64x32xf32>) {
  // expected-error@+1 {{'llm.linear' op expected 'weight' with encoding '#llm.stored', got 'tensor<64x32xf32>'}}
  %0 = llm.linear %input, %weight : tensor<?x32xf32>, tensor<64x32xf32>
  return
}

// -----

func.func @linear_c2_rank(%input: tensor<?x32xf32>, %weight: tensor<32xf32>) {
  // expected-error@+1 {{'llm.linear' op expected 'weight' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.linear %input, %weight : tensor<?x32xf32>, tensor<32xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!blocked = tensor<?x32xi16, #llm.blocked<columns = 32>>
func.func @linear_c3(%input: !blocked, %weight: !weight) {
  // expected-error@+1 {{'llm.linear' op expected no 'activations' with rounded 'input' of type 'tensor<?x32xi16, #llm.blocked<columns = 32>>', got #llm.precision<int16>}}
  %0 = llm.linear %input, %weight {activations = #llm.precision<int16>} : !blocked, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @linear_plain_integers(%input: tensor<?x32xi16>, %weight: !weight) {
  // expected-error@+1 {{'llm.linear' op operand #0 must be ranked tensor of f32 without an encoding or tensor of f16 or bf16 without an encoding or tensor of i16 or i8 with '#llm.blocked', but got 'tensor<?x32xi16>'}}
  %0 = llm.linear %input, %weight : tensor<?x32xi16>, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @qkv_c1(%input: tensor<32xf32>, %weight: !weight) {
  // expected-error@+1 {{'llm.qkv' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0:3 = llm.qkv %input, %weight, %weight, %weight : tensor<32xf32>, !weight, !weight, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!wide = tensor<64x64xf16, #llm.stored<scheme = f16>>
func.func @qkv_c2(%input: tensor<?x32xf32>, %weight: !weight, %wrong: !wide) {
  // expected-error@+1 {{'llm.qkv' op expected 'query_weight' to have as many columns as 'input' of type 'tensor<?x32xf32>', got 'tensor<64x64xf16, #llm.stored<scheme = f16>>'}}
  %0:3 = llm.qkv %input, %wrong, %weight, %weight : tensor<?x32xf32>, !wide, !weight, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!wide = tensor<64x64xf16, #llm.stored<scheme = f16>>
func.func @qkv_c2_key(%input: tensor<?x32xf32>, %weight: !weight, %wrong: !wide) {
  // expected-error@+1 {{'llm.qkv' op expected 'key_weight' to have as many columns as 'input' of type 'tensor<?x32xf32>', got 'tensor<64x64xf16, #llm.stored<scheme = f16>>'}}
  %0:3 = llm.qkv %input, %weight, %wrong, %weight : tensor<?x32xf32>, !weight, !wide, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!wide = tensor<64x64xf16, #llm.stored<scheme = f16>>
func.func @qkv_c2_value(%input: tensor<?x32xf32>, %weight: !weight, %wrong: !wide) {
  // expected-error@+1 {{'llm.qkv' op expected 'value_weight' to have as many columns as 'input' of type 'tensor<?x32xf32>', got 'tensor<64x64xf16, #llm.stored<scheme = f16>>'}}
  %0:3 = llm.qkv %input, %weight, %weight, %wrong : tensor<?x32xf32>, !weight, !weight, !wide
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!blocked = tensor<?x32xi16, #llm.blocked<columns = 32>>
func.func @qkv_c3(%input: !blocked, %weight: !weight) {
  // expected-error@+1 {{'llm.qkv' op expected no 'activations' with rounded 'input' of type 'tensor<?x32xi16, #llm.blocked<columns = 32>>', got #llm.precision<f32>}}
  %0:3 = llm.qkv %input, %weight, %weight, %weight {activations = #llm.precision<f32>}
    : !blocked, !weight, !weight, !weight
  return
}

// -----

func.func @gated_activation_c1(%gate: tensor<?x32xf32>, %up: tensor<?x64xf32>) {
  // expected-error@+1 {{'llm.gated_activation' op failed to verify that all of {gate, up} have same type}}
  %0 = "llm.gated_activation"(%gate, %up) {function = #llm.activation<silu>}
    : (tensor<?x32xf32>, tensor<?x64xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @gated_activation_c1_rank(%gate: tensor<32xf32>) {
  // expected-error@+1 {{'llm.gated_activation' op expected 'gate' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.gated_activation %gate, %gate {function = #llm.activation<silu>} : tensor<32xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c1(%input: tensor<32xf32>, %weight: !weight) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.gated_linear %input, %weight, %weight {function = #llm.activation<silu>} : tensor<32xf32>, !weight, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!wide = tensor<64x64xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c2(%input: tensor<?x32xf32>, %weight: !weight, %wrong: !wide) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'gate_weight' to have as many columns as 'input' of type 'tensor<?x32xf32>', got 'tensor<64x64xf16, #llm.stored<scheme = f16>>'}}
  %0 = llm.gated_linear %input, %wrong, %weight {function = #llm.activation<silu>} : tensor<?x32xf32>, !wide, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c2_up(%input: tensor<?x32xf32>, %weight: !weight, %wrong: tensor<64x32xf32>) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'up_weight' with encoding '#llm.stored', got 'tensor<64x32xf32>'}}
  %0 = llm.gated_linear %input, %weight, %wrong {function = #llm.activation<silu>} : tensor<?x32xf32>,
    !weight, tensor<64x32xf32>
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!blocked = tensor<?x32xi16, #llm.blocked<columns = 32>>
func.func @gated_linear_c3(%input: !blocked, %weight: !weight) {
  // expected-error@+1 {{'llm.gated_linear' op expected no 'activations' with rounded 'input' of type 'tensor<?x32xi16, #llm.blocked<columns = 32>>', got #llm.precision<int16>}}
  %0 = llm.gated_linear %input, %weight, %weight
    {activations = #llm.precision<int16>, function = #llm.activation<silu>} : !blocked, !weight, !weight
  return
}

// -----

!weight = tensor<64x32xf16, #llm.stored<scheme = f16>>
!short = tensor<16x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c4(%input: tensor<?x32xf32>, %gate: !weight, %up: !short) {
  // expected-error@+1 {{'llm.gated_linear' op expected 'up_weight' to have as many rows as 'gate_weight' of type 'tensor<64x32xf16, #llm.stored<scheme = f16>>', got 'tensor<16x32xf16, #llm.stored<scheme = f16>>'}}
  %0 = llm.gated_linear %input, %gate, %up {function = #llm.activation<silu>} : tensor<?x32xf32>, !weight, !short
  return
}

// -----

!short = tensor<16x32xf16, #llm.stored<scheme = f16>>
func.func @gated_linear_c5(%input: tensor<?x32xf32>, %gate: !short, %up: !short) {
  // expected-error@+1 {{'llm.gated_linear' op expected a multiple of 32 columns to round to integers, got 'tensor<?x16xf32>'}}
  %0 = llm.gated_linear %input, %gate, %up {function = #llm.activation<silu>, rounding = #llm.precision<int16>}
    : tensor<?x32xf32>, !short, !short
  return
}

// -----

func.func @rope_c1(%input: tensor<32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'input' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<32xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_c1_rows(%input: tensor<4x32xf32>, %positions: tensor<5xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'positions' to have as many rows as 'input' of type 'tensor<4x32xf32>', got 'tensor<5xi32>'}}
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<4x32xf32>, tensor<5xi32>
  return
}

// -----

func.func @rope_c2(%input: tensor<?x32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'head_dim' to be positive, even, and to divide the columns of 'input' of type 'tensor<?x32xf32>', got 12}}
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 12 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_c2_odd(%input: tensor<?x32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'head_dim' to be positive, even, and to divide the columns of 'input' of type 'tensor<?x32xf32>', got 1}}
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 1 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_c2_zero(%input: tensor<?x32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'head_dim' to be positive, even, and to divide the columns of 'input' of type 'tensor<?x32xf32>', got 0}}
  %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 0 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_c3(%input: tensor<?x32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope' op expected 'base' to be positive and finite, got 0x7FF0000000000000 : f64}}
  %0 = llm.rope %input, %positions
    {base = 0x7FF0000000000000 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @kv_append_c1(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<?x32xf32>, %values: tensor<?x64xf32>,
                        %positions: tensor<?xi32>, %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.kv_append' op failed to verify that all of {keys, values} have same type}}
  %0 = "llm.kv_append"(%kv, %layer, %keys, %values, %positions, %sequences)
    : (!llm.kv<2x2x16xf16>, index, tensor<?x32xf32>, tensor<?x64xf32>, tensor<?xi32>, tensor<?xi32>)
      -> !llm.kv<2x2x16xf16>
  return
}

// -----

func.func @kv_append_c1_rank(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<32xf32>, %values: tensor<32xf32>,
                             %positions: tensor<?xi32>, %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.kv_append' op expected 'keys' of rank 2 with static columns, got 'tensor<32xf32>'}}
  %0 = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<32xf32>, tensor<?xi32>
  return
}

// -----

func.func @kv_append_c1_columns(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<?x64xf32>,
                                %values: tensor<?x64xf32>,
                  %positions: tensor<?xi32>, %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.kv_append' op expected 'keys' of 32 columns, the kv heads times head dim of '!llm.kv<2x2x16xf16>', got 'tensor<?x64xf32>'}}
  %0 = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<?x64xf32>, tensor<?xi32>
  return
}

// -----

func.func @kv_append_c2(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<?x32xf32>, %values: tensor<?x32xf32>,
                        %positions: tensor<4xi32>, %sequences: tensor<5xi32>) {
  // expected-error@+1 {{'llm.kv_append' op failed to verify that all of {positions, sequences} have same type}}
  %0 = "llm.kv_append"(%kv, %layer, %keys, %values, %positions, %sequences)
    : (!llm.kv<2x2x16xf16>, index, tensor<?x32xf32>, tensor<?x32xf32>, tensor<4xi32>, tensor<5xi32>)
      -> !llm.kv<2x2x16xf16>
  return
}

// -----

func.func @kv_append_c2_rows(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<4x32xf32>,
                             %values: tensor<4x32xf32>,
                  %positions: tensor<5xi32>, %sequences: tensor<5xi32>) {
  // expected-error@+1 {{'llm.kv_append' op expected 'positions' to have as many rows as 'keys' of type 'tensor<4x32xf32>', got 'tensor<5xi32>'}}
  %0 = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<4x32xf32>, tensor<5xi32>
  return
}

// -----

func.func @rope_kv_append_c1(%kv: !llm.kv<2x2x16xf16>, %layer: index, %rows: tensor<?x64xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope_kv_append' op expected 'keys' of 32 columns, the kv heads times head dim of '!llm.kv<2x2x16xf16>', got 'tensor<?x64xf32>'}}
  %0:2 = llm.rope_kv_append %kv[%layer], %rows, %rows, %rows, %positions, %positions {base = 1.0e5 : f64, pairing = #llm.pairing<halves>}
    : !llm.kv<2x2x16xf16>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_kv_append_c2(%kv: !llm.kv<2x2x16xf16>, %layer: index, %queries: tensor<?x40xf32>, %keys: tensor<?x32xf32>,
                             %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope_kv_append' op expected the columns of 'queries' to be a multiple of the even head dim of '!llm.kv<2x2x16xf16>', got 'tensor<?x40xf32>'}}
  %0:2 = llm.rope_kv_append %kv[%layer], %queries, %keys, %keys, %positions, %positions {base = 1.0e5 : f64, pairing = #llm.pairing<halves>}
    : !llm.kv<2x2x16xf16>, tensor<?x40xf32>, tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @rope_kv_append_c3(%kv: !llm.kv<2x2x16xf16>, %layer: index, %queries: tensor<5x64xf32>, %keys: tensor<4x32xf32>,
                             %positions: tensor<4xi32>) {
  // expected-error@+1 {{'llm.rope_kv_append' op expected 'positions' to have as many rows as 'queries' of type 'tensor<5x64xf32>', got 'tensor<4xi32>'}}
  %0:2 = llm.rope_kv_append %kv[%layer], %queries, %keys, %keys, %positions, %positions {base = 1.0e5 : f64, pairing = #llm.pairing<halves>}
    : !llm.kv<2x2x16xf16>, tensor<5x64xf32>, tensor<4x32xf32>, tensor<4xi32>
  return
}

// -----

func.func @rope_kv_append_c4(%kv: !llm.kv<2x2x16xf16>, %layer: index, %keys: tensor<?x32xf32>, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.rope_kv_append' op expected 'base' to be positive and finite, got 0.000000e+00 : f64}}
  %0:2 = llm.rope_kv_append %kv[%layer], %keys, %keys, %keys, %positions, %positions {base = 0.0 : f64, pairing = #llm.pairing<halves>}
    : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>
  return
}

// -----

func.func @attention_c1(%queries: tensor<?x48xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index, %positions: tensor<?xi32>,
                        %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.attention' op expected the columns of 'queries' to be a multiple of 32, the kv heads times head dim of '!llm.kv<2x2x16xf16>', got 'tensor<?x48xf32>'}}
  %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x48xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  return
}

// -----

func.func @attention_c1_rank(%queries: tensor<64xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index,
                             %positions: tensor<?xi32>,
                  %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.attention' op expected 'queries' of rank 2 with static columns, got 'tensor<64xf32>'}}
  %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<64xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  return
}

// -----

func.func @attention_c2(%queries: tensor<?x64xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index, %positions: tensor<?xi32>,
                        %sequences: tensor<?xi32>) {
  // expected-error@+1 {{'llm.attention' op expected 'scale' to be positive and finite, got 0.000000e+00 : f32}}
  %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.0 : f32}
    : tensor<?x64xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  return
}

// -----

func.func @attention_c3(%queries: tensor<?x64xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index, %positions: tensor<4xi32>,
                        %sequences: tensor<5xi32>) {
  // expected-error@+1 {{'llm.attention' op failed to verify that all of {positions, sequences} have same type}}
  %0 = "llm.attention"(%queries, %kv, %layer, %positions, %sequences) {scale = 0.25 : f32}
    : (tensor<?x64xf32>, !llm.kv<2x2x16xf16>, index, tensor<4xi32>, tensor<5xi32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @attention_c3_rows(%queries: tensor<4x64xf32>, %kv: !llm.kv<2x2x16xf16>, %layer: index,
                             %positions: tensor<5xi32>,
                  %sequences: tensor<5xi32>) {
  // expected-error@+1 {{'llm.attention' op expected 'positions' to have as many rows as 'queries' of type 'tensor<4x64xf32>', got 'tensor<5xi32>'}}
  %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<4x64xf32>, !llm.kv<2x2x16xf16>, tensor<5xi32>
  return
}

// -----

func.func @attention_c4(%queries: tensor<?x16xf32>, %kv: !llm.kv<2x1x16xf16>, %layer: index, %positions: tensor<?xi32>) {
  // expected-error@+1 {{'llm.attention' op expected a multiple of 32 columns to round to integers, got 'tensor<?x16xf32>'}}
  %0 = llm.attention %queries, %kv[%layer], %positions, %positions {rounding = #llm.precision<int16>, scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<2x1x16xf16>, tensor<?xi32>
  return
}
