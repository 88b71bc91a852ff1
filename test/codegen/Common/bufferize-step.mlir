// Values between kernels get memory, and kernels a signature of memory.
// RUN: hone-opt %s -split-input-file -hone-bufferize-step -verify-diagnostics | FileCheck %s

// What the descriptor states and the memory form no longer says is kept on the module. 272 bytes of the output weight
// and 32 * 4 of the norm are read for each row; the table is not.
// CHECK-LABEL: module attributes {llm.page_bytes = 8192 : i64, llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64}

// The arguments of a step: tokens, positions, sequences, rows of logits, pages, logits, weights, arena, barrier,
// worker, workers.
// CHECK-LABEL: func.func @step
// CHECK-SAME: (%[[TOKENS:[a-z0-9]+]]: memref<?xi32>, %[[POSITIONS:[a-z0-9]+]]: memref<?xi32>,
// CHECK-SAME: %[[SEQUENCES:[a-z0-9]+]]: memref<?xi32>, %[[LOGIT_ROWS:[a-z0-9]+]]: memref<?xi32>,
// CHECK-SAME: %[[PAGES:[a-z0-9]+]]: !llvm.ptr, %[[LOGITS:[a-z0-9]+]]: memref<?x8xf32>,
// CHECK-SAME: %[[WEIGHTS:[a-z0-9]+]]: !llvm.ptr, %{{[a-z0-9]+}}: memref<?xi8>, %{{[a-z0-9]+}}: !llvm.ptr,
// CHECK-SAME: %[[WORKER:[a-z0-9]+]]: index, %[[WORKERS:[a-z0-9]+]]: index) attributes {llm.step}
// CHECK: %[[ROWS:.*]] = memref.dim %[[TOKENS]]
// CHECK: %[[SELECTED:.*]] = memref.dim %[[LOGIT_ROWS]]

// A weight is bytes at an address from the table, by its place among the weights.
// CHECK: %[[INDEX:.*]] = arith.constant 0 : index
// CHECK: %[[NUMBER:.*]] = builtin.unrealized_conversion_cast %[[INDEX]] : index to i64
// CHECK: %[[ENTRY:.*]] = llvm.getelementptr %[[WEIGHTS]][%[[NUMBER]]]
// CHECK: %[[ADDRESS:.*]] = llvm.load %[[ENTRY]] : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.insertvalue %[[ADDRESS]]
// CHECK: %[[TABLE:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<272xi8>

// Results get memory of as many rows as the operands have; workers are handed on.
// CHECK: %[[X:.*]] = memref.alloc(%[[ROWS]]) : memref<?x32xf32>
// CHECK: call @embedding(%[[TOKENS]], %[[TABLE]], %[[X]], %[[WORKER]], %[[WORKERS]])

// Pages are updated in place, so that an append has no memory of its own and attention gets the same pointer.
// CHECK: call @kv_append(%[[PAGES]], %[[LAYER:.*]], %[[X]], %[[X]], %[[POSITIONS]], %[[SEQUENCES]], %[[WORKER]],
// CHECK: %[[A:.*]] = memref.alloc(%[[ROWS]]) : memref<?x32xf32>

// Attention has two phases, and memory that the first leaves to the second: 8 rows, one head, 16 spans.
// CHECK: %[[SHARED:.*]] = memref.alloc() : memref<8x1x16x64xf32>
// CHECK: %[[FIRST:.*]] = arith.constant 0 : index
// CHECK: call @attention(%[[X]], %[[PAGES]], %[[LAYER]], %[[POSITIONS]], %[[SEQUENCES]], %[[A]], %[[SHARED]], %[[FIRST]], %[[WORKER]],
// CHECK: %[[SECOND:.*]] = arith.constant 1 : index
// CHECK: call @attention(%[[X]], %[[PAGES]], %[[LAYER]], %[[POSITIONS]], %[[SEQUENCES]], %[[A]], %[[SHARED]], %[[SECOND]], %[[WORKER]],

// From the selection on, rows are those that need logits. Plain weights keep shape and type.
// CHECK: %[[S:.*]] = memref.alloc(%[[SELECTED]]) : memref<?x32xf32>
// CHECK: call @select_rows(%[[A]], %[[LOGIT_ROWS]], %[[S]],
// CHECK: %[[W:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<32xf32>
// CHECK: %[[N:.*]] = memref.alloc(%[[SELECTED]]) : memref<?x32xf32>
// CHECK: call @rms_norm(%[[S]], %[[W]], %[[N]],

// A block of 32 rounded values is 72 bytes. The logits go to the caller's memory.
// CHECK: %[[Q:.*]] = memref.alloc(%[[SELECTED]]) : memref<?x76xi8>
// CHECK: call @quantize_rows(%[[N]], %[[Q]],
// CHECK-NOT: memref.alloc
// CHECK: call @linear(%[[Q]], %{{.*}}, %[[LOGITS]], %[[WORKER]], %[[WORKERS]])
// CHECK-NEXT: return{{$}}

// Kernels say what they do to each argument; their op stays whole.
// CHECK-LABEL: func.func private @kv_append
// CHECK-SAME: %[[KV:[a-z0-9]+]]: !llvm.ptr {llm.access = "read_write"}, %[[L:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: memref<?x32xf32> {llm.access = "read"}
// CHECK-SAME: %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index) attributes {llm.kernel}
// CHECK: %[[FROM:.*]] = llm.from_buffer %[[KV]] : !llvm.ptr to !llm.kv<1x1x32xf16>
// CHECK: %[[TO:.*]] = llm.kv_append %[[FROM]][%[[L]]]
// CHECK: llm.to_buffer %[[TO]], %[[KV]] : !llm.kv<1x1x32xf16> to !llvm.ptr
// CHECK-LABEL: func.func private @attention
// CHECK-SAME: !llvm.ptr {llm.access = "read"}
// CHECK-SAME: memref<8x1x16x64xf32> {llm.access = "read_write"}, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK-LABEL: func.func private @linear
// CHECK-SAME: (%[[INPUT:[a-z0-9]+]]: memref<?x76xi8> {llm.access = "read"}, %[[WEIGHT:[a-z0-9]+]]: memref<272xi8> {llm.access = "read"}, %[[TARGET:[a-z0-9]+]]: memref<?x8xf32> {llm.access = "write"}, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK: %[[I:.*]] = llm.from_buffer %[[INPUT]] : memref<?x76xi8> to tensor<?x32xi16, #llm.blocked<columns = 32>>
// CHECK: %[[W:.*]] = llm.from_buffer %[[WEIGHT]] : memref<272xi8> to tensor<8x32xi8
// CHECK: %[[R:.*]] = llm.linear %[[I]], %[[W]]
// CHECK: llm.to_buffer %[[R]], %[[TARGET]] : tensor<?x8xf32> to memref<?x8xf32>
// CHECK: return{{$}}
!w = tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
!kv = !llm.kv<1x1x32xf16>
!rows = tensor<?x32xf32>
!blocked = tensor<?x32xi16, #llm.blocked<columns = 32>>
llm.weight @table : !w {
  %0 = llm.file_tensor "table" : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
  %1 = llm.pack %0 : tensor<8x32xi8, #llm.stored<scheme = q8_0>> to !w
  llm.yield %1 : !w
}
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "norm" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}
llm.weight @output : !w {
  %0 = llm.file_tensor "output" : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
  %1 = llm.pack %0 : tensor<8x32xi8, #llm.stored<scheme = q8_0>> to !w
  llm.yield %1 : !w
}
func.func @step(%tokens: tensor<?xi32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>,
                %logit_rows: tensor<?xi32>, %kv: !kv) -> (tensor<?x8xf32>, !kv) attributes {llm.step} {
  %table = llm.weight_ref @table : !w
  %x = call @embedding(%tokens, %table) : (tensor<?xi32>, !w) -> !rows
  %layer = arith.constant 0 : index
  %appended = call @kv_append(%kv, %layer, %x, %x, %positions, %sequences)
    : (!kv, index, !rows, !rows, tensor<?xi32>, tensor<?xi32>) -> !kv
  %a = call @attention(%x, %appended, %layer, %positions, %sequences)
    : (!rows, !kv, index, tensor<?xi32>, tensor<?xi32>) -> !rows
  %selected = call @select_rows(%a, %logit_rows) : (!rows, tensor<?xi32>) -> !rows
  %norm = llm.weight_ref @norm : tensor<32xf32>
  %normed = call @rms_norm(%selected, %norm) : (!rows, tensor<32xf32>) -> !rows
  %rounded = call @quantize_rows(%normed) : (!rows) -> !blocked
  %output = llm.weight_ref @output : !w
  %logits = call @linear(%rounded, %output) : (!blocked, !w) -> tensor<?x8xf32>
  return %logits, %appended : tensor<?x8xf32>, !kv
}
func.func private @embedding(%tokens: tensor<?xi32>, %table: !w) -> !rows attributes {llm.kernel} {
  %0 = llm.embedding %tokens, %table : tensor<?xi32>, !w
  return %0 : !rows
}
func.func private @kv_append(%kv: !kv, %layer: index, %k: !rows, %v: !rows, %positions: tensor<?xi32>,
                             %sequences: tensor<?xi32>) -> !kv attributes {llm.kernel} {
  %0 = llm.kv_append %kv[%layer], %k, %v, %positions, %sequences : !kv, !rows, tensor<?xi32>
  return %0 : !kv
}
func.func private @attention(%q: !rows, %kv: !kv, %layer: index, %positions: tensor<?xi32>, %sequences: tensor<?xi32>)
    -> !rows attributes {llm.kernel} {
  %0 = llm.attention %q, %kv[%layer], %positions, %sequences {scale = 0.25 : f32} : !rows, !kv, tensor<?xi32>
  return %0 : !rows
}
func.func private @select_rows(%x: !rows, %rows: tensor<?xi32>) -> !rows attributes {llm.kernel} {
  %0 = llm.select_rows %x, %rows : !rows, tensor<?xi32>
  return %0 : !rows
}
func.func private @rms_norm(%x: !rows, %w: tensor<32xf32>) -> !rows attributes {llm.kernel} {
  %0 = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : !rows, tensor<32xf32>
  return %0 : !rows
}
func.func private @quantize_rows(%x: !rows) -> !blocked attributes {llm.kernel} {
  %0 = llm.quantize_rows %x : !rows
  return %0 : !blocked
}
func.func private @linear(%x: !blocked, %w: !w) -> tensor<?x8xf32> attributes {llm.kernel} {
  %0 = llm.linear %x, %w : !blocked, !w
  return %0 : tensor<?x8xf32>
}

// -----

// expected-error@+1 {{expected a kernel to hold one llm op and its return; run hone-outline-kernels first}}
func.func private @kernel(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  %1 = llm.add %0, %x : tensor<?x32xf32>
  return %1 : tensor<?x32xf32>
}

// -----

// The runtime calls every step in the same way.
// expected-error@+1 {{expected a step of (tokens, positions, sequences, logit rows, kv) with results (logits, kv), got type '(tensor<?xi32>) -> ()'}}
func.func @step(%tokens: tensor<?xi32>) attributes {llm.step} {
  return
}

// -----

// Only a kernel can write the logits to the memory of the caller.
// expected-error@+1 {{expected the logits to be the result of a kernel}}
func.func @step(%tokens: tensor<?xi32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>,
                %logit_rows: tensor<?xi32>, %kv: !llm.kv<1x1x32xf16>)
    -> (tensor<?x32xf32>, !llm.kv<1x1x32xf16>) attributes {llm.step} {
  %rows = arith.constant 1 : index
  %x = tensor.empty(%rows) : tensor<?x32xf32>
  return %x, %kv : tensor<?x32xf32>, !llm.kv<1x1x32xf16>
}

// -----

func.func @step(%tokens: tensor<?xi32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>,
                %logit_rows: tensor<?xi32>, %kv: !llm.kv<1x1x32xf16>)
    -> (tensor<?x32xf32>, !llm.kv<1x1x32xf16>) attributes {llm.step} {
  %x = llm.weight_ref @table : tensor<32x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  // expected-error@+1 {{has no memory form; run hone-outline-kernels first}}
  %0 = llm.embedding %tokens, %x : tensor<?xi32>, tensor<32x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  %1 = call @add(%0) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  return %1, %kv : tensor<?x32xf32>, !llm.kv<1x1x32xf16>
}
func.func private @add(%x: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.add %x, %x : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
llm.weight @table : tensor<32x32xf16, #llm.stored<scheme = f16, panel = <8x32>>> {
  %0 = llm.file_tensor "table" : tensor<32x32xf16, #llm.stored<scheme = f16>>
  %1 = llm.pack %0 : tensor<32x32xf16, #llm.stored<scheme = f16>>
    to tensor<32x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
  llm.yield %1 : tensor<32x32xf16, #llm.stored<scheme = f16, panel = <8x32>>>
}

// -----

// A kernel without a body.
// expected-error @below {{expected a kernel to hold one llm op and its return; run hone-outline-kernels first}}
func.func private @k() attributes {llm.kernel}

// -----

// A step of two blocks.
// expected-error @below {{expected a step of (tokens, positions, sequences, logit rows, kv) with results (logits, kv)}}
func.func @step(%tokens: tensor<?xi32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>, %logit_rows: tensor<?xi32>,
                %kv: !llm.kv<1x1x16xf16>, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, !llm.kv<1x1x16xf16>)
    attributes {llm.step} {
  cf.br ^next
^next:
  return %x, %kv : tensor<?x8xf32>, !llm.kv<1x1x16xf16>
}

// -----

// Logits of every row, where those of chosen rows are asked for.
llm.weight @w : tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>> {
  %0 = llm.file_tensor "w" : tensor<32x32xf32, #llm.stored<scheme = f32>>
  %1 = llm.pack %0 : tensor<32x32xf32, #llm.stored<scheme = f32>> to tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>
  llm.yield %1 : tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>
}
func.func private @embedding(%t: tensor<?xi32>, %w: tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>)
    -> tensor<?x32xf32> attributes {llm.kernel} {
  %0 = llm.embedding %t, %w : tensor<?xi32>, tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>
  return %0 : tensor<?x32xf32>
}
func.func @step(%tokens: tensor<?xi32>, %positions: tensor<?xi32>, %sequences: tensor<?xi32>, %logit_rows: tensor<?xi32>,
                %kv: !llm.kv<1x1x16xf16>) -> (tensor<?x32xf32>, !llm.kv<1x1x16xf16>) attributes {llm.step} {
  %w = llm.weight_ref @w : tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>
  // expected-error @below {{expected the logits of the rows that need them; select those with llm.select_rows}}
  %0 = call @embedding(%tokens, %w) : (tensor<?xi32>, tensor<32x32xf32, #llm.stored<scheme = f32, panel = <8x32>>>) -> tensor<?x32xf32>
  return %0, %kv : tensor<?x32xf32>, !llm.kv<1x1x16xf16>
}
