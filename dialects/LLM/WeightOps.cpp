//===- WeightOps.cpp - Weights and their recipes --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone::llm;

/// Whether a tensor lies in the byte order of the model file.
static bool isInFileOrder(Type type) {
  StoredAttr stored = getStored(type);
  return stored && !stored.getPanel();
}

//===----------------------------------------------------------------------===//
// weight
//===----------------------------------------------------------------------===//

LogicalResult WeightOp::verifyRegions() {
  Block &recipe = getRecipe().front();
  // C1
  if (recipe.getNumArguments() != 0)
    return emitOpError("expected a recipe without arguments, got ") << recipe.getNumArguments();
  auto yield = dyn_cast<YieldOp>(recipe.back());
  if (!yield)
    return emitOpError("expected the recipe to end with '")
           << YieldOp::getOperationName() << "', got '" << recipe.back().getName() << "'";
  if (yield.getValue().getType() != getType())
    return yield.emitOpError("expected a value of the weight's type ")
           << getType() << ", got " << yield.getValue().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// file_tensor
//===----------------------------------------------------------------------===//

LogicalResult FileTensorOp::verify() {
  // C1
  if (getType().getRank() > 1 && !isInFileOrder(getType()))
    return emitOpError("expected a result with encoding '#llm.stored' without a panel, got ") << getType();
  return success();
}

//===----------------------------------------------------------------------===//
// decode
//===----------------------------------------------------------------------===//

LogicalResult DecodeOp::verify() {
  RankedTensorType input = getInput().getType(), result = getType();
  // C1
  if (input.getShape() != result.getShape())
    return emitOpError("expected a result of the shape of 'input' of type ") << input << ", got " << result;
  // C2
  if (!isInFileOrder(input))
    return emitOpError("expected 'input' with encoding '#llm.stored' without a panel, got ") << input;
  if (!isInFileOrder(result) || getStored(result).getScheme() != Scheme::F32)
    return emitOpError("expected a result with encoding '#llm.stored<scheme = f32>', got ") << result;
  return success();
}

/// decode(x) => x, where x is f32 already.
OpFoldResult DecodeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return {};
}

//===----------------------------------------------------------------------===//
// pack
//===----------------------------------------------------------------------===//

LogicalResult PackOp::verify() {
  RankedTensorType input = getInput().getType(), result = getType();
  StoredAttr packed = getStored(result);
  // C2
  if (!isInFileOrder(input))
    return emitOpError("expected 'input' with encoding '#llm.stored' without a panel, got ") << input;
  if (!packed || !packed.getPanel())
    return emitOpError("expected a result with encoding '#llm.stored' with a panel, got ") << result;
  // C1
  if (input.getShape() != result.getShape() || input.getElementType() != result.getElementType() ||
      getStored(input).getScheme() != packed.getScheme())
    return emitOpError("expected a result of the shape, element type and scheme of 'input' of type ")
           << input << ", got " << result;
  return success();
}

//===----------------------------------------------------------------------===//
// weight_ref
//===----------------------------------------------------------------------===//

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  // C1
  auto weight = symbolTable.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError("expected '") << getWeight() << "' to name an '" << WeightOp::getOperationName() << "'";
  if (weight.getType() != getType())
    return emitOpError("expected the type of weight '")
           << getWeight() << "', " << weight.getType() << ", got " << getType();
  return success();
}

void WeightRefOp::getAsmResultNames(OpAsmSetValueNameFn setName) { setName(getResult(), getWeight()); }
