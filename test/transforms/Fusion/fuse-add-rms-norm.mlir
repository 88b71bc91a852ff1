// A residual addition joins the norm that follows it, and what stands in the way of that.
// RUN: hone-opt %s -hone-fuse-add-rms-norm | FileCheck %s
// RUN: hone-opt %s -hone-fuse-add-rms-norm -remark-format=emitRemark -remarks-filter=hone-fuse-add-rms-norm \
// RUN:   -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "norm" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}

// The fused op stands at the addition, before another use of the sum; the weight is moved before it.
// CHECK-LABEL: func.func @fires
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x32xf32>, %[[R:[a-z0-9]+]]: tensor<?x32xf32>)
// CHECK-NEXT: %[[W:.*]] = llm.weight_ref @norm
// CHECK-NEXT: %[[SUM:.*]], %[[NORMED:.*]] = llm.add_rms_norm %[[X]], %[[R]], %[[W]] {epsilon = 9.99999974E-6 : f32}
// CHECK-NEXT: %[[TWICE:.*]] = llm.add %[[SUM]], %[[SUM]]
// CHECK-NEXT: return %[[TWICE]], %[[NORMED]]
// REMARK: fuse-add-rms-norm.mlir:[[@LINE+3]]:{{.*}} remark: [Passed] FuseAddRMSNorm | Category:hone-fuse-add-rms-norm
// REMARK-SAME: residual addition joined the norm
func.func @fires(%x: tensor<?x32xf32>, %r: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %sum = llm.add %x, %r : tensor<?x32xf32>
  %twice = llm.add %sum, %sum : tensor<?x32xf32>
  %w = llm.weight_ref @norm : tensor<32xf32>
  %normed = llm.rms_norm %sum, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return %twice, %normed : tensor<?x32xf32>, tensor<?x32xf32>
}

// A weight of an outer block stays where it is.
// CHECK-LABEL: func.func @weight_outside
// CHECK: %[[W:.*]] = llm.weight_ref @norm
// CHECK: scf.if
// CHECK-NEXT: %[[SUM:.*]], %[[NORMED:.*]] = llm.add_rms_norm %{{.*}}, %{{.*}}, %[[W]]
// CHECK-NEXT: scf.yield %[[NORMED]]
// REMARK: remark: [Passed] FuseAddRMSNorm
func.func @weight_outside(%x: tensor<?x32xf32>, %r: tensor<?x32xf32>, %c: i1) -> tensor<?x32xf32> {
  %w = llm.weight_ref @norm : tensor<32xf32>
  %0 = scf.if %c -> tensor<?x32xf32> {
    %sum = llm.add %x, %r : tensor<?x32xf32>
    %normed = llm.rms_norm %sum, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
    scf.yield %normed : tensor<?x32xf32>
  } else {
    scf.yield %x : tensor<?x32xf32>
  }
  return %0 : tensor<?x32xf32>
}

// One of two norms of a sum takes the addition; the input of the other is then no addition.
// CHECK-LABEL: func.func @two_norms
// CHECK: %[[SUM:.*]], %{{.*}} = llm.add_rms_norm
// CHECK-NOT: llm.add_rms_norm
// CHECK: llm.rms_norm %[[SUM]]
// REMARK: remark: [Passed] FuseAddRMSNorm
// REMARK: remark: [Missed] FuseAddRMSNorm
func.func @two_norms(%x: tensor<?x32xf32>, %r: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  %sum = llm.add %x, %r : tensor<?x32xf32>
  %w = llm.weight_ref @norm : tensor<32xf32>
  %a = llm.rms_norm %sum, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %b = llm.rms_norm %sum, %w {epsilon = 1.0e-6 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return %a, %b : tensor<?x32xf32>, tensor<?x32xf32>
}

// The first norm of a model reads the embedding.
// CHECK-LABEL: func.func @no_addition
// CHECK-NOT: llm.add_rms_norm
// CHECK: llm.rms_norm
// REMARK: fuse-add-rms-norm.mlir:[[@LINE+4]]:{{.*}} remark: [Missed] FuseAddRMSNorm | Category:hone-fuse-add-rms-norm
// REMARK-SAME: input is not an add
func.func @no_addition(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %w = llm.weight_ref @norm : tensor<32xf32>
  %normed = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return %normed : tensor<?x32xf32>
}

// Moving the addition into the branch, or the norm out of it, would change what runs when.
// CHECK-LABEL: func.func @another_block
// CHECK-NOT: llm.add_rms_norm
// CHECK: llm.add
// CHECK: scf.if
// CHECK: llm.rms_norm
// REMARK: remark: [Missed] FuseAddRMSNorm{{.*}}add is in another block
func.func @another_block(%x: tensor<?x32xf32>, %r: tensor<?x32xf32>, %c: i1) -> tensor<?x32xf32> {
  %sum = llm.add %x, %r : tensor<?x32xf32>
  %0 = scf.if %c -> tensor<?x32xf32> {
    %w = llm.weight_ref @norm : tensor<32xf32>
    %normed = llm.rms_norm %sum, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
    scf.yield %normed : tensor<?x32xf32>
  } else {
    scf.yield %sum : tensor<?x32xf32>
  }
  return %0 : tensor<?x32xf32>
}

// A weight that is no reference may be computed after the addition.
// CHECK-LABEL: func.func @weight_is_no_reference
// CHECK-NOT: llm.add_rms_norm
// CHECK: llm.add
// CHECK: llm.rms_norm
// REMARK: remark: [Missed] FuseAddRMSNorm{{.*}}weight is not a reference to a symbol
func.func @weight_is_no_reference(%x: tensor<?x32xf32>, %r: tensor<?x32xf32>, %w: tensor<32xf32>)
    -> tensor<?x32xf32> {
  %sum = llm.add %x, %r : tensor<?x32xf32>
  %normed = llm.rms_norm %sum, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  return %normed : tensor<?x32xf32>
}
