// Vector code of the kernels that multiply rows with packed weights. Kernels are given in their tensor form, which
// hone-bufferize-step turns into memory.
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-lower-kernels -cse | FileCheck %s

!blocked = tensor<?x64xi16, #llm.blocked<columns = 32>>
!rows = tensor<?x64xf32>
!q4_0 = tensor<16x64xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
!q4_1 = tensor<16x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
!q5_0 = tensor<16x64xi5, #llm.stored<scheme = q5_0, panel = <8x32>>>
!q8_0 = tensor<16x64xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
!f16 = tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
!f32 = tensor<24x64xf32, #llm.stored<scheme = f32, panel = <8x32>>>
!bf16 = tensor<12x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
!wide = tensor<?x512xi16, #llm.blocked<columns = 32>>
!q4_K = tensor<16x512xi4, #llm.stored<scheme = q4_K, panel = <8x256>>>
!q6_K = tensor<16x512xi6, #llm.stored<scheme = q6_K, panel = <8x256>>>
!q2_K = tensor<16x512xi2, #llm.stored<scheme = q2_K, panel = <8x256>>>
!tail = tensor<11x64xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>

// Integers: each of the 2 panels is a unit of work. 4 rows share one reading of a panel, then rows go one by one. A lane
// is an output row: pairs of 16-bit products are added exactly, the blocks in f32, one accumulator per row.
// CHECK-LABEL: func.func private @q4_0
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x152xi8>
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<576xi8>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x16xf32>
// CHECK: %[[PANELS:.*]] = arith.constant 2 : index
// CHECK: scf.forall (%{{.*}}) in (%[[PANELS]])
// CHECK: scf.for
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: vector.load %[[W]]{{.*}} : memref<576xi8>, vector<32xi8>

// The nibbles become 16-bit integers: even and odd columns of each lane.
// CHECK: arith.andi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: arith.shrui %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%{{.*}}, %{{.*}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// CHECK: arith.addi %{{.*}}, %{{.*}} : vector<8xi32>

// The zero point is subtracted once per block: 8 times the sum of the activations, which stands in the block.
// CHECK: %[[EIGHT:.*]] = arith.constant dense<8> : vector<8xi32>
// CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %[[EIGHT]] : vector<8xi32>
// CHECK: %[[SUM:.*]] = arith.subi %{{.*}}, %[[OFFSET]] : vector<8xi32>
// CHECK: %[[D:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[SUM]] : vector<8xi32> to vector<8xf32>
// CHECK: math.fma %[[D]], %[[FLOAT]], %{{.*}} : vector<8xf32>
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]{{.*}} : memref<?x16xf32>, vector<8xf32>

// The same for the rows that are left, with the same operations in the same order, so that bits do not depend on the
// number of rows.
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: math.fma
// CHECK-NOT: math.fma
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: vector.maskedstore
// CHECK: return
func.func private @q4_0(%x: !blocked, %w: !q4_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q4_0
  return %0 : tensor<?x16xf32>
}

// A scheme with a minimum has no zero point and one more fused operation: the minimum times the sum of the activations.
// CHECK-LABEL: func.func private @q4_1
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.subi
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[M:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[SCALE:.*]] = vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: %[[TOTAL:.*]] = vector.broadcast %{{.*}} : i32 to vector<8xi32>
// CHECK: %[[DS:.*]] = arith.mulf %[[D]], %[[SCALE]]
// CHECK: %[[PART:.*]] = math.fma %[[DS]], %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: %[[ALL:.*]] = arith.sitofp %[[TOTAL]]
// CHECK: %[[SA:.*]] = arith.mulf %[[SCALE]], %[[ALL]]
// CHECK: math.fma %[[M]], %[[SA]], %[[PART]] : vector<8xf32>
func.func private @q4_1(%x: !blocked, %w: !q4_1) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q4_1
  return %0 : tensor<?x16xf32>
}

// The fifth bits of a tile are one vector, of which each group of columns takes its bit.
// CHECK-LABEL: func.func private @q5_0
// CHECK: arith.ori %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: arith.constant dense<16> : vector<8xi32>
// CHECK: arith.subi %{{.*}}, %{{.*}} : vector<8xi32>
func.func private @q5_0(%x: !blocked, %w: !q5_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q5_0
  return %0 : tensor<?x16xf32>
}

// Signed bytes are extended by arithmetic shifts; there is neither zero point nor minimum.
// CHECK-LABEL: func.func private @q8_0
// CHECK: arith.shli %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: arith.shrsi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.subi
// CHECK: return
func.func private @q8_0(%x: !blocked, %w: !q8_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q8_0
  return %0 : tensor<?x16xf32>
}

// K-quants are multiplied 32 columns at a time, too: one part of a tile after another, with the factors of its row, which
// scale d and m to f32 without rounding.
// CHECK-LABEL: func.func private @q4_K
// CHECK: %[[BLOCKS:.*]] = arith.constant 16 : index
// CHECK: scf.for %[[BLOCK:.*]] = %{{.*}} to %[[BLOCKS]] step %{{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: %[[PARTS:.*]] = arith.constant 8 : index
// CHECK: arith.divui %[[BLOCK]], %[[PARTS]]
// CHECK: arith.remui %[[BLOCK]], %[[PARTS]]
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.subi
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[S:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: %[[SF:.*]] = arith.sitofp %[[S]]
// CHECK: %[[DS:.*]] = arith.mulf %[[D]], %[[SF]]
// CHECK: %[[M:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[T:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: %[[TF:.*]] = arith.sitofp %[[T]]
// CHECK: %[[MT:.*]] = arith.mulf %[[M]], %[[TF]]
// CHECK: %[[MINIMUM:.*]] = arith.negf %[[MT]]
// CHECK: arith.mulf %[[DS]], %{{.*}}
// CHECK: math.fma
// CHECK: math.fma %[[MINIMUM]], %{{.*}}, %{{.*}} : vector<8xf32>
func.func private @q4_K(%x: !wide, %w: !q4_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q4_K
  return %0 : tensor<?x16xf32>
}

// Sub-blocks of 16 columns are added one after another: the first takes the sum of the first half of the activations
// for its zero point, the second the rest. Elements are put together of nibbles and pairs of bits.
// CHECK-LABEL: func.func private @q6_K
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: arith.ori %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK-COUNT-32: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: arith.extsi %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: %[[Z:.*]] = arith.constant dense<32> : vector<8xi32>
// CHECK: arith.muli %{{.*}}, %[[Z]]
// CHECK: arith.subi
// CHECK-COUNT-4: math.fma
// CHECK-COUNT-32: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: %[[REST:.*]] = arith.subi
// CHECK: arith.muli %[[REST]], %[[Z]]
// CHECK-COUNT-4: math.fma
// CHECK-NEXT: scf.yield
func.func private @q6_K(%x: !wide, %w: !q6_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q6_K
  return %0 : tensor<?x16xf32>
}

// 4-bit factors share a byte.
// CHECK-LABEL: func.func private @q2_K
// CHECK: %[[BYTES:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: arith.andi %[[BYTES]], %{{.*}} : vector<8xi32>
// CHECK: arith.shrui %[[BYTES]], %{{.*}} : vector<8xi32>
func.func private @q2_K(%x: !wide, %w: !q2_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q2_K
  return %0 : tensor<?x16xf32>
}

// 11 output rows: one panel in full, and one whose last 5 lanes are no outputs and are not stored.
// CHECK-LABEL: func.func private @tail
// CHECK: scf.forall
// CHECK-NOT: vector.maskedstore
// CHECK: scf.forall
// CHECK: arith.constant dense<[true, true, true, false, false, false, false, false]> : vector<8xi1>
// CHECK: vector.maskedstore
// CHECK-NOT: vector.store
// CHECK: return
func.func private @tail(%x: !blocked, %w: !tail) -> tensor<?x11xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !tail
  return %0 : tensor<?x11xf32>
}

// Floats: a column of weights is multiplied with one activation, in the order of the columns. Single rows interleave 4
// panels, whose chains of fused operations do not wait for each other.
// CHECK-LABEL: func.func private @f16
// CHECK: %[[UNITS:.*]] = arith.constant 2 : index
// CHECK: scf.forall (%{{.*}}) in (%[[UNITS]])
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: %[[COLUMN:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[ACTIVATION:.*]] = vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: math.fma %[[ACTIVATION]], %[[COLUMN]], %{{.*}} : vector<8xf32>
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-NOT: llvm.call_intrinsic
// CHECK: return
func.func private @f16(%x: !rows, %w: !f16) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !f16
  return %0 : tensor<?x64xf32>
}

// 3 panels do not make groups of 2 or 4, so that each is a unit.
// CHECK-LABEL: func.func private @f32
// CHECK: %[[UNITS:.*]] = arith.constant 3 : index
// CHECK: scf.forall (%{{.*}}) in (%[[UNITS]])
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-NOT: arith.extf
// CHECK: return
func.func private @f32(%x: !rows, %w: !f32) -> tensor<?x24xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !f32
  return %0 : tensor<?x24xf32>
}

// CHECK-LABEL: func.func private @bf16
// CHECK: arith.extf %{{.*}} : vector<8xbf16> to vector<8xf32>
// CHECK: vector.maskedstore
func.func private @bf16(%x: !rows, %w: !bf16) -> tensor<?x12xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !bf16
  return %0 : tensor<?x12xf32>
}

// Integer weights that meet f32 activations are dequantised: exactly d * q, then the minimum by one fused operation.
// CHECK-LABEL: func.func private @dequantised
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[M:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[Q:.*]] = arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: %[[VALUES:.*]] = math.fma %[[D]], %[[Q]], %[[M]] : vector<8xf32>
// CHECK: math.fma %{{.*}}, %[[VALUES]], %{{.*}} : vector<8xf32>
// CHECK-NOT: llvm.call_intrinsic
// CHECK: return
func.func private @dequantised(%x: !rows, %w: !q4_1) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !q4_1
  return %0 : tensor<?x16xf32>
}

// The three projections follow each other without waiting, each in its own scheme and memory.
// CHECK-LABEL: func.func private @qkv
// CHECK-SAME: %[[Q:[a-z0-9]+]]: memref<?x16xf32> {llm.access = "write"}, %[[K:[a-z0-9]+]]: memref<?x16xf32> {llm.access = "write"}, %[[V:[a-z0-9]+]]: memref<?x16xf32> {llm.access = "write"}
// CHECK: scf.forall
// CHECK: vector.store %{{.*}}, %[[Q]]
// CHECK: scf.forall
// CHECK: vector.store %{{.*}}, %[[K]]
// CHECK: scf.forall
// CHECK: vector.store %{{.*}}, %[[V]]
// CHECK-NOT: scf.forall
// CHECK: return
func.func private @qkv(%x: !blocked, %wq: !q4_0, %wk: !q4_1, %wv: !q8_0)
    -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) attributes {llm.kernel} {
  %0:3 = llm.qkv %x, %wq, %wk, %wv : !blocked, !q4_0, !q4_1, !q8_0
  return %0#0, %0#1, %0#2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// Gate and up are computed together, 4 rows of each; the activation is applied before the only store.
// CHECK-LABEL: func.func private @gated_linear
// CHECK-COUNT-1: scf.forall
// CHECK: %[[SUMS:.*]]:8 = scf.for
// CHECK: %[[NEGATED:.*]] = arith.negf %[[SUMS]]#0
// CHECK: math.roundeven
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[SUMS]]#0, %{{.*}} : vector<8xf32>
// CHECK: %[[RESULT:.*]] = arith.mulf %[[ACTIVATED]], %[[SUMS]]#4
// CHECK: vector.store %[[RESULT]]
// CHECK-NOT: scf.forall
// CHECK: return
func.func private @gated_linear(%x: !blocked, %gate: !q4_0, %up: !q8_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.gated_linear %x, %gate, %up {function = #llm.activation<silu>} : !blocked, !q4_0, !q8_0
  return %0 : tensor<?x16xf32>
}

// Bias and scale follow the sums in registers: the bias of a panel is read once for 4 rows. Of the last panel, neither
// the bias nor the result is touched beyond the weight's last row.
// CHECK-LABEL: func.func private @epilogue
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<11xf32> {llm.access = "read"}, %[[Y:[a-z0-9]+]]: memref<?x11xf32>
// CHECK: %[[SUMS:.*]]:4 = scf.for
// CHECK: %[[BIAS:.*]] = vector.load %[[B]][%{{.*}}] : memref<11xf32>, vector<8xf32>
// CHECK: %[[BIASED:.*]] = arith.addf %[[SUMS]]#0, %[[BIAS]] : vector<8xf32>
// CHECK: %[[FACTOR:.*]] = arith.constant dense<2.500000e-01> : vector<8xf32>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[BIASED]], %[[FACTOR]] : vector<8xf32>
// CHECK: vector.store %[[SCALED]], %[[Y]]
// CHECK-NOT: vector.load %[[B]]
// CHECK: arith.addf %[[SUMS]]#1, %[[BIAS]]
// CHECK: scf.forall
// CHECK: %[[LAST:.*]] = vector.maskedload %[[B]][%{{.*}}], %[[MASK:[a-z0-9_]+]], %{{.*}} : memref<11xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
// CHECK: arith.addf %{{.*}}#0, %[[LAST]]
// CHECK: vector.maskedstore %[[Y]][%{{.*}}, %{{.*}}], %[[MASK]], %{{.*}}
// CHECK-NOT: vector.load %[[B]]
// CHECK: return
func.func private @epilogue(%x: !blocked, %w: !tail, %b: tensor<11xf32>) -> tensor<?x11xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w bias %b {scale = 0.25 : f32} : !blocked, !tail
  return %0 : tensor<?x11xf32>
}

// Each bias is added to its own sums, before the activation.
// CHECK-LABEL: func.func private @gated_biases
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<16xf32> {llm.access = "read"}, %[[C:[a-z0-9]+]]: memref<16xf32> {llm.access = "read"}
// CHECK: %[[SUMS:.*]]:8 = scf.for
// CHECK-DAG: %[[GATE:.*]] = vector.load %[[B]]
// CHECK-DAG: %[[UP:.*]] = vector.load %[[C]]
// CHECK-DAG: %[[GATED:.*]] = arith.addf %[[SUMS]]#0, %[[GATE]]
// CHECK-DAG: %[[RAISED:.*]] = arith.addf %[[SUMS]]#4, %[[UP]]
// CHECK: arith.negf %[[GATED]]
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[GATED]]
// CHECK: arith.mulf %[[ACTIVATED]], %[[RAISED]]
func.func private @gated_biases(%x: !blocked, %gate: !q4_0, %up: !q8_0, %b: tensor<16xf32>, %c: tensor<16xf32>)
    -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.gated_linear %x, %gate, %up gate_bias %b up_bias %c {function = #llm.activation<silu>}
    : !blocked, !q4_0, !q8_0
  return %0 : tensor<?x16xf32>
}

// A token's row lies in one lane of its panel; rows are the units.
// CHECK-LABEL: func.func private @embedding
// CHECK-SAME: (%[[TOKENS:[a-z0-9]+]]: memref<?xi32>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x64xf32> {llm.access = "write"}
// CHECK: %[[ROWS:.*]] = memref.dim %[[Y]]
// CHECK: scf.forall (%[[ROW:.*]]) in (%[[ROWS]])
// CHECK: %[[TOKEN:.*]] = memref.load %[[TOKENS]][%[[ROW]]]
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[TOKEN]]
// CHECK: %[[PANEL:.*]] = arith.divui %[[NUMBER]]
// CHECK: %[[LANE:.*]] = arith.remui %[[NUMBER]]
// CHECK: %[[VALUE:.*]] = vector.extract %{{.*}}[%[[LANE]]] : f32 from vector<8xf32>
// CHECK: memref.store %[[VALUE]], %[[Y]][%[[ROW]], %{{.*}}]
func.func private @embedding(%tokens: tensor<?xi32>, %table: !q8_0) -> !rows attributes {llm.kernel} {
  %0 = llm.embedding %tokens, %table : tensor<?xi32>, !q8_0
  return %0 : !rows
}

// Bytes: unsigned weights of 4 bits, so that 8 sums of two products fit 16 bits, which are then widened once.
// CHECK-LABEL: func.func private @q4_0_bytes
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%{{.*}}, %{{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: pmadd
// CHECK: math.fma
// CHECK: return
func.func private @q4_0_bytes(%x: tensor<?x64xi8, #llm.blocked<columns = 32>>, %w: !q4_0) -> tensor<?x16xf32>
    attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xi8, #llm.blocked<columns = 32>>, !q4_0
  return %0 : tensor<?x16xf32>
}

// Signed bytes: the weight's sign goes to the activation, and each sum is widened.
// CHECK-LABEL: func.func private @q8_0_bytes
// CHECK: math.absi %{{.*}} : vector<32xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.psign.b"
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: return
func.func private @q8_0_bytes(%x: tensor<?x64xi8, #llm.blocked<columns = 32>>, %w: !q8_0) -> tensor<?x16xf32>
    attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xi8, #llm.blocked<columns = 32>>, !q8_0
  return %0 : tensor<?x16xf32>
}

// Short floats are widened as they are read.
// CHECK-LABEL: func.func private @q4_0_halves
// CHECK: memref.load %{{.*}} : memref<?x64xf16>
// CHECK: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: math.fma
func.func private @q4_0_halves(%x: tensor<?x64xf16>, %w: !q4_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xf16>, !q4_0
  return %0 : tensor<?x16xf32>
}
