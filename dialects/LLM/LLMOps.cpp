//===- LLMOps.cpp - Generated definitions of llm ops ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMOps.h"

#define GET_OP_CLASSES
#include "hone/dialects/LLM/LLMOps.cpp.inc"

bool hone::llm::isWholeKernel(mlir::func::FuncOp function) {
  return llvm::hasSingleElement(function.getBody()) && function.getBody().front().getOperations().size() == 2 &&
         llvm::isa<ReferenceLoweringOpInterface>(function.getBody().front().front());
}
