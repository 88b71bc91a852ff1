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

/// Memory of the kernel's stack, aligned to whole vectors.
static Value allocate(VectorBuilder &b, ArrayRef<int64_t> shape, Type element) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(64));
}

UnpackedPanels::UnpackedPanels(VectorBuilder &b, IntegerProducts &products, ArrayRef<PackedWeight> weights,
                               int64_t panels, int64_t tileRows)
    : b(b), products(products), weights(weights), panelCount(panels),
      together(panels % 2 == 0 ? products.mostPanels() : 1), tileRows(tileRows) {
  steps = allocate(b, {chunkBlocks() * blockSteps() * columns() * stepBytes()}, b.getI8Type());
  int64_t factors = chunkBlocks() * subBlocks() * columns() * lanes();
  scales = allocate(b, {factors}, b.getF32Type());
  if (llvm::any_of(weights, [](const PackedWeight &weight) { return weight.traits->hasMin; }))
    minimums = allocate(b, {factors}, b.getF32Type());
  // The last tile may have rows that do not exist.
  sums = allocate(b, {(chunkRows() + tileRows - 1) / tileRows * tileRows, columns() * lanes()}, b.getF32Type());
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
  groupFirst = first;
  Value end = b.mul(arith::CeilDivUIOp::create(b, count, b.index(tileRows)), tileRows);
  b.loop(b.index(0), end, 1, [&](Value row) {
    for (int64_t i = 0; i < columns(); ++i)
      b.store(b.splat(0.0f, b.f32s(lanes())), sums, {row, b.index(i * lanes())});
  });
  Value blocks = b.index(weights.front().blocks());
  b.loop(b.index(0), blocks, chunkBlocks(), [&](Value firstBlock) {
    Value chunk = arith::MinUIOp::create(b, b.sub(blocks, firstBlock), b.index(chunkBlocks()));
    b.loop(b.index(0), chunk, 1, [&](Value place) { unpackBlock(panel, b.add(firstBlock, place), place); });
    b.loop(b.index(0), count, tileRows, [&](Value row) {
      // While the first tile is multiplied, the next chunk comes.
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, row, b.index(0));
      b.when(isFirst, [&] {
        b.loop(b.index(0), chunk, 1, [&](Value place) {
          for (const PackedWeight &weight : weights)
            weight.prefetch(b, panel, b.add(b.add(firstBlock, chunkBlocks()), place), panelCount);
        });
      });
      emitTile(getTileStart(b.add(first, row)), row, firstBlock, chunk);
    });
  });
}

Value UnpackedPanels::getTileStart(Value row) {
  return arith::MinUIOp::create(b, row, b.sub(b.dim(products.rowsInMemory(), 0), b.index(tileRows)));
}

Value UnpackedPanels::getSumRow(Value row) {
  // The last tile begins early, and its sums with it.
  Value tile = b.add(groupFirst, b.sub(row, b.rem(row, tileRows)));
  return b.add(row, b.sub(tile, getTileStart(tile)));
}

/// Unpacks block `block` of all panels to place `place` of the chunk.
void UnpackedPanels::unpackBlock(Value panel, Value block, Value place) {
  Value start = b.mul(place, blockSteps() * columns() * stepBytes());
  for (auto [number, weight] : llvm::enumerate(weights))
    for (int64_t i = 0; i < columnsOfWeight(); ++i) {
      int64_t column = static_cast<int64_t>(number) * columnsOfWeight() + i;
      PackedBlock source = weight.getBlock(b, b.add(panel, i * together), block, together);
      products.forEachStep(weight, source, [&](int64_t step, Value values) {
        b.storeBytes(toStored(weightOf(column), values), steps,
                     {b.add(start, (step * columns() + column) * stepBytes())});
      });
      unpackFactors(weight, source, place, column);
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
  return b.add(b.mul(place, subBlocks() * columns() * lanes()), (number * columns() + column) * lanes());
}

void UnpackedPanels::emitTile(Value firstRow, Value sumRow, Value firstBlock, Value count) {
  b.loop(b.index(0), count, 1, [&](Value place) {
    Value position = products.getPosition(b.add(firstBlock, place));
    SmallVector<Value> rows;
    for (int64_t r = 0; r < tileRows; ++r)
      rows.push_back(b.add(firstRow, r));
    int64_t step = isUniform() ? static_cast<int64_t>(weights.size()) : 1;
    for (int64_t weight = 0; weight < static_cast<int64_t>(weights.size()); weight += step)
      addBlock(weight, step, rows, sumRow, place, position);
  });
}

bool UnpackedPanels::isUniform() const {
  return llvm::all_of(weights, [&](const PackedWeight &weight) { return products.areAlike(weight, weights.front()); });
}

/// Adds the block at `place` of `count` weights that are alike.
void UnpackedPanels::addBlock(int64_t firstWeight, int64_t count, ArrayRef<Value> rows, Value sumRow, Value place,
                              Value position) {
  const PackedWeight &like = weights[firstWeight];
  int64_t perScale = products.stepsPerScale(like), own = count * columnsOfWeight();
  int64_t firstColumn = firstWeight * columnsOfWeight();
  for (int64_t number = 0; number < PackedWeight::kBlockColumns / like.scaleColumns(); ++number) {
    SmallVector<Value> initial; // [column][row]
    for (int64_t i = 0; i < own; ++i)
      for (Value row : rows) {
        Value offset;
        if (products.beginsWithOffset())
          offset = products.loadOffset(weightOf(firstColumn + i), row, position, number, lanes());
        initial.push_back(offset ? offset : b.splatInteger(0, b.i32s(lanes())));
      }
    SmallVector<Value> integers = addSteps(firstColumn, own, rows, initial, place, position, number * perScale);
    for (int64_t i = 0; i < own; ++i) {
      Value at = getFactorPosition(place, number, firstColumn + i);
      Value scale = b.load(b.f32s(lanes()), scales, {at});
      Value minimum = weightOf(firstColumn + i).traits->hasMin ? b.load(b.f32s(lanes()), minimums, {at}) : Value();
      for (int64_t r = 0; r < tileRows; ++r) {
        int64_t index = i * tileRows + r;
        Value sumPlace[] = {b.add(sumRow, r), b.index((firstColumn + i) * lanes())};
        IntegerProducts::RowFactors factors =
            products.loadFactors(weightOf(firstColumn + i), rows[r], position, number, lanes());
        Value sum =
            products.addScaled(integers[index], scale, minimum, factors, b.load(b.f32s(lanes()), sums, sumPlace));
        b.store(sum, sums, sumPlace);
      }
    }
  }
}

/// The sums of products of a sub-block, [column][row], added to `initial`. The steps are a loop: unrolled, the
/// scheduler of the code generator loads ahead until registers spill.
SmallVector<Value> UnpackedPanels::addSteps(int64_t firstColumn, int64_t count, ArrayRef<Value> rows,
                                            ArrayRef<Value> initial, Value place, Value position, int64_t firstStep) {
  const PackedWeight &like = weightOf(firstColumn);
  int64_t perScale = products.stepsPerScale(like), perSum = products.stepsPerSum(like);
  Value start = b.mul(place, blockSteps() * columns() * stepBytes());
  auto addProducts = [&](Value step, MutableArrayRef<Value> totals, bool widens) {
    SmallVector<Value> operands;
    for (int64_t i = 0; i < count; ++i) {
      Value offset = b.add(start, b.mul(step, columns() * stepBytes()));
      offset = b.add(offset, (firstColumn + i) * stepBytes());
      operands.push_back(b.loadBytes(products.stepType(lanes()), steps, {offset}));
    }
    for (auto [r, row] : llvm::enumerate(rows)) {
      Value activations = products.loadStep(row, position, step, lanes());
      for (int64_t i = 0; i < count; ++i) {
        Value &total = totals[i * tileRows + static_cast<int64_t>(r)];
        const PackedWeight &weight = weightOf(firstColumn + i);
        if (widens)
          total =
              arith::AddIOp::create(b, total, products.widen(products.addStep(weight, {}, operands[i], activations)));
        else
          total = products.addStep(weight, total, operands[i], activations);
      }
    }
  };
  auto loopOver = [&](int64_t first, int64_t steps, ArrayRef<Value> from, bool widens) {
    return b.loop(b.index(first), b.index(first + steps), 1, from, [&](Value step, ValueRange carried) {
      SmallVector<Value> next = llvm::to_vector(carried);
      addProducts(step, next, widens);
      return next;
    });
  };
  if (perSum == 1 || products.sumType(lanes()) == b.i32s(lanes()))
    return loopOver(firstStep, perScale, initial, perSum == 1);
  SmallVector<Value> wide = llvm::to_vector(initial);
  SmallVector<Value> zeros(wide.size(), b.splatInteger(0, products.sumType(lanes())));
  for (int64_t done = 0; done < perScale; done += perSum)
    for (auto [total, part] : llvm::zip_equal(wide, loopOver(firstStep + done, perSum, zeros, false)))
      total = arith::AddIOp::create(b, total, products.widen(part));
  return wide;
}
