//===- EmitCode.h - From the LLVM dialect to bytes ------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_EMITCODE_H
#define HONE_CODEGEN_X86_EMITCODE_H

#include "hone/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>

namespace hone::x86 {

enum class CodeFormat { Object, Assembly, LLVM };

/// Translates a module of the phase `lowered` to optimized code, each function for its level: a relocatable object,
/// assembly or textual LLVM IR. Only `hone_program_module` is visible outside. Deterministic; the module is not
/// changed.
Result<llvm::SmallVector<char, 0>> emitCode(mlir::ModuleOp module, CodeFormat format);

/// The machine that code is generated for: x86-64-v3, position-independent, and no fused operation but those that the
/// kernels ask for.
Result<std::unique_ptr<llvm::TargetMachine>> createTargetMachine();

/// Tells LLVM the level of each function of a module in the llvm dialect that has one.
void setTargets(mlir::ModuleOp module);

/// The optimization of `emitCode`, for who runs the same code without writing it.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_EMITCODE_H
