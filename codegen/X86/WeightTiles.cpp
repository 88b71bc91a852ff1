//===- WeightTiles.cpp - Reading packed weights in vector code ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightTiles.h"

#include "KernelLowering.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

FailureOr<PackedWeight> PackedWeight::get(Operation *op, Value operand) {
  auto type = cast<RankedTensorType>(operand.getType());
  StoredAttr stored = getStored(type);
  PanelAttr panel = stored ? stored.getPanel() : PanelAttr();
  const SchemeTraits *traits = stored ? &getSchemeTraits(stored.getScheme()) : nullptr;
  int64_t expected = !traits || traits->isPlain ? kBlockColumns : traits->blockElements;
  if (!panel || panel.getRows() != VectorBuilder::lanes || panel.getColumns() != expected) {
    op->emitOpError("expected weights packed in panels of 8 x ")
        << expected << ", got " << type << "; run hone-pack-weights first";
    return failure();
  }
  if (type.getDimSize(1) % kBlockColumns != 0) {
    op->emitOpError("expected weights with a multiple of 32 columns, got ") << type;
    return failure();
  }
  return PackedWeight{type.getDimSize(0), type.getDimSize(1),    traits,
                      stored.getScheme(), getTileLayout(stored), getSource(operand)};
}

PackedBlock PackedWeight::getBlock(VectorBuilder &b, Value panel, Value block, int64_t together) const {
  int64_t parts = layout.columns / kBlockColumns;
  PackedBlock result;
  Value tile = block;
  if (parts > 1) {
    tile = b.div(block, parts);
    result.part = b.rem(block, parts);
  }
  for (int64_t i = 0; i < together; ++i)
    result.tiles.push_back(b.mul(b.add(b.mul(b.add(panel, i), blocks() / parts), tile), layout.bytes));
  return result;
}

Value PackedWeight::getStart(VectorBuilder &b, Value panel, Value block) const {
  int64_t parts = layout.columns / kBlockColumns;
  return b.add(b.mul(panel, blocks() / parts * layout.bytes), b.mul(block, layout.bytes / parts));
}

void PackedWeight::prefetch(VectorBuilder &b, Value panel, Value block, int64_t together) const {
  constexpr int64_t lineBytes = 64;
  int64_t end = cast<MemRefType>(bytes.getType()).getDimSize(0);
  for (int64_t p = 0; p < together; ++p) {
    // Behind the last panel there is nothing to fetch: the last block stands in for it.
    Value start = arith::MinUIOp::create(b, getStart(b, b.add(panel, p), block), b.index(end - blockBytes()));
    for (int64_t line = 0; line < blockBytes(); line += lineBytes)
      memref::PrefetchOp::create(b, bytes, b.add(start, line), /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
}

Value PackedWeight::load(VectorBuilder &b, PackedBlock block, Type element, int64_t count, Value offset) const {
  SmallVector<Value> parts;
  for (Value tile : block.tiles)
    parts.push_back(b.loadBytes(b.vectorOf(element, count), bytes, {b.add(tile, offset)}));
  return b.concat(parts);
}

Value PackedWeight::loadFactors(VectorBuilder &b, PackedBlock block, int64_t offset, int64_t number,
                                bool isSigned) const {
  int64_t perBlock = kBlockColumns / scaleColumns();
  Value position = b.add(b.mul(block.part, perBlock * layout.rows), offset + number * layout.rows);
  Value factors = load(b, block, b.getI8Type(), VectorBuilder::lanes, position);
  if (isSigned)
    return arith::ExtSIOp::create(b, b.i32s(block.lanes()), factors);
  return arith::ExtUIOp::create(b, b.i32s(block.lanes()), factors);
}

Value PackedWeight::loadScale(VectorBuilder &b, PackedBlock block, int64_t number) const {
  VectorType floats = b.f32s(block.lanes());
  Value halves = load(b, block, b.getF16Type(), VectorBuilder::lanes, b.index(layout.scaleOffset));
  Value scale = arith::ExtFOp::create(b, floats, halves);
  if (!traits->subBlockElements)
    return scale;
  Value factors = loadFactors(b, block, layout.subScaleOffset, number, traits->hasSignedSubScales);
  if (traits->sharesSubScaleBytes())
    factors = b.andi(factors, 0xf);
  return b.mulf(scale, arith::SIToFPOp::create(b, floats, factors));
}

Value PackedWeight::loadMinimum(VectorBuilder &b, PackedBlock block, int64_t number) const {
  if (!traits->hasMin)
    return {};
  VectorType floats = b.f32s(block.lanes());
  Value halves = load(b, block, b.getF16Type(), VectorBuilder::lanes, b.index(layout.minOffset));
  Value minimum = arith::ExtFOp::create(b, floats, halves);
  if (!traits->subBlockElements)
    return minimum;
  Value factors = loadFactors(b, block, layout.subMinOffset, number, /*isSigned=*/false);
  if (traits->sharesSubScaleBytes())
    factors = b.shiftRight(factors, 4);
  minimum = b.mulf(minimum, arith::SIToFPOp::create(b, floats, factors));
  return arith::NegFOp::create(b, minimum);
}

/// Digits of `bits` bits of columns 4 t .. 4 t + 3, at bit `shift` of their bytes, from the vector that holds them.
static Value getDigits(VectorBuilder &b, Value vector, unsigned bits, int64_t t, unsigned shift) {
  if (bits == 8)
    return vector;
  int64_t from = t % (8 / bits) * bits, to = shift;
  // What a shift of 16 bits takes from the neighbour byte is masked.
  Value moved = from < to ? b.shiftLeft(vector, to - from) : b.shiftRight(vector, from - to);
  int64_t mask = ((1 << bits) - 1) << shift;
  return b.andi(moved, mask << 8 | mask);
}

void PackedWeight::forEachQuad(VectorBuilder &b, PackedBlock block,
                               llvm::function_ref<void(int64_t, Value)> body) const {
  Value part = block.part ? b.mul(block.part, layout.partBytes) : b.index(0);
  const unsigned lowBits = traits->lowBits, highBits = traits->getHighBits();
  Value low, high;
  for (int64_t t = 0; t < kBlockColumns / 4; ++t) {
    auto loadAt = [&](Value &vector, int64_t offset, int64_t bits) {
      if (t % (8 / bits) == 0)
        vector = load(b, block, b.getI16Type(), 16, b.add(part, offset + t / (8 / bits) * 4 * layout.rows));
    };
    loadAt(low, layout.quantsOffset, lowBits);
    Value quad = getDigits(b, low, lowBits, t, 0);
    if (highBits) {
      loadAt(high, layout.highBitsOffset, highBits);
      quad = arith::OrIOp::create(b, quad, getDigits(b, high, highBits, t, lowBits));
    }
    body(t, quad);
  }
}

void PackedWeight::forEachPair(VectorBuilder &b, PackedBlock block,
                               llvm::function_ref<void(int64_t, Value, Value)> body) const {
  forEachQuad(b, block, [&](int64_t t, Value quad) {
    Value even = traits->isSigned ? b.shiftRight(b.shiftLeft(quad, 8), 8, /*isSigned=*/true) : b.andi(quad, 0x00ff);
    body(t, even, b.shiftRight(quad, 8, traits->isSigned));
  });
}

Value PackedWeight::loadColumn(VectorBuilder &b, Value start, Value column) const {
  Type element = getSchemeElementType(b.getContext(), scheme);
  Value position = b.add(start, b.mul(column, layout.rows * traits->elementBits / 8));
  Value values = b.loadBytes(b.vectorOf(element), bytes, {position});
  return element.isF32() ? values : arith::ExtFOp::create(b, b.f32s(), values).getResult();
}

void PackedWeight::forEachShortPair(VectorBuilder &b, PackedBlock block,
                                    llvm::function_ref<void(int64_t, Value)> body) const {
  assert(traits->isPlain && traits->elementBits == 16 && "a scheme of 16 bits");
  constexpr int64_t lanes = VectorBuilder::lanes;
  // Of each panel the numbers of both columns lie one behind the other.
  SmallVector<int64_t> mask;
  for (int64_t row = 0; row < block.lanes(); ++row)
    for (int64_t i = 0; i < 2; ++i)
      mask.push_back(row / lanes * 2 * lanes + i * lanes + row % lanes);
  for (int64_t p = 0; p < kBlockColumns / 2; ++p) {
    Value numbers = load(b, block, b.getI16Type(), 2 * lanes, b.index(layout.quantsOffset + p * 4 * layout.rows));
    body(p, b.shuffle(numbers, numbers, mask));
  }
}

void PackedWeight::forEachColumn(VectorBuilder &b, PackedBlock block,
                                 llvm::function_ref<void(int64_t, Value)> body) const {
  if (traits->isPlain) {
    int64_t elementBytes = traits->elementBits / 8;
    Type element = getSchemeElementType(b.getContext(), scheme);
    for (int64_t column = 0; column < layout.columns; ++column) {
      Value position = b.index(layout.quantsOffset + column * layout.rows * elementBytes);
      Value values = load(b, block, element, VectorBuilder::lanes, position);
      body(column, element.isF32() ? values : arith::ExtFOp::create(b, b.f32s(block.lanes()), values).getResult());
    }
    return;
  }
  Value scale, minimum;
  forEachQuad(b, block, [&](int64_t t, Value quad) {
    if (4 * t % scaleColumns() == 0) {
      scale = loadScale(b, block, 4 * t / scaleColumns());
      minimum = loadMinimum(b, block, 4 * t / scaleColumns());
    }
    VectorType words = b.i32s(block.lanes());
    Value lanes = b.bitcast(quad, words);
    for (int64_t i = 0; i < 4; ++i) {
      Value integers = traits->isSigned ? b.shiftRight(b.shiftLeft(lanes, 24 - 8 * i), 24, /*isSigned=*/true)
                                        : b.andi(b.shiftRight(lanes, 8 * i), 0xff);
      if (traits->zeroPoint)
        integers = arith::SubIOp::create(b, integers, b.splatInteger(traits->zeroPoint, words));
      Value values = arith::SIToFPOp::create(b, b.f32s(block.lanes()), integers);
      // The product is exact in f32, so that adding the minimum rounds once with or without a fused operation.
      values = minimum ? b.fma(scale, values, minimum) : b.mulf(scale, values);
      body(4 * t + i, values);
    }
  });
}
