// What the phase 'lowered' promises, and the diagnostic for each breach.
// RUN: hone-opt %s -split-input-file -hone-contract-lowered -verify-diagnostics

// Functions and globals of the LLVM dialect, and weights, whose recipes are of another.
llvm.func @hone_step(%step: !llvm.ptr, %worker: i32, %workers: i32) {
  llvm.return
}
llvm.mlir.global external constant @hone_program_module() : i32
llm.weight @norm : tensor<32xf32> {
  %0 = llm.file_tensor "norm" : tensor<32xf32>
  llm.yield %0 : tensor<32xf32>
}

// -----

// expected-error@+1 {{expected 'hone_step' to be defined}}
module {
llvm.mlir.global external constant @hone_program_module() : i32
}

// -----

// expected-error@+1 {{expected 'hone_program_module' to be defined}}
module {
llvm.func @hone_step()
}

// -----

llvm.mlir.global external constant @hone_program_module() : i32
llvm.func @hone_step(%a: i32) {
  // expected-error@+2 {{is not of the LLVM dialect}}
  // expected-note@+1 {{a conversion of the hone-lower-pipeline should have removed it}}
  %0 = arith.addi %a, %a : i32
  llvm.return
}

// -----

// A cast that no conversion could reconcile is found too, and a function that is none of LLVM's.
llvm.mlir.global external constant @hone_program_module() : i32
llvm.func @hone_step(%a: i64) {
  // expected-error@+2 {{is not of the LLVM dialect}}
  // expected-note@+1 {{a conversion of the hone-lower-pipeline should have removed it}}
  %0 = builtin.unrealized_conversion_cast %a : i64 to index
  llvm.return
}

// -----

llvm.mlir.global external constant @hone_program_module() : i32
llvm.func @hone_step()
// expected-error@+2 {{is not of the LLVM dialect}}
// expected-note@+1 {{a conversion of the hone-lower-pipeline should have removed it}}
func.func private @other()
