// What a program states about itself, laid out as `hone_module` of hone-rt/ABI.h.
// RUN: hone-opt %s -split-input-file -hone-emit-module-descriptor -verify-diagnostics | FileCheck %s

// Weights stay in the module and lie behind each other at multiples of 64 bytes. 8 x 32 of q8_0 in a panel are 272
// bytes.
// CHECK: llm.weight @table
// CHECK: llm.weight @norm
// CHECK-LABEL: llvm.mlir.global internal constant @hone_weight_table()
// CHECK-SAME: !llvm.array<2 x struct<(ptr, ptr, i64, i64)>>
// CHECK: %[[OFFSET:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: llvm.insertvalue %[[OFFSET]], %{{.*}}[0, 2]
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(272 : i64)
// CHECK: llvm.insertvalue %[[BYTES]], %{{.*}}[0, 3]
// CHECK: llvm.mlir.addressof @hone_strings
// CHECK: %[[OFFSET:.*]] = llvm.mlir.constant(320 : i64)
// CHECK: llvm.insertvalue %[[OFFSET]], %{{.*}}[1, 2]
// CHECK: %[[BYTES:.*]] = llvm.mlir.constant(128 : i64)
// CHECK: llvm.insertvalue %[[BYTES]], %{{.*}}[1, 3]

// The version comes first. Fields 4 to 7: vocabulary, context, rows of a step, positions of a page; 8 and 9: bytes of a
// page and of the arena; 11 and 12: parameters, and bytes of weights that one row reads; 13: weights.
// CHECK-LABEL: llvm.mlir.global external constant @hone_program_module()
// CHECK: %[[VERSION:.*]] = llvm.mlir.constant({{[0-9]+}} : i32)
// CHECK: llvm.insertvalue %[[VERSION]], %{{.*}}[0]
// The levels of the steps, as bits.
// CHECK: %[[LEVELS:.*]] = llvm.mlir.constant(5 : i32)
// CHECK: llvm.insertvalue %[[LEVELS]], %{{.*}}[1]
// CHECK: %[[VOCABULARY:.*]] = llvm.mlir.constant(8 : i32)
// CHECK: llvm.insertvalue %[[VOCABULARY]], %{{.*}}[4]
// CHECK: %[[CONTEXT:.*]] = llvm.mlir.constant(128 : i32)
// CHECK: llvm.insertvalue %[[CONTEXT]], %{{.*}}[5]
// CHECK: %[[MAX_ROWS:.*]] = llvm.mlir.constant(4 : i32)
// CHECK: llvm.insertvalue %[[MAX_ROWS]], %{{.*}}[6]
// CHECK: %[[POSITIONS:.*]] = llvm.mlir.constant(64 : i32)
// CHECK: llvm.insertvalue %[[POSITIONS]], %{{.*}}[7]
// CHECK: %[[PAGE:.*]] = llvm.mlir.constant(8192 : i64)
// CHECK: llvm.insertvalue %[[PAGE]], %{{.*}}[8]
// CHECK: %[[ARENA:.*]] = llvm.mlir.constant(256 : i64)
// CHECK: llvm.insertvalue %[[ARENA]], %{{.*}}[9]
// CHECK: %[[PARAMETERS:.*]] = llvm.mlir.constant(288 : i64)
// CHECK: llvm.insertvalue %[[PARAMETERS]], %{{.*}}[11]
// CHECK: %[[ROW:.*]] = llvm.mlir.constant(400 : i64)
// CHECK: llvm.insertvalue %[[ROW]], %{{.*}}[12]
// CHECK: %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: llvm.insertvalue %[[COUNT]], %{{.*}}[13]
// CHECK: %[[TABLE:.*]] = llvm.mlir.addressof @hone_weight_table
// CHECK: llvm.insertvalue %[[TABLE]], %{{.*}}[14]
// CHECK: %[[STEP:.*]] = llvm.mlir.addressof @hone_step
// CHECK: llvm.insertvalue %[[STEP]], %{{.*}}[15, 0]
// CHECK: %[[NULL:.*]] = llvm.mlir.zero
// CHECK: llvm.insertvalue %[[NULL]], %{{.*}}[15, 1]
// CHECK: %[[WIDE:.*]] = llvm.mlir.addressof @hone_step.avx
// CHECK: llvm.insertvalue %[[WIDE]], %{{.*}}[15, 2]
// CHECK: llvm.insertvalue %{{.*}}, %{{.*}}[15, 3]
// Without marks there are neither kernels nor calls.
// CHECK: %[[KERNELS:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: llvm.insertvalue %[[KERNELS]], %{{.*}}[16]
// CHECK: %[[CALLS:.*]] = llvm.mlir.constant(0 : i64)
// CHECK: llvm.insertvalue %[[CALLS]], %{{.*}}[18]

// Name and architecture, then name and encoding of each weight.
// CHECK-LABEL: llvm.mlir.global internal constant @hone_strings("tiny\00llama\00table\00q8_0, panel = <8x32>\00norm\00f32\00")
module attributes {llm.architecture = "llama", llm.name = "tiny", llm.context_length = 128 : i64,
                   llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64, llm.page_bytes = 8192 : i64,
                   llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
llvm.func @hone_step(!llvm.ptr, i32, i32)
llvm.func @hone_step.avx512(!llvm.ptr, i32, i32) attributes {x86.level = "avx-512"}
llm.weight @table : tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>> {
  %0 = llm.file_tensor "table" : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
  %1 = llm.pack %0 : tensor<8x32xi8, #llm.stored<scheme = q8_0>>
    to tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
  llm.yield %1 : tensor<8x32xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
}
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "norm" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}
}

// -----

// What hone-insert-marks left: a table of kernels, whose names are strings, and three numbers of each call.
// CHECK-LABEL: llvm.mlir.global internal constant @hone_kernel_table()
// CHECK-SAME: !llvm.array<2 x struct<(ptr, i64, i64, i64, i64, i64, i64)>>
// CHECK: llvm.getelementptr {{.*}}[1]
// CHECK: llvm.insertvalue %{{.*}}, %{{.*}}[0, 0]
// CHECK: %[[ARITHMETIC:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: llvm.insertvalue %[[ARITHMETIC]], %{{.*}}[0, 1]
// CHECK: %[[WEIGHT:.*]] = llvm.mlir.constant(544 : i64)
// CHECK: llvm.insertvalue %[[WEIGHT]], %{{.*}}[0, 2]
// CHECK: %[[ROW_WEIGHT:.*]] = llvm.mlir.constant(34 : i64)
// CHECK: llvm.insertvalue %[[ROW_WEIGHT]], %{{.*}}[0, 3]
// CHECK: %[[OPERATIONS:.*]] = llvm.mlir.constant(1024 : i64)
// CHECK: llvm.insertvalue %[[OPERATIONS]], %{{.*}}[0, 4]
// CHECK: llvm.getelementptr {{.*}}[9]
// CHECK: llvm.insertvalue %{{.*}}, %{{.*}}[1, 0]
// CHECK: %[[POSITION:.*]] = llvm.mlir.constant(64 : i64)
// CHECK: llvm.insertvalue %[[POSITION]], %{{.*}}[1, 5]
// CHECK: %[[PRODUCTS:.*]] = llvm.mlir.constant(128 : i64)
// CHECK: llvm.insertvalue %[[PRODUCTS]], %{{.*}}[1, 6]
// CHECK: llvm.mlir.global internal constant @hone_call_table(dense<[0, 0, -1, 1, 2, -1]> : tensor<6xi32>)
// CHECK-SAME: !llvm.array<6 x i32>
// CHECK-LABEL: llvm.mlir.global external constant @hone_program_module()
// CHECK: %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: llvm.insertvalue %[[COUNT]], %{{.*}}[16]
// CHECK: %[[TABLE:.*]] = llvm.mlir.addressof @hone_kernel_table
// CHECK: llvm.insertvalue %[[TABLE]], %{{.*}}[17]
// CHECK: %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: llvm.insertvalue %[[COUNT]], %{{.*}}[18]
// CHECK: %[[TABLE:.*]] = llvm.mlir.addressof @hone_call_table
// CHECK: llvm.insertvalue %[[TABLE]], %{{.*}}[19]
// CHECK: llvm.mlir.global internal constant @hone_strings("\00product\00attention\00")
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.page_bytes = 8192 : i64, llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64,
                   llm.calls = array<i32: 0, 0, -1, 1, 2, -1>, llm.kernels = [
  {arithmetic = 2 : i64, name = "product", position_bytes = 0 : i64, position_operations = 0 : i64,
   row_operations = 1024 : i64, row_weight_bytes = 34 : i64, weight_bytes = 544 : i64},
  {arithmetic = 1 : i64, name = "attention", position_bytes = 64 : i64, position_operations = 128 : i64,
   row_operations = 0 : i64, row_weight_bytes = 0 : i64, weight_bytes = 0 : i64}]} {
llvm.func @hone_step(!llvm.ptr, i32, i32)
}

// -----

// A model without a name or architecture has empty ones.
// CHECK: llvm.mlir.global internal constant @hone_strings("\00")
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.page_bytes = 8192 : i64, llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
llvm.func @hone_step(!llvm.ptr, i32, i32)
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.max_rows'}}
module attributes {llm.context_length = 128 : i64, llm.arena_bytes = 256 : i64, llm.page_bytes = 8192 : i64,
                   llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.arena_bytes'}}
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.page_bytes = 8192 : i64,
                   llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.page_bytes'}}
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.vocabulary'}}
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.page_bytes = 8192 : i64, llm.weight_bytes_per_row = 400 : i64} {
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.weight_bytes_per_row'}}
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.page_bytes = 8192 : i64, llm.vocabulary = 8 : i64} {
}

// -----

// expected-error@+1 {{expected the module to have an integer 'llm.context_length'}}
module attributes {llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64, llm.page_bytes = 8192 : i64,
                   llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
}

// -----

// The entry has been converted before.
// expected-error@+1 {{expected 'hone_step' as a function of the llvm dialect}}
module attributes {llm.context_length = 128 : i64, llm.max_rows = 4 : i64, llm.arena_bytes = 256 : i64,
                   llm.page_bytes = 8192 : i64, llm.vocabulary = 8 : i64, llm.weight_bytes_per_row = 400 : i64} {
func.func private @hone_step()
}
