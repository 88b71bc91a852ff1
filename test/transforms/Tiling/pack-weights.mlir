// Weights are laid out in panels by their recipes.
// RUN: hone-opt %s -hone-pack-weights | FileCheck %s
// RUN: hone-opt %s -hone-pack-weights -hone-pack-weights | FileCheck %s
// RUN: not hone-opt %s -hone-pack-weights=rows=16 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not hone-opt %s -hone-pack-weights=columns=64 2>&1 | FileCheck %s --check-prefix=COLUMNS

// Sizes that no kernel has are refused before anything is packed.
// ROWS: error: expected panels of 8 rows and 32 columns, got 16 x 32; other sizes have no kernels yet
// COLUMNS: error: expected panels of 8 rows and 32 columns, got 8 x 64; other sizes have no kernels yet

// The bytes move, nothing else: scheme, shape and element type stay.
// CHECK-LABEL: llm.weight @quantized : tensor<12x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
// CHECK-NEXT: %[[FILE:.*]] = llm.file_tensor "a" : tensor<12x32xi4, #llm.stored<scheme = q4_1>>
// CHECK-NEXT: %[[PACKED:.*]] = llm.pack %[[FILE]] : tensor<12x32xi4, #llm.stored<scheme = q4_1>> to tensor<12x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
// CHECK-NEXT: llm.yield %[[PACKED]]
llm.weight @quantized : tensor<12x32xi4, #llm.stored<scheme = q4_1>> {
  %0 = llm.file_tensor "a" : tensor<12x32xi4, #llm.stored<scheme = q4_1>>
  llm.yield %0 : tensor<12x32xi4, #llm.stored<scheme = q4_1>>
}

// A plain scheme may have columns that do not fill their last tile.
// CHECK-LABEL: llm.weight @plain : tensor<8x33xf16, #llm.stored<scheme = f16, panel = <8x32>>>
llm.weight @plain : tensor<8x33xf16, #llm.stored<scheme = f16>> {
  %0 = llm.file_tensor "b" : tensor<8x33xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<8x33xf16, #llm.stored<scheme = f16>>
}

// K-quants have blocks of 256 columns, and so have their tiles.
// CHECK-LABEL: llm.weight @k_quant : tensor<8x256xi6, #llm.stored<scheme = q6_K, panel = <8x256>>>
// CHECK-NEXT: %[[FILE:.*]] = llm.file_tensor "c" : tensor<8x256xi6, #llm.stored<scheme = q6_K>>
// CHECK-NEXT: llm.pack %[[FILE]] : tensor<8x256xi6, #llm.stored<scheme = q6_K>> to tensor<8x256xi6, #llm.stored<scheme = q6_K, panel = <8x256>>>
llm.weight @k_quant : tensor<8x256xi6, #llm.stored<scheme = q6_K>> {
  %0 = llm.file_tensor "c" : tensor<8x256xi6, #llm.stored<scheme = q6_K>>
  llm.yield %0 : tensor<8x256xi6, #llm.stored<scheme = q6_K>>
}

// Norm weights stay as they are.
// CHECK-LABEL: llm.weight @norm : tensor<32xf32>
// CHECK-NEXT: llm.file_tensor
// CHECK-NEXT: llm.yield
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "d" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}

// What is packed already is not packed again.
// CHECK-LABEL: llm.weight @packed : tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
// CHECK-COUNT-1: llm.pack
// CHECK-NOT: llm.pack
llm.weight @packed : tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>> {
  %0 = llm.file_tensor "e" : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
  %1 = llm.pack %0 : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
    to tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.yield %1 : tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
}

// Every reference gets the new type.
// CHECK-LABEL: func.func @references
// CHECK: %[[W:.*]] = llm.weight_ref @quantized : tensor<12x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
// CHECK: llm.linear %{{.*}}, %[[W]] : tensor<?x32xf32>, tensor<12x32xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
// CHECK: llm.weight_ref @k_quant : tensor<8x256xi6, #llm.stored<scheme = q6_K, panel = <8x256>>>
// CHECK: llm.weight_ref @norm : tensor<32xf32>
func.func @references(%x: tensor<?x32xf32>, %y: tensor<?x256xf32>) {
  %0 = llm.weight_ref @quantized : tensor<12x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.linear %x, %0 : tensor<?x32xf32>, tensor<12x32xi4, #llm.stored<scheme = q4_1>>
  %2 = llm.weight_ref @k_quant : tensor<8x256xi6, #llm.stored<scheme = q6_K>>
  %3 = llm.linear %y, %2 : tensor<?x256xf32>, tensor<8x256xi6, #llm.stored<scheme = q6_K>>
  %4 = llm.weight_ref @norm : tensor<32xf32>
  %5 = llm.rms_norm %x, %4 {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return
}
