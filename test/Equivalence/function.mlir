// Any pass can be checked on any function with one RUN line: rows, indices and weights that it takes are made up.
// RUN: hone-equiv %s --pass-pipeline="builtin.module(func.func(hone-fuse-gated-linear,hone-quantize-activations))" --values | FileCheck %s
// RUN: not hone-equiv %s --load-pass-plugin=%hone_bin/../test/plugins/FaultyPasses.so --rows 3 \
// RUN:   --pass-pipeline="builtin.module(func.func(hone-fuse-gated-linear),faulty-swap-gate-and-up)" | FileCheck %s --check-prefix=FAULT

// CHECK: hone-fuse-gated-linear 0 0 {{[0-9]+}} values alike
// CHECK:   function.mlir:17:8 0 llm.gated_linear
// CHECK: hone-quantize-activations 0 0 {{[0-9]+}} values alike
// CHECK: 2 of 2 passes hold

// FAULT: faulty-swap-gate-and-up: function.mlir:17:8 of llm.gated_linear differs by
// FAULT: the first that does not is faulty-swap-gate-and-up
func.func @gated(%x: tensor<?x32xf32>, %gate: tensor<64x32xi4, #llm.stored<scheme = q4_1>>,
                 %up: tensor<64x32xi4, #llm.stored<scheme = q4_1>>) -> tensor<?x64xf32> {
  %0 = llm.linear %x, %gate {activations = #llm.precision<int16>} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %1 = llm.linear %x, %up {activations = #llm.precision<int16>} : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
  %2 = llm.gated_activation %0, %1 {function = #llm.activation<silu>} : tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}
