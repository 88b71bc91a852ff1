//===- ProductReference.cpp - Reference lowerings: products ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceBuilder.h"

using namespace mlir;
using namespace hone::llm;

/// sum_k input[r][k] * weight[n][k], of type `type`.
static Value buildProduct(ReferenceBuilder &b, Type type, Value input, Value weight) {
  return b.generateLike(cast<RankedTensorType>(type), input, [&](ValueRange indices) {
    return b.toF32(b.sum(b.size(input, 1), [&](Value column) {
      return b.mulF(b.atF64(input, {indices[0], column}), b.atF64(weight, {indices[1], column}));
    }));
  });
}

/// The product, plus one number per column if there is a bias: each is rounded to f32, as the ops that they stand for.
static Value buildBiased(ReferenceBuilder &b, Type type, Value input, Value weight, Value bias) {
  Value product = buildProduct(b, type, input, weight);
  return bias ? buildAddBias(b, product, bias) : product;
}

/// function(gate) * up, element by element.
static Value buildGatedActivation(ReferenceBuilder &b, Activation function, Value gate, Value up) {
  return b.generateLike(cast<RankedTensorType>(gate.getType()), gate, [&](ValueRange indices) {
    Value x = b.atF64(gate, indices);
    Value activated;
    switch (function) {
    case Activation::SiLU: {
      Value exponential = math::ExpOp::create(b, arith::NegFOp::create(b, x));
      activated = b.divF(x, b.addF(b.f64(1.0), exponential));
      break;
    }
    }
    return b.toF32(b.mulF(activated, b.atF64(up, indices)));
  });
}

FailureOr<SmallVector<Value>> LinearOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Adaptor adaptor(operands, *this);
  Value input = roundActivations(b, adaptor.getInput(), getActivations());
  Value result = buildBiased(b, getResult().getType(), input, adaptor.getWeight(), adaptor.getBias());
  if (std::optional<APFloat> scale = getScale())
    result = buildScale(b, result, scale->convertToFloat());
  return SmallVector<Value>{result};
}

FailureOr<SmallVector<Value>> QKVOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Adaptor adaptor(operands, *this);
  Value input = roundActivations(b, adaptor.getInput(), getActivations());
  return SmallVector<Value>{
      buildBiased(b, getQuery().getType(), input, adaptor.getQueryWeight(), adaptor.getQueryBias()),
      buildBiased(b, getKey().getType(), input, adaptor.getKeyWeight(), adaptor.getKeyBias()),
      buildBiased(b, getValue().getType(), input, adaptor.getValueWeight(), adaptor.getValueBias())};
}

FailureOr<SmallVector<Value>> GatedActivationOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{buildGatedActivation(b, getFunction(), operands[0], operands[1])};
}

FailureOr<SmallVector<Value>> GatedLinearOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Adaptor adaptor(operands, *this);
  Value input = roundActivations(b, adaptor.getInput(), getActivations());
  auto type = RankedTensorType::get(getResult().getType().getShape(), b.getF32Type());
  Value gate = buildBiased(b, type, input, adaptor.getGateWeight(), adaptor.getGateBias());
  Value up = buildBiased(b, type, input, adaptor.getUpWeight(), adaptor.getUpBias());
  return SmallVector<Value>{roundActivations(b, buildGatedActivation(b, getFunction(), gate, up), getRounding())};
}
