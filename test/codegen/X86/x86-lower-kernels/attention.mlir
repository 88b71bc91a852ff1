// Vector code of the kernels of attention.
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-lower-kernels -cse | FileCheck %s

!rows = tensor<?x64xf32>
!kv = !llm.kv<2x2x16xf16>
!index = tensor<?xi32>

// Angles are f64, their sine and cosine f32 of polynomials; each set of 8 pairs serves all heads. A head of 16 has 8
// pairs: column i and i + 8.
// CHECK-LABEL: func.func private @rope_halves
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x64xf32>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x64xf32> {llm.access = "write"}
// CHECK: scf.forall (%[[ROW:.*]]) in
// CHECK: arith.sitofp %{{.*}} : i32 to f64
// CHECK: math.roundeven %{{.*}} : vector<8xf64>
// CHECK: %[[SINE:.*]] = arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: %[[COSINE:.*]] = arith.truncf %{{.*}} : vector<8xf64> to vector<8xf32>
// CHECK: scf.for %[[HEAD:.*]] =
// CHECK: %[[HIGH:.*]] = arith.addi %[[HEAD]], %{{.*}} : index
// CHECK: %[[A:.*]] = vector.load %[[X]][%[[ROW]], %[[HEAD]]]
// CHECK: %[[B:.*]] = vector.load %[[X]][%[[ROW]], %[[HIGH]]]
// CHECK-NOT: vector.shuffle
// CHECK: arith.mulf %[[A]], %[[COSINE]]
// CHECK: arith.mulf %[[B]], %[[SINE]]
// CHECK: arith.subf
// CHECK: arith.mulf %[[A]], %[[SINE]]
// CHECK: arith.mulf %[[B]], %[[COSINE]]
// CHECK: arith.addf
// CHECK: vector.store %{{.*}}, %[[Y]][%[[ROW]], %[[HEAD]]]
// CHECK: vector.store %{{.*}}, %[[Y]][%[[ROW]], %[[HIGH]]]
func.func private @rope_halves(%x: !rows, %positions: !index) -> !rows attributes {llm.kernel} {
  %0 = llm.rope %x, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<halves>}
    : !rows, !index
  return %0 : !rows
}

// Neighbours are taken apart before they turn, and put together after.
// CHECK-LABEL: func.func private @rope_interleaved
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK: arith.subf
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 8, 1, 9, 2, 10, 3, 11]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [4, 12, 5, 13, 6, 14, 7, 15]
func.func private @rope_interleaved(%x: !rows, %positions: !index) -> !rows attributes {llm.kernel} {
  %0 = llm.rope %x, %positions {base = 1.0e4 : f64, head_dim = 16 : i64, pairing = #llm.pairing<interleaved>}
    : !rows, !index
  return %0 : !rows
}

// The page of a position comes from the table of its sequence: 64 positions a page, 2 * 2 layers * 2 heads * 16 * 64
// elements. Both are rounded to f16; values lie together, a key is spread so that positions lie together.
// CHECK-LABEL: func.func private @kv_append
// CHECK-SAME: (%[[TABLES:[a-z0-9]+]]: !llvm.ptr {llm.access = "read_write"}, %[[LAYER:[a-z0-9]+]]: index
// CHECK: scf.forall
// CHECK: llvm.getelementptr %[[TABLES]]
// CHECK: llvm.load
// CHECK: arith.divui %{{.*}}, %{{.*}} : index
// CHECK: %[[PAGE:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<8192xf16>
// CHECK: arith.remui
// CHECK: arith.muli %[[LAYER]], %{{.*}} : index
// CHECK: %[[KEY:.*]] = arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: %[[ELEMENT:.*]] = vector.extract %[[KEY]][0] : f16 from vector<8xf16>
// CHECK: memref.store %[[ELEMENT]], %[[PAGE]]
// CHECK: %[[VALUE:.*]] = arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: vector.store %[[VALUE]], %[[PAGE]]
func.func private @kv_append(%kv: !kv, %layer: index, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %positions: !index,
                             %sequences: !index) -> !kv attributes {llm.kernel} {
  %0 = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences : !kv, tensor<?x32xf32>, !index
  return %0 : !kv
}

// In i8, a head has one scale, behind the keys of all positions of its layer: 2 * 2 layers * 2 heads * (16 * 64 + 64 * 4)
// bytes a page.
// CHECK-LABEL: func.func private @kv_append_bytes
// CHECK: %[[PAGE:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<10240xi8>
// CHECK: %[[PEAKS:.*]] = scf.for
// CHECK: math.absf
// CHECK: vector.shuffle %{{.*}} [1, 0, 3, 2, 5, 4, 7, 6]
// CHECK: %[[SCALE:.*]] = arith.divf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[PAGE]][%{{.*}}] : memref<10240xi8>, vector<4xi8>
// CHECK: arith.divf %{{.*}}, %[[SCALE]] : vector<8xf32>
// CHECK: math.roundeven
// CHECK: %[[KEY:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: %[[ELEMENT:.*]] = vector.extract %[[KEY]][0] : i8 from vector<8xi8>
// CHECK: memref.store %[[ELEMENT]], %[[PAGE]]
// CHECK: vector.store %{{.*}}, %[[PAGE]][%{{.*}}] : memref<10240xi8>, vector<8xi8>
func.func private @kv_append_bytes(%kv: !llm.kv<2x2x16xi8>, %layer: index, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>,
                                   %positions: !index, %sequences: !index) -> !llm.kv<2x2x16xi8>
    attributes {llm.kernel} {
  %0 = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences : !llm.kv<2x2x16xi8>, tensor<?x32xf32>, !index
  return %0 : !llm.kv<2x2x16xi8>
}

// The same with turned keys, which go from registers to the page; queries are turned with the same angles.
// CHECK-LABEL: func.func private @rope_kv_append
// CHECK: scf.forall
// CHECK: math.roundeven {{.*}} : vector<8xf64>
// CHECK: vector.store %{{.*}}, %{{.*}} : memref<?x64xf32>, vector<8xf32>
// CHECK: arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: memref.store %{{.*}} : memref<8192xf16>
// CHECK: vector.store %{{.*}} : memref<8192xf16>, vector<8xf16>
func.func private @rope_kv_append(%kv: !kv, %layer: index, %q: tensor<?x64xf32>, %k: tensor<?x32xf32>,
                                  %v: tensor<?x32xf32>, %positions: !index, %sequences: !index)
    -> (!kv, tensor<?x64xf32>) attributes {llm.kernel} {
  %0, %1 = llm.rope_kv_append %kv[%layer], %q, %k, %v, %positions, %sequences
    {base = 1.0e4 : f64, pairing = #llm.pairing<interleaved>} : !kv, tensor<?x64xf32>, tensor<?x32xf32>, !index
  return %0, %1 : !kv, tensor<?x64xf32>
}

// Turned keys in i8 wait for all columns of their head, outside of the loop over rows.
// CHECK-LABEL: func.func private @rope_kv_append_bytes
// CHECK: %[[WHOLE:.*]] = memref.alloca() {alignment = 32 : i64} : memref<1x32xf32>
// CHECK: scf.forall
// CHECK: vector.store %{{.*}}, %[[WHOLE]]
// CHECK: vector.load %[[WHOLE]]
// CHECK: math.absf
// CHECK: memref.store %{{.*}} : memref<10240xi8>
func.func private @rope_kv_append_bytes(%kv: !llm.kv<2x2x16xi8>, %layer: index, %q: tensor<?x64xf32>,
                                        %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %positions: !index,
                                        %sequences: !index)
    -> (!llm.kv<2x2x16xi8>, tensor<?x64xf32>) attributes {llm.kernel} {
  %0, %1 = llm.rope_kv_append %kv[%layer], %q, %k, %v, %positions, %sequences
    {base = 1.0e4 : f64, pairing = #llm.pairing<interleaved>}
    : !llm.kv<2x2x16xi8>, tensor<?x64xf32>, tensor<?x32xf32>, !index
  return %0, %1 : !llm.kv<2x2x16xi8>, tensor<?x64xf32>
}

// In the first phase, a unit is the 2 heads of a group (4 heads of 16 columns over 2 of keys) with a tile of 4 rows, or
// with a span of one row where there are at most 8. Rows of other sequences than the first one's go alone.
// CHECK-LABEL: func.func private @attention
// CHECK-SAME: %[[SHARED:[a-z0-9]+]]: memref<8x4x16x48xf32> {llm.access = "read_write"}, %[[PHASE:[a-z0-9]+]]: index,
// CHECK: %[[WEIGHTS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x2x256xf32>
// CHECK: %[[PEAKS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x2x8xf32>
// CHECK: %[[PARTIALS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x2x48xf32>
// CHECK: %[[TOTALS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4x2x48xf32>
// CHECK: %[[MANY:.*]] = arith.constant 8 : index
// CHECK: %[[WHOLE:.*]] = arith.cmpi ugt, %{{.*}}, %[[MANY]] : index
// CHECK: %[[SPANS:.*]] = scf.for
// CHECK: %[[TILE_ROWS:.*]] = arith.select %[[WHOLE]]
// CHECK: %[[TILES:.*]] = arith.ceildivui %{{.*}}, %[[TILE_ROWS]]
// CHECK: %[[UNITS:.*]] = arith.muli %{{.*}}, %[[SPANS]]
// CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[PHASE]]
// CHECK: %[[COUNT:.*]] = arith.select %[[IS_FIRST]], %[[UNITS]]
// CHECK: scf.forall (%[[UNIT:.*]]) in (%[[COUNT]])
// CHECK: arith.remui %[[UNIT]], %[[SPANS]]
// CHECK: arith.divui %{{.*}}, %[[TILES]]
// CHECK: arith.remui %{{.*}}, %[[TILES]]
// CHECK: %[[TOGETHER:.*]] = scf.for
// CHECK: arith.cmpi eq, %{{.*}}, %{{.*}} : i32
// CHECK: arith.select %[[TOGETHER]]

// Four pages are a block of the softmax. First the scores, page by page and row by row: 64 positions for both heads in
// two halves, from keys that are widened once. What is read next is asked for line by line.
// CHECK: %[[BEFORE:.*]] = vector.load %[[PARTIALS]]
// CHECK: vector.store %[[BEFORE]], %[[PEAKS]]
// CHECK: %[[PAGE:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<8192xf16>
// CHECK: %[[NEXT:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<8192xf16>
// CHECK: scf.if
// CHECK: vector.load %[[PEAKS]]
// CHECK: %[[SCORES:.*]]:8 = scf.for
// CHECK: memref.prefetch %[[NEXT]][%{{.*}}], read, locality<3>, data
// CHECK: %[[KEYS:.*]] = vector.load %[[PAGE]][%{{.*}}] : memref<8192xf16>, vector<8xf16>
// CHECK: %[[WIDE:.*]] = arith.extf %[[KEYS]] : vector<8xf16> to vector<8xf32>
// CHECK: math.fma %{{.*}}, %[[WIDE]], %{{.*}} : vector<8xf32>
// CHECK: math.fma %{{.*}}, %[[WIDE]], %{{.*}} : vector<8xf32>

// Positions after the row's own count as minus infinity.
// CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[SCORES]]#0, %{{.*}} : vector<8xf32>
// CHECK: %[[SCORE:.*]] = arith.select %[[INSIDE]], %[[SCALED]], %{{.*}} : vector<8xi1>, vector<8xf32>
// CHECK: vector.store %[[SCORE]], %[[WEIGHTS]]

// Then the weights of all rows: powers of 2 relative to the maximum, which are added in 16 parts.
// CHECK: %[[PEAK:.*]] = vector.load %[[PEAKS]]
// CHECK: vector.shuffle %{{.*}} [4, 5, 6, 7, 0, 1, 2, 3]
// CHECK: vector.shuffle %{{.*}} [1, 0, 3, 2, 5, 4, 7, 6]
// CHECK: %[[MAXIMUM:.*]] = arith.select
// CHECK: %[[SO_FAR:.*]] = vector.load %[[PARTIALS]]
// CHECK: arith.subf %[[SO_FAR]], %[[MAXIMUM]]
// CHECK: vector.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>)
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>)
// CHECK: arith.subf %{{.*}}, %[[MAXIMUM]]
// CHECK: %[[WEIGHT:.*]] = vector.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: arith.addf %{{.*}}, %[[WEIGHT]]
// CHECK: vector.store %[[WEIGHT]], %[[WEIGHTS]]
// CHECK: arith.mulf %{{.*}} : vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[PARTIALS]]

// Then the weighted values, page by page and row by row.
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: math.fma
// CHECK: vector.store %{{.*}}, %[[PARTIALS]]

// The softmax over a span is added to that of the spans before, or left to the second phase, which adds them in the same
// order for each row and head.
// CHECK: scf.if %[[WHOLE]]
// CHECK: vector.load %[[TOTALS]]
// CHECK: vector.load %[[PARTIALS]]
// CHECK: vector.bitcast
// CHECK: math.fma
// CHECK: vector.store %{{.*}}, %[[TOTALS]]
// CHECK: } else {
// CHECK: vector.load %[[PARTIALS]]
// CHECK: vector.store %{{.*}}, %[[SHARED]]
// CHECK: scf.if %[[WHOLE]]
// CHECK: arith.divf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: %[[IS_SECOND:.*]] = arith.cmpi eq, %[[PHASE]]
// CHECK: %[[LEFT:.*]] = arith.select %[[WHOLE]]
// CHECK: %[[SECOND_COUNT:.*]] = arith.select %[[IS_SECOND]], %[[LEFT]]
// CHECK: scf.forall (%{{.*}}) in (%[[SECOND_COUNT]])
// CHECK: vector.load %[[SHARED]]
// CHECK: arith.divf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: vector.store
// CHECK-NOT: math.exp
// CHECK: return
func.func private @attention(%q: !rows, %kv: !kv, %layer: index, %positions: !index, %sequences: !index) -> !rows
    attributes {llm.kernel} {
  %0 = llm.attention %q, %kv[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, !index
  return %0 : !rows
}

// At the levels of AVX-512, vectors are twice as long: all positions of a page for both heads at once.
// CHECK-LABEL: func.func private @wide_attention
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<4x2x16xf32>
// CHECK: %[[SCORES:.*]]:8 = scf.for
// CHECK: vector.load %{{.*}} : memref<8192xf16>, vector<16xf16>
// CHECK: math.fma %{{.*}} : vector<16xf32>
// CHECK: arith.select %{{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: vector.shuffle %{{.*}} [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK: return
func.func private @wide_attention(%q: !rows, %kv: !kv, %layer: index, %positions: !index, %sequences: !index) -> !rows
    attributes {llm.kernel, x86.level = "avx-512"} {
  %0 = llm.attention %q, %kv[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, !index
  return %0 : !rows
}

// Heads that are no whole vectors of 16 stay with vectors of 8.
// CHECK-LABEL: func.func private @narrow_heads
// CHECK-NOT: vector<16xf32>
// CHECK: return
func.func private @narrow_heads(%q: tensor<?x24xf32>, %kv: !llm.kv<2x1x24xf16>, %layer: index, %positions: !index,
                                %sequences: !index) -> tensor<?x24xf32>
    attributes {llm.kernel, x86.level = "avx-512"} {
  %0 = llm.attention %q, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : tensor<?x24xf32>, !llm.kv<2x1x24xf16>, !index
  return %0 : tensor<?x24xf32>
}

// Bytes are widened like f16. The scales of keys are factors of the scores, those of values of the weights.
// CHECK-LABEL: func.func private @attention_bytes
// CHECK: scf.for {{.*}} -> (vector<8xf32>
// CHECK: vector.load %{{.*}} : memref<10240xi8>, vector<8xi8>
// CHECK: arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: %[[KEY_SCALES:.*]] = vector.bitcast %{{.*}} : vector<32xi8> to vector<8xf32>
// CHECK: arith.mulf %[[KEY_SCALES]]
// CHECK: vector.shuffle %{{.*}} [1, 0, 3, 2, 5, 4, 7, 6]
// CHECK: %[[VALUE_SCALES:.*]] = vector.bitcast %{{.*}} : vector<32xi8> to vector<8xf32>
// CHECK: %[[WEIGHT:.*]] = vector.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: arith.addf %{{.*}}, %[[WEIGHT]]
// CHECK: arith.mulf %[[WEIGHT]], %[[VALUE_SCALES]]
// CHECK: scf.for {{.*}} -> (vector<8xf32>
// CHECK: vector.load %{{.*}} : memref<10240xi8>, vector<8xi8>
// CHECK: return
func.func private @attention_bytes(%q: !rows, %kv: !llm.kv<2x2x16xi8>, %layer: index, %positions: !index,
                                   %sequences: !index) -> !rows
    attributes {llm.kernel} {
  %0 = llm.attention %q, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
    : !rows, !llm.kv<2x2x16xi8>, !index
  return %0 : !rows
}
