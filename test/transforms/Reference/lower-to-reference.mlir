// The pass replaces ops, types and weights; each function shows one of its equations.
// RUN: hone-opt %s -split-input-file -hone-lower-to-reference | FileCheck %s

// A weight whose recipe is built on a constant becomes that constant, as f32; the symbol goes.
// CHECK-NOT: llm.weight
// CHECK-LABEL: func.func @constant_weight
// CHECK-SAME: (%[[INPUT:.*]]: tensor<?x3xf32>) -> tensor<?x2xf32>
llm.weight @weight : tensor<2x3xf16, #llm.stored<scheme = f16, panel = <8x32>>> {
  %0 = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]> : tensor<2x3xf16, #llm.stored<scheme = f16>>
  %1 = llm.pack %0 : tensor<2x3xf16, #llm.stored<scheme = f16>>
    to tensor<2x3xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.yield %1 : tensor<2x3xf16, #llm.stored<scheme = f16, panel = <8x32>>>
}
func.func @constant_weight(%input: tensor<?x3xf32>) -> tensor<?x2xf32> {
  // CHECK-DAG: %[[WEIGHT:.*]] = arith.constant dense<{{\[\[}}1.{{0+}}e+00, {{.*}}6.5{{0+}}e+00]]> : tensor<2x3xf32>
  // CHECK: %[[ROWS:.*]] = tensor.dim %[[INPUT]]
  // CHECK: %[[RESULT:.*]] = tensor.generate %[[ROWS]]
  // CHECK: scf.for %[[K:.*]] = {{.*}} iter_args(%[[SUM:.*]] = {{.*}}) -> (f64)
  // CHECK: tensor.extract %[[INPUT]][%{{.*}}, %[[K]]]
  // CHECK: tensor.extract %[[WEIGHT]][%{{.*}}, %[[K]]]
  // CHECK: return %[[RESULT]] : tensor<?x2xf32>
  %weight = llm.weight_ref @weight : tensor<2x3xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %0 = llm.linear %input, %weight : tensor<?x3xf32>, tensor<2x3xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  return %0 : tensor<?x2xf32>
}

// -----

// Weights of the model file become arguments, behind those of the function, of the callers too.
llm.weight @first : tensor<2x32xi4, #llm.stored<scheme = q4_0>> {
  %0 = llm.file_tensor "blk.0.weight" : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
  llm.yield %0 : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
}
llm.weight @second : tensor<3xf32> {
  %0 = llm.file_tensor "norm.weight" : tensor<3xf32>
  llm.yield %0 : tensor<3xf32>
}

// CHECK-LABEL: func.func @caller
// CHECK-SAME: (%[[INPUT:.*]]: tensor<?x32xf32>, %[[SECOND:.*]]: tensor<3xf32> {llm.weight = "second"},
// CHECK-SAME: %[[FIRST:.*]]: tensor<2x32xf32> {llm.weight = "first"}) -> (tensor<?x2xf32>, tensor<3xf32>)
func.func @caller(%input: tensor<?x32xf32>) -> (tensor<?x2xf32>, tensor<3xf32>) {
  %second = llm.weight_ref @second : tensor<3xf32>
  // CHECK: %[[RESULT:.*]] = call @callee(%[[INPUT]], %[[FIRST]]) : (tensor<?x32xf32>, tensor<2x32xf32>)
  %0 = call @callee(%input) : (tensor<?x32xf32>) -> tensor<?x2xf32>
  // CHECK: return %[[RESULT]], %[[SECOND]]
  return %0, %second : tensor<?x2xf32>, tensor<3xf32>
}

// CHECK-LABEL: func.func private @callee
// CHECK-SAME: (%{{.*}}: tensor<?x32xf32>, %{{.*}}: tensor<2x32xf32> {llm.weight = "first"}) -> tensor<?x2xf32>
func.func private @callee(%input: tensor<?x32xf32>) -> tensor<?x2xf32> {
  %first = llm.weight_ref @first : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
  %0 = llm.linear %input, %first : tensor<?x32xf32>, tensor<2x32xi4, #llm.stored<scheme = q4_0>>
  return %0 : tensor<?x2xf32>
}

// -----

// Types in signatures, in loops and in calls: the values that they stand for.
// CHECK-LABEL: func.func @types
// CHECK-SAME: (%[[BLOCKED:.*]]: tensor<?x32xf32>, %[[KV:.*]]: tensor<2x4x?x?x3x16xf16>) ->
// CHECK-SAME: (tensor<?x32xf32>, tensor<2x4x?x?x3x16xf16>)
func.func @types(%blocked: tensor<?x32xi16, #llm.blocked<columns = 32>>, %kv: !llm.kv<4x3x16xf16>)
    -> (tensor<?x32xi16, #llm.blocked<columns = 32>>, !llm.kv<4x3x16xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  // CHECK: %[[LOOP:.*]] = scf.for {{.*}} iter_args(%[[STATE:.*]] = %[[KV]]) -> (tensor<2x4x?x?x3x16xf16>)
  // CHECK: func.call @types(%[[BLOCKED]], %[[STATE]])
  %0 = scf.for %i = %c0 to %c4 step %c1 iter_args(%state = %kv) -> !llm.kv<4x3x16xf16> {
    %1:2 = func.call @types(%blocked, %state)
      : (tensor<?x32xi16, #llm.blocked<columns = 32>>, !llm.kv<4x3x16xf16>)
        -> (tensor<?x32xi16, #llm.blocked<columns = 32>>, !llm.kv<4x3x16xf16>)
    scf.yield %1#1 : !llm.kv<4x3x16xf16>
  }
  // CHECK: return %[[BLOCKED]], %[[LOOP]]
  return %blocked, %0 : tensor<?x32xi16, #llm.blocked<columns = 32>>, !llm.kv<4x3x16xf16>
}

// -----

// Plain numbers become values of the model, and back.
// CHECK-LABEL: func.func @convert
// CHECK-SAME: (%[[NUMBERS:.*]]: tensor<2x4x1x8x3x16xf16>)
func.func @convert(%numbers: tensor<2x4x1x8x3x16xf16>) -> tensor<2x4x1x8x3x16xf16> {
  // CHECK: %[[KV:.*]] = tensor.cast %[[NUMBERS]] : tensor<2x4x1x8x3x16xf16> to tensor<2x4x?x?x3x16xf16>
  // CHECK: %[[BACK:.*]] = tensor.cast %[[KV]]
  // CHECK: return %[[BACK]]
  %kv = check.convert %numbers : tensor<2x4x1x8x3x16xf16> to !llm.kv<4x3x16xf16>
  %back = check.convert %kv : !llm.kv<4x3x16xf16> to tensor<2x4x1x8x3x16xf16>
  return %back : tensor<2x4x1x8x3x16xf16>
}

// -----

// Attributes of the dialect go with it.
// CHECK-NOT: llm.name
// CHECK-NOT: llm.step
module attributes {llm.name = "test"} {
  // CHECK-LABEL: func.func @step() {
  func.func @step() attributes {llm.step} {
    return
  }
}
