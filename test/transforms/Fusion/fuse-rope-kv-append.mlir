// Queries and keys turn in the kernel that appends, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-rope-kv-append | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-rope-kv-append -remark-format=emitRemark \
// RUN:   -remarks-filter=hone-fuse-rope-kv-append -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The fused op stands at the append, and attention reads both of its results.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[Q:[a-z0-9]+]]: tensor<?x32xf32>, %[[K:[a-z0-9]+]]: tensor<?x32xf32>, %[[V:[a-z0-9]+]]: tensor<?x32xf32>, %[[KV:[a-z0-9]+]]: !llm.kv
// CHECK-NOT: llm.rope %
// CHECK: %[[AFTER:.*]], %[[TURNED:.*]] = llm.rope_kv_append %[[KV]][%{{.*}}], %[[Q]], %[[K]], %[[V]],
// CHECK-SAME: {base = 1.000000e+04 : f64, pairing = #llm.pairing<halves>}
// CHECK: llm.attention %[[TURNED]], %[[AFTER]]
// REMARK: remark: [Passed] FuseRopeKVAppend
func.func @fires(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tq = llm.rope %q, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %tk = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}

// -----

// Keys without positions.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @plain_keys
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}the keys are not turned
func.func @plain_keys(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tq = llm.rope %q, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}

// -----

// Queries without positions.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @plain_queries
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}no attention reads the keys with turned queries
func.func @plain_queries(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tk = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %q, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}

// -----

// Somebody else reads the turned keys.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @another_use
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}turned queries or keys have another use
func.func @another_use(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tq = llm.rope %q, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %tk = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  %sum = llm.add %tk, %a : !rows
  return %sum, %after : !rows, !kv
}

// -----

// Queries and keys of different bases.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @different_bases
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}queries and keys turn differently
func.func @different_bases(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tq = llm.rope %q, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %tk = llm.rope %k, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}

// -----

// Queries of other positions.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @other_positions
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}queries and keys turn differently
func.func @other_positions(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>, %others: tensor<?xi32>) -> (!rows, !kv) {
  %tq = llm.rope %q, %others {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %tk = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}

// -----

// Queries that are computed from what was appended.
!rows = tensor<?x32xf32>
!kv = !llm.kv<1x2x16xf16>
// CHECK-LABEL: func.func @late_queries
// CHECK-NOT: llm.rope_kv_append
// CHECK: llm.kv_append
// REMARK: remark: [Missed] FuseRopeKVAppend{{.*}}the queries are computed after the append
func.func @late_queries(%q: !rows, %k: !rows, %v: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>,
    %sequences: tensor<?xi32>) -> (!rows, !kv) {
  %tk = llm.rope %k, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %after = llm.kv_append %kv[%layer], %tk, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  %seen = llm.attention %q, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  %tq = llm.rope %seen, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>} : !rows, tensor<?xi32>
  %a = llm.attention %tq, %after[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %a, %after : !rows, !kv
}
