// hone-opt runs a pass that it was not built with.
// REQUIRES: compiler
// RUN: hone-opt %s --load-pass-plugin=%hone_bin/../test/plugins/CountProducts.so --pass-pipeline="builtin.module(count-products)" \
// RUN:   2>&1 | FileCheck %s

// CHECK: remark: products: 2
func.func @two_products(%x: tensor<?x32xf32>, %w: tensor<32x32xf16, #llm.stored<scheme = f16>>) -> tensor<?x32xf32> {
  %0 = llm.linear %x, %w : tensor<?x32xf32>, tensor<32x32xf16, #llm.stored<scheme = f16>>
  %1 = llm.linear %0, %w : tensor<?x32xf32>, tensor<32x32xf16, #llm.stored<scheme = f16>>
  return %1 : tensor<?x32xf32>
}
