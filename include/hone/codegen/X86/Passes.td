//===- Passes.td - x86-64 code generation passes ---------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PASSES
#define HONE_CODEGEN_X86_PASSES

include "mlir/Pass/PassBase.td"

def X86SelectLevelsPass : Pass<"hone-x86-select-levels", "::mlir::ModuleOp"> {
  let summary = "Kernels for each ISA level, and the choice among them";
  let description = [{
    func @kernel, func @step { call @kernel }
      =>  func @kernel.x86-64-v3 {x86.level = "x86-64-v3"}, func @kernel.avx-512 {x86.level = "avx-512"}, ...,
          func @kernel(..., level) { call the one of the level }, func @step(..., level) { call @kernel(..., level) }

    All copies compute the same bits from the same weights, so that the runtime may take the highest level that the CPU
    has. Kernels whose code would be the same share one copy. A single level changes no name, and marks kernels alone.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
  let options = [ListOption<"levels", "levels", "std::string",
                            "Any of x86-64-v3, avx-vnni, avx-512, amx; all of them by default">];
}

def X86LowerKernelsPass : Pass<"hone-x86-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Vector code for the op of each kernel";
  let description = [{
    to_buffer(op(from_buffer...))  =>  scf.forall (unit of work) { loads, vectors of 8 x 32 bits, stores }

    Code is for the level that hone-x86-select-levels gave the kernel, x86-64-v3 where it gave none.

    Each output element has one f32 accumulator in a lane of its own and adds the blocks of the inner dimension in
    their order, for any number of rows, so that results do not depend on how rows are grouped or shared out.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

#endif // HONE_CODEGEN_X86_PASSES
