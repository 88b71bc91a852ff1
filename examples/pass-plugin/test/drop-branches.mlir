// A branch goes with its weights and its layer of the KV memory; the other layers move up.
// RUN: hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=^blk[.]0[.]attn | FileCheck %s
// RUN: hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=^blk[.]0[.]attn -o /dev/null \
// RUN:   --remark-format=emitRemark --remarks-filter=drop-branches 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-NOT: llm.weight @blk.0.attn_q
// CHECK: llm.weight @blk.0.ffn_down
// CHECK: llm.weight @blk.1.attn_q
llm.weight @blk.0.attn_q : tensor<32x32xf16, #llm.stored<scheme = f16>> {
  %0 = llm.file_tensor "blk.0.attn_q" : tensor<32x32xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<32x32xf16, #llm.stored<scheme = f16>>
}
llm.weight @blk.0.ffn_down : tensor<32x32xf16, #llm.stored<scheme = f16>> {
  %0 = llm.file_tensor "blk.0.ffn_down" : tensor<32x32xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<32x32xf16, #llm.stored<scheme = f16>>
}
llm.weight @blk.1.attn_q : tensor<32x32xf16, #llm.stored<scheme = f16>> {
  %0 = llm.file_tensor "blk.1.attn_q" : tensor<32x32xf16, #llm.stored<scheme = f16>>
  llm.yield %0 : tensor<32x32xf16, #llm.stored<scheme = f16>>
}

// CHECK-LABEL: func.func @step
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %{{.*}}, %{{.*}}, %[[KV:[a-z0-9]+]]: !llm.kv<1x2x16xf16>) -> (tensor<?x32xf32>, !llm.kv<1x2x16xf16>)
// CHECK-DAG: %[[LAYER:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[DOWN:.*]] = llm.weight_ref @blk.0.ffn_down
// CHECK: %[[BRANCH:.*]] = llm.linear %[[X]], %[[DOWN]]
// CHECK-NEXT: %[[STREAM:.*]] = llm.add %[[BRANCH]], %[[X]]
// CHECK: %[[Q:.*]] = llm.linear %[[STREAM]]
// CHECK-NEXT: %[[STORED:.*]] = llm.kv_append %[[KV]][%[[LAYER]]], %[[Q]], %[[Q]]
// CHECK-NEXT: %[[ATTENDED:.*]] = llm.attention %[[Q]], %[[STORED]][%[[LAYER]]]
// CHECK-NEXT: %[[SUM:.*]] = llm.add %[[STREAM]], %[[ATTENDED]]
// CHECK-NEXT: return %[[SUM]], %[[STORED]]
// REMARK: remark: loc("blk.0.attn_residual"): [Passed] DropBranches | Category:drop-branches
// REMARK-SAME: branch left out
// REMARK-NOT: remark:
func.func @step(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>, %kv: !llm.kv<2x2x16xf16>)
    -> (tensor<?x32xf32>, !llm.kv<2x2x16xf16>) {
  %c0 = arith.constant 0 : index
  %w0 = llm.weight_ref @blk.0.attn_q : tensor<32x32xf16, #llm.stored<scheme = f16>>
  %q0 = llm.linear %x, %w0 : tensor<?x32xf32>, tensor<32x32xf16, #llm.stored<scheme = f16>>
  %kv0 = llm.kv_append %kv[%c0], %q0, %q0, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
  %a0 = llm.attention %q0, %kv0[%c0], %positions, %sequences {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %s0 = llm.add %a0, %x : tensor<?x32xf32> loc("blk.0.attn_residual")

  %w1 = llm.weight_ref @blk.0.ffn_down : tensor<32x32xf16, #llm.stored<scheme = f16>>
  %f0 = llm.linear %s0, %w1 : tensor<?x32xf32>, tensor<32x32xf16, #llm.stored<scheme = f16>>
  %s1 = llm.add %f0, %s0 : tensor<?x32xf32> loc("blk.0.ffn_residual")

  // The stream may stand on either side.
  %c1 = arith.constant 1 : index
  %w2 = llm.weight_ref @blk.1.attn_q : tensor<32x32xf16, #llm.stored<scheme = f16>>
  %q1 = llm.linear %s1, %w2 : tensor<?x32xf32>, tensor<32x32xf16, #llm.stored<scheme = f16>>
  %kv1 = llm.kv_append %kv0[%c1], %q1, %q1, %positions, %sequences
    : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
  %a1 = llm.attention %q1, %kv1[%c1], %positions, %sequences {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
  %s2 = llm.add %s1, %a1 : tensor<?x32xf32> loc("blk.1.attn_residual")
  return %s2, %kv1 : tensor<?x32xf32>, !llm.kv<2x2x16xf16>
}
