// What the phase 'import' promises, and the diagnostic for each breach.
// RUN: hone-opt %s -split-input-file -hone-contract-import -verify-diagnostics

// A step of whole ops over weights in file order holds it, whatever precision a product names.
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
func.func @step(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.step} {
  %w = llm.weight_ref @w : !w
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = llm.linear %0, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  return %1 : tensor<?x32xf32>
}
func.func private @other()

// -----

// expected-error@+1 {{expected a function with 'llm.step', got none}}
module {
  func.func private @other()
}

// -----

func.func @step(%x: tensor<?x32xf32>) attributes {llm.step} {
  return
}
// expected-error@+1 {{is a second step; expected one function with 'llm.step'}}
func.func @again(%x: tensor<?x32xf32>) attributes {llm.step} {
  return
}

// -----

func.func @step(%x: tensor<?x32xf32>) attributes {llm.step} {
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
