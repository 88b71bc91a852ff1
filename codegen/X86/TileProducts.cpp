//===- TileProducts.cpp - Products of many rows of bytes by AMX ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileProducts.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

namespace {

/// Tile registers: sums, and operands of each length of sub-blocks.
constexpr int64_t kSums = 0;
struct Operands {
  int64_t activations, weights;
};
constexpr int64_t kStepCounts[] = {8, 4}; ///< steps of a sub-block of 32 and of 16 columns
constexpr Operands kOperands[] = {{1, 2}, {3, 4}};

} // namespace

static Operands getOperands(int64_t steps) {
  assert(llvm::is_contained(kStepCounts, steps) && "sub-blocks have 16 or 32 columns");
  return kOperands[llvm::find(kStepCounts, steps) - kStepCounts];
}

TileProducts::TileProducts(VectorBuilder &b, IntegerProducts &products, ArrayRef<PackedWeight> weights, int64_t panels)
    : UnpackedPanels(b, products, weights, panels, kFewestRows), tiles(b) {
  tileSums =
      memref::AllocaOp::create(b, MemRefType::get({kSumsTiles * tileBytes()}, b.getI8Type()), b.getI64IntegerAttr(64));
}

void TileProducts::configure() {
  TileRegisters::Shapes shapes;
  shapes[kSums] = {kFewestRows, 4 * lanes()};
  for (int64_t steps : kStepCounts) {
    shapes[getOperands(steps).activations] = {kFewestRows, 4 * steps};
    shapes[getOperands(steps).weights] = {steps, 4 * lanes()};
  }
  tiles.configure(shapes);
}

Value TileProducts::getSumsPosition(const PackedWeight &weight, Value block, int64_t number) {
  Value own = b.add(b.mul(block, subBlocksOf(weight)), number);
  return b.mul(b.rem(own, kSumsTiles), tileBytes());
}

void TileProducts::emitTile(Value firstRow, Value sumRow, Value firstBlock, Value count) {
  for (int64_t column = 0; column < columns(); ++column)
    multiplyColumn({firstRow, firstBlock, column}, sumRow, count);
}

void TileProducts::multiplyColumn(const Tile &tile, Value sumRow, Value count) {
  const PackedWeight &weight = weightOf(tile.column);
  const int64_t subBlocks = subBlocksOf(weight), blocksAhead = kAhead / subBlocks;
  // Rows' scales, which the sub-blocks of a block share, would stay in registers from one to the next and have others
  // spilled; so tiles, which may write memory for all that the compiler knows, stand between them without a branch.
  // Behind the last block they compute that again, for nobody.
  Value last = b.sub(count, b.index(1));
  auto multiply = [&](Value place, int64_t number) {
    Value target = getSumsPosition(weight, place, number);
    if (subBlocks > 1)
      return multiplySubBlock(tile, arith::MinUIOp::create(b, place, last), number, target);
    auto isThere = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, place, last);
    b.when(isThere, [&] { multiplySubBlock(tile, place, number, target); });
  };
  auto getSumPlace = [&](int64_t r) -> SmallVector<Value> {
    return {b.add(sumRow, r), b.index(tile.column * lanes())};
  };
  for (int64_t own = 0; own < kAhead; ++own)
    multiply(b.index(own / subBlocks), own % subBlocks);
  SmallVector<Value> accumulators;
  for (int64_t r = 0; r < kFewestRows; ++r)
    accumulators.push_back(b.load(b.f32s(lanes()), sums, getSumPlace(r)));
  accumulators = b.loop(b.index(0), count, 1, accumulators, [&](Value place, ValueRange carried) {
    SmallVector<Value> next = llvm::to_vector(carried);
    for (int64_t number = 0; number < subBlocks; ++number) {
      multiply(b.add(place, blocksAhead), number);
      addSubBlock(tile, place, number, next);
    }
    return next;
  });
  for (auto [r, accumulator] : llvm::enumerate(accumulators))
    b.store(accumulator, sums, getSumPlace(static_cast<int64_t>(r)));
}

/// The tiles' part: 16 rows of sums of products, to byte `target` of `tileSums`.
void TileProducts::multiplySubBlock(const Tile &tile, Value place, int64_t number, Value target) {
  const PackedWeight &weight = weightOf(tile.column);
  int64_t count = products.stepsPerScale(weight), stride = columns() * stepBytes();
  Operands operands = getOperands(count);
  Value rows = products.rowsInMemory();
  tiles.clear(kSums);
  Value position = products.getPosition(b.add(tile.firstBlock, place));
  position = products.getSubBlockPosition(weight, position, number);
  tiles.load(operands.activations, tiles.getPointer(rows, {tile.firstRow, position}),
             cast<MemRefType>(rows.getType()).getDimSize(1));
  Value step = b.add(b.mul(place, blockSteps()), number * count);
  step = b.add(b.mul(step, stride), tile.column * stepBytes());
  tiles.load(operands.weights, tiles.getPointer(steps, step), stride);
  tiles.multiplyBytes(kSums, operands.activations, operands.weights);
  tiles.store(kSums, tiles.getPointer(tileSums, target), 4 * lanes());
}

/// The vectors' part.
void TileProducts::addSubBlock(const Tile &tile, Value place, int64_t number, MutableArrayRef<Value> accumulators) {
  const PackedWeight &weight = weightOf(tile.column);
  Value position = products.getPosition(b.add(tile.firstBlock, place));
  Value source = getSumsPosition(weight, place, number), factor = getFactorPosition(place, number, tile.column);
  Value scale = b.load(b.f32s(lanes()), scales, {factor});
  Value minimum = weight.traits->hasMin ? b.load(b.f32s(lanes()), minimums, {factor}) : Value();
  for (auto [r, accumulator] : llvm::enumerate(accumulators)) {
    auto row = static_cast<int64_t>(r);
    Value sum = b.loadBytes(b.i32s(lanes()), tileSums, {b.add(source, row * 4 * lanes())});
    IntegerProducts::RowFactors factors =
        products.loadFactors(weight, b.add(tile.firstRow, row), position, number, lanes());
    accumulator = products.addScaled(sum, scale, minimum, factors, accumulator);
  }
}
