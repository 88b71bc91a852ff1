// The weights of a test become constants in memory, in the bytes that their recipes give.
// RUN: hone-opt %s -split-input-file -hone-embed-weights -verify-diagnostics | FileCheck %s

// d = 0.25 in f16, then columns i and i + 16 in each byte: 1.75 is 15, -2 is 0, and 0 the zero point, 8.
// CHECK: memref.global "private" constant @q4_0 : memref<18xi8> = dense<[0, 52, -8, 8, -120, -120,
// CHECK-SAME: {alignment = 64 : i64}
// CHECK-NOT: llm.weight
// CHECK-LABEL: func.func @reference
// CHECK: %[[BYTES:.*]] = memref.get_global @q4_0 : memref<18xi8>
// CHECK: %[[WEIGHT:.*]] = llm.from_buffer %[[BYTES]] : memref<18xi8> to tensor<1x32xi4, #llm.stored<scheme = q4_0>>
// CHECK: call @use(%[[WEIGHT]])
!w = tensor<1x32xi4, #llm.stored<scheme = q4_0>>
llm.weight @q4_0 : !w {
  %values = arith.constant dense<[[
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    1.75, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<1x32xf32>
  %0 = check.convert %values : tensor<1x32xf32> to !w
  llm.yield %0 : !w
}
func.func private @use(!w)
func.func @reference() {
  %0 = llm.weight_ref @q4_0 : !w
  call @use(%0) : (!w) -> ()
  return
}

// -----

// Packed: [column][row] of a tile, zero beyond the last row and column. A weight without a scheme stays as it is.
// CHECK: memref.global "private" constant @packed : memref<16xi8>
// CHECK-SAME: dense<[0, 60, 0, 66, 0, 0, 0, 0, 0, 64, 0, 68, 0, 0, 0, 0]>
// CHECK: memref.global "private" constant @norm : memref<3xf32> = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
llm.weight @packed : tensor<2x2xf16, #llm.stored<scheme = f16, panel = <4x2>>> {
  %values = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %0 = check.convert %values : tensor<2x2xf32> to tensor<2x2xf16, #llm.stored<scheme = f16>>
  %1 = llm.pack %0 : tensor<2x2xf16, #llm.stored<scheme = f16>>
    to tensor<2x2xf16, #llm.stored<scheme = f16, panel = <4x2>>>
  llm.yield %1 : tensor<2x2xf16, #llm.stored<scheme = f16, panel = <4x2>>>
}
llm.weight @norm : tensor<3xf32> {
  %values = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  llm.yield %values : tensor<3xf32>
}

// -----

// 0.1 lies between two f16.
llm.weight @inexact : tensor<1x2xf16, #llm.stored<scheme = f16>> {
  %values = arith.constant dense<[[1.0, 0.1]]> : tensor<1x2xf32>
  // expected-error@+1 {{expected numbers that scheme 'f16' represents exactly, with its extremes in each block}}
  %0 = check.convert %values : tensor<1x2xf32> to tensor<1x2xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<1x2xf16, #llm.stored<scheme = f16>>
}

// -----

llm.weight @panel : tensor<1x32xf16, #llm.stored<scheme = f16, panel = <8x32>>> {
  %values = arith.constant dense<1.0> : tensor<1x32xf32>
  // expected-error@+1 {{expected a result with encoding '#llm.stored' without a panel, got 'tensor<1x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>'}}
  %0 = check.convert %values : tensor<1x32xf32> to tensor<1x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.yield %0 : tensor<1x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
}

// -----

llm.weight @halves : tensor<2xf16> {
  // expected-error@+1 {{expected a dense tensor of f32 in a recipe, got 'tensor<2xf16>'}}
  %values = arith.constant dense<1.0> : tensor<2xf16>
  llm.yield %values : tensor<2xf16>
}

// -----

llm.weight @file : tensor<1x2xf16, #llm.stored<scheme = f16>> {
  // expected-error@+1 {{cannot be embedded; expected a recipe of arith.constant, check.convert and llm.pack}}
  %0 = llm.file_tensor "output.weight" : tensor<1x2xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<1x2xf16, #llm.stored<scheme = f16>>
}
