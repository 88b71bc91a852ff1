// What stands in the way of leaving a branch out, or of a smaller KV memory.
// RUN: hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=residual | FileCheck %s
// RUN: hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=residual -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=drop-branches 2>&1 | FileCheck %s --check-prefix=REMARK

// Neither operand of this sum goes past the other.
// CHECK-LABEL: func.func @no_branch
// CHECK: llm.add
// REMARK: [Missed] DropBranches{{.*}}neither operand is computed from the other
func.func @no_branch(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.add %x, %y : tensor<?x32xf32> loc("residual")
  return %0 : tensor<?x32xf32>
}

// Names that do not match stay.
// CHECK-LABEL: func.func @another_name
// CHECK: llm.add
func.func @another_name(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.quantize_rows %x : tensor<?x32xf32>
  %w = arith.constant dense<1.0> : tensor<32xf32>
  %1 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %2 = llm.add %1, %x : tensor<?x32xf32> loc("sum")
  return %2 : tensor<?x32xf32>
}

// Callers know the type of the KV memory.
// CHECK-LABEL: func.func @called
// CHECK-SAME: !llm.kv<2x2x16xf16>
// CHECK-NOT: llm.add
// REMARK: [Passed] DropBranches
// REMARK: [Missed] DropBranches{{.*}}KV memory keeps its size: the function is called
func.func @called(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !llm.kv<2x2x16xf16>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = llm.attention %x, %kv[%c0], %positions, %positions {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %1 = llm.attention %0, %kv[%c1], %positions, %positions {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %2 = llm.add %1, %0 : tensor<?x32xf32> loc("residual")
  return %2 : tensor<?x32xf32>
}
func.func @caller(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !llm.kv<2x2x16xf16>) -> tensor<?x32xf32> {
  %0 = func.call @called(%x, %positions, %kv) : (tensor<?x32xf32>, tensor<?xi32>, !llm.kv<2x2x16xf16>) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// An unknown layer may be any.
// CHECK-LABEL: func.func @any_layer
// CHECK-SAME: !llm.kv<2x2x16xf16>
// CHECK: llm.kv_append
// CHECK-NOT: llm.add
// REMARK: [Passed] DropBranches
// REMARK: [Missed] DropBranches{{.*}}KV memory keeps its size: a layer is no constant
func.func @any_layer(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %layer: index, %kv: !llm.kv<2x2x16xf16>)
    -> (tensor<?x32xf32>, !llm.kv<2x2x16xf16>) {
  %c1 = arith.constant 1 : index
  %0 = llm.attention %x, %kv[%layer], %positions, %positions {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %kv1 = llm.kv_append %kv[%c1], %0, %0, %positions, %positions : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
  %1 = llm.attention %0, %kv1[%c1], %positions, %positions {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %2 = llm.add %1, %0 : tensor<?x32xf32> loc("residual")
  return %2, %kv1 : tensor<?x32xf32>, !llm.kv<2x2x16xf16>
}
