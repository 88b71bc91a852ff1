// What product kernels may choose, for a machine.
// RUN: hone-opt %s -hone-x86-select-levels=levels=x86-64-v3 -hone-x86-tune | FileCheck %s --check-prefixes=CHECK,V3
// RUN: hone-opt %s -hone-x86-select-levels=levels=avx-512 -hone-x86-tune | FileCheck %s --check-prefixes=CHECK,V4
// RUN: hone-opt %s -hone-x86-tune="tile-rows=2 chunk-blocks=1 chunk-rows=32 ahead-bytes=100 few-rows=3" \
// RUN:   | FileCheck %s --check-prefix=GIVEN

// Without a machine file, the choices are those of kernels without the attribute.
// CHECK-LABEL: func.func private @words(
// V3-SAME: x86.tuning = {ahead_bytes = 8192 : i64, chunk_blocks = 16 : i64, chunk_rows = 128 : i64, few_rows = 4 : i64, single_row_panels = 1 : i64, tile_rows = 4 : i64}
// V4-SAME: x86.tuning = {ahead_bytes = 8192 : i64, chunk_blocks = 8 : i64, chunk_rows = 256 : i64, few_rows = 8 : i64, single_row_panels = 1 : i64, tile_rows = 5 : i64}
// GIVEN: x86.tuning = {ahead_bytes = 100 : i64, chunk_blocks = 1 : i64, chunk_rows = 32 : i64, few_rows = 3 : i64, single_row_panels = 1 : i64, tile_rows = 2 : i64}
!words = tensor<?x64xi16, #llm.blocked<columns = 32>>
!bytes = tensor<?x64xi8, #llm.blocked<columns = 32>>
!w = tensor<64x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>
func.func private @words(%x: !words, %w: !w) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !words, !w
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func private @bytes(
// V4-SAME: single_row_panels = 1 : i64
func.func private @bytes(%x: !bytes, %w: !w) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !bytes, !w
  return %0 : tensor<?x64xf32>
}

// Products of floats have no such choices.
// CHECK-LABEL: func.func private @floats(
// CHECK-NOT: x86.tuning
func.func private @floats(%x: tensor<?x64xf32>, %w: !w) -> tensor<?x64xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : tensor<?x64xf32>, !w
  return %0 : tensor<?x64xf32>
}

// With a machine file the cost model chooses, unless the file says what the kernel does best. The module names it.
// RUN: hone-opt %s -hone-x86-select-levels=levels=avx-512 -hone-x86-tune=machine=%S/Inputs/machine.json \
// RUN:   | FileCheck %s --check-prefix=MACHINE
// MACHINE: module attributes {llm.machine = {name = "A machine", xxh3 = "{{[0-9a-f]+}}"{{[}][}]}}
// MACHINE-LABEL: func.func private @words(
// MACHINE-SAME: chunk_blocks = 16 : i64
// MACHINE-SAME: tile_rows = 5 : i64
// MACHINE-LABEL: func.func private @bytes(
// MACHINE-SAME: x86.tuning = {ahead_bytes = 512 : i64, chunk_blocks = 5 : i64, chunk_rows = 48 : i64, few_rows = 7 : i64, single_row_panels = 2 : i64, tile_rows = 6 : i64}

// What does not fit is refused: registers, lanes, the stack; and what is no machine file.
// RUN: not hone-opt %s -hone-x86-tune=tile-rows=7 2>&1 | FileCheck %s --check-prefix=TILE
// TILE: error: 'llm.linear' op cannot be tuned so: expected 'tile_rows' from 1 to 6 at 'x86-64-v3', got 7
// RUN: not hone-opt %s -hone-x86-tune=few-rows=5 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: 'llm.linear' op cannot be tuned so: expected 'few_rows' from 1 to 4 at 'x86-64-v3', got 5
// RUN: not hone-opt %s -hone-x86-tune=single-row-panels=2 2>&1 | FileCheck %s --check-prefix=SINGLE
// SINGLE: error: 'llm.linear' op cannot be tuned so: expected 'single_row_panels' from 1 to 1 at 'x86-64-v3', got 2
// RUN: not hone-opt %s -hone-x86-tune=ahead-bytes=-1 2>&1 | FileCheck %s --check-prefix=AHEAD
// AHEAD: error: 'llm.linear' op cannot be tuned so: expected 'ahead_bytes' from 1 to 65536 at 'x86-64-v3', got -1
// RUN: not hone-opt %s -hone-x86-tune=chunk-rows=8 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: 'llm.linear' op cannot be tuned so: expected 'chunk_rows' from 16 to 256 at 'x86-64-v3', got 8
// RUN: not hone-opt %s -hone-x86-select-levels=levels=avx-512 -hone-x86-tune="chunk-blocks=64 chunk-rows=256" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=STACK
// STACK: error: 'llm.linear' op cannot be tuned so: expected 'chunk_blocks' and 'chunk_rows' that take at most 196608 bytes of stack, got 229376
// RUN: not hone-opt %s -hone-x86-tune=machine=%t.missing 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}.missing: cannot be opened: No such file or directory
