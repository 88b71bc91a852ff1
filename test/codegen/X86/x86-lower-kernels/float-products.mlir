// Vector code of products with arithmetic in floats. Kernels are given in their tensor form, which hone-bufferize-step
// turns into memory.
// RUN: hone-opt %s -hone-bufferize-step -hone-x86-lower-kernels -cse | FileCheck %s

!rows = tensor<?x64xf32>
!f16 = tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
!f32 = tensor<24x64xf32, #llm.stored<scheme = f32, panel = <8x32>>>
!bf16 = tensor<12x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
!q4_1 = tensor<16x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>

// 4 panels are one unit of work. Its memory is on the stack: 256 columns of them as f32, and sums of 128 rows.
// CHECK-LABEL: func.func private @f16
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x64xf32>
// CHECK-SAME: %[[W:[a-z0-9]+]]: memref<8192xi8>
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<?x64xf32>
// CHECK: %[[UNPACKED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xf32>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x32xf32>
// CHECK: %[[UNITS:.*]] = arith.constant 2 : index
// CHECK: scf.forall (%{{.*}}) in (%[[UNITS]])
// CHECK: %[[ROWS:.*]] = memref.dim %[[Y]]

// One row interleaves 4 panels, whose chains of fused operations do not wait for each other. Blocks of 32 columns are
// fetched ahead, and read in a loop of its own, in the order of the columns.
// CHECK: scf.if
// CHECK: scf.for %[[BLOCK:[a-z0-9]+]] = {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-4: memref.prefetch %[[W]]
// CHECK: scf.for %[[COLUMN:[a-z0-9]+]] = %[[BLOCK]] to {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK: %[[ONE:.*]] = memref.load %[[X]][{{.*}}, %[[COLUMN]]]
// CHECK: %[[ACTIVATION:.*]] = vector.broadcast %[[ONE]] : f32 to vector<8xf32>
// CHECK: %[[WEIGHTS:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: math.fma %[[ACTIVATION]], %[[WEIGHTS]], %{{.*}} : vector<8xf32>
// CHECK-COUNT-15: math.fma
// CHECK-NOT: math.fma
// CHECK-COUNT-4: vector.store %{{.*}}, %[[Y]]

// Two rows read all panels side by side; four and six read two panels at a time, so that sums stay in registers. Places
// behind the last row have it again.
// CHECK: scf.if
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
// CHECK-COUNT-32: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.if
// CHECK-COUNT-32: math.fma
// CHECK: scf.for
// CHECK-COUNT-32: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.if
// CHECK: scf.for %[[ROW:[a-z0-9]+]] = %{{.*}} to %[[ROWS]] step %[[SIX:.*]] {
// CHECK: %[[LEFT:.*]] = arith.subi %[[ROWS]], %[[ROW]] : index
// CHECK: %[[SOME:.*]] = arith.minui %[[LEFT]], %[[SIX]] : index
// CHECK: %[[LAST:.*]] = arith.subi %[[SOME]], %{{.*}} : index
// CHECK-COUNT-6: arith.minui %{{.*}}, %[[LAST]] : index
// CHECK-COUNT-48: math.fma
// CHECK: scf.for
// CHECK-COUNT-48: math.fma
// CHECK-NOT: math.fma
// CHECK-COUNT-24: vector.store %{{.*}}, %[[Y]]

// More than 24 rows are cut into even parts of up to 128, which share what is unpacked.
// CHECK: scf.if
// CHECK: %[[PARTS:.*]] = arith.ceildivui %[[ROWS]], %{{.*}} : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[PARTS]] step
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SUMS]]
// CHECK: %[[VALUES:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: vector.store %[[VALUES]], %[[UNPACKED]]
// CHECK-COUNT-31: vector.store %{{.*}}, %[[UNPACKED]]

// Two panels at a time are multiplied with tiles of 6 rows: two vectors of weights, and 6 activations for both. Sums are
// taken along from chunk to chunk. Meanwhile the next chunk is fetched, some lines before each block of columns.
// CHECK: scf.for %[[GROUP:.*]] =
// CHECK: scf.for %[[TILE:.*]] =
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-12: vector.load %[[SUMS]]
// CHECK: %[[TILED:.*]]:12 = scf.for
// CHECK: memref.prefetch %[[W]]
// CHECK: scf.for
// CHECK-NOT: memref.prefetch
// CHECK: %[[FIRST:.*]] = vector.load %[[UNPACKED]]
// CHECK: %[[SECOND:.*]] = vector.load %[[UNPACKED]]
// CHECK: memref.load %[[X]]
// CHECK: %[[BOTH:.*]] = vector.broadcast %{{.*}} : f32 to vector<8xf32>
// CHECK: math.fma %[[BOTH]], %[[FIRST]], %{{.*}} : vector<8xf32>
// CHECK: math.fma %[[BOTH]], %[[SECOND]], %{{.*}} : vector<8xf32>
// CHECK-COUNT-46: math.fma
// CHECK-NEXT: scf.yield
// CHECK: scf.yield
// CHECK-COUNT-12: vector.store %[[TILED]]#{{[0-9]+}}, %[[SUMS]]

// Three rows or more that are left are a tile that has the last row several times; two have one of their own.
// CHECK: scf.if
// CHECK-COUNT-48: math.fma
// CHECK: else
// CHECK: scf.if
// CHECK-COUNT-16: math.fma
// CHECK-NOT: math.fma
// CHECK: %[[RESULT:.*]] = vector.load %[[SUMS]]
// CHECK: vector.store %[[RESULT]], %[[Y]]
// CHECK: return
func.func private @f16(%x: !rows, %w: !f16) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !f16
  return %0 : tensor<?x64xf32>
}

// With 32 registers of 16 lanes, 4 panels are two vectors, and tiles have 8 rows. Few rows have the panels side by side.
// CHECK-LABEL: func.func private @avx_512
// CHECK: %[[UNPACKED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8192xf32>
// CHECK-NOT: vector<16xf32>
// CHECK: arith.ceildivui
// CHECK-COUNT-16: vector.load {{.*}}, vector<16xf32>
// CHECK: %{{.*}}:16 = scf.for
// CHECK: %{{.*}}:16 = scf.for
// CHECK: %[[WEIGHTS:.*]] = vector.load %[[UNPACKED]][{{.*}}, vector<16xf32>
// CHECK: vector.load %[[UNPACKED]][{{.*}}, vector<16xf32>
// CHECK: %[[ACTIVATION:.*]] = vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK: math.fma %[[ACTIVATION]], %[[WEIGHTS]], %{{.*}} : vector<16xf32>
// CHECK-COUNT-63: math.fma
// CHECK-NEXT: scf.yield
// CHECK: return
func.func private @avx_512(%x: !rows, %w: !f16) -> tensor<?x64xf32> attributes {llm.kernel, x86.level = "avx-512"} {
  %0 = llm.linear %x, %w : !rows, !f16
  return %0 : tensor<?x64xf32>
}

// 3 panels do not make groups of 2 or 4, so that each is a unit; then tiles have 8 rows.
// CHECK-LABEL: func.func private @f32
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<2048xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<128x8xf32>
// CHECK: %[[UNITS:.*]] = arith.constant 3 : index
// CHECK: scf.forall (%{{.*}}) in (%[[UNITS]])
// CHECK: scf.for {{.*}} -> (vector<8xf32>) {
// CHECK-NOT: arith.extf
// CHECK: arith.ceildivui
// CHECK: %{{.*}}:8 = scf.for
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

// Integer weights that meet f32 activations are dequantised: exactly d * q, then the minimum by one fused operation. One
// row does so as it reads; two already share what is unpacked.
// CHECK-LABEL: func.func private @dequantised
// CHECK: %[[UNPACKED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
// CHECK: scf.if
// CHECK: %[[D:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[M:.*]] = arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: %[[Q:.*]] = arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK: %[[VALUES:.*]] = math.fma %[[D]], %[[Q]], %[[M]] : vector<8xf32>
// CHECK: math.fma %{{.*}}, %[[VALUES]], %{{.*}} : vector<8xf32>
// CHECK: scf.if
// CHECK-NOT: scf.if
// CHECK: arith.ceildivui
// CHECK: %[[VALUES:.*]] = math.fma %{{.*}}, %{{.*}}, %{{.*}} : vector<8xf32>
// CHECK-NEXT: vector.store %[[VALUES]], %[[UNPACKED]]
// CHECK-NOT: llvm.call_intrinsic
// CHECK: return
func.func private @dequantised(%x: !rows, %w: !q4_1) -> tensor<?x16xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !rows, !q4_1
  return %0 : tensor<?x16xf32>
}

// Short floats are widened as they are read, or once for all panels of a unit.
// CHECK-LABEL: func.func private @halves
// CHECK-SAME: (%[[X:[a-z0-9]+]]: memref<?x64xf16>
// CHECK: %[[WIDENED:.*]] = memref.alloca() {alignment = 64 : i64} : memref<128x256xf32>
// CHECK: memref.load %[[X]]
// CHECK: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
// CHECK: arith.ceildivui
// CHECK: %[[SHORT:.*]] = vector.load %[[X]]{{.*}} : memref<?x64xf16>, vector<8xf16>
// CHECK: %[[WIDE:.*]] = arith.extf %[[SHORT]] : vector<8xf16> to vector<8xf32>
// CHECK: vector.store %[[WIDE]], %[[WIDENED]]
// CHECK: memref.load %[[WIDENED]]
// CHECK-NOT: %[[X]]
// CHECK: return
func.func private @halves(%x: tensor<?x64xf16>, %w: !f16) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xf16>, !f16
  return %0 : tensor<?x64xf32>
}
