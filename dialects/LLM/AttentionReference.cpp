//===- AttentionReference.cpp - Reference lowerings: attention ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceBuilder.h"

using namespace mlir;
using namespace hone::llm;

/// `input` with each head of `headDim` columns turned by its row's position.
static Value buildRope(ReferenceBuilder &b, Value input, Value positions, int64_t headDim, double base,
                       Pairing pairing) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t pairs = headDim / 2;
  bool interleaved = pairing == Pairing::Interleaved;

  // The angle of pair i of row r, once for all heads.
  auto angleType = RankedTensorType::get({type.getDimSize(0), pairs}, b.getF64Type());
  Value angles = b.generateLike(angleType, input, [&](ValueRange indices) {
    Value exponent = b.divF(b.mulF(b.f64(-2.0), b.indexToF64(indices[1])), b.f64(headDim));
    Value frequency = math::PowFOp::create(b, b.f64(base), exponent);
    return b.mulF(b.indexToF64(b.indexAt(positions, indices[0])), frequency);
  });

  return b.generateLike(type, input, [&](ValueRange indices) {
    Value row = indices[0], column = indices[1];
    Value inHead = b.remI(column, b.index(headDim));
    Value headStart = b.subI(column, inHead);
    // Pair i is (x, y), and this element is one of the two.
    Value pair, x, isX;
    if (interleaved) {
      pair = b.divI(inHead, b.index(2));
      x = b.addI(headStart, b.mulI(pair, b.index(2)));
      isX = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, column, x);
    } else {
      pair = b.remI(inHead, b.index(pairs));
      x = b.addI(headStart, pair);
      isX = b.lessI(inHead, b.index(pairs));
    }
    Value y = b.addI(x, b.index(interleaved ? 1 : pairs));
    Value angle = b.at(angles, {row, pair});
    Value cosine = b.toF64(b.toF32(math::CosOp::create(b, angle)));
    Value sine = b.toF64(b.toF32(math::SinOp::create(b, angle)));
    Value xValue = b.atF64(input, {row, x}), yValue = b.atF64(input, {row, y});
    Value turnedX = b.subF(b.mulF(xValue, cosine), b.mulF(yValue, sine));
    Value turnedY = b.addF(b.mulF(xValue, sine), b.mulF(yValue, cosine));
    return b.toF32(b.select(isX, turnedX, turnedY));
  });
}

FailureOr<SmallVector<Value>> RopeOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{
      buildRope(b, operands[0], operands[1], getHeadDim(), getBase().convertToDouble(), getPairing())};
}

/// The number that element `column` of a row of `source` is stored as.
static Value buildStored(ReferenceBuilder &b, KVType type, Value source, Value row, Value head, Value column) {
  Value number = b.at(source, {row, column});
  if (!type.hasScales())
    return b.toFloat(number, type.getElementType());
  // f32 throughout: the type says which number is rounded, to the last bit.
  Value headDim = b.index(type.getHeadDim()), first = b.mulI(head, headDim);
  Value largest = b.accumulate(headDim, b.f32(0.0f), [&](Value element, Value partial) {
    Value magnitude = math::AbsFOp::create(b, b.at(source, {row, b.addI(first, element)}));
    return Value(arith::MaximumFOp::create(b, partial, magnitude));
  });
  Value scale = b.divF(largest, b.f32(127.0f));
  Value rounded = math::RoundEvenOp::create(b, b.divF(number, scale));
  // A denormal scale is rounded so coarsely that a quotient may pass the largest integer.
  rounded = arith::MinimumFOp::create(b, arith::MaximumFOp::create(b, rounded, b.f32(-127.0f)), b.f32(127.0f));
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.f32(0.0f));
  // An integer has no negative zero.
  return b.select(isZero, b.f32(0.0f), b.addF(b.mulF(rounded, scale), b.f32(0.0f)));
}

/// `kv` with the keys and values of each row at its position.
static Value buildAppend(ReferenceBuilder &b, KVType type, Value kv, Value layer, Value keys, Value values,
                         Value positions, Value sequences) {
  Value headDim = b.index(type.getHeadDim());
  return b.accumulate(b.size(keys, 0), kv, [&](Value row, Value afterRows) {
    Value position = b.indexAt(positions, row), sequence = b.indexAt(sequences, row);
    return b.accumulate(b.size(keys, 1), afterRows, [&](Value column, Value memory) {
      Value head = b.divI(column, headDim), element = b.remI(column, headDim);
      for (auto [which, source] : {std::pair(0, keys), std::pair(1, values)}) {
        Value rounded = buildStored(b, type, source, row, head, column);
        Value target[] = {b.index(which), layer, sequence, position, head, element};
        memory = tensor::InsertOp::create(b, rounded, memory, target);
      }
      return memory;
    });
  });
}

FailureOr<SmallVector<Value>> KVAppendOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  return SmallVector<Value>{
      buildAppend(b, getKv().getType(), operands[0], operands[1], operands[2], operands[3], operands[4], operands[5])};
}

FailureOr<SmallVector<Value>> RopeKVAppendOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  KVType type = getKv().getType();
  Value positions = operands[5];
  auto turn = [&](Value input) {
    return buildRope(b, input, positions, type.getHeadDim(), getBase().convertToDouble(), getPairing());
  };
  return SmallVector<Value>{
      buildAppend(b, type, operands[0], operands[1], turn(operands[3]), operands[4], positions, operands[6]),
      turn(operands[2])};
}

FailureOr<SmallVector<Value>> AttentionOp::lowerToReference(RewriterBase &rewriter, ValueRange operands) {
  ReferenceBuilder b(rewriter, getLoc());
  Value queries = operands[0], kv = operands[1], layer = operands[2];
  Value positions = operands[3], sequences = operands[4];
  KVType kvType = getKv().getType();
  RankedTensorType type = getQueries().getType();
  int64_t heads = getHeads(), group = heads / kvType.getHeads();
  Value headDim = b.index(kvType.getHeadDim());
  Value keyPlane = b.index(0), valuePlane = b.index(1);
  Value one = b.index(1);

  SmallVector<Value> rowSize;
  if (type.isDynamicDim(0))
    rowSize.push_back(b.size(queries, 0));
  auto visible = [&](Value row) { return b.addI(b.indexAt(positions, row), one); };

  // scores[r][h][p] = scale * queries[r][h] . keys[p][g]; what row r does not see is 0, and is not read.
  SmallVector<Value> scoreSizes = rowSize;
  scoreSizes.push_back(b.size(kv, 3));
  auto scoreType = RankedTensorType::get({type.getDimSize(0), heads, ShapedType::kDynamic}, b.getF64Type());
  Value scores = b.generate(scoreType, scoreSizes, [&](ValueRange indices) {
    Value row = indices[0], head = indices[1], position = indices[2];
    Value sequence = b.indexAt(sequences, row);
    Value kvHead = b.divI(head, b.index(group));
    Value firstColumn = b.mulI(head, headDim);
    Value extent = b.select(b.lessI(position, visible(row)), headDim, b.index(0));
    Value dot = b.sum(extent, [&](Value element) {
      Value key[] = {keyPlane, layer, sequence, position, kvHead, element};
      return b.mulF(b.atF64(queries, {row, b.addI(firstColumn, element)}), b.atF64(kv, key));
    });
    return b.mulF(b.f64(getScale().convertToFloat()), dot);
  });

  // The largest score is subtracted from all, which changes no quotient and keeps exp from overflowing.
  auto headType = RankedTensorType::get({type.getDimSize(0), heads}, b.getF64Type());
  Value largest = b.generate(headType, rowSize, [&](ValueRange indices) {
    Value first = b.at(scores, {indices[0], indices[1], b.index(0)});
    return b.accumulate(visible(indices[0]), first, [&](Value position, Value partial) {
      return Value(arith::MaximumFOp::create(b, partial, b.at(scores, {indices[0], indices[1], position})));
    });
  });
  Value weights = b.generate(scoreType, scoreSizes, [&](ValueRange indices) {
    Value shifted = b.subF(b.at(scores, indices), b.at(largest, {indices[0], indices[1]}));
    return Value(math::ExpOp::create(b, shifted));
  });
  Value totals = b.generate(headType, rowSize, [&](ValueRange indices) {
    return b.sum(visible(indices[0]), [&](Value position) {
      return b.at(weights, {indices[0], indices[1], position});
    });
  });

  Value result = b.generate(type, rowSize, [&](ValueRange indices) {
    Value row = indices[0], head = b.divI(indices[1], headDim), element = b.remI(indices[1], headDim);
    Value sequence = b.indexAt(sequences, row);
    Value kvHead = b.divI(head, b.index(group));
    Value weighted = b.sum(visible(row), [&](Value position) {
      Value value[] = {valuePlane, layer, sequence, position, kvHead, element};
      return b.mulF(b.at(weights, {row, head, position}), b.atF64(kv, value));
    });
    return b.toF32(b.divF(weighted, b.at(totals, {row, head})));
  });
  return SmallVector<Value>{roundActivations(b, result, getRounding())};
}
