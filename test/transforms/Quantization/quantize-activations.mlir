// The rounding that a product names becomes an op, shared by the products of one input.
// RUN: hone-opt %s -split-input-file -hone-quantize-activations -verify-diagnostics | FileCheck %s

!q4 = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
!rows = tensor<?x32xf32>

// Three products of one input round it once, before the first of them; other uses of the input stay.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[W:[a-z0-9]+]]:
// CHECK-NEXT: %[[R:.*]] = llm.quantize_rows %[[X]] : tensor<?x32xf32>
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[R]], %[[W]] : tensor<?x32xi16, #llm.blocked<columns = 32>>,
// CHECK-NEXT: llm.qkv %[[R]], %[[W]], %[[W]], %[[W]] : tensor<?x32xi16, #llm.blocked<columns = 32>>,
// CHECK-NEXT: llm.gated_linear %[[R]], %[[W]], %[[W]] {function = #llm.activation<silu>} : tensor<?x32xi16
// CHECK-NEXT: llm.add %[[Y]], %[[X]]
// CHECK-NOT: llm.quantize_rows
// CHECK: return
func.func @shared(%x: !rows, %w: !q4) {
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : !rows, !q4
  %1:3 = llm.qkv %x, %w, %w, %w {activations = #llm.precision<int16>} : !rows, !q4, !q4, !q4
  %2 = llm.gated_linear %x, %w, %w {activations = #llm.precision<int16>, function = #llm.activation<silu>}
    : !rows, !q4, !q4
  %3 = llm.add %0, %x : !rows
  return
}

// Another input is rounded on its own.
// CHECK-LABEL: func.func @two_inputs
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[Y:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK: %[[RX:.*]] = llm.quantize_rows %[[X]]
// CHECK: llm.linear %[[RX]]
// CHECK: %[[RY:.*]] = llm.quantize_rows %[[Y]]
// CHECK: llm.linear %[[RY]]
func.func @two_inputs(%x: !rows, %y: !rows, %w: !q4) {
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : !rows, !q4
  %1 = llm.linear %y, %w {activations = #llm.precision<int16>} : !rows, !q4
  return
}

// So is another precision of one input.
// CHECK-LABEL: func.func @two_precisions
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK: %[[WIDE:.*]] = llm.quantize_rows %[[X]] : tensor<?x32xf32>
// CHECK: llm.linear %[[WIDE]], %{{.*}} : tensor<?x32xi16, #llm.blocked<columns = 32>>,
// CHECK: %[[NARROW:.*]] = llm.quantize_rows %[[X]] {precision = #llm.precision<int8>} : tensor<?x32xf32>
// CHECK: llm.linear %[[NARROW]], %{{.*}} : tensor<?x32xi8, #llm.blocked<columns = 32>>,
// CHECK: %[[HALF:.*]] = llm.quantize_rows %[[X]] {precision = #llm.precision<f16>} : tensor<?x32xf32>
// CHECK: llm.linear %[[HALF]], %{{.*}} : tensor<?x32xf16>,
// CHECK: %[[BRAIN:.*]] = llm.quantize_rows %[[X]] {precision = #llm.precision<bf16>} : tensor<?x32xf32>
// CHECK: llm.linear %[[BRAIN]], %{{.*}} : tensor<?x32xbf16>,
func.func @two_precisions(%x: !rows, %w: !q4) {
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : !rows, !q4
  %1 = llm.linear %x, %w {activations = #llm.precision<int8>} : !rows, !q4
  %2 = llm.linear %x, %w {activations = #llm.precision<f16>} : !rows, !q4
  %3 = llm.linear %x, %w {activations = #llm.precision<bf16>} : !rows, !q4
  return
}

// What one branch rounds is not there in the other.
// CHECK-LABEL: func.func @two_blocks
// CHECK: scf.if
// CHECK: %[[A:.*]] = llm.quantize_rows
// CHECK: llm.linear %[[A]]
// CHECK: else
// CHECK: %[[B:.*]] = llm.quantize_rows
// CHECK: llm.linear %[[B]]
func.func @two_blocks(%x: !rows, %w: !q4, %c: i1) -> !rows {
  %0 = scf.if %c -> !rows {
    %1 = llm.linear %x, %w {activations = #llm.precision<int16>} : !rows, !q4
    scf.yield %1 : !rows
  } else {
    %1 = llm.linear %x, %w {activations = #llm.precision<int16>} : !rows, !q4
    scf.yield %1 : !rows
  }
  return %0 : !rows
}

// f32 means no rounding: the name goes, the input stays.
// CHECK-LABEL: func.func @exact
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK-NEXT: llm.linear %[[X]], %{{.*}} : tensor<?x32xf32>
func.func @exact(%x: !rows, %w: !q4) {
  %0 = llm.linear %x, %w {activations = #llm.precision<f32>} : !rows, !q4
  return
}

// A product that names none stays as it is.
// CHECK-LABEL: func.func @unnamed
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK-NEXT: llm.linear %[[X]], %{{.*}} : tensor<?x32xf32>
func.func @unnamed(%x: !rows, %w: !q4) {
  %0 = llm.linear %x, %w : !rows, !q4
  return
}

// -----

// Blocks of 32 columns must fill a row.
func.func @odd_columns(%x: tensor<?x48xf32>, %w: tensor<16x48xf16, #llm.stored<scheme = f16>>) -> tensor<?x16xf32> {
  // expected-error @below {{expected a multiple of 32 columns to round activations of to integers, got 48}}
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x48xf32>, tensor<16x48xf16, #llm.stored<scheme = f16>>
  return %0 : tensor<?x16xf32>
}

// -----

// Short floats need no blocks.
// CHECK-LABEL: func.func @odd_columns_of_floats
// CHECK: llm.quantize_rows %{{.*}} {precision = #llm.precision<f16>} : tensor<?x48xf32>
func.func @odd_columns_of_floats(%x: tensor<?x48xf32>, %w: tensor<16x48xf16, #llm.stored<scheme = f16>>) -> tensor<?x16xf32> {
  %0 = llm.linear %x, %w {activations = #llm.precision<f16>} : tensor<?x48xf32>, tensor<16x48xf16, #llm.stored<scheme = f16>>
  return %0 : tensor<?x16xf32>
}
