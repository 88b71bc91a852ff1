//===- RowsReference.cpp - Reference lowerings: rows in, rows out ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceBuilder.h"

using namespace mlir;
using namespace hone::llm;

/// Columns that share a scale once activations are rounded, and the largest integer that they are rounded to.
static constexpr int64_t kBlockColumns = 32;

FailureOr<SmallVector<Value>> EmbeddingOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Value tokens = operands[0], table = operands[1];
  auto type = cast<RankedTensorType>(getResult().getType());
  Value result = b.generateLike(type, tokens, [&](ValueRange indices) {
    return b.at(table, {b.indexAt(tokens, indices[0]), indices[1]});
  });
  return SmallVector<Value>{result};
}

FailureOr<SmallVector<Value>> SelectRowsOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Value input = operands[0], rows = operands[1];
  auto type = cast<RankedTensorType>(getResult().getType());
  Value result = b.generateLike(type, rows, [&](ValueRange indices) {
    return b.at(input, {b.indexAt(rows, indices[0]), indices[1]});
  });
  return SmallVector<Value>{result};
}

/// The f32 sum of two tensors, element by element.
static Value buildAdd(ReferenceBuilder &b, Value lhs, Value rhs) {
  return b.generateLike(cast<RankedTensorType>(lhs.getType()), lhs,
                        [&](ValueRange indices) { return b.addF(b.at(lhs, indices), b.at(rhs, indices)); });
}

FailureOr<SmallVector<Value>> AddOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{buildAdd(b, operands[0], operands[1])};
}

Value hone::llm::buildAddBias(ReferenceBuilder &b, Value input, Value bias) {
  return b.generateLike(cast<RankedTensorType>(input.getType()), input,
                        [&](ValueRange indices) { return b.addF(b.at(input, indices), b.at(bias, indices[1])); });
}

Value hone::llm::buildScale(ReferenceBuilder &b, Value input, float factor) {
  return b.generateLike(cast<RankedTensorType>(input.getType()), input,
                        [&](ValueRange indices) { return b.mulF(b.at(input, indices), b.f32(factor)); });
}

FailureOr<SmallVector<Value>> AddBiasOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{buildAddBias(b, operands[0], operands[1])};
}

FailureOr<SmallVector<Value>> ScaleOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{buildScale(b, operands[0], getFactor().convertToFloat())};
}

/// input[r][i] * weight[i] / sqrt(mean_j(input[r][j]^2) + epsilon)
static Value buildRMSNorm(ReferenceBuilder &b, Value input, Value weight, const APFloat &epsilon) {
  auto type = cast<RankedTensorType>(input.getType());
  Value columns = b.size(input, 1);
  auto rowType = RankedTensorType::get({type.getDimSize(0)}, b.getF64Type());
  Value norms = b.generateLike(rowType, input, [&](ValueRange indices) {
    Value squares = b.sum(columns, [&](Value column) {
      Value element = b.atF64(input, {indices[0], column});
      return b.mulF(element, element);
    });
    Value mean = b.divF(squares, b.indexToF64(columns));
    return Value(math::SqrtOp::create(b, b.addF(mean, b.f64(epsilon.convertToFloat()))));
  });
  return b.generateLike(type, input, [&](ValueRange indices) {
    Value scaled = b.mulF(b.atF64(input, indices), b.atF64(weight, indices[1]));
    return b.toF32(b.divF(scaled, b.at(norms, indices[0])));
  });
}

FailureOr<SmallVector<Value>> RMSNormOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{
      roundActivations(b, buildRMSNorm(b, operands[0], operands[1], getEpsilon()), getRounding())};
}

FailureOr<SmallVector<Value>> AddRMSNormOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Value sum = buildAdd(b, operands[0], operands[1]);
  return SmallVector<Value>{sum, roundActivations(b, buildRMSNorm(b, sum, operands[2], getEpsilon()), getRounding())};
}

/// Integers of up to `largest` with one scale per block.
static Value roundToBlocks(ReferenceBuilder &b, Value input, float greatest) {
  auto type = cast<RankedTensorType>(input.getType());
  assert(type.getDimSize(1) % kBlockColumns == 0 && "the verifiers of both users check this");
  auto scaleType = RankedTensorType::get({type.getDimSize(0), type.getDimSize(1) / kBlockColumns}, b.getF32Type());
  // f32 throughout: the formula says which number is rounded, to the last bit.
  Value scales = b.generateLike(scaleType, input, [&](ValueRange indices) {
    Value first = b.mulI(indices[1], b.index(kBlockColumns));
    Value largest = b.accumulate(b.index(kBlockColumns), b.f32(0.0f), [&](Value column, Value partial) {
      Value magnitude = math::AbsFOp::create(b, b.at(input, {indices[0], b.addI(first, column)}));
      return Value(arith::MaximumFOp::create(b, partial, magnitude));
    });
    return b.divF(largest, b.f32(greatest));
  });
  return b.generateLike(type, input, [&](ValueRange indices) {
    Value scale = b.at(scales, {indices[0], b.divI(indices[1], b.index(kBlockColumns))});
    Value rounded = math::RoundEvenOp::create(b, b.divF(b.at(input, indices), scale));
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.f32(0.0f));
    return b.select(isZero, b.f32(0.0f), b.mulF(rounded, scale));
  });
}

/// bf16 by integers: an f32 is its sign, exponent and 23 bits of mantissa, of which 7 stay. Conversions of the machine
/// may take denormals for zero.
static Value roundToBF16(ReferenceBuilder &b, Value number) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  };
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), number);
  Value odd = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, constant(16)), constant(1));
  Value rounded = b.addI(bits, b.addI(odd, constant(0x7fff)));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, number, number);
  rounded = b.select(isNaN, constant(0x7fc00000), rounded);
  Value upper = arith::TruncIOp::create(b, b.getI16Type(), arith::ShRUIOp::create(b, rounded, constant(16)));
  return arith::BitcastOp::create(b, b.getBF16Type(), upper);
}

Value hone::llm::roundActivations(ReferenceBuilder &b, Value input, std::optional<Precision> precision) {
  auto shape = cast<RankedTensorType>(input.getType()).getShape();
  switch (precision.value_or(Precision::F32)) {
  case Precision::F32:
    return input;
  case Precision::Int16:
    return roundToBlocks(b, input, 32767.0f);
  case Precision::Int8:
    return roundToBlocks(b, input, 127.0f);
  case Precision::F16:
    return b.generateLike(RankedTensorType::get(shape, b.getF16Type()), input,
                          [&](ValueRange indices) { return b.toFloat(b.at(input, indices), b.getF16Type()); });
  case Precision::BF16:
    return b.generateLike(RankedTensorType::get(shape, b.getBF16Type()), input,
                          [&](ValueRange indices) { return roundToBF16(b, b.at(input, indices)); });
  }
  llvm_unreachable("a precision without a reference");
}

FailureOr<SmallVector<Value>> QuantizeRowsOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{roundActivations(b, operands[0], getPrecision())};
}
