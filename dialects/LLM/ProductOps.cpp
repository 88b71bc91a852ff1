//===- ProductOps.cpp - Products with weights -----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constraints.h"
#include "hone/dialects/LLM/Encodings.h"

using namespace mlir;
using namespace hone::llm;

/// The types of the products of operand 0, 'input', with each operand that `weights` names, which follow it.
static LogicalResult inferProducts(std::optional<Location> location, StringRef op, ValueRange operands,
                                   ArrayRef<StringRef> weights, SmallVectorImpl<Type> &types) {
  // C1
  auto input = inferMatrix(location, op, "input", operands[0].getType());
  if (failed(input))
    return failure();
  for (auto [name, operand] : llvm::zip_equal(weights, operands.drop_front().take_front(weights.size()))) {
    // C2: the rank.
    auto weight = inferMatrix(location, op, name, operand.getType());
    if (failed(weight))
      return failure();
    types.push_back(
        RankedTensorType::get({input->getDimSize(0), weight->getDimSize(0)}, Float32Type::get(operand.getContext())));
  }
  return success();
}

/// `weight` can be multiplied with `input`; the ranks are known to be 2.
static LogicalResult verifyWeight(Operation *op, StringRef name, RankedTensorType weight, RankedTensorType input) {
  if (!getStored(weight))
    return op->emitOpError("expected '") << name << "' with encoding '#llm.stored', got " << weight;
  if (weight.getDimSize(1) != input.getDimSize(1))
    return op->emitOpError("expected '") << name << "' to have as many columns as 'input' of type " << input << ", got "
                                         << weight;
  return success();
}

/// `bias`, which may be absent, has one f32 for each row of `weight`.
static LogicalResult verifyBias(Operation *op, StringRef name, Value bias, StringRef weightName,
                                RankedTensorType weight) {
  if (!bias)
    return success();
  return verifyVector(op, name, cast<RankedTensorType>(bias.getType()), weight.getDimSize(0),
                      "the rows of '" + weightName + "'");
}

/// Blocked activations have their precision already.
/// Rounded activations have their precision already.
static LogicalResult verifyPrecision(Operation *op, RankedTensorType input, PrecisionAttr activations) {
  if (activations && getPrecision(input) != Precision::F32)
    return op->emitOpError("expected no 'activations' with rounded 'input' of type ")
           << input << ", got " << activations;
  return success();
}

//===----------------------------------------------------------------------===//
// linear
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                         DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  // C1
  return inferProducts(location, getOperationName(), operands, {"weight"}, types);
}

LogicalResult LinearOp::verify() {
  RankedTensorType input = getInput().getType();
  // C2
  if (failed(verifyWeight(*this, "weight", getWeight().getType(), input)))
    return failure();
  // C3
  if (failed(verifyPrecision(*this, input, getActivationsAttr())))
    return failure();
  // C4
  if (failed(verifyBias(*this, "bias", getBias(), "weight", getWeight().getType())))
    return failure();
  // C5
  return getScaleAttr() ? verifyFinite(*this, "scale", getScaleAttr()) : success();
}

//===----------------------------------------------------------------------===//
// qkv
//===----------------------------------------------------------------------===//

LogicalResult QKVOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                      DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  // C1
  return inferProducts(location, getOperationName(), operands, {"query_weight", "key_weight", "value_weight"}, types);
}

LogicalResult QKVOp::verify() {
  RankedTensorType input = getInput().getType();
  // C2
  if (failed(verifyWeight(*this, "query_weight", getQueryWeight().getType(), input)) ||
      failed(verifyWeight(*this, "key_weight", getKeyWeight().getType(), input)) ||
      failed(verifyWeight(*this, "value_weight", getValueWeight().getType(), input)))
    return failure();
  // C3
  if (failed(verifyPrecision(*this, input, getActivationsAttr())))
    return failure();
  // C4
  if (failed(verifyBias(*this, "query_bias", getQueryBias(), "query_weight", getQueryWeight().getType())) ||
      failed(verifyBias(*this, "key_bias", getKeyBias(), "key_weight", getKeyWeight().getType())))
    return failure();
  return verifyBias(*this, "value_bias", getValueBias(), "value_weight", getValueWeight().getType());
}

//===----------------------------------------------------------------------===//
// gated_activation
//===----------------------------------------------------------------------===//

LogicalResult GatedActivationOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands,
                                                  DictionaryAttr, OpaqueProperties, RegionRange,
                                                  SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult GatedActivationOp::verify() {
  // C1: that the types are the same is a trait.
  return verifyMatrix(*this, "gate", getGate().getType());
}

//===----------------------------------------------------------------------===//
// gated_linear
//===----------------------------------------------------------------------===//

LogicalResult GatedLinearOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                              DictionaryAttr attributes, OpaqueProperties properties,
                                              RegionRange regions, SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  SmallVector<Type> projections;
  // C1
  if (failed(inferProducts(location, getOperationName(), operands, {"gate_weight", "up_weight"}, projections)))
    return failure();
  // C5. One result, because both projections have the same type (C4).
  auto result = inferRounded(location, getOperationName(), cast<RankedTensorType>(projections.front()),
                             findRounding(adaptor, attributes));
  if (failed(result))
    return failure();
  types.push_back(*result);
  return success();
}

LogicalResult GatedLinearOp::verify() {
  RankedTensorType input = getInput().getType();
  // C2
  if (failed(verifyWeight(*this, "gate_weight", getGateWeight().getType(), input)) ||
      failed(verifyWeight(*this, "up_weight", getUpWeight().getType(), input)))
    return failure();
  // C3
  if (failed(verifyPrecision(*this, input, getActivationsAttr())))
    return failure();
  // C4
  if (getGateWeight().getType().getDimSize(0) != getUpWeight().getType().getDimSize(0))
    return emitOpError("expected 'up_weight' to have as many rows as 'gate_weight' of type ")
           << getGateWeight().getType() << ", got " << getUpWeight().getType();
  // C6
  if (failed(verifyBias(*this, "gate_bias", getGateBias(), "gate_weight", getGateWeight().getType())))
    return failure();
  return verifyBias(*this, "up_bias", getUpBias(), "up_weight", getUpWeight().getType());
}
