//===- Passes.h - X86 passes -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PASSES_H
#define HONE_CODEGEN_X86_PASSES_H

#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/Pass/Pass.h"

namespace hone {

#define GEN_PASS_DECL
#include "hone/codegen/X86/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hone/codegen/X86/Passes.h.inc"

/// Adds the passes of `hone-x86-to-llvm-pipeline`: memory, scf, vector, math and arith to the llvm dialect.
void buildX86ToLLVMPipeline(mlir::OpPassManager &manager);

/// Registers `hone-x86-to-llvm-pipeline`.
void registerX86Pipelines();

} // namespace hone

#endif // HONE_CODEGEN_X86_PASSES_H
