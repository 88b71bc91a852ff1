// Gate, up and the activation between them become one op, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-gated-linear | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-gated-linear -remark-format=emitRemark \
// RUN:   -remarks-filter=hone-fuse-gated-linear -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Function and precision are kept; both weights keep their schemes.
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[WG:[a-z0-9]+]]: tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK-SAME: %[[WU:[a-z0-9]+]]: tensor<64x32xi8
// CHECK-NEXT: %[[R:.*]] = llm.gated_linear %[[X]], %[[WG]], %[[WU]]
// CHECK-SAME: {activations = #llm.precision<int16>, function = #llm.activation<silu>}
// CHECK-NEXT: return %[[R]]
// REMARK: fuse-gated-linear.mlir:[[@LINE+4]]:{{.*}} remark: [Passed] FuseGatedLinear | Category:hone-fuse-gated-linear
// REMARK-SAME: gate and up projections share one kernel with the activation
func.func @fires(%x: tensor<?x32xf32>, %wg: tensor<64x32xi4, #llm.stored<scheme = q4_1>>,
                 %wu: tensor<64x32xi8, #llm.stored<scheme = q8_0>>) -> tensor<?x64xf32> {
  %g = llm.linear %x, %wg {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %u = llm.linear %x, %wu {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// The gate is not a projection.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @gate_is_no_projection
// CHECK: llm.linear
// CHECK: llm.gated_activation
// REMARK: fuse-gated-linear.mlir:[[@LINE+4]]:{{.*}} remark: [Missed] FuseGatedLinear | Category:hone-fuse-gated-linear
func.func @gate_is_no_projection(%x: tensor<?x32xf32>, %g: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> {
  %u = llm.linear %x, %w : tensor<?x32xf32>, !w
  // The activation is named by the remark.
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// The up projection is not one.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @up_is_no_projection
// CHECK: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear
func.func @up_is_no_projection(%x: tensor<?x32xf32>, %u: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> {
  %g = llm.linear %x, %w : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// The op has one input.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @different_inputs
// CHECK-COUNT-2: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear
func.func @different_inputs(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %g = llm.linear %x, %w : tensor<?x32xf32>, !w
  %u = llm.linear %y, %w : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// The op rounds its input in one way.
!w = tensor<64x32xi4, #llm.stored<scheme = q4_0>>
// CHECK-LABEL: func.func @different_precisions
// CHECK-COUNT-2: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear
func.func @different_precisions(%x: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %g = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %u = llm.linear %x, %w : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// Another use needs the projection in memory.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_use
// CHECK-COUNT-2: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear
func.func @another_use(%x: tensor<?x32xf32>, %w: !w) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %g = llm.linear %x, %w : tensor<?x32xf32>, !w
  %u = llm.linear %x, %w : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0, %u : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// One projection that is both gate and up has two uses.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @gate_is_up
// CHECK: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear
func.func @gate_is_up(%x: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %g = llm.linear %x, %w : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %g {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// Biases are taken along: both, or the one that there is.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @biases
// CHECK-SAME: %[[B:[a-z0-9]+]]: tensor<64xf32>, %[[C:[a-z0-9]+]]: tensor<64xf32>
// CHECK: llm.gated_linear %{{.*}}, %{{.*}}, %{{.*}} gate_bias %[[B]] up_bias %[[C]] {function
// CHECK: llm.gated_linear %{{.*}}, %{{.*}}, %{{.*}} up_bias %[[C]] {function
// REMARK-COUNT-2: remark: [Passed] FuseGatedLinear
func.func @biases(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>, %c: tensor<64xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %g = llm.linear %x, %w bias %b : tensor<?x32xf32>, !w
  %u = llm.linear %x, %w bias %c : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  %g1 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %u1 = llm.linear %x, %w bias %c : tensor<?x32xf32>, !w
  %1 = llm.gated_activation %g1, %u1 {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// The fused op scales neither projection.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @scaled_up
// CHECK-COUNT-2: llm.linear
// CHECK: llm.gated_activation
// REMARK: remark: [Missed] FuseGatedLinear{{.*}}gate or up has a scale
func.func @scaled_up(%x: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %g = llm.linear %x, %w : tensor<?x32xf32>, !w
  %u = llm.linear %x, %w {scale = 0.5 : f32} : tensor<?x32xf32>, !w
  %0 = llm.gated_activation %g, %u {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
