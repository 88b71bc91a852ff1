// RUN: hone-opt %s -canonicalize | FileCheck %s

// What is f32 in the file needs no decoding.
// CHECK-LABEL: llm.weight @decode_of_f32
// CHECK-NEXT: %[[FILE:.*]] = llm.file_tensor
// CHECK-NEXT: llm.yield %[[FILE]]
llm.weight @decode_of_f32 : tensor<2x3xf32, #llm.stored<scheme = f32>> {
  %0 = llm.file_tensor "w" : tensor<2x3xf32, #llm.stored<scheme = f32>>
  %1 = llm.decode %0 : tensor<2x3xf32, #llm.stored<scheme = f32>> to tensor<2x3xf32, #llm.stored<scheme = f32>>
  llm.yield %1 : tensor<2x3xf32, #llm.stored<scheme = f32>>
}

// Any other scheme does.
// CHECK-LABEL: llm.weight @decode_of_f16
// CHECK: llm.decode
llm.weight @decode_of_f16 : tensor<2x3xf32, #llm.stored<scheme = f32>> {
  %0 = llm.file_tensor "w" : tensor<2x3xf16, #llm.stored<scheme = f16>>
  %1 = llm.decode %0 : tensor<2x3xf16, #llm.stored<scheme = f16>> to tensor<2x3xf32, #llm.stored<scheme = f32>>
  llm.yield %1 : tensor<2x3xf32, #llm.stored<scheme = f32>>
}

// An op of the graph whose result is not used has no effect.
// CHECK-LABEL: func.func @unused
// CHECK-NEXT: return
func.func @unused(%lhs: tensor<?x32xf32>, %rhs: tensor<?x32xf32>) {
  %0 = llm.add %lhs, %rhs : tensor<?x32xf32>
  return
}
