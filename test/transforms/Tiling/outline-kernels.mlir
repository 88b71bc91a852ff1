// Each op of the graph becomes a call of a kernel that ops alike share.
// RUN: hone-opt %s -split-input-file -hone-outline-kernels | FileCheck %s
// RUN: hone-opt %s -split-input-file -hone-outline-kernels -remark-format=emitRemark \
// RUN:   -remarks-filter=hone-outline-kernels -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Two layers of the same shapes call the same kernels; the layer is an operand, and the weights are.
// CHECK-LABEL: func.func @step
// CHECK: %[[A:.*]] = llm.weight_ref @a
// CHECK: %[[B:.*]] = llm.weight_ref @b
// CHECK: %[[X1:.*]] = call @linear_q4_1_32x32(%[[X:.*]], %[[A]])
// CHECK: %[[X2:.*]] = call @add_32(%[[X1]], %[[X]])
// CHECK: %[[X3:.*]] = call @linear_q4_1_32x32(%[[X2]], %[[B]])
// CHECK: call @add_32(%[[X3]], %[[X2]])
// CHECK-NOT: llm.linear
// CHECK: return
// REMARK: outline-kernels.mlir:[[@LINE+13]]:{{.*}} remark: [Analysis] OutlineKernels | Category:hone-outline-kernels
// REMARK-SAME: calls=4, kernels=2
// REMARK: remark: [Analysis] Kernel | {{.*}}kernel 'linear_q4_1_32x32'{{.*}}calls=2
// REMARK: remark: [Analysis] Kernel | {{.*}}kernel 'add_32'{{.*}}calls=2

// A kernel holds the op alone, on its own arguments, and keeps the location of no layer.
// CHECK-LABEL: func.func private @linear_q4_1_32x32
// CHECK-SAME: (%[[INPUT:.*]]: tensor<?x32xf32>, %[[WEIGHT:.*]]: tensor<32x32xi4, #llm.stored<scheme = q4_1>>) -> tensor<?x32xf32> attributes {llm.kernel}
// CHECK-NEXT: %[[R:.*]] = llm.linear %[[INPUT]], %[[WEIGHT]]
// CHECK-NEXT: return %[[R]]
// CHECK: func.func private @add_32(
// CHECK-NOT: func.func
!w = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
func.func @step(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.step} {
  %a = llm.weight_ref @a : !w
  %b = llm.weight_ref @b : !w
  %0 = llm.linear %x, %a : tensor<?x32xf32>, !w
  %1 = llm.add %0, %x : tensor<?x32xf32>
  %2 = llm.linear %1, %b : tensor<?x32xf32>, !w
  %3 = llm.add %2, %1 : tensor<?x32xf32>
  return %3 : tensor<?x32xf32>
}
llm.weight @a : !w {
  %0 = llm.file_tensor "a" : !w
  llm.yield %0 : !w
}
llm.weight @b : !w {
  %0 = llm.file_tensor "b" : !w
  llm.yield %0 : !w
}

// -----

// Attributes and types tell kernels apart; a second of the same name is renamed.
// CHECK-LABEL: func.func @step
// CHECK: call @rms_norm_32(%{{.*}}, %{{.*}})
// CHECK: call @[[NORM2:rms_norm_32_[0-9]+]](%{{.*}}, %{{.*}})
// CHECK: call @rms_norm_32(%{{.*}}, %{{.*}})
// CHECK: call @linear_f16_16x32(%{{.*}}, %{{.*}})
// CHECK: call @[[LINEAR2:linear_f16_16x32_[0-9]+]](%{{.*}}, %{{.*}})
// CHECK: func.func private @rms_norm_32(
// CHECK: llm.rms_norm {{.*}} {epsilon = 9.99999974E-6 : f32}
// CHECK: func.func private @[[NORM2]](
// CHECK: llm.rms_norm {{.*}} {epsilon = 9.99999997E-7 : f32}
// CHECK: func.func private @linear_f16_16x32(
// CHECK: func.func private @[[LINEAR2]](
// CHECK: {activations = #llm.precision<f32>}
!w = tensor<16x32xf16, #llm.stored<scheme = f16>>
func.func @step(%x: tensor<?x32xf32>, %n: tensor<32xf32>, %w: !w) attributes {llm.step} {
  %0 = llm.rms_norm %x, %n {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %1 = llm.rms_norm %x, %n {epsilon = 1.0e-6 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %2 = llm.rms_norm %x, %n {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  %3 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %4 = llm.linear %x, %w {activations = #llm.precision<f32>} : tensor<?x32xf32>, !w
  return
}

// -----

// The name states each weight once, where they differ; an operand that is used twice is two arguments.
// CHECK-LABEL: func.func @step
// CHECK: call @qkv_q4_0_32x32_q8_0_16x32(%{{.*}}, %{{.*}}, %[[W:[a-z0-9]+]], %[[W]])
// CHECK: call @gated_linear_q8_0_16x32(
// CHECK: func.func private @qkv_q4_0_32x32_q8_0_16x32(%[[A:.*]]: {{.*}}, %[[B:.*]]: {{.*}}, %[[C:.*]]: {{.*}}, %[[D:.*]]: tensor{{.*}}) -> (tensor<?x32xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
// CHECK-NEXT: llm.qkv %[[A]], %[[B]], %[[C]], %[[D]]
!q = tensor<32x32xi4, #llm.stored<scheme = q4_0>>
!k = tensor<16x32xi8, #llm.stored<scheme = q8_0>>
func.func @step(%x: tensor<?x32xf32>, %wq: !q, %wk: !k) attributes {llm.step} {
  %0:3 = llm.qkv %x, %wq, %wk, %wk : tensor<?x32xf32>, !q, !k, !k
  %1 = llm.gated_linear %x, %wk, %wk {function = #llm.activation<silu>} : tensor<?x32xf32>, !k, !k
  return
}

// -----

// A kernel yields to a function that has its name already. Functions that test an op share kernels with the step; what
// is a kernel already stays.
// CHECK-LABEL: func.func @add_32
// CHECK-NEXT: call @[[ADD:add_32_[0-9]+]](
// CHECK-LABEL: func.func @step
// CHECK-NEXT: call @[[ADD]](
// CHECK-NEXT: call @kernel(
// CHECK-LABEL: func.func private @kernel
// CHECK-NEXT: llm.add
// CHECK: func.func private @[[ADD]](
// CHECK-NEXT: llm.add
// CHECK-NOT: func.func
func.func @add_32(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
func.func @step(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.step} {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  %1 = call @kernel(%0) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}
func.func private @kernel(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// -----

// Products with a bias have kernels of their own, which say so; which of the biases there are tells kernels apart.
// CHECK-LABEL: func.func @step
// CHECK: call @linear_f16_32x32(%{{.*}}, %{{.*}}) :
// CHECK: call @linear_f16_32x32_bias(%{{.*}}, %{{.*}}, %[[B:[a-z0-9]+]]) :
// CHECK: call @qkv_f16_32x32_bias(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[B]]) :
// CHECK: call @[[KEY:qkv_f16_32x32_bias_[0-9]+]](%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[B]]) :
// CHECK: call @gated_linear_f16_32x32_bias(
// CHECK: call @add_bias_32(
// CHECK: call @scale_32(
// CHECK: func.func private @linear_f16_32x32_bias(%[[X:.*]]: tensor<?x32xf32>, %[[W:.*]]: {{.*}}, %[[BIAS:.*]]: tensor<32xf32>)
// CHECK-NEXT: llm.linear %[[X]], %[[W]] bias %[[BIAS]]
// CHECK: func.func private @qkv_f16_32x32_bias(
// CHECK-NEXT: llm.qkv {{.*}} query_bias
// CHECK: func.func private @[[KEY]](
// CHECK-NEXT: llm.qkv {{.*}} key_bias
!w = tensor<32x32xf16, #llm.stored<scheme = f16>>
func.func @step(%x: tensor<?x32xf32>, %w: !w, %b: tensor<32xf32>) attributes {llm.step} {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, !w
  %1 = llm.linear %x, %w bias %b : tensor<?x32xf32>, !w
  %2:3 = llm.qkv %x, %w, %w, %w query_bias %b : tensor<?x32xf32>, !w, !w, !w
  %3:3 = llm.qkv %x, %w, %w, %w key_bias %b : tensor<?x32xf32>, !w, !w, !w
  %4 = llm.gated_linear %x, %w, %w up_bias %b {function = #llm.activation<silu>} : tensor<?x32xf32>, !w, !w
  %5 = llm.add_bias %x, %b : tensor<?x32xf32>, tensor<32xf32>
  %6 = llm.scale %x {factor = 0.5 : f32} : tensor<?x32xf32>
  return
}
