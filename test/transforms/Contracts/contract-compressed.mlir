// What the phase 'compressed' promises, and the diagnostic for each breach.
// RUN: hone-opt %s -split-input-file -hone-contract-compressed -verify-diagnostics

// Every product names a precision.
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
func.func @step(%x: tensor<?x32xf32>, %w: !w) attributes {llm.step} {
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %1:3 = llm.qkv %x, %w, %w, %w {activations = #llm.precision<f32>} : tensor<?x32xf32>, !w, !w, !w
  %2 = llm.gated_linear %x, %w, %w {activations = #llm.precision<f32>, function = #llm.activation<silu>}
    : tensor<?x32xf32>, !w, !w
  return
}

// -----

// One that names none is an error for each of the three, all of them reported.
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
func.func @step(%x: tensor<?x32xf32>, %w: !w) attributes {llm.step} {
  // expected-error@+2 {{names no precision of its activations}}
  // expected-note@+1 {{hone-assign-activation-precision should have named one}}
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  // expected-error@+2 {{names no precision of its activations}}
  // expected-note@+1 {{hone-assign-activation-precision should have named one}}
  %1:3 = llm.qkv %x, %w, %w, %w : tensor<?x32xf32>, !w, !w, !w
  // expected-error@+2 {{names no precision of its activations}}
  // expected-note@+1 {{hone-assign-activation-precision should have named one}}
  %2 = llm.gated_linear %x, %w, %w {function = #llm.activation<silu>} : tensor<?x32xf32>, !w, !w
  return
}

// -----

// What 'import' promises still holds.
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

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+1 {{is packed; expected weights in file order before hone-pack-weights}}
llm.weight @w : tensor<32x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>> {
  %0 = llm.file_tensor "w" : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.pack %0 : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
    to tensor<32x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
  llm.yield %1 : tensor<32x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
}

// -----

func.func @step(%x: tensor<?x32xf32>) attributes {llm.step} {
  // expected-error@+1 {{rounds activations; expected none before hone-quantize-activations}}
  %0 = llm.quantize_rows %x : tensor<?x32xf32>
  return
}

// -----

func.func private @kernel()
func.func @step(%x: tensor<?x32xf32>) attributes {llm.step} {
  // expected-error@+1 {{calls a kernel; expected whole ops before hone-outline-kernels}}
  call @kernel() : () -> ()
  return
}
