// What the phase 'fused' promises, and the diagnostic for each breach.
// RUN: hone-opt %s -split-input-file -hone-contract-fused -verify-diagnostics

// Rounding is an op; a product of f32 activations names nothing.
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
func.func @step(%x: tensor<?x32xf32>, %w: !w) attributes {llm.step} {
  %0 = llm.quantize_rows %x : tensor<?x32xf32>
  %1 = llm.linear %0, %w : tensor<?x32xi16, #llm.blocked<columns = 32>>, !w
  %2 = llm.linear %x, %w : tensor<?x32xf32>, !w
  return
}

// -----

// A product that still names a precision would be computed in another.
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
func.func @step(%x: tensor<?x32xf32>, %w: !w) attributes {llm.step} {
  // expected-error@+2 {{still names the precision of its activations}}
  // expected-note@+1 {{hone-quantize-activations should have made the rounding an op}}
  %0 = llm.linear %x, %w {activations = #llm.precision<f32>} : tensor<?x32xf32>, !w
  // expected-error@+2 {{still names the precision of its activations}}
  // expected-note@+1 {{hone-quantize-activations should have made the rounding an op}}
  %1:3 = llm.qkv %x, %w, %w, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w, !w, !w
  // expected-error@+2 {{still names the precision of its activations}}
  // expected-note@+1 {{hone-quantize-activations should have made the rounding an op}}
  %2 = llm.gated_linear %x, %w, %w {activations = #llm.precision<int16>, function = #llm.activation<silu>}
    : tensor<?x32xf32>, !w, !w
  return
}

// -----

// expected-error@+1 {{expected a function with 'llm.step', got none}}
module {
}

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+1 {{is a second step; expected one function with 'llm.step'}}
func.func @again() attributes {llm.step} {
  return
}
