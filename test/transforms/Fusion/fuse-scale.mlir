// A factor joins the projection that it scales, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-scale | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-scale -remark-format=emitRemark -remarks-filter=hone-fuse-scale \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Bias and precision are kept.
!w = tensor<64x32xi4, #llm.stored<scheme = q4_1>>
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[W:[a-z0-9]+]]: {{.*}}, %[[B:[a-z0-9]+]]: tensor<64xf32>
// CHECK-NEXT: %[[R:.*]] = llm.linear %[[X]], %[[W]] bias %[[B]] {activations = #llm.precision<int16>, scale = 2.500000e-01 : f32}
// CHECK-NEXT: return %[[R]]
// REMARK: fuse-scale.mlir:[[@LINE+4]]:{{.*}} remark: [Passed] FuseScale | Category:hone-fuse-scale
// REMARK-SAME: the result is scaled in the kernel of the projection
func.func @fires(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %w bias %b {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %1 = llm.scale %0 {factor = 0.25 : f32} : tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

// Embeddings are looked up, not multiplied.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @no_projection
// CHECK: llm.scale
// REMARK: fuse-scale.mlir:[[@LINE+4]]:{{.*}} remark: [Missed] FuseScale | Category:hone-fuse-scale
// REMARK-SAME: the rows are not a projection
func.func @no_projection(%tokens: tensor<?xi32>, %w: !w) -> tensor<?x32xf32> {
  %0 = llm.embedding %tokens, %w : tensor<?xi32>, !w
  %1 = llm.scale %0 {factor = 12.0 : f32} : tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}

// -----

// Two factors are applied one after another: joined, they would round differently.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_scale
// CHECK: %[[R:.*]] = llm.linear %{{.*}}, %{{.*}} {scale = 5.000000e-01 : f32}
// CHECK: llm.scale %[[R]] {factor = 1.000000e-01 : f32}
// REMARK: remark: [Passed] FuseScale
// REMARK: remark: [Missed] FuseScale{{.*}}the projection has a scale already
func.func @another_scale(%x: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = llm.scale %0 {factor = 0.5 : f32} : tensor<?x64xf32>
  %2 = llm.scale %1 {factor = 0.1 : f32} : tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}

// -----

// Something reads the product without the scale.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_use
// CHECK: llm.linear %{{.*}}, %{{.*}} :
// CHECK: llm.scale
// REMARK: remark: [Missed] FuseScale{{.*}}the projection has another use
func.func @another_use(%x: tensor<?x32xf32>, %w: !w) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = llm.scale %0 {factor = 0.5 : f32} : tensor<?x64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// In a loop, the product would be computed again and again.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_block
// CHECK: llm.linear %{{.*}}, %{{.*}} :
// CHECK: scf.for
// CHECK: llm.scale
// REMARK: remark: [Missed] FuseScale{{.*}}the projection is in another block
func.func @another_block(%x: tensor<?x32xf32>, %w: !w, %n: index, %s: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %s) -> tensor<?x64xf32> {
    %2 = llm.scale %0 {factor = 0.5 : f32} : tensor<?x64xf32>
    %3 = llm.add %sum, %2 : tensor<?x64xf32>
    scf.yield %3 : tensor<?x64xf32>
  }
  return %1 : tensor<?x64xf32>
}
