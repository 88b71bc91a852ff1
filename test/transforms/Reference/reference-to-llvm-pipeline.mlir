// What the pipeline makes needs no part of hone to run, frees its buffers, and takes weights of the model file as
// memrefs, each as pointers, offset, sizes and strides.
// RUN: hone-opt %s -hone-lower-to-reference -hone-reference-to-llvm-pipeline \
// RUN:   | mlir-runner -e main -entry-point-result=f32 | FileCheck %s
// RUN: hone-opt %s -hone-lower-to-reference -hone-reference-to-llvm-pipeline | FileCheck %s --check-prefix=LLVM

module attributes {llm.architecture = "llama", llm.name = "test"} {
  llm.weight @file : tensor<2x32xi4, #llm.stored<scheme = q4_0>> {
    %0 = llm.file_tensor "weight" : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
    llm.yield %0 : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
  }

  // LLVM-LABEL: llvm.func @logits(
  // LLVM-SAME: %arg0: !llvm.ptr{{.*}}%arg7: !llvm.ptr{{.*}}%arg13: i64)
  // LLVM-NOT: llm.
  // LLVM: llvm.call @malloc
  func.func @logits(%rows: tensor<?x32xf32>) -> tensor<?x2xf32> attributes {llm.step} {
    %weight = llm.weight_ref @file : tensor<2x32xi4, #llm.stored<scheme = q4_0>>
    %0 = llm.linear %rows, %weight : tensor<?x32xf32>, tensor<2x32xi4, #llm.stored<scheme = q4_0>>
    return %0 : tensor<?x2xf32>
  }

  // LLVM-LABEL: llvm.func @main
  // LLVM: llvm.call @free
  func.func @main() -> f32 {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %input = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    %rows = tensor.cast %input : tensor<2x2xf32> to tensor<?x2xf32>
    %sum = llm.add %rows, %rows : tensor<?x2xf32>
    %result = tensor.extract %sum[%c1, %c0] : tensor<?x2xf32>
    // CHECK: 6.0{{0+}}e+00
    return %result : f32
  }
}
