// Products of bf16 by AMX.
// RUN: hone-opt %s -hone-x86-lower-kernels | FileCheck %s

// Tiles are configured for the whole kernel, where there are 16 rows.
// CHECK-LABEL: func.func private @linear(
// CHECK-SAME: %[[INPUT:[a-z0-9]+]]: memref<?x64xbf16>
// CHECK: %[[HAS_ROWS:.*]] = arith.cmpi uge, %{{.*}}, %c16
// CHECK: scf.if %[[HAS_ROWS]]
// CHECK: "llvm.x86.ldtilecfg"
// CHECK: scf.forall
// CHECK-NOT: llvm.x86.tilerelease

// No tile of rows begins where the input has fewer than 16.
// CHECK: %[[ROWS:.*]] = memref.dim %[[INPUT]], %{{.*}} : memref<?x64xbf16>
// CHECK: %[[SIXTEEN:.*]] = arith.constant 16 : index
// CHECK: %[[LAST:.*]] = arith.subi %[[ROWS]], %[[SIXTEEN]] : index
// CHECK: %[[FIRST:.*]] = arith.minui %{{.*}}, %[[LAST]] : index
// CHECK: scf.for
// CHECK: %[[OFFSET:.*]] = arith.muli %[[FIRST]], %c64
// CHECK: %[[ELEMENT:.*]] = arith.addi %[[OFFSET]], %{{.*}} : index
// CHECK: arith.muli %[[ELEMENT]], %c2
// CHECK: memref.extract_aligned_pointer_as_index %[[INPUT]]
// CHECK: "llvm.x86.tileloadd64"(%c6_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c0_i8{{[_0-9]*}}, %c6_i8{{[_0-9]*}}, %c4_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c1_i8{{[_0-9]*}}, %c6_i8{{[_0-9]*}}, %c5_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c2_i8{{[_0-9]*}}, %c7_i8{{[_0-9]*}}, %c4_i8
// CHECK: "llvm.x86.tdpbf16ps"(%c3_i8{{[_0-9]*}}, %c7_i8{{[_0-9]*}}, %c5_i8
// CHECK: scf.if %[[HAS_ROWS]]
// CHECK-NEXT: "llvm.x86.tilerelease"
func.func private @linear(%x: memref<?x64xbf16>, %w: memref<8192xi8>, %y: memref<?x64xf32>, %worker: index, %workers: index)
    attributes {llm.kernel, x86.level = "amx"} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %w : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xbf16>, tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// Weights of another type, which a bf16 does not hold.
// CHECK-LABEL: func.func private @other_weights(
// CHECK-NOT: llvm.x86
func.func private @other_weights(%x: memref<?x64xbf16>, %w: memref<8192xi8>, %y: memref<?x64xf32>, %worker: index,
                                 %workers: index) attributes {llm.kernel, x86.level = "amx"} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %w : memref<8192xi8> to tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xbf16>, tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// Another level.
// CHECK-LABEL: func.func private @other_level(
// CHECK-NOT: llvm.x86
func.func private @other_level(%x: memref<?x64xbf16>, %w: memref<8192xi8>, %y: memref<?x64xf32>, %worker: index,
                               %workers: index) attributes {llm.kernel, x86.level = "avx-512"} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %w : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xbf16>, tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}
