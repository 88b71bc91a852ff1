// Rounding moves into the op that computes the rows, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-rounding | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-rounding -remark-format=emitRemark -remarks-filter=hone-fuse-rounding \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!blocked = tensor<?x32xi16, #llm.blocked<columns = 32>>

// The norm's result is what the product reads.
// CHECK-LABEL: func.func @norm
// CHECK: %[[NORMED:.*]] = llm.rms_norm %{{.*}} {epsilon = {{.*}}, rounding = #llm.precision<int16>}
// CHECK-NOT: llm.quantize_rows
// CHECK: return %[[NORMED]] : tensor<?x32xi16, #llm.blocked<columns = 32>>
// REMARK: remark: [Passed] FuseRounding
func.func @norm(%x: tensor<?x32xf32>, %w: tensor<32xf32>) -> !blocked {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  return %1 : !blocked
}

// -----

// Of a residual norm, the sum stays exact.
// CHECK-LABEL: func.func @residual_norm
// CHECK: %[[SUM:.*]], %[[NORMED:.*]] = llm.add_rms_norm {{.*}} rounding = #llm.precision<int16>}
// CHECK: return %[[SUM]], %[[NORMED]] : tensor<?x32xf32>, tensor<?x32xi16, #llm.blocked<columns = 32>>
// REMARK: remark: [Passed] FuseRounding
func.func @residual_norm(%x: tensor<?x32xf32>, %w: tensor<32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xi16, #llm.blocked<columns = 32>>) {
  %sum, %normed = llm.add_rms_norm %x, %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %normed : tensor<?x32xf32>
  return %sum, %1 : tensor<?x32xf32>, tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// CHECK-LABEL: func.func @rounded_sum
// CHECK: llm.quantize_rows
// REMARK: remark: [Missed] FuseRounding{{.*}}the residual stream stays exact
func.func @rounded_sum(%x: tensor<?x32xf32>, %w: tensor<32xf32>) -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
  %sum, %normed = llm.add_rms_norm %x, %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %sum : tensor<?x32xf32>
  return %1 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// Gated projections and attention round as well.
!w = tensor<32x32xf16, #llm.stored<scheme = f16>>
!rounded = tensor<?x32xi16, #llm.blocked<columns = 32>>
// CHECK-LABEL: func.func @gated_and_attention
// CHECK: llm.gated_linear {{.*}} {function = #llm.activation<silu>, rounding = #llm.precision<int16>}
// CHECK: llm.attention {{.*}} {rounding = #llm.precision<int16>, scale = {{.*}}}
// CHECK-NOT: llm.quantize_rows
func.func @gated_and_attention(%x: tensor<?x32xf32>, %gate: !w, %up: !w, %kv: !llm.kv<1x1x32xf16>, %layer: index,
                               %positions: tensor<?xi32>) -> (!rounded, !rounded) {
  %0 = llm.gated_linear %x, %gate, %up {function = #llm.activation<silu>} : tensor<?x32xf32>, !w, !w
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  %2 = llm.attention %x, %kv[%layer], %positions, %positions {scale = 0.25 : f32}
    : tensor<?x32xf32>, !llm.kv<1x1x32xf16>, tensor<?xi32>
  %3 = llm.quantize_rows %2 : tensor<?x32xf32>
  return %1, %3 : !rounded, !rounded
}

// -----

// Somebody else needs the exact rows.
// CHECK-LABEL: func.func @another_use
// CHECK: llm.quantize_rows
// REMARK: remark: [Missed] FuseRounding{{.*}}the rows have another use
func.func @another_use(%x: tensor<?x32xf32>, %w: tensor<32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xi16, #llm.blocked<columns = 32>>) {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  return %0, %1 : tensor<?x32xf32>, tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// An argument and an op without rounding.
// CHECK-LABEL: func.func @no_producer
// CHECK-COUNT-2: llm.quantize_rows
// REMARK-DAG: remark: [Missed] FuseRounding{{.*}}the rows are an argument
// REMARK-DAG: remark: [Missed] FuseRounding{{.*}}the op that computes the rows does not round
func.func @no_producer(%x: tensor<?x32xf32>)
    -> (tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<?x32xi16, #llm.blocked<columns = 32>>) {
  %0 = llm.quantize_rows %x : tensor<?x32xf32>
  %1 = llm.add %x, %x : tensor<?x32xf32>
  %2 = llm.quantize_rows %1 : tensor<?x32xf32>
  return %0, %2 : tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// Two heads of 16 columns share a block.
// CHECK-LABEL: func.func @small_heads
// CHECK: llm.quantize_rows
// REMARK: remark: [Missed] FuseRounding{{.*}}heads are no whole blocks
func.func @small_heads(%q: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>)
    -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
  %0 = llm.attention %q, %kv[%layer], %positions, %positions {scale = 0.25 : f32}
    : tensor<?x32xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  return %1 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// Rounding in a branch would round what others read exactly.
// CHECK-LABEL: func.func @another_block
// CHECK: llm.rms_norm
// CHECK: llm.quantize_rows
// REMARK: remark: [Missed] FuseRounding{{.*}}the rows are computed in another block
func.func @another_block(%x: tensor<?x32xf32>, %w: tensor<32xf32>, %c: i1, %r: tensor<?x32xi16, #llm.blocked<columns = 32>>)
    -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = scf.if %c -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
    %2 = llm.quantize_rows %0 : tensor<?x32xf32>
    scf.yield %2 : tensor<?x32xi16, #llm.blocked<columns = 32>>
  } else {
    scf.yield %r : tensor<?x32xi16, #llm.blocked<columns = 32>>
  }
  return %1 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// The precision goes with it; short floats need no whole blocks in a head.
// CHECK-LABEL: func.func @precisions
// CHECK: llm.rms_norm {{.*}} rounding = #llm.precision<int8>}
// CHECK: llm.attention {{.*}}rounding = #llm.precision<bf16>
// CHECK-NOT: llm.quantize_rows
// CHECK: return %{{.*}}, %{{.*}} : tensor<?x32xi8, #llm.blocked<columns = 32>>, tensor<?x32xbf16>
func.func @precisions(%x: tensor<?x32xf32>, %w: tensor<32xf32>, %kv: !llm.kv<1x2x16xf16>, %layer: index,
                      %positions: tensor<?xi32>) -> (tensor<?x32xi8, #llm.blocked<columns = 32>>, tensor<?x32xbf16>) {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %0 {precision = #llm.precision<int8>} : tensor<?x32xf32>
  %2 = llm.attention %x, %kv[%layer], %positions, %positions {scale = 0.25 : f32}
    : tensor<?x32xf32>, !llm.kv<1x2x16xf16>, tensor<?xi32>
  %3 = llm.quantize_rows %2 {precision = #llm.precision<bf16>} : tensor<?x32xf32>
  return %1, %3 : tensor<?x32xi8, #llm.blocked<columns = 32>>, tensor<?x32xbf16>
}

// -----

// A gated projection with biases rounds, too.
!w = tensor<32x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @biases
// CHECK: llm.gated_linear {{.*}} gate_bias %{{.*}} up_bias %{{.*}} {function = #llm.activation<silu>, rounding = #llm.precision<int16>}
// CHECK-NOT: llm.quantize_rows
// REMARK: remark: [Passed] FuseRounding
func.func @biases(%x: tensor<?x32xf32>, %w: !w, %b: tensor<32xf32>) -> tensor<?x32xi16, #llm.blocked<columns = 32>> {
  %0 = llm.gated_linear %x, %w, %w gate_bias %b up_bias %b {function = #llm.activation<silu>}
    : tensor<?x32xf32>, !w, !w
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  return %1 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// -----

// Neither a bias nor a scale of its own rounds.
// CHECK-LABEL: func.func @separate
// CHECK-COUNT-2: llm.quantize_rows
// REMARK-COUNT-2: remark: [Missed] FuseRounding{{.*}}the op that computes the rows does not round
func.func @separate(%x: tensor<?x32xf32>, %b: tensor<32xf32>)
    -> (tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<?x32xi16, #llm.blocked<columns = 32>>) {
  %0 = llm.add_bias %x, %b : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.quantize_rows %0 : tensor<?x32xf32>
  %2 = llm.scale %x {factor = 0.5 : f32} : tensor<?x32xf32>
  %3 = llm.quantize_rows %2 : tensor<?x32xf32>
  return %1, %3 : tensor<?x32xi16, #llm.blocked<columns = 32>>, tensor<?x32xi16, #llm.blocked<columns = 32>>
}
