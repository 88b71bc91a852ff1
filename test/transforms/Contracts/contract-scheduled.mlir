// What the phase 'scheduled' promises, and the diagnostic for each breach.
// RUN: hone-opt %s -split-input-file -hone-contract-scheduled -verify-diagnostics

// A step of constants, weight references and calls; kernels of one op each; packed weights, and norm weights as they are.
!packed = tensor<32x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
llm.weight @w : !packed {
  %0 = llm.file_tensor "w" : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.pack %0 : tensor<32x32xi4, #llm.stored<scheme = q4_1>> to !packed
  llm.yield %1 : !packed
}
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "norm" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}
func.func @step(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.step} {
  %c0 = arith.constant 0 : index
  %w = llm.weight_ref @w : !packed
  %0 = call @linear(%x, %w) : (tensor<?x32xf32>, !packed) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
func.func private @linear(%x: tensor<?x32xf32>, %w: !packed) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !packed
  return %0 : tensor<?x32xf32>
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

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+2 {{is not packed}}
// expected-note@+1 {{hone-pack-weights should have packed it}}
llm.weight @w : tensor<32x32xi4, #llm.stored<scheme = q4_1>> {
  %0 = llm.file_tensor "w" : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  llm.yield %0 : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
}

// -----

func.func @step(%x: tensor<?x32xf32>) attributes {llm.step} {
  // expected-error@+2 {{is not a call of a kernel}}
  // expected-note@+1 {{hone-outline-kernels should have outlined it}}
  %0 = llm.add %x, %x : tensor<?x32xf32>
  return
}

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+1 {{expected a kernel to hold one llm op and its return}}
func.func private @two(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  %1 = llm.add %0, %x : tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}

// -----

func.func @step() attributes {llm.step} {
  return
}
// expected-error@+1 {{expected a kernel to hold one llm op and its return}}
func.func private @other(%x: index) -> index attributes {llm.kernel} {
  %0 = arith.addi %x, %x : index
  return %0 : index
}

// -----

// A step without a body.
// expected-error @below {{expected a step to have one block}}
func.func private @step() attributes {llm.step}

// -----

// A kernel without a body.
func.func @step() attributes {llm.step} {
  return
}
// expected-error @below {{expected a kernel to hold one llm op and its return}}
func.func private @k() attributes {llm.kernel}

// -----

// A call of something that is no kernel.
func.func private @other()
func.func @step() attributes {llm.step} {
  // expected-error @below {{expected a call of a kernel, got one of 'other'}}
  call @other() : () -> ()
  return
}
