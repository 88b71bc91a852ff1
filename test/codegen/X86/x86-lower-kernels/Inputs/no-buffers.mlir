// Kernels that are not in memory form; run by invalid.mlir.

func.func private @operands(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected its operands in memory; run hone-bufferize-step first}}
  %0 = llm.add %x, %x : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// -----

func.func private @results(%x: memref<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x32xf32> to tensor<?x32xf32>
  // expected-error@+1 {{expected its results to go to memory; run hone-bufferize-step first}}
  %1 = llm.add %0, %0 : tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}
