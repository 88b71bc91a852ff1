// Each product names the precision of its activations: by its weights, unless it names one already.
// RUN: hone-opt %s -hone-assign-activation-precision=precision=int16 | FileCheck %s --check-prefixes=CHECK,INT16
// RUN: hone-opt %s -hone-assign-activation-precision | FileCheck %s --check-prefix=MIXED
// RUN: hone-opt %s -hone-assign-activation-precision=precision=f32 | FileCheck %s --check-prefixes=CHECK,F32
// RUN: not hone-opt %s -hone-assign-activation-precision=precision=int4 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: expected a precision of mixed, f32, f16, bf16, int16 or int8, got 'int4'

!q4 = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
!q8 = tensor<32x32xi8, #llm.stored<scheme = q8_0>>
!f16 = tensor<32x32xf16, #llm.stored<scheme = f16>>

// Integer weights get what the option says.
// CHECK-LABEL: func.func @integer_weights
// INT16: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<int16>}
// INT16: llm.qkv {{.*}} {activations = #llm.precision<int16>}
// INT16: llm.gated_linear {{.*}} {activations = #llm.precision<int16>, function
// F32: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<f32>}
// F32: llm.qkv {{.*}} {activations = #llm.precision<f32>}
// F32: llm.gated_linear {{.*}} {activations = #llm.precision<f32>, function
func.func @integer_weights(%x: tensor<?x32xf32>, %q4: !q4, %q8: !q8) {
  %0 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4
  %1:3 = llm.qkv %x, %q4, %q4, %q8 : tensor<?x32xf32>, !q4, !q4, !q8
  %2 = llm.gated_linear %x, %q4, %q8 {function = #llm.activation<silu>} : tensor<?x32xf32>, !q4, !q8
  return
}

// Biases have no say, though they are floats.
// CHECK-LABEL: func.func @biases
// INT16: llm.linear {{.*}} bias %{{.*}} {activations = #llm.precision<int16>}
// INT16: llm.qkv {{.*}} key_bias %{{.*}} {activations = #llm.precision<int16>}
// INT16: llm.gated_linear {{.*}} up_bias %{{.*}} {activations = #llm.precision<int16>, function
func.func @biases(%x: tensor<?x32xf32>, %q4: !q4, %b: tensor<32xf32>) {
  %0 = llm.linear %x, %q4 bias %b : tensor<?x32xf32>, !q4
  %1:3 = llm.qkv %x, %q4, %q4, %q4 key_bias %b : tensor<?x32xf32>, !q4, !q4, !q4
  %2 = llm.gated_linear %x, %q4, %q4 up_bias %b {function = #llm.activation<silu>} : tensor<?x32xf32>, !q4, !q4
  return
}

// Float weights meet exact activations.
// CHECK-LABEL: func.func @float_weights
// CHECK: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<f32>}
func.func @float_weights(%x: tensor<?x32xf32>, %f16: !f16) {
  %0 = llm.linear %x, %f16 : tensor<?x32xf32>, !f16
  return
}

// K-quants are integers, too.
// CHECK-LABEL: func.func @k_quants
// INT16: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<int16>}
// F32: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<f32>}
func.func @k_quants(%x: tensor<?x256xf32>, %q6: tensor<8x256xi6, #llm.stored<scheme = q6_K>>) {
  %0 = llm.linear %x, %q6 : tensor<?x256xf32>, tensor<8x256xi6, #llm.stored<scheme = q6_K>>
  return
}

// One product has one precision: a float weight among integers decides.
// CHECK-LABEL: func.func @mixed_weights
// CHECK: llm.qkv {{.*}} {activations = #llm.precision<f32>}
// CHECK: llm.gated_linear {{.*}} {activations = #llm.precision<f32>, function
func.func @mixed_weights(%x: tensor<?x32xf32>, %q4: !q4, %f16: !f16) {
  %0:3 = llm.qkv %x, %q4, %q4, %f16 : tensor<?x32xf32>, !q4, !q4, !f16
  %1 = llm.gated_linear %x, %f16, %q4 {function = #llm.activation<silu>} : tensor<?x32xf32>, !f16, !q4
  return
}

// A precision that is named already stays.
// CHECK-LABEL: func.func @named
// CHECK: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<f32>}
// CHECK: llm.linear %{{.*}}, %{{.*}} {activations = #llm.precision<int16>}
func.func @named(%x: tensor<?x32xf32>, %q4: !q4) {
  %0 = llm.linear %x, %q4 {activations = #llm.precision<f32>} : tensor<?x32xf32>, !q4
  %1 = llm.linear %x, %q4 {activations = #llm.precision<int16>} : tensor<?x32xf32>, !q4
  return
}

// Rounded activations need no name.
// CHECK-LABEL: func.func @rounded
// CHECK: llm.linear %{{.*}}, %{{.*}} : tensor<?x32xi16
func.func @rounded(%x: tensor<?x32xi16, #llm.blocked<columns = 32>>, %q4: !q4) {
  %0 = llm.linear %x, %q4 : tensor<?x32xi16, #llm.blocked<columns = 32>>, !q4
  return
}

// Mixed: queries, keys and values, through what only adds to them, what is made of the result of attention, and what the
// function returns are worth 16 bits.
// MIXED-LABEL: func.func @mixed(
// MIXED: llm.linear {{.*}} {activations = #llm.precision<int16>}
// MIXED: llm.linear {{.*}} {activations = #llm.precision<int16>}
// MIXED: llm.linear {{.*}} {activations = #llm.precision<int16>}
// MIXED: llm.linear {{.*}} {activations = #llm.precision<int16>}
// MIXED: llm.gated_linear {{.*}} {activations = #llm.precision<int8>
// MIXED: llm.linear {{.*}} {activations = #llm.precision<f32>}
// MIXED: llm.linear {{.*}} {activations = #llm.precision<int16>}
func.func @mixed(%x: tensor<?x32xf32>, %q4: !q4, %f16: !f16, %b: tensor<32xf32>, %positions: tensor<?xi32>,
                 %sequences: tensor<?xi32>, %kv: !llm.kv<1x1x32xf16>) -> tensor<?x32xf32> {
  %layer = arith.constant 0 : index
  %0 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4
  %1 = llm.add_bias %0, %b : tensor<?x32xf32>, tensor<32xf32>
  %2 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4
  %3 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4
  %4 = llm.kv_append %kv[%layer], %2, %3, %positions, %sequences : !llm.kv<1x1x32xf16>, tensor<?x32xf32>, tensor<?xi32>
  %5 = llm.attention %1, %4[%layer], %positions, %sequences {scale = 1.0 : f32} : tensor<?x32xf32>, !llm.kv<1x1x32xf16>, tensor<?xi32>
  %6 = llm.linear %5, %q4 : tensor<?x32xf32>, !q4
  %7 = llm.gated_linear %6, %q4, %q4 {function = #llm.activation<silu>} : tensor<?x32xf32>, !q4, !q4
  %8 = llm.linear %7, %f16 : tensor<?x32xf32>, !f16
  %9 = llm.linear %8, %q4 : tensor<?x32xf32>, !q4
  return %9 : tensor<?x32xf32>
}
