//===- Passes.h - Reference passes -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_REFERENCE_PASSES_H
#define HONE_TRANSFORMS_REFERENCE_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace hone {

/// Marks the arguments that `hone-lower-to-reference` adds for weights of the model file; the value is the weight's
/// name.
inline constexpr llvm::StringLiteral kWeightArgumentAttr = "llm.weight";

/// Adds the passes of `hone-reference-to-llvm-pipeline`: tensors, linalg, scf, arith and math to the llvm dialect, by
/// loops. Buffers are freed by the functions that make them; a function's tensor arguments and results become memrefs
/// with the identity layout.
void buildReferenceToLLVMPipeline(mlir::OpPassManager &manager);

/// Registers `hone-reference-to-llvm-pipeline`.
void registerReferencePipelines();

/// Registers what the pipeline needs of a context beyond dialects: how ops are bufferized.
void registerReferenceExtensions(mlir::DialectRegistry &registry);

#define GEN_PASS_DECL
#include "hone/transforms/Reference/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hone/transforms/Reference/Passes.h.inc"

} // namespace hone

#endif // HONE_TRANSFORMS_REFERENCE_PASSES_H
