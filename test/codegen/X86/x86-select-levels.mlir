// Kernels for each ISA level, and the choice among them.
// RUN: hone-opt %s -hone-x86-select-levels | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: hone-opt %s -hone-x86-select-levels="levels=avx-512,x86-64-v3" | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: hone-opt %s -hone-x86-select-levels=levels=avx-512 | FileCheck %s --check-prefix=ONE
// RUN: not hone-opt %s -hone-x86-select-levels=levels=sse2 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: expected levels among 'x86-64-v3', 'avx-vnni', 'avx-512', 'amx', got 'sse2'

// The step hands the level on.
// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[LEVEL:[a-z0-9]+]]: index) attributes {llm.step,
// ALL-SAME: x86.levels = ["x86-64-v3", "avx-vnni", "avx-512", "amx"]
// TWO-SAME: x86.levels = ["avx-512", "x86-64-v3"]
// CHECK: call @norm({{.*}}, %[[LEVEL]])
// CHECK: call @product({{.*}}, %[[LEVEL]])

// ONE-LABEL: func.func @step(
// ONE-SAME: %{{.*}}: index, %{{.*}}: index) attributes {llm.step, x86.levels = ["avx-512"]}
// ONE: call @norm(
// ONE: func.func private @norm(
// ONE-SAME: x86.level = "avx-512"
func.func @step(%x: memref<?x64xf32>, %w: memref<64xf32>, %q: memref<?x88xi8>, %p: memref<2048xi8>,
                %y: memref<?x64xf32>, %worker: index, %workers: index) attributes {llm.step} {
  call @norm(%x, %w, %y, %worker, %workers)
    : (memref<?x64xf32>, memref<64xf32>, memref<?x64xf32>, index, index) -> ()
  call @product(%q, %p, %y, %worker, %workers)
    : (memref<?x88xi8>, memref<2048xi8>, memref<?x64xf32>, index, index) -> ()
  return
}

// A norm has the same code at all levels: one copy. What chooses is no kernel.
// CHECK: func.func private @norm({{.*}}) attributes {passthrough = ["noinline"]}
// CHECK-NOT: scf.index_switch
// CHECK: call @{{.}}norm.x86
// CHECK: func.func private @"norm.x86-64-v3"
// CHECK-SAME: llm.kernel
// CHECK-SAME: x86.level = "x86-64-v3"
func.func private @norm(%x: memref<?x64xf32>, %w: memref<64xf32>, %y: memref<?x64xf32>, %worker: index, %workers: index)
    attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x64xf32> to tensor<?x64xf32>
  %1 = llm.from_buffer %w : memref<64xf32> to tensor<64xf32>
  %2 = llm.rms_norm %0, %1 {epsilon = 1.0e-05 : f32} : tensor<?x64xf32>, tensor<64xf32>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// CHECK: func.func private @product(
// CHECK-SAME: %[[CHOSEN:[a-z0-9]+]]: index)
// CHECK: scf.index_switch %[[CHOSEN]]
// ALL: case 1
// ALL: call @{{.}}product.avx
// ALL: case 2
// ALL: call @{{.}}product.avx
// ALL: case 3
// ALL: call @product.amx
// TWO: case 0
// TWO: call @{{.}}product.x86
// CHECK: default
// ALL: call @{{.}}product.x86
// TWO: call @{{.}}product.avx
// CHECK: x86.level
func.func private @product(%x: memref<?x88xi8>, %w: memref<2048xi8>, %y: memref<?x64xf32>, %worker: index,
                           %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x88xi8> to tensor<?x64xi8, #llm.blocked<columns = 32>>
  %1 = llm.from_buffer %w : memref<2048xi8> to tensor<64x64xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xi8, #llm.blocked<columns = 32>>, tensor<64x64xi4, #llm.stored<scheme = q4_0, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// Floats have no code of their own for AVX-VNNI; for AMX they have if rows and weights are bf16, all of those that are
// multiplied together.
// ALL-LABEL: func.func private @floats(
// ALL: case 1
// ALL-NEXT: call @{{.}}floats.x86
// ALL: case 2
// ALL-NEXT: call @{{.}}floats.avx-512
// ALL: case 3
// ALL-NEXT: call @floats.amx
func.func private @floats(%x: memref<?x64xbf16>, %w: memref<8192xi8>, %y: memref<?x64xf32>, %worker: index,
                          %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %w : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xbf16>, tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// ALL-LABEL: func.func private @other_rows(
// ALL: case 3
// ALL-NEXT: call @{{.}}other_rows.avx-512
func.func private @other_rows(%x: memref<?x64xf16>, %w: memref<8192xi8>, %y: memref<?x64xf32>, %worker: index,
                              %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x64xf16> to tensor<?x64xf16>
  %1 = llm.from_buffer %w : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %2 = llm.linear %0, %1 : tensor<?x64xf16>, tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  llm.to_buffer %2, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// ALL-LABEL: func.func private @mixed(
// ALL: case 3
// ALL-NEXT: call @{{.}}mixed.avx-512
func.func private @mixed(%x: memref<?x64xbf16>, %g: memref<8192xi8>, %u: memref<8192xi8>, %y: memref<?x64xf32>,
                         %worker: index, %workers: index) attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %g : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %2 = llm.from_buffer %u : memref<8192xi8> to tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %3 = llm.gated_linear %0, %1, %2 {function = #llm.activation<silu>}
    : tensor<?x64xbf16>, tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>,
      tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.to_buffer %3, %y : tensor<?x64xf32> to memref<?x64xf32>
  return
}

// The three of a qkv are multiplied one after the other.
// ALL-LABEL: func.func private @qkv(
// ALL: case 3
// ALL-NEXT: call @qkv.amx
func.func private @qkv(%x: memref<?x64xbf16>, %q: memref<8192xi8>, %k: memref<8192xi8>, %v: memref<8192xi8>,
                       %a: memref<?x64xf32>, %b: memref<?x64xf32>, %c: memref<?x64xf32>, %worker: index, %workers: index)
    attributes {llm.kernel} {
  %0 = llm.from_buffer %x : memref<?x64xbf16> to tensor<?x64xbf16>
  %1 = llm.from_buffer %q : memref<8192xi8> to tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %2 = llm.from_buffer %k : memref<8192xi8> to tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>
  %3 = llm.from_buffer %v : memref<8192xi8> to tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %4, %5, %6 = llm.qkv %0, %1, %2, %3
    : tensor<?x64xbf16>, tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>,
      tensor<64x64xbf16, #llm.stored<scheme = bf16, panel = <8x32>>>,
      tensor<64x64xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.to_buffer %4, %a : tensor<?x64xf32> to memref<?x64xf32>
  llm.to_buffer %5, %b : tensor<?x64xf32> to memref<?x64xf32>
  llm.to_buffer %6, %c : tensor<?x64xf32> to memref<?x64xf32>
  return
}
