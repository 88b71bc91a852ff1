//===- LLMOps.cpp - Generated definitions of llm ops ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;

/// The type of a bias is not written: it has one f32 for each row of its weight.
static ParseResult parseBiasType(OpAsmParser &parser, std::optional<OpAsmParser::UnresolvedOperand> bias, Type &type,
                                 Type weight) {
  if (!bias)
    return success();
  auto tensor = dyn_cast<RankedTensorType>(weight);
  if (!tensor || tensor.getRank() != 2)
    return parser.emitError(bias->location, "expected the weight of a bias to have rank 2, got ") << weight;
  type = RankedTensorType::get({tensor.getDimSize(0)}, Float32Type::get(weight.getContext()));
  return success();
}

static void printBiasType(OpAsmPrinter &, Operation *, Value, Type, Type) {}

#define GET_OP_CLASSES
#include "hone/dialects/LLM/LLMOps.cpp.inc"

bool hone::llm::isWholeKernel(func::FuncOp function) {
  return llvm::hasSingleElement(function.getBody()) && function.getBody().front().getOperations().size() == 2 &&
         llvm::isa<ReferenceLoweringOpInterface>(function.getBody().front().front());
}
