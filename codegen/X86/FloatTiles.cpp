//===- FloatTiles.cpp - Products of many rows of bf16 by AMX --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatTiles.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

FloatTiles::FloatTiles(VectorBuilder &b, Value input, ArrayRef<PackedWeight> weights, int64_t panels)
    : b(b), tiles(b), input(input), weights(weights), panelCount(panels), together(panels % 2 == 0 ? 2 : 1) {
  assert(columns() <= kWeightTiles && "a unit of work has 4 panels at most");
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(64));
  };
  unpacked = allocate({columns() * kChunkBlocks * kPairs * pairBytes()}, b.getI8Type());
  sums = allocate({kMostRows, columns() * lanes()}, b.getF32Type());
}

void FloatTiles::configure() {
  TileRegisters::Shapes shapes;
  for (int64_t tile = 0; tile < kSumsTiles; ++tile)
    shapes[getSums(tile)] = {kFewestRows, 4 * lanes()};
  for (int64_t column = 0; column < kWeightTiles; ++column)
    shapes[getWeights(column)] = {kPairs, pairBytes()};
  for (int64_t tile = 0; tile < kActivationTiles; ++tile)
    shapes[getActivations(tile)] = {kFewestRows, 4 * kPairs};
  tiles.configure(shapes);
}

Value FloatTiles::getTileStart(Value row) {
  return arith::MinUIOp::create(b, row, b.sub(b.dim(input, 0), b.index(kFewestRows)));
}

Value FloatTiles::getSum(Value row, int64_t weight, int64_t p) {
  // The last tile begins early, and its sums with it.
  Value tile = b.add(groupFirst, b.sub(row, b.rem(row, kFewestRows)));
  Value place = b.add(row, b.sub(tile, getTileStart(tile)));
  return b.load(b.f32s(), sums, {place, b.index((weight * panelCount + p) * VectorBuilder::lanes)});
}

void FloatTiles::multiply(Value panel, Value first, Value count) {
  groupFirst = first;
  clearSums(count);
  Value blocks = b.index(weights.front().blocks()), zero = b.index(0);
  Value tileCount = arith::CeilDivUIOp::create(b, count, b.index(kFewestRows));
  b.loop(zero, blocks, kChunkBlocks, [&](Value firstBlock) {
    Value chunk = arith::MinUIOp::create(b, b.sub(blocks, firstBlock), b.index(kChunkBlocks));
    b.loop(zero, chunk, 1, [&](Value place) { unpackBlock(panel, b.add(firstBlock, place), place); });
    prefetch(panel, firstBlock);
    // As many tiles of rows together as have their sums in registers; what is left in smaller numbers.
    Value done = zero;
    for (int64_t size = kSumsTiles / columns(); size > 0; size /= 2) {
      Value end = b.sub(tileCount, b.rem(tileCount, size));
      b.loop(done, end, size, [&](Value tile) { multiplyTiles(tile, size, firstBlock, chunk); });
      done = end;
    }
  });
}

void FloatTiles::clearSums(Value count) {
  Value end = b.mul(arith::CeilDivUIOp::create(b, count, b.index(kFewestRows)), kFewestRows);
  b.loop(b.index(0), end, 1, [&](Value row) {
    for (int64_t column = 0; column < columns(); ++column)
      b.store(b.splat(0.0f, b.f32s(lanes())), sums, {row, b.index(column * lanes())});
  });
}

Value FloatTiles::getUnpackedPosition(int64_t column, Value place) {
  int64_t blockBytes = kPairs * pairBytes();
  return b.add(b.mul(place, blockBytes), column * kChunkBlocks * blockBytes);
}

/// Unpacks block `block` of all panels to place `place` of the chunk.
void FloatTiles::unpackBlock(Value panel, Value block, Value place) {
  for (auto [number, weight] : llvm::enumerate(weights))
    for (int64_t i = 0; i < columnsOfWeight(); ++i) {
      int64_t column = static_cast<int64_t>(number) * columnsOfWeight() + i;
      Value start = getUnpackedPosition(column, place);
      PackedBlock source = weight.getBlock(b, b.add(panel, i * together), block, together);
      weight.forEachShortPair(b, source, [&](int64_t pair, Value values) {
        b.storeBytes(values, unpacked, {b.add(start, pair * pairBytes())});
      });
    }
}

/// Asks for the chunk behind that from `firstBlock` on, which is that of the panels behind these where they end: while
/// a chunk is multiplied, the next one comes.
void FloatTiles::prefetch(Value panel, Value firstBlock) {
  Value blocks = b.index(weights.front().blocks()), next = b.add(firstBlock, kChunkBlocks);
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, next, blocks);
  Value nextPanel = arith::SelectOp::create(b, isLast, b.add(panel, panelCount), panel);
  next = arith::SelectOp::create(b, isLast, b.index(0), next);
  Value chunk = arith::MinUIOp::create(b, b.sub(blocks, next), b.index(kChunkBlocks));
  b.loop(b.index(0), chunk, 1, [&](Value place) {
    for (const PackedWeight &weight : weights)
      weight.prefetch(b, nextPanel, b.add(next, place), panelCount);
  });
}

/// Adds the products of a chunk to the sums of `count` tiles of rows and all columns.
void FloatTiles::multiplyTiles(Value firstTile, int64_t count, Value firstBlock, Value chunk) {
  int64_t inputStride = 2 * cast<MemRefType>(input.getType()).getDimSize(1), sumStride = 4 * columns() * lanes();
  SmallVector<Value> rows, sumPlaces;
  for (int64_t r = 0; r < count; ++r) {
    Value row = b.mul(b.add(firstTile, r), kFewestRows);
    rows.push_back(getTileStart(b.add(groupFirst, row)));
    for (int64_t column = 0; column < columns(); ++column)
      sumPlaces.push_back(tiles.getPointer(sums, {row, b.index(column * lanes())}));
  }
  for (auto [tile, place] : llvm::enumerate(sumPlaces))
    tiles.load(getSums(static_cast<int64_t>(tile)), place, sumStride);
  b.loop(b.index(0), chunk, 1, [&](Value place) {
    for (int64_t column = 0; column < columns(); ++column)
      tiles.load(getWeights(column), tiles.getPointer(unpacked, getUnpackedPosition(column, place)), pairBytes());
    Value inputColumn = b.mul(b.add(firstBlock, place), PackedWeight::kBlockColumns);
    for (int64_t r = 0; r < count; ++r) {
      tiles.load(getActivations(r), tiles.getPointer(input, {rows[r], inputColumn}), inputStride);
      for (int64_t column = 0; column < columns(); ++column)
        tiles.multiplyFloats(getSums(r * columns() + column), getActivations(r), getWeights(column));
    }
  });
  for (auto [tile, place] : llvm::enumerate(sumPlaces))
    tiles.store(getSums(static_cast<int64_t>(tile)), place, sumStride);
}
