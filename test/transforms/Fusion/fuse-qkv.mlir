// Three projections of an attention layer become one op, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-qkv | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-qkv -remark-format=emitRemark -remarks-filter=hone-fuse-qkv \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Weights keep their schemes; rope stays; the fused op stands where the first projection stood, and the weights that
// were referenced later are moved before it.
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>
// CHECK-DAG: %[[WQ:.*]] = llm.weight_ref @wq
// CHECK-DAG: %[[WK:.*]] = llm.weight_ref @wk
// CHECK-DAG: %[[WV:.*]] = llm.weight_ref @wv
// CHECK: %[[Q:.*]], %[[K:.*]], %[[V:.*]] = llm.qkv %[[X]], %[[WQ]], %[[WK]], %[[WV]]
// CHECK-SAME: {activations = #llm.precision<int16>}
// CHECK: %[[QR:.*]] = llm.rope %[[Q]]
// CHECK: %[[KR:.*]] = llm.rope %[[K]]
// CHECK-NOT: llm.linear
// CHECK: %[[KV:.*]] = llm.kv_append %{{.*}}[%{{.*}}], %[[KR]], %[[V]]
// CHECK: llm.attention %[[QR]], %[[KV]]
// REMARK: fuse-qkv.mlir:[[@LINE+5]]:{{.*}} remark: [Passed] FuseQKV | Category:hone-fuse-qkv
// REMARK-SAME: query, key and value projections share one kernel
func.func @fires(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                 %sequences: tensor<?xi32>) -> tensor<?x32xf32> {
  %wq = llm.weight_ref @wq : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  %q = llm.linear %x, %wq {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  %wk = llm.weight_ref @wk : tensor<16x32xi4, #llm.stored<scheme = q4_1>>
  %k = llm.linear %x, %wk {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<16x32xi4, #llm.stored<scheme = q4_1>>
  %wv = llm.weight_ref @wv : tensor<16x32xi8, #llm.stored<scheme = q8_0>>
  %v = llm.linear %x, %wv {activations = #llm.precision<int16>}
    : tensor<?x32xf32>, tensor<16x32xi8, #llm.stored<scheme = q8_0>>
  %qr = llm.rope %q, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x32xf32>, tensor<?xi32>
  %kr = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x16xf32>, tensor<?xi32>
  %appended = llm.kv_append %kv[%layer], %kr, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %qr, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x32xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x32xf32>
}
llm.weight @wq : tensor<32x32xi4, #llm.stored<scheme = q4_1>> {
  %0 = llm.file_tensor "q" : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
  llm.yield %0 : tensor<32x32xi4, #llm.stored<scheme = q4_1>>
}
llm.weight @wk : tensor<16x32xi4, #llm.stored<scheme = q4_1>> {
  %0 = llm.file_tensor "k" : tensor<16x32xi4, #llm.stored<scheme = q4_1>>
  llm.yield %0 : tensor<16x32xi4, #llm.stored<scheme = q4_1>>
}
llm.weight @wv : tensor<16x32xi8, #llm.stored<scheme = q8_0>> {
  %0 = llm.file_tensor "v" : tensor<16x32xi8, #llm.stored<scheme = q8_0>>
  llm.yield %0 : tensor<16x32xi8, #llm.stored<scheme = q8_0>>
}

// -----

// The order in the step does not matter: queries may come last, and a use of the keys may come before them.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @queries_last
// CHECK: %[[W:.*]] = llm.weight_ref @w
// CHECK: %[[W2:.*]] = llm.weight_ref @w
// CHECK: %[[Q:.*]], %[[K:.*]], %[[V:.*]] = llm.qkv %{{.*}}, %[[W2]], %[[W]], %[[W]]
// CHECK: llm.add %[[K]], %[[K]]
// CHECK: llm.kv_append %{{.*}}[%{{.*}}], %[[K]], %[[V]]
// CHECK: llm.attention %[[Q]]
func.func @queries_last(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                        %sequences: tensor<?xi32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %w = llm.weight_ref @w : !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k2 = llm.add %k, %k : tensor<?x16xf32>
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %w2 = llm.weight_ref @w : !w
  %q = llm.linear %x, %w2 : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a, %k2 : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

// The keys are not a projection: something other than a rope stands between.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @keys_are_no_projection
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: fuse-qkv.mlir:[[@LINE+8]]:{{.*}} remark: [Missed] FuseQKV | Category:hone-fuse-qkv
func.func @keys_are_no_projection(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index,
                                  %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %q = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k2 = llm.add %k, %k : tensor<?x16xf32>
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k2, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// No attention reads what was appended, so that there are no queries.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @no_attention
// CHECK-NOT: llm.qkv
// CHECK-COUNT-2: llm.linear
// REMARK: remark: [Missed] FuseQKV
func.func @no_attention(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                        %sequences: tensor<?xi32>) -> !llm.kv<1x1x16xf16> {
  %w = llm.weight_ref @w : !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  return %appended : !llm.kv<1x1x16xf16>
}

// -----

// The queries come from another input, as in attention over an encoder.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @different_inputs
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: remark: [Missed] FuseQKV
func.func @different_inputs(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index,
                            %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %q = llm.linear %y, %w : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// One kernel rounds its input in one way.
!w = tensor<16x32xi4, #llm.stored<scheme = q4_0>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @different_precisions
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: remark: [Missed] FuseQKV
func.func @different_precisions(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index,
                                %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %q = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w {activations = #llm.precision<f32>} : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// A projection outside the loop that appends stays there.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @another_block
// CHECK: llm.linear
// CHECK: scf.for
// CHECK-NOT: llm.qkv
// CHECK-COUNT-2: llm.linear
// REMARK: remark: [Missed] FuseQKV
func.func @another_block(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                         %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %layer step %c1 iter_args(%last = %v) -> tensor<?x16xf32> {
    %q = llm.linear %x, %w : tensor<?x32xf32>, !w
    %k = llm.linear %x, %w : tensor<?x32xf32>, !w
    %appended = llm.kv_append %kv[%i], %k, %v, %positions, %sequences
      : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
    %a = llm.attention %q, %appended[%i], %positions, %sequences {scale = 0.25 : f32}
      : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
    scf.yield %a : tensor<?x16xf32>
  }
  return %0 : tensor<?x16xf32>
}

// -----

// A weight that is an argument cannot be moved before the first projection.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @weight_is_no_reference
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: remark: [Missed] FuseQKV
func.func @weight_is_no_reference(%x: tensor<?x32xf32>, %w: !w, %kv: !llm.kv<1x1x16xf16>, %layer: index,
                                  %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %q = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// One projection that is both keys and values cannot be two results of the fused op.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @shared_projection
// CHECK-NOT: llm.qkv
// CHECK-COUNT-2: llm.linear
// REMARK: remark: [Missed] FuseQKV{{.*}}one projection serves as two
func.func @shared_projection(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                             %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %q = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %k, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// Biases are taken along, those of the projections that have one; references that come too late are moved.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
llm.weight @bq : tensor<16xf32> {
  %0 = llm.file_tensor "bq" : tensor<16xf32>
  llm.yield %0 : tensor<16xf32>
}
llm.weight @bv : tensor<16xf32> {
  %0 = llm.file_tensor "bv" : tensor<16xf32>
  llm.yield %0 : tensor<16xf32>
}
// CHECK-LABEL: func.func @biases
// CHECK-DAG: %[[BQ:.*]] = llm.weight_ref @bq
// CHECK-DAG: %[[BV:.*]] = llm.weight_ref @bv
// CHECK: llm.qkv %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} query_bias %[[BQ]] value_bias %[[BV]]
// CHECK-NOT: llm.linear
// REMARK: remark: [Passed] FuseQKV
func.func @biases(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                  %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %k = llm.linear %x, %w : tensor<?x32xf32>, !w
  %bq = llm.weight_ref @bq : tensor<16xf32>
  %q = llm.linear %x, %w bias %bq : tensor<?x32xf32>, !w
  %bv = llm.weight_ref @bv : tensor<16xf32>
  %v = llm.linear %x, %w bias %bv : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// A bias that is no reference cannot be moved before the first projection.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @bias_is_no_reference
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: remark: [Missed] FuseQKV{{.*}}a weight or bias is not a reference to a symbol
func.func @bias_is_no_reference(%x: tensor<?x32xf32>, %b: tensor<16xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index,
                                %positions: tensor<?xi32>, %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %q = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w bias %b : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}

// -----

// The fused op scales none of its results.
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
llm.weight @w : !w {
  %0 = llm.file_tensor "w" : !w
  llm.yield %0 : !w
}
// CHECK-LABEL: func.func @scaled_keys
// CHECK-NOT: llm.qkv
// CHECK-COUNT-3: llm.linear
// REMARK: remark: [Missed] FuseQKV{{.*}}a projection has a scale
func.func @scaled_keys(%x: tensor<?x32xf32>, %kv: !llm.kv<1x1x16xf16>, %layer: index, %positions: tensor<?xi32>,
                       %sequences: tensor<?xi32>) -> tensor<?x16xf32> {
  %w = llm.weight_ref @w : !w
  %q = llm.linear %x, %w : tensor<?x32xf32>, !w
  %k = llm.linear %x, %w {scale = 0.5 : f32} : tensor<?x32xf32>, !w
  %v = llm.linear %x, %w : tensor<?x32xf32>, !w
  %appended = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences
    : !llm.kv<1x1x16xf16>, tensor<?x16xf32>, tensor<?xi32>
  %a = llm.attention %q, %appended[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  return %a : tensor<?x16xf32>
}
