// Attributes, types and names that the dialect refuses.
// RUN: hone-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// expected-error@+1 {{expected panel sizes from 1 to 4096, got '0x32'}}
func.func private @panel_zero() attributes {panel = #llm.panel<0x32>}

// -----

// expected-error@+1 {{expected panel sizes from 1 to 4096, got '8x4097'}}
func.func private @panel_huge() attributes {panel = #llm.panel<8x4097>}

// -----

// expected-error@+1 {{expected a panel as '<rows x columns>', got 1 sizes}}
func.func private @panel_rank() attributes {panel = #llm.panel<8>}

// -----

// expected-error@+1 {{expected a panel of 256 columns, the block of scheme 'q4_K', got 32}}
func.func private @stored_k_quant_panel(tensor<8x256xi4, #llm.stored<scheme = q4_K, panel = <8x32>>>)

// -----

// expected-error@+1 {{expected a panel of 32 columns, the block of scheme 'q4_0', got 64}}
func.func private @stored_panel_columns(tensor<8x64xi4, #llm.stored<scheme = q4_0, panel = <8x64>>>)

// -----

// expected-error@+1 {{expected element type 'i4' for scheme 'q4_0', got 'i8'}}
func.func private @stored_element_type(tensor<8x32xi8, #llm.stored<scheme = q4_0>>)

// -----

// expected-error@+1 {{expected element type 'i8' for scheme 'q8_0', got 'si8'}}
func.func private @stored_element_type_signed(tensor<8x32xsi8, #llm.stored<scheme = q8_0>>)

// -----

// expected-error@+1 {{expected columns to be a multiple of 32, the block of scheme 'q8_0', got 40}}
func.func private @stored_columns(tensor<8x40xi8, #llm.stored<scheme = q8_0>>)

// -----

// expected-error@+1 {{expected columns to be a multiple of 256, the block of scheme 'q6_K', got 32}}
func.func private @stored_k_quant_columns(tensor<8x32xi6, #llm.stored<scheme = q6_K>>)

// -----

// expected-error@+1 {{expected a weight of rank 2 with encoding '#llm.stored', got rank 1}}
func.func private @stored_rank(tensor<32xi8, #llm.stored<scheme = q8_0>>)

// -----

// expected-error@+1 {{expected a weight of static, positive sizes with encoding '#llm.stored'}}
func.func private @stored_dynamic(tensor<?x32xi8, #llm.stored<scheme = q8_0>>)

// -----

// expected-error@+1 {{expected a weight of static, positive sizes with encoding '#llm.stored'}}
func.func private @stored_empty(tensor<0x32xi8, #llm.stored<scheme = q8_0>>)

// -----

// expected-error@+1 {{expected a weight of less than 2^63 bytes, got shape '4611686018427387904x3'}}
func.func private @stored_bytes(tensor<4611686018427387904x3xf32, #llm.stored<scheme = f32>>)

// -----

// expected-error@+2 {{expected ::hone::llm::Scheme to be one of}}
// expected-error@+1 {{failed to parse LLM_StoredAttr parameter 'scheme'}}
func.func private @stored_scheme(tensor<8x32xi8, #llm.stored<scheme = q9_9>>)

// -----

// expected-error@+1 {{expected 'columns' to be a positive multiple of 4, got 0}}
func.func private @blocked_zero(tensor<?x32xi16, #llm.blocked<columns = 0>>)

// -----

// expected-error@+1 {{expected columns to be a multiple of 32, the block of encoding '#llm.blocked', got 40}}
func.func private @blocked_columns(tensor<?x40xi16, #llm.blocked<columns = 32>>)

// -----

// expected-error@+1 {{expected static columns with encoding '#llm.blocked', got '?'}}
func.func private @blocked_dynamic(tensor<?x?xi16, #llm.blocked<columns = 32>>)

// -----

// expected-error@+1 {{expected element type 'i16' or 'i8' with encoding '#llm.blocked', got 'i32'}}
func.func private @blocked_element_type(tensor<?x32xi32, #llm.blocked<columns = 32>>)

// -----

// expected-error@+1 {{expected a tensor of rank 2 with encoding '#llm.blocked', got rank 1}}
func.func private @blocked_rank(tensor<32xi16, #llm.blocked<columns = 32>>)

// -----

// expected-error@+1 {{expected positive layers, kv heads and head dim, got '0x2x16'}}
func.func private @kv_zero(!llm.kv<0x2x16xf16>)

// -----

// expected-error@+1 {{expected '<layers x kv_heads x head_dim x element>', got 2 sizes}}
func.func private @kv_rank(!llm.kv<2x16xf16>)

// -----

// expected-error@+1 {{expected element type 'f16', 'bf16', 'f32' or 'i8', got 'i16'}}
func.func private @kv_element_type(!llm.kv<2x2x16xi16>)

// -----

// expected-error@+1 {{expected less than 2^63 elements for each position, got '4294967296x4294967296x2'}}
func.func private @kv_size(!llm.kv<4294967296x4294967296x2xf16>)

// -----

// expected-error@+1 {{expected attribute 'llm.step' on 'func.func' only}}
module attributes {llm.step} {}

// -----

// expected-error@+1 {{expected attribute 'llm.step' to be a unit attribute, got true}}
func.func private @step_value() attributes {llm.step = true}

// -----

// expected-error@+1 {{expected attribute 'llm.kernel' to be a unit attribute, got "linear"}}
func.func private @kernel_value() attributes {llm.kernel = "linear"}

// -----

// expected-error@+1 {{expected attribute 'llm.name' on 'builtin.module' only}}
func.func private @name_on_function() attributes {llm.name = "tiny"}

// -----

// expected-error@+1 {{expected attribute 'llm.name' to be a string, got 1 : i64}}
module attributes {llm.name = 1} {}

// -----

// expected-error@+1 {{expected attribute 'llm.architecture' to be a string, got 1 : i64}}
module attributes {llm.architecture = 1} {}

// -----

// expected-error@+1 {{expected attribute 'llm.source' to be a string, got 1 : i64}}
module attributes {llm.source = 1} {}

// -----

// expected-error@+1 {{expected attribute 'llm.context_length' to be a positive i64, got 0 : i64}}
module attributes {llm.context_length = 0} {}

// -----

// expected-error@+1 {{expected attribute 'llm.source_bytes' to be a positive i64, got 4096 : i32}}
module attributes {llm.source_bytes = 4096 : i32} {}

// -----

// expected-error@+1 {{expected attribute 'llm.source_bytes' on 'builtin.module' only}}
func.func private @source_bytes_on_function() attributes {llm.source_bytes = 1}
