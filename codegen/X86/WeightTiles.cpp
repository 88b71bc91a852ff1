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
  if (!panel || panel.getRows() != VectorBuilder::lanes || panel.getColumns() != 32) {
    op->emitOpError("expected weights packed in panels of 8 x 32, got ") << type << "; run hone-pack-weights first";
    return failure();
  }
  if (type.getDimSize(1) % panel.getColumns() != 0) {
    op->emitOpError("expected weights with a multiple of 32 columns, got ") << type;
    return failure();
  }
  return PackedWeight{type.getDimSize(0),        type.getDimSize(1), &getSchemeTraits(stored.getScheme()),
                      stored.getScheme(), getTileLayout(stored), getSource(operand)};
}

Value PackedWeight::getTile(VectorBuilder &b, Value panel, Value block) const {
  return b.mul(b.add(b.mul(panel, blocks()), block), layout.bytes);
}

Value PackedWeight::loadScale(VectorBuilder &b, Value tile) const {
  return b.loadHalves(bytes, {b.add(tile, layout.scaleOffset)});
}

Value PackedWeight::loadMinimum(VectorBuilder &b, Value tile) const {
  return traits->hasMin ? b.loadHalves(bytes, {b.add(tile, layout.minOffset)}) : Value();
}

void PackedWeight::forEachQuad(VectorBuilder &b, Value tile, llvm::function_ref<void(int64_t, Value)> body) const {
  VectorType pairs = b.vectorOf(b.getI16Type(), 16);
  auto loadVector = [&](int64_t number) {
    return b.loadBytes(pairs, bytes, {b.add(tile, layout.quantsOffset + 32 * number)});
  };
  if (traits->elementBits == 8) {
    for (int64_t t = 0; t < layout.columns / 4; ++t)
      body(t, loadVector(t));
    return;
  }
  Value highBits;
  if (layout.highBitsOffset >= 0)
    highBits = b.loadBytes(b.i32s(), bytes, {b.add(tile, layout.highBitsOffset)});
  auto withHighBits = [&](int64_t t, Value low) -> Value {
    if (!highBits)
      return low;
    Value bits = b.shiftLeft(b.andi(b.shiftRight(highBits, t), 0x01010101), 4);
    return arith::OrIOp::create(b, low, b.bitcast(bits, pairs));
  };
  for (int64_t group = 0; group < layout.columns / 8; ++group) {
    Value nibbles = loadVector(group);
    body(2 * group, withHighBits(2 * group, b.andi(nibbles, 0x0f0f)));
    body(2 * group + 1, withHighBits(2 * group + 1, b.andi(b.shiftRight(nibbles, 4), 0x0f0f)));
  }
}

void PackedWeight::forEachPair(VectorBuilder &b, Value tile,
                               llvm::function_ref<void(int64_t, Value, Value)> body) const {
  forEachQuad(b, tile, [&](int64_t t, Value quad) {
    Value even = traits->isSigned ? b.shiftRight(b.shiftLeft(quad, 8), 8, /*isSigned=*/true) : b.andi(quad, 0x00ff);
    body(t, even, b.shiftRight(quad, 8, traits->isSigned));
  });
}

void PackedWeight::forEachColumn(VectorBuilder &b, Value tile, llvm::function_ref<void(int64_t, Value)> body) const {
  if (traits->isPlain) {
    int64_t elementBytes = traits->elementBits / 8;
    Type element = getSchemeElementType(b.getContext(), scheme);
    for (int64_t column = 0; column < layout.columns; ++column) {
      Value position = b.add(tile, layout.quantsOffset + column * layout.rows * elementBytes);
      Value values = b.loadBytes(b.vectorOf(element), bytes, {position});
      body(column, element.isF32() ? values : arith::ExtFOp::create(b, b.f32s(), values).getResult());
    }
    return;
  }
  Value scale = loadScale(b, tile), minimum = loadMinimum(b, tile);
  forEachQuad(b, tile, [&](int64_t t, Value quad) {
    Value lanes = b.bitcast(quad, b.i32s());
    for (int64_t i = 0; i < 4; ++i) {
      Value integers = traits->isSigned ? b.shiftRight(b.shiftLeft(lanes, 24 - 8 * i), 24, /*isSigned=*/true)
                                        : b.andi(b.shiftRight(lanes, 8 * i), 0xff);
      if (traits->zeroPoint)
        integers = arith::SubIOp::create(b, integers, b.splatInteger(traits->zeroPoint, b.i32s()));
      Value values = arith::SIToFPOp::create(b, b.f32s(), integers);
      // d * q is exact in f32, so that adding m rounds once with or without a fused operation.
      values = minimum ? b.fma(scale, values, minimum) : b.mulf(scale, values);
      body(4 * t + i, values);
    }
  });
}
