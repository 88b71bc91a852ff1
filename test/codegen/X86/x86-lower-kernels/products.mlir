// Vector code of the kernels that multiply rows with packed weights. Kernels are given in their tensor form, which
// hone-bufferize-step turns into memory.
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-lower-kernels -cse | FileCheck %s
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-select-levels=levels=avx-vnni -hone-x86-lower-kernels -cse \
// RUN:   | FileCheck %s --check-prefix=VNNI
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-select-levels=levels=avx-512 -hone-x86-lower-kernels -cse \
// RUN:   | FileCheck %s --check-prefix=AVX512

!blocked = tensor<?x64xi16, #llm.blocked<columns = 32>>
!rows = tensor<?x64xf32>
!q4_0 = tensor<16x64xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
!q4_1 = tensor<16x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
!q5_0 = tensor<16x64xi5, #llm.stored<scheme = q5_0, panel = <8x32>>>
!q8_0 = tensor<16x64xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
!wide = tensor<?x512xi16, #llm.blocked<columns = 32>>
!q4_K = tensor<16x512xi4, #llm.stored<scheme = q4_K, panel = <8x256>>>
!q6_K = tensor<16x512xi6, #llm.stored<scheme = q6_K, panel = <8x256>>>
!q2_K = tensor<16x512xi2, #llm.stored<scheme = q2_K, panel = <8x256>>>
!many_0 = tensor<32x64xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
!many_1 = tensor<32x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
!tail = tensor<11x64xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>

// Integers: the 2 panels make one unit of work. Its memory is on the stack: 16 blocks of both unpacked, 16 steps of 32
// bytes each, their factors, and sums of 128 rows. The number of rows chooses the code.
// CHECK-LABEL: func.func private @q4_0
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x152xi8>
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<576xi8>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x16xf32>
// CHECK: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// CHECK: %[[SCALES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x16xf32>
// CHECK-NOT: memref.alloca
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: scf.forall (%{{.*}}) in (%[[ONE]])
// CHECK: %[[ROWS:.*]] = memref.dim %[[Y]]
// CHECK: %[[SINGLE:.*]] = arith.cmpi ule, %[[ROWS]], %[[ONE]] : index
// CHECK: scf.if %[[SINGLE]] {

// One row reads the packed weights of one panel after the other, and asks for later ones, each line once. Nibbles are
// unpacked to 16-bit integers, even and odd columns of each lane; pairs of products are added exactly.
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-COUNT-3: memref.prefetch %[[W]]
// CHECK-NOT: memref.prefetch
// CHECK-NOT: %[[STEPS]][
// CHECK: %[[TILE:.*]] = vector.load %[[W]]{{.*}} : memref<576xi8>, vector<32xi8>
// CHECK: %[[NIBBLES:.*]] = arith.andi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: %[[EVEN:.*]] = arith.andi %[[NIBBLES]], %{{.*}} : vector<16xi16>
// CHECK: %[[ODD:.*]] = arith.shrui %[[NIBBLES]], %{{.*}} : vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[EVEN]], %{{.*}})
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[ODD]], %{{.*}})
// CHECK-COUNT-14: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: llvm.call_intrinsic
// CHECK-NOT: %[[STEPS]][

// The zero point is taken off once per block: 8 times the sum of the activations, which stands in the block. Blocks are
// added in f32.
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[EIGHT:.*]] = arith.constant dense<-8> : vector<8xi32>
// CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %[[EIGHT]] : vector<8xi32>
// CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %[[OFFSET]] : vector<8xi32>
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[SUM]] : vector<8xi32> to vector<8xf32>
// CHECK: %[[FACTOR:.*]] = arith.mulf %[[D]], %{{.*}} : vector<8xf32>
// CHECK: math.fma %[[FACTOR]], %[[FLOAT]], %{{.*}} : vector<8xf32>
// CHECK-NEXT: scf.yield
// CHECK: vector.store %{{.*}}, %[[Y]]

// Few rows, up to 4, share the reading of a panel: behind the last row, that is computed again, and stored where it is
// stored anyway. Weights are unpacked in registers, once for all rows.
// CHECK: } else {
// CHECK: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK: %[[FEW:.*]] = arith.cmpi ule, %[[ROWS]], %[[FOUR]] : index
// CHECK: scf.if %[[FEW]] {
// CHECK: %[[LAST:.*]] = arith.subi %[[ROWS]], %[[ONE]] : index
// CHECK-COUNT-4: arith.minui %{{.*}}, %[[LAST]] : index
// CHECK: %[[FEW_SUMS:.*]]:4 = scf.for {{.*}} -> (vector<8xf32>
// CHECK-COUNT-3: memref.prefetch %[[W]]
// CHECK-NOT: memref.prefetch
// CHECK: %[[EVEN:.*]] = arith.andi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%{{[^,]*}}, %{{.*}})
// CHECK-COUNT-60: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: llvm.call_intrinsic
// CHECK-NOT: %[[STEPS]][
// CHECK-COUNT-4: math.fma
// CHECK-NEXT: scf.yield
// CHECK-COUNT-4: vector.store %[[FEW_SUMS]]#{{[0-3]}}, %[[Y]]

// Many rows, 128 at a time, begin with sums of 0 for all rows of their tiles.
// CHECK: } else {
// CHECK: %[[MOST:.*]] = arith.constant 128 : index
// CHECK: scf.for %[[BEGIN:.*]] = %{{.*}} to %[[ROWS]] step %[[MOST]] {
// CHECK: %[[LEFT:.*]] = arith.subi %[[ROWS]], %[[BEGIN]] : index
// CHECK: %[[COUNT:.*]] = arith.minui %[[LEFT]], %[[MOST]] : index
// CHECK: %[[TILES:.*]] = arith.ceildivui %[[COUNT]], %[[FOUR]] : index
// CHECK: %[[WHOLE:.*]] = arith.muli %[[TILES]], %[[FOUR]] : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[WHOLE]] step
// CHECK-COUNT-2: vector.store %{{.*}}, %[[SUMS]][

// A chunk of blocks is unpacked; both panels' vectors of a step are neighbours.
// CHECK: %[[CHUNK:.*]] = arith.minui %{{.*}}, %[[SIXTEEN:.*]] : index
// CHECK: scf.for %[[PLACE:.*]] = %{{.*}} to %[[CHUNK]] step
// CHECK: %[[START:.*]] = arith.muli %[[PLACE]], %{{.*}} : index
// CHECK: %[[EVEN:.*]] = arith.andi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: %[[ODD:.*]] = arith.shrui %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: vector.store %{{.*}}, %[[STEPS]][%[[START]]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[START]], %{{c64.*}} : index
// CHECK: vector.store %{{.*}}, %[[STEPS]][%[[NEXT]]]
// CHECK-COUNT-14: vector.store %{{.*}}, %[[STEPS]][
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: vector.store %[[D]], %[[SCALES]][
// CHECK-COUNT-16: vector.store %{{.*}}, %[[STEPS]][
// CHECK: vector.store %{{.*}}, %[[SCALES]][

// Tiles of 4 rows by 2 panels. The last begins early where rows are left over. While the first is multiplied, the next
// chunk comes.
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %[[COUNT]] step %[[FOUR]] {
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[ROW]], %{{.*}} : index
// CHECK: scf.if %[[FIRST]] {
// CHECK-NEXT: scf.for %{{.*}} = %{{.*}} to %[[CHUNK]] step
// CHECK-COUNT-6: memref.prefetch %[[W]]
// CHECK-NOT: memref.prefetch
// CHECK: %[[BEHIND:.*]] = arith.addi %[[BEGIN]], %[[ROW]] : index
// CHECK: %[[LATEST:.*]] = arith.subi %{{.*}}, %[[FOUR]] : index
// CHECK: %[[TILE_ROW:.*]] = arith.minui %[[BEHIND]], %[[LATEST]] : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[CHUNK]] step
// CHECK: arith.addi %[[TILE_ROW]], %{{c1[_0-9]*}} : index

// The steps of a block are a rolled loop, in which both panels share the activations.
// CHECK: %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi32>
// CHECK: %[[PRODUCTS:.*]]:8 = scf.for %{{.*}} = %{{.*}} to %[[SIXTEEN]] step %{{.*}} iter_args(%{{.*}} = %[[ZERO]], {{.*}} -> (vector<8xi32>
// CHECK: vector.load %[[STEPS]][
// CHECK: %[[LEFT:.*]] = vector.bitcast %{{.*}} : vector<32xi8> to vector<16xi16>
// CHECK: vector.load %[[STEPS]][
// CHECK: %[[RIGHT:.*]] = vector.bitcast %{{.*}} : vector<32xi8> to vector<16xi16>
// CHECK: %[[SHARED:.*]] = vector.bitcast %{{.*}} : vector<8xi32> to vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[LEFT]], %[[SHARED]])
// CHECK-NEXT: arith.addi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[RIGHT]], %[[SHARED]])
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: llvm.call_intrinsic
// CHECK: scf.yield

// The same operations in the same order as for one row, so that bits do not depend on the number of rows. Sums wait in
// memory for the next block.
// CHECK: %[[SCALE:.*]] = vector.load %[[SCALES]][
// CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: %[[BEFORE:.*]] = vector.load %[[SUMS]][%[[ROW]], %{{.*}}]
// CHECK: %[[SUM:.*]] = arith.addi %[[PRODUCTS]]#0, %[[OFFSET]] : vector<8xi32>
// CHECK: %[[FLOAT:.*]] = arith.sitofp %[[SUM]] : vector<8xi32> to vector<8xf32>
// CHECK: %[[FACTOR:.*]] = arith.mulf %[[SCALE]], %{{.*}} : vector<8xf32>
// CHECK: %[[AFTER:.*]] = math.fma %[[FACTOR]], %[[FLOAT]], %[[BEFORE]] : vector<8xf32>
// CHECK: vector.store %[[AFTER]], %[[SUMS]][%[[ROW]], %{{.*}}]
// CHECK-COUNT-7: math.fma
// CHECK-NEXT: vector.store %{{.*}}, %[[SUMS]][
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[COUNT]] step
// CHECK: %[[RESULT:.*]] = vector.load %[[SUMS]][
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK: vector.store %{{.*}}, %[[Y]]
// CHECK-NOT: vector.maskedstore
// CHECK: return

// With VNNI a step is one instruction, and sums begin with the offset: one row has two, which take turns. 8 lanes are as
// many as above.
// VNNI-LABEL: func.func private @q4_0
// VNNI: memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// VNNI: memref.alloca() {alignment = 64 : i64} : memref<128x16xf32>
// VNNI: scf.if
// VNNI: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// VNNI: %[[SUM:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[OFFSET]], %{{.*}}, %{{.*}}) : (vector<8xi32>, vector<16xi16>, vector<16xi16>)
// VNNI: %[[OTHER:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%{{.*}}, %{{.*}}, %{{.*}})
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[SUM]], %{{.*}}, %{{.*}})
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[OTHER]], %{{.*}}, %{{.*}})
// VNNI-COUNT-12: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"
// VNNI-NOT: llvm.call_intrinsic
// VNNI: arith.addi {{.*}} vector<8xi32>
// VNNI-NOT: arith.addi {{.*}} vector<8xi32>
// VNNI: math.fma
// VNNI-NEXT: scf.yield
// VNNI: } else {
// VNNI: :4 = scf.for {{.*}} -> (vector<8xf32>
// VNNI-COUNT-64: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"
// VNNI-NOT: llvm.call_intrinsic
// VNNI: } else {
// VNNI: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// VNNI: :8 = scf.for {{.*}} iter_args(%[[FIRST:[a-z0-9]+]] = %[[OFFSET]], {{.*}} -> (vector<8xi32>
// VNNI: %[[NEXT:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[FIRST]], %{{.*}}, %{{.*}})
// VNNI-COUNT-7: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"
// VNNI-NOT: llvm.call_intrinsic
// VNNI: scf.yield %[[NEXT]]
// VNNI-NOT: arith.addi {{.*}} vector<8xi32>
// VNNI: return

// One row reads one panel after the other, in 8 lanes, and adds every other product in a sum of its own. For more rows 16
// lanes hold both panels. Few rows are up to 8, a tile of many has 5; the unpacked chunk has half as many blocks.
// AVX512-LABEL: func.func private @q4_0
// AVX512: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// AVX512: memref.alloca() {alignment = 64 : i64} : memref<128xf32>
// AVX512: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<260x16xf32>
// AVX512: scf.if
// AVX512: scf.for {{.*}} -> (vector<8xf32>) {
// AVX512-COUNT-3: memref.prefetch
// AVX512-NOT: memref.prefetch
// AVX512-NOT: %[[STEPS]][
// AVX512: vector.load %{{.*}} : memref<576xi8>, vector<32xi8>
// AVX512: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// AVX512: %[[FIRST:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[OFFSET]], %{{.*}}, %{{.*}}) : (vector<8xi32>, vector<16xi16>, vector<16xi16>)
// AVX512: %[[ZERO:.*]] = arith.constant dense<0> : vector<8xi32>
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[ZERO]], %{{.*}}, %{{.*}})
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"(%[[FIRST]], %{{.*}}, %{{.*}})
// AVX512-COUNT-13: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.256"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: arith.addi %{{.*}}, %{{.*}} : vector<8xi32>
// AVX512: scf.yield
// AVX512: } else {
// AVX512: %[[EIGHT:.*]] = arith.constant 8 : index
// AVX512: %[[FEW:.*]] = arith.cmpi ule, %{{.*}}, %[[EIGHT]] : index
// AVX512: scf.if %[[FEW]] {
// AVX512: :8 = scf.for {{.*}} -> (vector<16xf32>
// AVX512-COUNT-128: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: } else {
// AVX512: %[[FIVE:.*]] = arith.constant 5 : index
// AVX512: arith.ceildivui %{{.*}}, %[[FIVE]] : index
// AVX512-COUNT-16: vector.store %{{.*}}, %[[STEPS]]{{.*}} : memref<8192xi8>, vector<64xi8>
// AVX512-NOT: vector.store %{{.*}}, %[[STEPS]][
// AVX512: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[FIVE]] {
// AVX512: :5 = scf.for {{.*}} -> (vector<16xi32>
// AVX512-COUNT-1: vector.load %[[STEPS]]
// AVX512-NOT: vector.load %[[STEPS]]
// AVX512-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: scf.yield
// AVX512-COUNT-5: vector.store %{{.*}}, %[[SUMS]]{{.*}} : memref<260x16xf32>, vector<16xf32>
// AVX512: return
func.func private @q4_0(%x: !blocked, %w: !q4_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q4_0
  return %0 : tensor<?x16xf32>
}

// A scheme with a minimum, unpacked beside the scales, has no zero point and one more fused operation: the minimum
// times the sum of the activations.
// CHECK-LABEL: func.func private @q4_1
// CHECK: %[[SCALES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: %[[MINIMUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: vector.store %{{.*}}, %[[SCALES]][%[[AT:.*]]]
// CHECK: vector.store %{{.*}}, %[[MINIMUMS]][%[[AT]]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{c4[_0-9]*}} {
// CHECK: %[[PRODUCTS:.*]]:8 = scf.for {{.*}} -> (vector<8xi32>
// CHECK: %[[D:.*]] = vector.load %[[SCALES]][
// CHECK: %[[M:.*]] = vector.load %[[MINIMUMS]][
// CHECK: %[[SCALE:.*]] = vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: %[[ALL:.*]] = arith.sitofp %{{.*}}
// CHECK: %[[SA:.*]] = arith.mulf %[[SCALE]], %[[ALL]]
// CHECK: %[[SUM:.*]] = arith.sitofp %[[PRODUCTS]]#0
// CHECK: %[[DS:.*]] = arith.mulf %[[D]], %[[SCALE]]
// CHECK: %[[PART:.*]] = math.fma %[[DS]], %[[SUM]], %{{.*}} : vector<8xf32>
// CHECK: math.fma %[[M]], %[[SA]], %[[PART]] : vector<8xf32>
// CHECK-COUNT-14: math.fma
func.func private @q4_1(%x: !blocked, %w: !q4_1) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q4_1
  return %0 : tensor<?x16xf32>
}

// The fifth bits of a tile are one vector, of which each group of columns takes its bit as it is unpacked.
// CHECK-LABEL: func.func private @q5_0
// CHECK: %[[STEPS:.*]] = memref.alloca()
// CHECK: %[[SHIFTED:.*]] = arith.shli %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: %[[FIFTH:.*]] = arith.andi %[[SHIFTED]], %{{.*}} : vector<16xi16>
// CHECK: arith.ori %{{.*}}, %[[FIFTH]] : vector<16xi16>
// CHECK: vector.store %{{.*}}, %[[STEPS]][
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: %[[FACTOR:.*]] = arith.constant dense<-16> : vector<8xi32>
// CHECK: arith.muli %{{.*}}, %[[FACTOR]] : vector<8xi32>
func.func private @q5_0(%x: !blocked, %w: !q5_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q5_0
  return %0 : tensor<?x16xf32>
}

// Signed bytes are extended by arithmetic shifts as they are unpacked; there is neither zero point nor minimum.
// CHECK-LABEL: func.func private @q8_0
// CHECK: %[[STEPS:.*]] = memref.alloca()
// CHECK: %[[RAISED:.*]] = arith.shli %[[WORDS:.*]], %{{.*}} : vector<16xi16>
// CHECK: arith.shrsi %[[RAISED]], %{{.*}} : vector<16xi16>
// CHECK: arith.shrsi %[[WORDS]], %{{.*}} : vector<16xi16>
// CHECK: vector.store %{{.*}}, %[[STEPS]][
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.subi {{.*}} : vector
// CHECK: return
func.func private @q8_0(%x: !blocked, %w: !q8_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !q8_0
  return %0 : tensor<?x16xf32>
}

// K-quants are multiplied 32 columns at a time, too: one part of a tile after another, with the factors of its row,
// which scale d and m to f32 without rounding before they are kept.
// CHECK-LABEL: func.func private @q4_K
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// CHECK: %[[SCALES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: %[[MINIMUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: } else {
// CHECK: } else {
// CHECK: %[[PARTS:.*]] = arith.constant 8 : index
// CHECK: arith.divui %[[BLOCK:.*]], %[[PARTS]]
// CHECK: arith.remui %[[BLOCK]], %[[PARTS]]
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[S:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: %[[SF:.*]] = arith.sitofp %[[S]]
// CHECK: %[[DS:.*]] = arith.mulf %[[D]], %[[SF]]
// CHECK: vector.store %[[DS]], %[[SCALES]][
// CHECK: %[[M:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[T:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: %[[TF:.*]] = arith.sitofp %[[T]]
// CHECK: %[[MT:.*]] = arith.mulf %[[M]], %[[TF]]
// CHECK: %[[MINIMUM:.*]] = arith.negf %[[MT]]
// CHECK: vector.store %[[MINIMUM]], %[[MINIMUMS]][
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: arith.subi {{.*}} : vector
// CHECK: %[[LEAST:.*]] = vector.load %[[MINIMUMS]][
// CHECK: math.fma
// CHECK: math.fma %[[LEAST]], %{{.*}}, %{{.*}} : vector<8xf32>
func.func private @q4_K(%x: !wide, %w: !q4_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q4_K
  return %0 : tensor<?x16xf32>
}

// Sub-blocks of 16 columns, with scales of their own, are loops of 8 steps one after another: the first takes the sum
// of the first half of the activations for its zero point, the second the rest. Elements are put together of nibbles
// and pairs of bits.
// CHECK-LABEL: func.func private @q6_K
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// CHECK: %[[SCALES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<512xf32>
// CHECK: arith.ori %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK: arith.extsi %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SCALES]][
// CHECK: %[[FIRST:.*]]:8 = scf.for %{{.*}} = %{{.*}} to %[[HALF:.*]] step {{.*}} -> (vector<8xi32>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: %[[Z:.*]] = arith.constant dense<-32> : vector<8xi32>
// CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %[[Z]]
// CHECK: %[[SUM:.*]] = arith.addi %[[FIRST]]#0, %[[OFFSET]]
// CHECK-COUNT-8: math.fma
// CHECK: %[[SECOND:.*]]:8 = scf.for %{{.*}} = %[[HALF]] to
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: %[[REST:.*]] = arith.subi {{.*}} : vector<8xi32>
// CHECK: %[[OFFSET:.*]] = arith.muli %[[REST]], %[[Z]]
// CHECK: arith.addi %[[SECOND]]#0, %[[OFFSET]]
// CHECK-COUNT-8: math.fma
// CHECK-NEXT: vector.store

// Every sub-block begins with its own offset where a step is one instruction.
// AVX512-LABEL: func.func private @q6_K
// AVX512: } else {
// AVX512: } else {
// AVX512: :5 = scf.for %{{.*}} = %{{.*}} to %[[HALF:.*]] step {{.*}} -> (vector<16xi32>
// AVX512-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
// AVX512: %[[REST:.*]] = arith.subi {{.*}} : vector<16xi32>
// AVX512: %[[OFFSET:.*]] = arith.muli %[[REST]], %{{.*}}
// AVX512: :5 = scf.for %{{.*}} = %[[HALF]] to {{.*}} iter_args(%{{[a-z0-9]+}} = %[[OFFSET]], {{.*}} -> (vector<16xi32>
// AVX512-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
func.func private @q6_K(%x: !wide, %w: !q6_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q6_K
  return %0 : tensor<?x16xf32>
}

// 4-bit factors share a byte.
// CHECK-LABEL: func.func private @q2_K
// CHECK: %[[SCALES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<512xf32>
// CHECK: %[[MINIMUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<512xf32>
// CHECK: %[[BYTES:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: arith.andi %[[BYTES]], %{{.*}} : vector<8xi32>
// CHECK: vector.store %{{.*}}, %[[SCALES]][
// CHECK: %[[BYTES:.*]] = arith.extui %{{.*}} : vector<8xi8> to vector<8xi32>
// CHECK: arith.shrui %[[BYTES]], %{{.*}} : vector<8xi32>
// CHECK: vector.store %{{.*}}, %[[MINIMUMS]][
func.func private @q2_K(%x: !wide, %w: !q2_K) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !wide, !q2_K
  return %0 : tensor<?x16xf32>
}

// 11 output rows: one panel in full, and one whose last 5 lanes are no outputs and are not stored, each with memory for
// one panel.
// CHECK-LABEL: func.func private @tail
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<128x8xf32>
// CHECK: scf.forall
// CHECK-NOT: vector.maskedstore
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x8xf32>
// CHECK: scf.forall
// CHECK: %[[ONE_SUM:.*]] = scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: %[[MASK:.*]] = arith.constant dense<[true, true, true, false, false, false, false, false]> : vector<8xi1>
// CHECK: vector.maskedstore %{{.*}}, %[[MASK]], %[[ONE_SUM]]
// CHECK: } else {
// CHECK: %[[FEW_SUMS:.*]]:4 = scf.for {{.*}} -> (vector<8xf32>
// CHECK-COUNT-4: vector.maskedstore %{{.*}}, %{{.*}}, %[[FEW_SUMS]]#
// CHECK: } else {
// CHECK: :4 = scf.for {{.*}} -> (vector<8xi32>
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SUMS]][
// CHECK-NOT: vector.store
// CHECK: %[[RESULT:.*]] = vector.load %[[SUMS]][
// CHECK-NOT: vector.store
// CHECK: vector.maskedstore %{{.*}}, %{{.*}}, %[[RESULT]]
// CHECK-NOT: vector.store
// CHECK: return

// A panel alone has 8 lanes at every level.
// AVX512-LABEL: func.func private @tail
// AVX512: memref.alloca() {alignment = 64 : i64} : memref<4096xi8>
// AVX512: memref.alloca() {alignment = 64 : i64} : memref<260x8xf32>
// AVX512-NOT: vpdpwssd.512
// AVX512: return
func.func private @tail(%x: !blocked, %w: !tail) -> tensor<?x11xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !tail
  return %0 : tensor<?x11xf32>
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

// Gate and up are computed together, the second beside the first in memory. Both have steps of 16-bit integers, which
// share the activations. The activation is applied before the only store.
// CHECK-LABEL: func.func private @gated_linear
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x16xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x16xf32>
// CHECK-COUNT-1: scf.forall
// CHECK: %[[ONE:.*]]:2 = scf.for
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[ONE]]#0, %{{.*}} : vector<8xf32>
// CHECK: %[[RESULT:.*]] = arith.mulf %[[ACTIVATED]], %[[ONE]]#1
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK: } else {
// CHECK: %[[FEW:.*]]:8 = scf.for
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[FEW]]#0, %{{.*}} : vector<8xf32>
// CHECK: %[[RESULT:.*]] = arith.mulf %[[ACTIVATED]], %[[FEW]]#4
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[FEW]]#1, %{{.*}} : vector<8xf32>
// CHECK: %[[RESULT:.*]] = arith.mulf %[[ACTIVATED]], %[[FEW]]#5
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK: } else {
// CHECK: :8 = scf.for {{.*}} -> (vector<8xi32>
// CHECK: %[[SHARED:.*]] = vector.bitcast %{{.*}} : vector<8xi32> to vector<16xi16>
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%{{.*}}, %[[SHARED]])
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: scf.yield
// CHECK-COUNT-8: math.fma
// CHECK: %[[GATE:.*]] = vector.load %[[SUMS]][%[[ROW:.*]], %[[FIRST:.*]]]
// CHECK: %[[UP:.*]] = vector.load %[[SUMS]][%[[ROW]], %[[SECOND:.*]]]
// CHECK: arith.negf %[[GATE]]
// CHECK: math.roundeven
// CHECK: %[[ACTIVATED:.*]] = arith.divf %[[GATE]], %{{.*}} : vector<8xf32>
// CHECK: %[[RESULT:.*]] = arith.mulf %[[ACTIVATED]], %[[UP]]
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK-NOT: scf.forall
// CHECK: return

// A vector of each weight is a tile of 5 rows: 10 sums in registers, and both weights share the activations.
// AVX512-LABEL: func.func private @gated_linear
// AVX512: memref.alloca() {alignment = 64 : i64} : memref<260x32xf32>
// AVX512: } else {
// AVX512: :16 = scf.for {{.*}} -> (vector<16xf32>
// AVX512: } else {
// AVX512: :10 = scf.for {{.*}} -> (vector<16xi32>
// AVX512: %[[SHARED:.*]] = vector.bitcast %{{.*}} : vector<16xi32> to vector<32xi16>
// AVX512-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"(%{{.*}}, %{{.*}}, %[[SHARED]])
// AVX512-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpwssd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: scf.yield
func.func private @gated_linear(%x: !blocked, %gate: !q4_0, %up: !q8_0) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.gated_linear %x, %gate, %up {function = #llm.activation<silu>} : !blocked, !q4_0, !q8_0
  return %0 : tensor<?x16xf32>
}

// Results that are rounded need whole blocks of 32 columns, so that 4 panels make one unit; a panel of each weight is
// unpacked at a time. Only the up weight has a minimum. All rows of a group wait in f32 until the block is complete and
// they can be rounded, be it one, few, or up to 128.
// CHECK-LABEL: func.func private @gated_rounded
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x76xi8> {llm.access = "write"}
// CHECK: %[[UNROUNDED:.*]] = memref.alloca() {alignment = 32 : i64} : memref<128x32xf32>
// CHECK: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16384xi8>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: %[[MINIMUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<256xf32>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x16xf32>
// CHECK: %[[UNITS:.*]] = arith.constant 1 : index
// CHECK: scf.forall (%{{.*}}) in (%[[UNITS]])
// CHECK: %[[PANELS:.*]] = arith.constant 4 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[PANELS]] step %{{.*}} {
// CHECK: :2 = scf.for
// CHECK: vector.store %{{.*}}, %[[UNROUNDED]][
// CHECK: scf.for
// CHECK-COUNT-4: vector.load %[[UNROUNDED]][
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]{{.*}} : memref<?x76xi8>, vector<16xi8>
// CHECK: } else {
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[PANELS]] step %{{.*}} {
// CHECK: :8 = scf.for
// CHECK-COUNT-4: vector.store %{{.*}}, %[[UNROUNDED]][
// CHECK: scf.for
// CHECK-COUNT-4: vector.load %[[UNROUNDED]][
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]{{.*}} : memref<?x76xi8>, vector<16xi8>
// CHECK: } else {
// CHECK: %[[ROWS:.*]] = arith.minui
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[PANELS]] step %{{.*}} {
// CHECK-COUNT-32: vector.store %{{.*}}, %[[STEPS]][
// CHECK-COUNT-1: vector.store %{{.*}}, %[[MINIMUMS]][
// CHECK-NOT: vector.store %{{.*}}, %[[STEPS]][
// CHECK: :8 = scf.for {{.*}} -> (vector<8xi32>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: scf.yield
// CHECK-COUNT-12: math.fma
// CHECK-NEXT: vector.store %{{.*}}, %[[SUMS]][
// CHECK: vector.load %[[SUMS]][
// CHECK: vector.store %{{.*}}, %[[UNROUNDED]][
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %[[ROWS]] step
// CHECK-COUNT-4: vector.load %[[UNROUNDED]][%[[ROW]], %{{.*}}]
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]{{.*}} : memref<?x76xi8>, vector<16xi8>
// CHECK-NOT: vector.store {{.*}}vector<16xi8>
// CHECK: return
func.func private @gated_rounded(%x: !blocked, %gate: !many_0, %up: !many_1)
    -> tensor<?x32xi16, #llm.blocked<columns = 32>> attributes {llm.kernel} {
  %0 = llm.gated_linear %x, %gate, %up {function = #llm.activation<silu>, rounding = #llm.precision<int16>}
    : !blocked, !many_0, !many_1
  return %0 : tensor<?x32xi16, #llm.blocked<columns = 32>>
}

// Bias and scale follow when the sums of a row are complete. Of the last panel, neither the bias nor the result is
// touched beyond the weight's last row.
// CHECK-LABEL: func.func private @epilogue
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<11xf32> {llm.access = "read"}, %[[Y:[a-z0-9]+]]: memref<?x11xf32>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x8xf32>
// CHECK: %[[SUM:.*]] = scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: %[[BIAS:.*]] = vector.load %[[B]][%{{.*}}] : memref<11xf32>, vector<8xf32>
// CHECK: %[[BIASED:.*]] = arith.addf %[[SUM]], %[[BIAS]] : vector<8xf32>
// CHECK: %[[FACTOR:.*]] = arith.constant dense<2.500000e-01> : vector<8xf32>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[BIASED]], %[[FACTOR]] : vector<8xf32>
// CHECK: vector.store %[[SCALED]], %[[Y]]
// CHECK: } else {
// CHECK: %[[FEW:.*]]:4 = scf.for
// CHECK: arith.addf %[[FEW]]#0, %{{.*}} : vector<8xf32>
// CHECK: } else {
// CHECK: :4 = scf.for {{.*}} -> (vector<8xi32>
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SUMS]][
// CHECK: %[[SUM:.*]] = vector.load %[[SUMS]][
// CHECK: %[[BIAS:.*]] = vector.load %[[B]][%{{.*}}] : memref<11xf32>, vector<8xf32>
// CHECK: %[[BIASED:.*]] = arith.addf %[[SUM]], %[[BIAS]] : vector<8xf32>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[BIASED]], %{{.*}} : vector<8xf32>
// CHECK: vector.store %[[SCALED]], %[[Y]]
// CHECK: scf.forall
// CHECK-NOT: vector.load %[[B]]
// CHECK: %[[LAST:.*]] = vector.maskedload %[[B]][%{{.*}}], %[[MASK:[a-z0-9_]+]], %{{.*}} : memref<11xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
// CHECK: %[[BIASED:.*]] = arith.addf %{{.*}}, %[[LAST]]
// CHECK: %[[SCALED:.*]] = arith.mulf %[[BIASED]], %{{.*}} : vector<8xf32>
// CHECK: vector.maskedstore %[[Y]][%{{.*}}, %{{.*}}], %[[MASK]], %[[SCALED]]
// CHECK-NOT: vector.load %[[B]]
// CHECK: } else {
// CHECK-NOT: vector.load %[[B]]
// CHECK: vector.maskedload %[[B]]
// CHECK-NOT: vector.load %[[B]]
// CHECK: } else {
// CHECK-NOT: vector.load %[[B]]
// CHECK: vector.maskedload %[[B]]
// CHECK-NOT: vector.load %[[B]]
// CHECK: return
func.func private @epilogue(%x: !blocked, %w: !tail, %b: tensor<11xf32>) -> tensor<?x11xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w bias %b {scale = 0.25 : f32} : !blocked, !tail
  return %0 : tensor<?x11xf32>
}

// Each bias is added to its own sums, before the activation.
// CHECK-LABEL: func.func private @gated_biases
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<16xf32> {llm.access = "read"}, %[[C:[a-z0-9]+]]: memref<16xf32> {llm.access = "read"}
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x16xf32>
// CHECK: } else {
// CHECK: } else {
// CHECK-COUNT-8: math.fma %{{.*}}, %{{.*}}, %{{.*}}
// CHECK: %[[GATE_SUM:.*]] = vector.load %[[SUMS]][
// CHECK: %[[GATE:.*]] = vector.load %[[B]]
// CHECK: %[[GATED:.*]] = arith.addf %[[GATE_SUM]], %[[GATE]]
// CHECK: %[[UP_SUM:.*]] = vector.load %[[SUMS]][
// CHECK: %[[UP:.*]] = vector.load %[[C]]
// CHECK: %[[RAISED:.*]] = arith.addf %[[UP_SUM]], %[[UP]]
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

// Bytes: unsigned weights of 4 bits, 4 columns a step, so that 8 sums of two products fit 16 bits: they are widened
// once, behind the steps of the block.
// CHECK-LABEL: func.func private @q4_0_bytes
// CHECK: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%{{.*}}, %{{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT: pmadd
// CHECK: math.fma
// CHECK: } else {
// CHECK: :4 = scf.for {{.*}} -> (vector<8xf32>
// CHECK: } else {
// CHECK-COUNT-16: vector.store %{{.*}}, %[[STEPS]][
// CHECK: %[[COUNT:.*]] = arith.constant 8 : index
// CHECK: %[[PARTS:.*]]:8 = scf.for %{{.*}} = %{{.*}} to %[[COUNT]] step {{.*}} -> (vector<16xi16>
// CHECK: %[[WEIGHTS:.*]] = vector.load %[[STEPS]][
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[WEIGHTS]], %{{.*}}) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// CHECK-NEXT: arith.addi %{{.*}}, %{{.*}} : vector<16xi16>
// CHECK-COUNT-7: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-NOT: llvm.call_intrinsic
// CHECK: scf.yield
// CHECK: %[[ONES:.*]] = arith.constant dense<1> : vector<16xi16>
// CHECK: %[[WIDE:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[PARTS]]#0, %[[ONES]])
// CHECK-COUNT-7: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: arith.addi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: return

// VNNI sums 4 products in 32 bits at once.
// VNNI-LABEL: func.func private @q4_0_bytes
// VNNI: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// VNNI-NOT: pmadd
// VNNI: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%[[OFFSET]], %{{.*}}, %{{.*}}) : (vector<8xi32>, vector<32xi8>, vector<32xi8>)
// VNNI-COUNT-7: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// VNNI-NOT: {{vpdp|pmadd}}
// VNNI: } else {
// VNNI-COUNT-32: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// VNNI-NOT: {{vpdp|pmadd}}
// VNNI: } else {
// VNNI: %[[OFFSET:.*]] = arith.muli %{{.*}}, %{{.*}} : vector<8xi32>
// VNNI: :8 = scf.for {{.*}} iter_args(%[[FIRST:[a-z0-9]+]] = %[[OFFSET]], {{.*}} -> (vector<8xi32>
// VNNI: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%[[FIRST]], %{{.*}}, %{{.*}})
// VNNI-COUNT-7: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// VNNI-NOT: {{vpdp|pmadd|arith.addi .* vector<8xi32>}}
// VNNI: return

// Bytes of one row are one stream, panel after panel, also where 16 lanes would hold two.
// AVX512-LABEL: func.func private @q4_0_bytes
// AVX512: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// AVX512: scf.for {{.*}} -> (vector<8xf32>) {
// AVX512-COUNT-3: memref.prefetch
// AVX512-NOT: memref.prefetch
// AVX512-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: } else {
// AVX512: :8 = scf.for {{.*}} -> (vector<16xf32>
// AVX512-COUNT-64: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: } else {
// AVX512-COUNT-8: vector.store %{{.*}}, %[[STEPS]]{{.*}} : memref<8192xi8>, vector<64xi8>
// AVX512-NOT: vector.store %{{.*}}, %[[STEPS]][
// AVX512: :5 = scf.for {{.*}} -> (vector<16xi32>
// AVX512-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: return
func.func private @q4_0_bytes(%x: tensor<?x64xi8, #llm.blocked<columns = 32>>, %w: !q4_0) -> tensor<?x16xf32>
    attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xi8, #llm.blocked<columns = 32>>, !q4_0
  return %0 : tensor<?x16xf32>
}

// Signed bytes: the weight's sign goes to the activation, and each sum is widened at its step.
// CHECK-LABEL: func.func private @q8_0_bytes
// CHECK: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.psign.b"
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK: } else {
// CHECK: :4 = scf.for {{.*}} -> (vector<8xf32>
// CHECK: } else {
// CHECK: :8 = scf.for {{.*}} -> (vector<8xi32>
// CHECK: %[[WEIGHTS:.*]] = vector.load %[[STEPS]][
// CHECK: %[[SIGNED:.*]] = llvm.call_intrinsic "llvm.x86.avx2.psign.b"(%{{.*}}, %[[WEIGHTS]])
// CHECK: %[[ABSOLUTE:.*]] = math.absi %[[WEIGHTS]] : vector<32xi8>
// CHECK: %[[PAIRS:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[ABSOLUTE]], %[[SIGNED]])
// CHECK: %[[WIDE:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[PAIRS]], %{{.*}})
// CHECK-NEXT: arith.addi %{{.*}}, %[[WIDE]] : vector<8xi32>
// CHECK: scf.yield
// CHECK-NOT: llvm.call_intrinsic
// CHECK: return

// VNNI wants weights without sign: they are moved by 128 as they are unpacked, which the offset takes back.
// AVX512-LABEL: func.func private @q8_0_bytes
// AVX512: %[[STEPS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xi8>
// AVX512: %[[HALF:.*]] = arith.constant dense<-128> : vector<32xi8>
// AVX512: %[[MOVED:.*]] = arith.xori %{{.*}}, %[[HALF]] : vector<32xi8>
// AVX512: %[[FACTOR:.*]] = arith.constant dense<-128> : vector<8xi32>
// AVX512: %[[OFFSET:.*]] = arith.muli %{{.*}}, %[[FACTOR]]
// AVX512: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%[[OFFSET]], %[[MOVED]], %{{.*}})
// AVX512: } else {
// AVX512: } else {
// AVX512: %[[MOVED:.*]] = arith.xori %{{.*}}, %{{.*}} : vector<64xi8>
// AVX512: vector.store %[[MOVED]], %[[STEPS]][
// AVX512: :5 = scf.for {{.*}} -> (vector<16xi32>
// AVX512-NOT: arith.xori
// AVX512-COUNT-5: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// AVX512-NOT: llvm.call_intrinsic
// AVX512: return
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
