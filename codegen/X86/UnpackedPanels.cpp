//===- UnpackedPanels.cpp - Products of many rows -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnpackedPanels.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

static constexpr int64_t kLanes = VectorBuilder::lanes;

/// Memory of the kernel's stack, aligned to whole vectors.
static Value allocate(VectorBuilder &b, ArrayRef<int64_t> shape, Type element) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(32));
}

UnpackedPanels::UnpackedPanels(VectorBuilder &b, IntegerProducts &products, ArrayRef<PackedWeight> weights,
                               int64_t panels)
    : b(b), products(products), weights(weights), panelCount(panels) {
  steps = allocate(b, {kBlocks * blockSteps() * columns() * IntegerProducts::kStepBytes}, b.getI8Type());
  int64_t factors = kBlocks * subBlocks() * columns() * kLanes;
  scales = allocate(b, {factors}, b.getF32Type());
  if (llvm::any_of(weights, [](const PackedWeight &weight) { return weight.traits->hasMin; }))
    minimums = allocate(b, {factors}, b.getF32Type());
  sums = allocate(b, {kMostRows, columns() * kLanes}, b.getF32Type());
}

int64_t UnpackedPanels::subBlocks() const {
  int64_t most = 1;
  for (const PackedWeight &weight : weights)
    most = std::max(most, PackedWeight::kBlockColumns / weight.scaleColumns());
  return most;
}

int64_t UnpackedPanels::blockSteps() const {
  const PackedWeight &weight = weights.front();
  return products.stepsPerScale(weight) * (PackedWeight::kBlockColumns / weight.scaleColumns());
}

void UnpackedPanels::multiply(Value panel, Value first, Value count) {
  b.loop(b.index(0), count, 1, [&](Value row) {
    for (int64_t i = 0; i < columns(); ++i)
      b.store(b.splat(0.0f), sums, {row, b.index(i * kLanes)});
  });
  Value blocks = b.index(weights.front().blocks());
  b.loop(b.index(0), blocks, kBlocks, [&](Value firstBlock) {
    Value rest = arith::SubIOp::create(b, blocks, firstBlock);
    Value chunk = arith::MinUIOp::create(b, rest, b.index(kBlocks));
    b.loop(b.index(0), chunk, 1, [&](Value place) { unpackBlock(panel, b.add(firstBlock, place), place); });
    b.loop(b.index(0), count, kRows, [&](Value row) { emitTile(panel, b.add(first, row), row, firstBlock, chunk); });
  });
}

/// Unpacks block `block` of all panels to place `place` of the chunk.
void UnpackedPanels::unpackBlock(Value panel, Value block, Value place) {
  Value start = b.mul(place, blockSteps() * columns() * IntegerProducts::kStepBytes);
  for (auto [number, weight] : llvm::enumerate(weights))
    for (int64_t p = 0; p < panelCount; ++p) {
      int64_t own = column(static_cast<int64_t>(number), p);
      PackedBlock source = weight.getBlock(b, b.add(panel, p), block);
      products.forEachStep(weight, source, [&](int64_t step, Value values) {
        b.storeBytes(values, steps, {b.add(start, (step * columns() + own) * IntegerProducts::kStepBytes)});
      });
      unpackFactors(weight, source, place, own);
    }
}

void UnpackedPanels::unpackFactors(const PackedWeight &weight, PackedBlock source, Value place, int64_t column) {
  for (int64_t number = 0; number < PackedWeight::kBlockColumns / weight.scaleColumns(); ++number) {
    Value position = getFactorPosition(place, number, column);
    b.store(weight.loadScale(b, source, number), scales, {position});
    if (Value minimum = weight.loadMinimum(b, source, number))
      b.store(minimum, minimums, {position});
  }
}

Value UnpackedPanels::getFactorPosition(Value place, int64_t number, int64_t column) {
  return b.add(b.mul(place, subBlocks() * columns() * kLanes), (number * columns() + column) * kLanes);
}

/// Adds the products of a chunk of `count` blocks from `firstBlock` on to the sums of `kRows` rows.
void UnpackedPanels::emitTile(Value panel, Value row, Value sumRow, Value firstBlock, Value count) {
  SmallVector<Value> initial; // [column][row]
  for (int64_t i = 0; i < columns(); ++i)
    for (int64_t r = 0; r < kRows; ++r)
      initial.push_back(b.load(b.f32s(), sums, {b.add(sumRow, r), b.index(i * kLanes)}));
  SmallVector<Value> results = b.loop(b.index(0), count, 1, initial, [&](Value place, ValueRange carried) {
    SmallVector<Value> accumulators = llvm::to_vector(carried);
    prefetch(panel, b.add(firstBlock, kBlocks), b.add(b.mul(sumRow, kBlocks / kRows), place));
    Value position = products.getPosition(b.add(firstBlock, place));
    int64_t together = isUniform() ? static_cast<int64_t>(weights.size()) : 1;
    for (int64_t weight = 0; weight < static_cast<int64_t>(weights.size()); weight += together) {
      int64_t own = panelCount * kRows;
      addBlock(weight, together, row, place, position,
               MutableArrayRef<Value>(accumulators).slice(weight * own, together * own));
    }
    return accumulators;
  });
  for (int64_t i = 0; i < columns(); ++i)
    for (int64_t r = 0; r < kRows; ++r)
      b.store(results[i * kRows + r], sums, {b.add(sumRow, r), b.index(i * kLanes)});
}

/// Fetches line `line` of the chunk that begins at `block`, one for each block of each tile: while a chunk is
/// multiplied, the next one comes.
void UnpackedPanels::prefetch(Value panel, Value block, Value line) {
  for (const PackedWeight &weight : weights)
    for (int64_t p = 0; p < panelCount; ++p) {
      Value position = b.add(weight.getBlock(b, b.add(panel, p), block).tile, b.mul(line, kLineBytes));
      // Behind the last panel there is nothing to fetch.
      int64_t bytes = cast<MemRefType>(weight.bytes.getType()).getDimSize(0);
      position = arith::MinUIOp::create(b, position, b.index(bytes - 1));
      memref::PrefetchOp::create(b, weight.bytes, position, /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
    }
}

bool UnpackedPanels::isUniform() const {
  return llvm::all_of(weights, [&](const PackedWeight &weight) {
    return weight.traits->isSigned == weights.front().traits->isSigned &&
           products.stepsPerScale(weight) == products.stepsPerScale(weights.front()) &&
           products.stepsPerSum(weight) == products.stepsPerSum(weights.front());
  });
}

/// Adds the block at `place` of `count` weights that are alike. Accumulators are indexed [column][row].
void UnpackedPanels::addBlock(int64_t firstWeight, int64_t count, Value row, Value place, Value position,
                              MutableArrayRef<Value> accumulators) {
  const PackedWeight &like = weights[firstWeight];
  int64_t perScale = products.stepsPerScale(like), firstColumn = column(firstWeight, 0);
  for (int64_t number = 0; number < PackedWeight::kBlockColumns / like.scaleColumns(); ++number) {
    SmallVector<Value> integers = addSteps(firstColumn, count * panelCount, row, place, position, number * perScale);
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t i = 0; i < count * panelCount; ++i) {
        const PackedWeight &weight = weightOf(firstColumn + i);
        Value at = getFactorPosition(place, number, firstColumn + i);
        Value minimum = weight.traits->hasMin ? b.load(b.f32s(), minimums, {at}) : Value();
        Value &accumulator = accumulators[i * kRows + r];
        accumulator = products.addScaled(integers[i * kRows + r], b.load(b.f32s(), scales, {at}), minimum,
                                         products.loadFactors(weight, b.add(row, r), position, number), accumulator);
      }
  }
}

/// The sums of products of a sub-block, [column][row]. The steps are a loop: unrolled, the scheduler of the code
/// generator loads ahead until registers spill.
SmallVector<Value> UnpackedPanels::addSteps(int64_t firstColumn, int64_t count, Value row, Value place, Value position,
                                            int64_t firstStep) {
  const PackedWeight &like = weightOf(firstColumn);
  int64_t perScale = products.stepsPerScale(like), perSum = products.stepsPerSum(like);
  Value start = b.mul(place, blockSteps() * columns() * IntegerProducts::kStepBytes);
  auto addProducts = [&](Value step, MutableArrayRef<Value> totals, bool widens) {
    SmallVector<Value> operands;
    for (int64_t i = 0; i < count; ++i) {
      Value offset = b.add(start, b.mul(step, columns() * IntegerProducts::kStepBytes));
      offset = b.add(offset, (firstColumn + i) * IntegerProducts::kStepBytes);
      operands.push_back(b.loadBytes(products.stepType(), steps, {offset}));
    }
    for (int64_t r = 0; r < kRows; ++r) {
      Value activations = products.loadStep(b.add(row, r), position, step);
      for (int64_t i = 0; i < count; ++i) {
        Value product = products.multiply(weightOf(firstColumn + i), operands[i], activations);
        Value &total = totals[i * kRows + r];
        total = arith::AddIOp::create(b, total, widens ? products.widen(product) : product);
      }
    }
  };
  auto loopOver = [&](int64_t first, int64_t steps, VectorType type, bool widens) {
    SmallVector<Value> zeros(count * kRows, b.splatInteger(0, type));
    return b.loop(b.index(first), b.index(first + steps), 1, zeros, [&](Value step, ValueRange carried) {
      SmallVector<Value> next = llvm::to_vector(carried);
      addProducts(step, next, widens);
      return next;
    });
  };
  if (perSum == 1 || perSum == perScale) {
    SmallVector<Value> totals = loopOver(firstStep, perScale, perSum == 1 ? b.i32s() : products.sumType(), perSum == 1);
    return llvm::map_to_vector(totals, [&](Value total) { return products.widen(total); });
  }
  SmallVector<Value> wide(count * kRows, b.splatInteger(0, b.i32s()));
  for (int64_t done = 0; done < perScale; done += perSum)
    for (auto [total, part] : llvm::zip_equal(wide, loopOver(firstStep + done, perSum, products.sumType(), false)))
      total = arith::AddIOp::create(b, total, products.widen(part));
  return wide;
}
