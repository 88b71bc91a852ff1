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

    All copies compute the same bits from the same weights, but for products of bf16 on AMX, so that the runtime may take
    the highest level that the CPU has. Kernels whose code would be the same share one copy. A single level changes no
    name, and marks kernels alone.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
  let options = [ListOption<"levels", "levels", "std::string",
                            "Any of x86-64-v3, avx-vnni, avx-512, amx; all of them by default">];
}

def X86TunePass : Pass<"hone-x86-tune", "::mlir::ModuleOp"> {
  let summary = "What product kernels may choose, for a machine";
  let description = [{
    func @kernel {x86.level = "avx-512"}
      =>  func @kernel {x86.level = "avx-512", x86.tuning = {ahead_bytes = 8192, chunk_blocks = 16, tile_rows = 5, ...}}

    For kernels of integer products. A choice is that of an option; else what `hone compile --autotune` has learned of
    the kernel; else what the cost model makes of the machine (docs/performance.md); without a machine file, what
    hone-x86-lower-kernels takes where there is no attribute. None changes a bit of any result. The module gets
    `llm.machine`, the name of the machine and the hash of its file.
  }];
  let options = [
    Option<"machineFile", "machine", "std::string", "", "Machine file, as hone compile --autotune writes it">,
    Option<"aheadBytes", "ahead-bytes", "int64_t", "0", "How long before their use few rows ask for weights">,
    Option<"singleRowPanels", "single-row-panels", "int64_t", "0", "Panels that share a vector for a single row">,
    Option<"fewRows", "few-rows", "int64_t", "0", "Rows up to which weights are unpacked in registers">,
    Option<"tileRows", "tile-rows", "int64_t", "0", "Rows that share a reading of unpacked weights">,
    Option<"chunkBlocks", "chunk-blocks", "int64_t", "0", "Blocks that are unpacked to memory at a time">,
    Option<"chunkRows", "chunk-rows", "int64_t", "0", "Rows that read an unpacked chunk">,
  ];
}

def X86LowerKernelsPass : Pass<"hone-x86-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Vector code for the op of each kernel";
  let description = [{
    to_buffer(op(from_buffer...))  =>  scf.forall (unit of work) { loads, vectors of 8 x 32 bits, stores }

    Code is for the level that hone-x86-select-levels gave the kernel, x86-64-v3 where it gave none, and tiled as
    hone-x86-tune says.

    Each output element has one f32 accumulator in a lane of its own and adds the blocks of the inner dimension in
    their order, for any number of rows, so that results do not depend on how rows are grouped or shared out.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

#endif // HONE_CODEGEN_X86_PASSES
