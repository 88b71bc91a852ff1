// A bias joins the projection that it is added to, and what stands in the way of that.
// RUN: hone-opt %s -split-input-file -hone-fuse-bias | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-fuse-bias -remark-format=emitRemark -remarks-filter=hone-fuse-bias \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The precision of the activations is kept; the bias may be defined after the projection.
!w = tensor<64x32xi4, #llm.stored<scheme = q4_1>>
llm.weight @b : tensor<64xf32> {
  %0 = llm.file_tensor "b" : tensor<64xf32>
  llm.yield %0 : tensor<64xf32>
}
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[W:[a-z0-9]+]]: tensor<64x32xi4
// CHECK-NEXT: %[[B:.*]] = llm.weight_ref @b
// CHECK-NEXT: %[[R:.*]] = llm.linear %[[X]], %[[W]] bias %[[B]] {activations = #llm.precision<int16>}
// CHECK-NEXT: return %[[R]]
// REMARK: fuse-bias.mlir:[[@LINE+5]]:{{.*}} remark: [Passed] FuseBias | Category:hone-fuse-bias
// REMARK-SAME: the bias is added in the kernel of the projection
func.func @fires(%x: tensor<?x32xf32>, %w: !w) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x32xf32>, !w
  %b = llm.weight_ref @b : tensor<64xf32>
  %1 = llm.add_bias %0, %b : tensor<?x64xf32>, tensor<64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

// CHECK-LABEL: func.func @no_projection
// CHECK: llm.add_bias
// REMARK: fuse-bias.mlir:[[@LINE+3]]:{{.*}} remark: [Missed] FuseBias | Category:hone-fuse-bias
// REMARK-SAME: the rows are not a projection
func.func @no_projection(%x: tensor<?x64xf32>, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = llm.add_bias %x, %b : tensor<?x64xf32>, tensor<64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// Two biases are added one after another: joined, they would round differently.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_bias
// CHECK: %[[R:.*]] = llm.linear %{{.*}}, %{{.*}} bias %[[B:[a-z0-9]+]]
// CHECK: llm.add_bias %[[R]], %[[C:[a-z0-9]+]]
// REMARK: remark: [Missed] FuseBias{{.*}}the projection has a bias already
func.func @another_bias(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>, %c: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %w bias %b : tensor<?x32xf32>, !w
  %1 = llm.add_bias %0, %c : tensor<?x64xf32>, tensor<64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

// The scale of a product applies to its bias, but this bias comes after it.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @scaled
// CHECK: llm.linear %{{.*}}, %{{.*}} {scale = 5.000000e-01 : f32}
// CHECK: llm.add_bias
// REMARK: remark: [Missed] FuseBias{{.*}}the projection is scaled before the bias is added
func.func @scaled(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %w {scale = 0.5 : f32} : tensor<?x32xf32>, !w
  %1 = llm.add_bias %0, %b : tensor<?x64xf32>, tensor<64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

// Something reads the product without the bias.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_use
// CHECK: llm.linear %{{.*}}, %{{.*}} :
// CHECK: llm.add_bias
// REMARK: remark: [Missed] FuseBias{{.*}}the projection has another use
func.func @another_use(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = llm.add_bias %0, %b : tensor<?x64xf32>, tensor<64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// In a loop, the product would be computed again and again.
!w = tensor<64x32xf16, #llm.stored<scheme = f16>>
// CHECK-LABEL: func.func @another_block
// CHECK: llm.linear %{{.*}}, %{{.*}} :
// CHECK: scf.for
// CHECK: llm.add_bias
// REMARK: remark: [Missed] FuseBias{{.*}}the projection is in another block
func.func @another_block(%x: tensor<?x32xf32>, %w: !w, %b: tensor<64xf32>, %n: index, %s: tensor<?x64xf32>)
    -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %s) -> tensor<?x64xf32> {
    %2 = llm.add_bias %0, %b : tensor<?x64xf32>, tensor<64xf32>
    %3 = llm.add %sum, %2 : tensor<?x64xf32>
    scf.yield %3 : tensor<?x64xf32>
  }
  return %1 : tensor<?x64xf32>
}
