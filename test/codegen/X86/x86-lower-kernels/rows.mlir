// Vector code of the kernels that work on one row at a time: rows are the units, 8 columns a vector.
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-lower-kernels -cse | FileCheck %s

!rows = tensor<?x64xf32>

// CHECK-LABEL: func.func private @select_rows
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x64xf32>
// CHECK-SAME: %[[ROWS:[a-z0-9]+]]: memref<?xi32>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x64xf32>
// CHECK: %[[N:.*]] = memref.dim %[[Y]]
// CHECK: scf.forall (%[[I:.*]]) in (%[[N]])
// CHECK: %[[ROW:.*]] = memref.load %[[ROWS]][%[[I]]]
// CHECK: %[[SOURCE:.*]] = arith.index_cast %[[ROW]]
// CHECK: scf.for %[[C:.*]] =
// CHECK: %[[V:.*]] = vector.load %[[X]][%[[SOURCE]], %[[C]]] : memref<?x64xf32>, vector<8xf32>
// CHECK: vector.store %[[V]], %[[Y]][%[[I]], %[[C]]]
func.func private @select_rows(%x: !rows, %rows: tensor<?xi32>) -> !rows attributes {llm.kernel} {
  %0 = llm.select_rows %x, %rows : !rows, tensor<?xi32>
  return %0 : !rows
}

// CHECK-LABEL: func.func private @add
// CHECK: scf.forall
// CHECK: scf.for
// CHECK: arith.addf %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: vector.store
func.func private @add(%x: !rows, %y: !rows) -> !rows attributes {llm.kernel} {
  %0 = llm.add %x, %y : !rows
  return %0 : !rows
}

// Columns need not fill vectors: the last of 21 are part of one, of bias as of rows.
// CHECK-LABEL: func.func private @add_bias
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<21xf32> {llm.access = "read"}, %[[Y:[a-z0-9]+]]: memref<?x21xf32>
// CHECK: scf.forall
// CHECK: scf.for %[[C:.*]] =
// CHECK: %[[X:.*]] = vector.load
// CHECK: %[[BIAS:.*]] = vector.load %[[B]][%[[C]]]
// CHECK: %[[SUM:.*]] = arith.addf %[[X]], %[[BIAS]] : vector<8xf32>
// CHECK: vector.store %[[SUM]], %[[Y]]
// CHECK: %[[MASK:.*]] = arith.constant dense<[true, true, true, true, true, false, false, false]> : vector<8xi1>
// CHECK: vector.maskedload %{{.*}}, %[[MASK]]
// CHECK: vector.maskedload %[[B]]{{.*}}, %[[MASK]]
// CHECK: vector.maskedstore %[[Y]]{{.*}}, %[[MASK]]
func.func private @add_bias(%x: tensor<?x21xf32>, %b: tensor<21xf32>) -> tensor<?x21xf32> attributes {llm.kernel} {
  %0 = llm.add_bias %x, %b : tensor<?x21xf32>, tensor<21xf32>
  return %0 : tensor<?x21xf32>
}

// CHECK-LABEL: func.func private @scale
// CHECK: scf.for
// CHECK: %[[FACTOR:.*]] = arith.constant dense<2.500000e-01> : vector<8xf32>
// CHECK: arith.mulf %{{.*}}, %[[FACTOR]] : vector<8xf32>
// CHECK-NOT: vector.maskedstore
// CHECK: return
func.func private @scale(%x: !rows) -> !rows attributes {llm.kernel} {
  %0 = llm.scale %x {factor = 0.25 : f32} : !rows
  return %0 : !rows
}

// The exponential is our own: two-part reduction, a polynomial of fused operations, the exponent put in as bits.
// CHECK-LABEL: func.func private @gated_activation
// CHECK: %[[GATE:.*]] = vector.load
// CHECK: %[[UP:.*]] = vector.load
// CHECK: arith.negf %[[GATE]]
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: math.roundeven %{{.*}} : vector<8xf32>
// CHECK-COUNT-8: math.fma
// CHECK: arith.fptosi %{{.*}} : vector<8xf32> to vector<8xi32>
// CHECK: arith.shli %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: arith.select
// CHECK: %[[RATIO:.*]] = arith.divf %[[GATE]], %{{.*}} : vector<8xf32>
// CHECK: arith.mulf %[[RATIO]], %[[UP]] : vector<8xf32>
// CHECK-NOT: math.exp
// CHECK: return
func.func private @gated_activation(%gate: !rows, %up: !rows) -> !rows attributes {llm.kernel} {
  %0 = llm.gated_activation %gate, %up {function = #llm.activation<silu>} : !rows
  return %0 : !rows
}

// Squares are added in 8 lanes, in the order of the columns, then the lanes in a fixed tree: the order depends on the
// number of columns alone.
// CHECK-LABEL: func.func private @rms_norm
// CHECK: scf.forall
// CHECK: %[[SQUARES:.*]] = scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<8xf32>) {
// CHECK: %[[X:.*]] = vector.load
// CHECK: math.fma %[[X]], %[[X]], %[[SUM]] : vector<8xf32>
// CHECK: %[[LOW:.*]] = vector.shuffle %[[SQUARES]], %[[SQUARES]] [0, 1, 2, 3]
// CHECK: %[[HIGH:.*]] = vector.shuffle %[[SQUARES]], %[[SQUARES]] [4, 5, 6, 7]
// CHECK: arith.addf %[[LOW]], %[[HIGH]] : vector<4xf32>
// CHECK: %[[MEAN:.*]] = arith.divf %{{.*}}, %{{.*}} : f32
// CHECK: %[[SHIFTED:.*]] = arith.addf %[[MEAN]], %{{.*}} : f32
// CHECK: %[[ROOT:.*]] = math.sqrt %[[SHIFTED]] : f32
// CHECK: %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[ROOT]] : f32
// CHECK: %[[SCALE:.*]] = vector.broadcast %[[INVERSE]] : f32 to vector<8xf32>
// CHECK: scf.for
// CHECK: %[[SCALED:.*]] = arith.mulf %{{.*}}, %[[SCALE]] : vector<8xf32>
// CHECK: arith.mulf %[[SCALED]], %{{.*}} : vector<8xf32>
// CHECK-NOT: vector.reduction
// CHECK: return
func.func private @rms_norm(%x: !rows, %w: tensor<64xf32>) -> !rows attributes {llm.kernel} {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : !rows, tensor<64xf32>
  return %0 : !rows
}

// The sum is stored first, and the norm reads it.
// CHECK-LABEL: func.func private @add_rms_norm
// CHECK-SAME: %[[SUM:[a-z0-9]+]]: memref<?x64xf32> {llm.access = "write"}, %[[NORMED:[a-z0-9]+]]: memref<?x64xf32> {llm.access = "write"}
// CHECK-COUNT-1: scf.forall
// CHECK: vector.store %{{.*}}, %[[SUM]]
// CHECK: vector.load %[[SUM]]
// CHECK: math.sqrt
// CHECK: vector.load %[[SUM]]
// CHECK: vector.store %{{.*}}, %[[NORMED]]
func.func private @add_rms_norm(%x: !rows, %r: !rows, %w: tensor<64xf32>) -> (!rows, !rows) attributes {llm.kernel} {
  %0, %1 = llm.add_rms_norm %x, %r, %w {epsilon = 1.0e-5 : f32} : !rows, tensor<64xf32>
  return %0, %1 : !rows, !rows
}

// A block of 32: the largest magnitude gives the scale, and a block of zeros stays zeros. Elements go out in the order
// that products take them in, then scale and sum. A maximum and an integer sum are the same in any order.
// CHECK-LABEL: func.func private @quantize_rows
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x152xi8>
// CHECK-COUNT-4: math.absf %{{.*}} : vector<8xf32>
// CHECK: %[[PEAK:.*]] = vector.reduction <maxnumf>
// CHECK: %[[SCALE:.*]] = arith.divf %[[PEAK]], %{{.*}} : f32
// CHECK: %[[ZERO:.*]] = arith.cmpf oeq, %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK: %[[QUOTIENT:.*]] = arith.divf
// CHECK: math.roundeven %[[QUOTIENT]]
// CHECK: arith.select %[[ZERO]]
// CHECK: arith.fptosi %{{.*}} : vector<8xf32> to vector<8xi32>
// CHECK: %[[NARROW:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi16>
// CHECK: vector.shuffle %[[NARROW]], %[[NARROW]] [0, 2, 1, 3, 4, 6, 5, 7]
// CHECK: vector.store %{{.*}}, %[[Y]]{{.*}} vector<16xi8>
// CHECK: vector.reduction <add>, %{{.*}} : vector<8xi32> into i32
// CHECK-COUNT-2: vector.store %{{.*}}, %[[Y]]{{.*}} vector<4xi8>
func.func private @quantize_rows(%x: !rows) -> tensor<?x64xi16, #llm.blocked<columns = 32>> attributes {llm.kernel} {
  %0 = llm.quantize_rows %x : !rows
  return %0 : tensor<?x64xi16, #llm.blocked<columns = 32>>
}
