//===- Passes.td - x86-64 code generation passes ---------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PASSES
#define HONE_CODEGEN_X86_PASSES

include "mlir/Pass/PassBase.td"

def X86LowerKernelsPass : Pass<"hone-x86-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Vector code of the x86-64-v3 level for the op of each kernel";
  let description = [{
    to_buffer(op(from_buffer...))  =>  scf.forall (unit of work) { loads, vectors of 8 x 32 bits, stores }

    Each output element has one f32 accumulator in a lane of its own and adds the blocks of the inner dimension in
    their order, for any number of rows, so that results do not depend on how rows are grouped or shared out.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

#endif // HONE_CODEGEN_X86_PASSES
