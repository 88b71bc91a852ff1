// What x86 kernels cannot do, and what they need from the passes before.
// RUN: hone-opt %s -split-input-file -hone-bufferize-step -hone-x86-lower-kernels -verify-diagnostics
// RUN: hone-opt %S/Inputs/no-buffers.mlir -split-input-file -hone-x86-lower-kernels -verify-diagnostics

!w = tensor<16x64xi8, #llm.stored<scheme = q8_0>>
func.func private @kernel(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 32, got 'tensor<16x64xi8, #llm.stored<scheme = q8_0>>'; run hone-pack-weights first}}
  %0 = llm.linear %x, %w : tensor<?x64xf32>, !w
  return %0 : tensor<?x16xf32>
}

// -----

!w = tensor<16x64xf16, #llm.stored<scheme = f16, panel = <16x32>>>
func.func private @kernel(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 32, got}}
  %0 = llm.linear %x, %w : tensor<?x64xf32>, !w
  return %0 : tensor<?x16xf32>
}

// -----

!w = tensor<16x64xf16, #llm.stored<scheme = f16, panel = <8x64>>>
func.func private @kernel(%tokens: tensor<?xi32>, %w: !w) -> tensor<?x64xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 32, got}}
  %0 = llm.embedding %tokens, %w : tensor<?xi32>, !w
  return %0 : tensor<?x64xf32>
}

// -----

// Each weight of a fused product is checked.
!a = tensor<16x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
!b = tensor<16x64xf16, #llm.stored<scheme = f16>>
func.func private @kernel(%x: tensor<?x64xf32>, %a: !a, %b: !b) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 32, got}}
  %0 = llm.gated_linear %x, %a, %b {function = #llm.activation<silu>} : tensor<?x64xf32>, !a, !b
  return %0 : tensor<?x16xf32>
}

// -----

!a = tensor<16x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
!b = tensor<16x64xf16, #llm.stored<scheme = f16>>
func.func private @kernel(%x: tensor<?x64xf32>, %a: !a, %b: !b)
    -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 32, got}}
  %0:3 = llm.qkv %x, %a, %a, %b : tensor<?x64xf32>, !a, !a, !b
  return %0#0, %0#1, %0#2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

// A plain scheme can be packed with columns that do not fill the last tile, but there is no kernel for it.
!w = tensor<16x48xf16, #llm.stored<scheme = f16, panel = <8x32>>>
func.func private @kernel(%x: tensor<?x48xf32>, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights with a multiple of 32 columns, got 'tensor<16x48xf16, #llm.stored<scheme = f16, panel = <8x32>>>'}}
  %0 = llm.linear %x, %w : tensor<?x48xf32>, !w
  return %0 : tensor<?x16xf32>
}

// -----

!w = tensor<16x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
!x = tensor<?x64xi16, #llm.blocked<columns = 32>>
func.func private @kernel(%x: !x, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected integer weights to meet integer activations, got 'tensor<16x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>'}}
  %0 = llm.linear %x, %w : !x, !w
  return %0 : tensor<?x16xf32>
}

// -----

// Rows are whole vectors.
func.func private @kernel(%x: tensor<?x36xf32>, %rows: tensor<?xi32>) -> tensor<?x36xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 36}}
  %0 = llm.select_rows %x, %rows : tensor<?x36xf32>, tensor<?xi32>
  return %0 : tensor<?x36xf32>
}

// -----

func.func private @kernel(%x: tensor<?x36xf32>) -> tensor<?x36xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 36}}
  %0 = llm.add %x, %x : tensor<?x36xf32>
  return %0 : tensor<?x36xf32>
}

// -----

func.func private @kernel(%x: tensor<?x36xf32>) -> tensor<?x36xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 36}}
  %0 = llm.gated_activation %x, %x {function = #llm.activation<silu>} : tensor<?x36xf32>
  return %0 : tensor<?x36xf32>
}

// -----

func.func private @kernel(%x: tensor<?x36xf32>, %w: tensor<36xf32>) -> tensor<?x36xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 36}}
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x36xf32>, tensor<36xf32>
  return %0 : tensor<?x36xf32>
}

// -----

func.func private @kernel(%x: tensor<?x36xf32>, %w: tensor<36xf32>) -> (tensor<?x36xf32>, tensor<?x36xf32>)
    attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 36}}
  %0, %1 = llm.add_rms_norm %x, %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x36xf32>, tensor<36xf32>
  return %0, %1 : tensor<?x36xf32>, tensor<?x36xf32>
}

// -----

// Both elements of 8 pairs are whole vectors.
func.func private @kernel(%x: tensor<?x24xf32>, %p: tensor<?xi32>) -> tensor<?x24xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected a head of a multiple of 16 columns for x86 kernels, got 24}}
  %0 = llm.rope %x, %p {base = 1.0e4 : f64, head_dim = 24 : i64, pairing = #llm.pairing<halves>}
    : tensor<?x24xf32>, tensor<?xi32>
  return %0 : tensor<?x24xf32>
}

// -----

!kv = !llm.kv<1x1x16xbf16>
func.func private @kernel(%kv: !kv, %layer: index, %k: tensor<?x16xf32>, %p: tensor<?xi32>) -> !kv
    attributes {llm.kernel} {
  // expected-error@+1 {{expected keys and values in f16 or i8 for x86 kernels, got '!llm.kv<1x1x16xbf16>'}}
  %0 = llm.kv_append %kv[%layer], %k, %k, %p, %p : !kv, tensor<?x16xf32>, tensor<?xi32>
  return %0 : !kv
}

// -----

!kv = !llm.kv<1x1x20xf16>
func.func private @kernel(%kv: !kv, %layer: index, %k: tensor<?x20xf32>, %p: tensor<?xi32>) -> !kv
    attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 20}}
  %0 = llm.kv_append %kv[%layer], %k, %k, %p, %p : !kv, tensor<?x20xf32>, tensor<?xi32>
  return %0 : !kv
}

// -----

!kv = !llm.kv<1x1x16xf32>
func.func private @kernel(%q: tensor<?x16xf32>, %kv: !kv, %layer: index, %p: tensor<?xi32>) -> tensor<?x16xf32>
    attributes {llm.kernel} {
  // expected-error@+1 {{expected keys and values in f16 or i8 for x86 kernels, got '!llm.kv<1x1x16xf32>'}}
  %0 = llm.attention %q, %kv[%layer], %p, %p {scale = 0.25 : f32} : tensor<?x16xf32>, !kv, tensor<?xi32>
  return %0 : tensor<?x16xf32>
}

// -----

!kv = !llm.kv<1x1x20xf16>
func.func private @kernel(%q: tensor<?x20xf32>, %kv: !kv, %layer: index, %p: tensor<?xi32>) -> tensor<?x20xf32>
    attributes {llm.kernel} {
  // expected-error@+1 {{expected a multiple of 8 columns for x86 kernels, got 20}}
  %0 = llm.attention %q, %kv[%layer], %p, %p {scale = 0.25 : f32} : tensor<?x20xf32>, !kv, tensor<?xi32>
  return %0 : tensor<?x20xf32>
}

// -----

!w = tensor<16x64xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
func.func private @kernel(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected activations of precision 'int16' to come rounded; run hone-quantize-activations first}}
  %0 = llm.linear %x, %w {activations = #llm.precision<int16>} : tensor<?x64xf32>, !w
  return %0 : tensor<?x16xf32>
}

// -----

// A K-quant has wider tiles.
!w = tensor<16x256xi4, #llm.stored<scheme = q4_K>>
func.func private @kernel(%x: tensor<?x256xf32>, %w: !w) -> tensor<?x16xf32> attributes {llm.kernel} {
  // expected-error@+1 {{expected weights packed in panels of 8 x 256, got 'tensor<16x256xi4, #llm.stored<scheme = q4_K>>'; run hone-pack-weights first}}
  %0 = llm.linear %x, %w : tensor<?x256xf32>, !w
  return %0 : tensor<?x16xf32>
}
