// What the pass refuses, and what it says.
// RUN: hone-opt %s -split-input-file -hone-lower-to-reference -verify-diagnostics

// The integers of a scheme are not values.
llm.weight @weight : tensor<2x32xi8, #llm.stored<scheme = q8_0>> {
  // expected-error@+1 {{expected a dense constant of floats, got 'tensor<2x32xi8, #llm.stored<scheme = q8_0>>'}}
  %0 = arith.constant dense<1> : tensor<2x32xi8, #llm.stored<scheme = q8_0>>
  llm.yield %0 : tensor<2x32xi8, #llm.stored<scheme = q8_0>>
}

// -----

llm.weight @weight : tensor<32xf32> {
  %0 = arith.constant dense<1.0> : tensor<32xf32>
  // expected-error@+1 {{or an op that keeps values in the recipe of 'weight'}}
  %1 = arith.negf %0 : tensor<32xf32>
  llm.yield %1 : tensor<32xf32>
}

// -----

func.func @convert(%numbers: tensor<2x4xf16>) -> !llm.kv<4x3x16xf16> {
  // expected-error@+2 {{expected numbers of type 'tensor<2x4x?x?x3x16xf16>' here, got 'tensor<2x4xf16>'}}
  // expected-error@+1 {{failed to legalize operation 'check.convert'}}
  %kv = check.convert %numbers : tensor<2x4xf16> to !llm.kv<4x3x16xf16>
  return %kv : !llm.kv<4x3x16xf16>
}
