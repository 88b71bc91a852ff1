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

// -----

func.func private @phases(%x: memref<?x16xf32>, %pages: !llvm.ptr, %layer: index, %p: memref<?xi32>,
                          %y: memref<?x16xf32>, %worker: index, %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x16xf32> to tensor<?x16xf32>
  %1 = llm.from_buffer %pages : !llvm.ptr to !llm.kv<1x1x16xf16>
  %2 = llm.from_buffer %p : memref<?xi32> to tensor<?xi32>
  // expected-error@+1 {{expected a kernel of two phases that share 'memref<8x1x16x48xf32>'; run hone-bufferize-step first}}
  %3 = llm.attention %0, %1[%layer], %2, %2 {scale = 0.25 : f32} : tensor<?x16xf32>, !llm.kv<1x1x16xf16>, tensor<?xi32>
  llm.to_buffer %3, %y : tensor<?x16xf32> to memref<?x16xf32>
  return
}
