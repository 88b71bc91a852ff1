//===- LLMOps.h - Operations of the llm dialect ------------------ -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMOPS_H
#define HONE_DIALECTS_LLM_LLMOPS_H

#include "hone/dialects/LLM/LLMAttrs.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "hone/dialects/LLM/LLMOps.h.inc"

namespace hone::llm {

/// Whether a function holds one block with one op of the graph, followed by its return: a kernel that is not lowered.
bool isWholeKernel(mlir::func::FuncOp function);

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_LLMOPS_H
