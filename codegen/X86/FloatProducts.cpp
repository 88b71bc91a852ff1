//===- FloatProducts.cpp - Products in f32 ------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatProducts.h"

#include "hone/codegen/X86/Levels.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

/// Columns of the weights that a round of a loop over them takes.
static constexpr int64_t kUnrolled = 4;
static constexpr int64_t kBlock = PackedWeight::kBlockColumns;
static constexpr int64_t kLineBytes = 64;
/// How far ahead of a loop over columns memory is fetched.
static constexpr int64_t kBytesAhead = 2048;

/// Memory of the kernel's stack, aligned to whole lines.
static Value allocate(VectorBuilder &b, ArrayRef<int64_t> shape) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, b.getF32Type()), b.getI64IntegerAttr(kLineBytes));
}

FloatProducts::FloatProducts(VectorBuilder &b, Value input, ArrayRef<PackedWeight> weights, int64_t panels)
    : b(b), input(input), weights(weights), panelCount(panels),
      vectorLanes(hasAVX512(getLevel(b.getInsertionBlock()->getParentOp())) ? 2 * kLanes : kLanes) {
  unpacked = allocate(b, {kChunkColumns * columns() * kLanes});
  sums = allocate(b, {kMostRows, columns() * kLanes});
  if (!cast<MemRefType>(input.getType()).getElementType().isF32())
    widened = allocate(b, {kMostRows, kChunkColumns});
}

//===----------------------------------------------------------------------===//
// Few rows
//===----------------------------------------------------------------------===//

bool FloatProducts::isPlain() const {
  return llvm::all_of(weights, [](const PackedWeight &weight) { return weight.traits->isPlain; });
}

ArrayRef<int64_t> FloatProducts::fewRows() const {
  static constexpr int64_t kSizes[] = {1, 2, 4, 6};
  return ArrayRef<int64_t>(kSizes, isPlain() ? std::size(kSizes) : 1);
}

int64_t FloatProducts::mostFewRows() const {
  if (!isPlain())
    return 1;
  // Unpacking pays later, unless it leads to wider vectors.
  return vectorLanes == kLanes ? 24 : fewRows().back();
}

/// An activation in all lanes, as f32.
Value FloatProducts::loadActivation(Value memory, Value row, Value column, int64_t lanes) {
  Value x = b.broadcast(b.loadScalar(memory, {row, column}), lanes);
  VectorType type = b.f32s(lanes);
  return x.getType() == type ? x : arith::ExtFOp::create(b, type, x).getResult();
}

SmallVector<Value> FloatProducts::multiplyFew(Value panel, ArrayRef<Value> rows) {
  // As many columns together as have their sums in registers, beside an operand of each column or row and another one.
  int64_t registers = vectorLanes == kLanes ? 16 : 32, count = static_cast<int64_t>(rows.size());
  int64_t together = columns();
  while (together > 1 && together * count + std::min(together, count) + 1 > registers)
    together /= 2;
  SmallVector<Value> sums;
  for (int64_t first = 0; first < columns(); first += together)
    llvm::append_range(sums,
                       isPlain() ? addColumns(panel, rows, first, together) : addBlocks(panel, rows, first, together));
  return sums;
}

/// The sums of columns [firstColumn, firstColumn + together) of weights of floats. Their values lie one behind the
/// other through all tiles of a panel.
SmallVector<Value> FloatProducts::addColumns(Value panel, ArrayRef<Value> rows, int64_t firstColumn, int64_t together) {
  int64_t count = static_cast<int64_t>(rows.size());
  SmallVector<Value> starts;
  for (int64_t c = firstColumn; c < firstColumn + together; ++c)
    starts.push_back(weightOf(c).getStart(b, b.add(panel, c % panelCount), b.index(0)));
  auto load = [&](int64_t c, Value position) { return weightOf(firstColumn + c).loadColumn(b, starts[c], position); };
  auto addColumn = [&](Value position, MutableArrayRef<Value> next) {
    auto activation = [&](int64_t r) { return loadActivation(input, rows[r], position, kLanes); };
    auto add = [&](int64_t c, int64_t r, Value x, Value values) {
      next[c * count + r] = b.fma(x, values, next[c * count + r]);
    };
    // What there is less of stays in registers.
    SmallVector<Value> kept;
    for (int64_t k = 0; k < std::min(count, together); ++k)
      kept.push_back(count < together ? activation(k) : load(k, position));
    for (int64_t other = 0; other < std::max(count, together); ++other) {
      Value operand = count < together ? load(other, position) : activation(other);
      for (int64_t k = 0; k < std::min(count, together); ++k)
        count < together ? add(other, k, kept[k], operand) : add(k, other, operand, kept[k]);
    }
  };
  SmallVector<Value> zeros(together * count, b.splat(0.0f));
  return b.loop(b.index(0), b.index(weights.front().columns), kBlock, zeros, [&](Value first, ValueRange sums) {
    // Beside the arithmetic these would make LLVM load ahead until registers spill. Loads of whole vectors with little
    // to do between them are far enough ahead.
    for (int64_t c = 0; c < together; ++c)
      if (weightOf(firstColumn + c).traits->elementBits < 32 || count > 2)
        prefetchAhead(weightOf(firstColumn + c), starts[c], first);
    return b.loop(first, b.add(first, kBlock), kUnrolled, sums, [&](Value column, ValueRange carried) {
      SmallVector<Value> next = llvm::to_vector(carried);
      for (int64_t i = 0; i < kUnrolled; ++i)
        addColumn(b.add(column, i), next);
      return next;
    });
  });
}

/// Fetches a block of a panel that a loop over blocks reads later; at the end of the panel, one of that which has its
/// place in the next unit of work.
void FloatProducts::prefetchAhead(const PackedWeight &weight, Value start, Value column) {
  int64_t columnBytes = weight.layout.rows * weight.traits->elementBits / 8;
  Value offset = b.mul(b.add(column, kBytesAhead / columnBytes), columnBytes);
  Value isOver = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, offset, b.index(weight.columns * columnBytes));
  Value next = b.add(offset, (panelCount - 1) * weight.columns * columnBytes);
  Value position = b.add(start, arith::SelectOp::create(b, isOver, next, offset).getResult());
  b.loop(b.index(0), b.index(kBlock * columnBytes), kLineBytes,
         [&](Value line) { prefetchLine(weight, b.add(position, line)); });
}

/// Behind the last panel there is nothing to fetch.
void FloatProducts::prefetchLine(const PackedWeight &weight, Value position) {
  int64_t bytes = cast<MemRefType>(weight.bytes.getType()).getDimSize(0);
  position = arith::MinUIOp::create(b, position, b.index(bytes - 1));
  memref::PrefetchOp::create(b, weight.bytes, position, /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

/// The same for weights of any kind.
SmallVector<Value> FloatProducts::addBlocks(Value panel, ArrayRef<Value> rows, int64_t firstColumn, int64_t together) {
  int64_t count = static_cast<int64_t>(rows.size());
  SmallVector<Value> zeros(together * count, b.splat(0.0f));
  Value end = b.index(weights.front().blocks());
  return b.loop(b.index(0), end, 1, zeros, [&](Value block, ValueRange carried) {
    SmallVector<Value> next = llvm::to_vector(carried);
    Value start = b.mul(block, PackedWeight::kBlockColumns);
    for (int64_t c = 0; c < together; ++c) {
      const PackedWeight &weight = weightOf(firstColumn + c);
      PackedBlock place = weight.getBlock(b, b.add(panel, (firstColumn + c) % panelCount), block);
      weight.forEachColumn(b, place, [&](int64_t i, Value values) {
        for (int64_t r = 0; r < count; ++r) {
          Value x = loadActivation(input, rows[r], b.add(start, i), kLanes);
          next[c * count + r] = b.fma(x, values, next[c * count + r]);
        }
      });
    }
    return next;
  });
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

int64_t FloatProducts::groupColumns() const { return std::min(columns(), 2 * vectorLanes / kLanes); }

void FloatProducts::multiply(Value panel, Value first, Value count) {
  clearSums(count);
  Value blocks = b.index(weights.front().blocks());
  b.loop(b.index(0), blocks, kChunkBlocks, [&](Value firstBlock) {
    Value chunk = arith::MinUIOp::create(b, b.sub(blocks, firstBlock), b.index(kChunkBlocks));
    b.loop(b.index(0), chunk, 1, [&](Value place) { unpackBlock(panel, b.add(firstBlock, place), place); });
    Value firstColumn = b.mul(firstBlock, PackedWeight::kBlockColumns);
    Value chunkColumns = b.mul(chunk, PackedWeight::kBlockColumns);
    if (widened)
      widenActivations(first, count, firstColumn, chunkColumns);
    // The chunk that comes next, of these panels or of those behind them.
    Value nextBlock = b.add(firstBlock, kChunkBlocks), nextPanel = b.add(panel, panelCount);
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, nextBlock, blocks);
    nextPanel = arith::SelectOp::create(b, isLast, nextPanel, panel);
    nextBlock = arith::SelectOp::create(b, isLast, b.index(0), nextBlock);
    b.loop(b.index(0), b.index(columns()), groupColumns(), [&](Value groupColumn) {
      // All tiles share out the blocks of columns that come next, so that memory is never asked for much at once.
      Value tiles = b.index(columns() / groupColumns()), before = b.div(groupColumn, groupColumns());
      Value total = arith::MulIOp::create(b, arith::MulIOp::create(b, count, tiles), chunkColumns);
      multiplyGroup(groupColumn, first, count, firstColumn, chunkColumns, [&](Value row, int64_t rows, Value column) {
        Value done = b.add(arith::MulIOp::create(b, count, before), row);
        done = b.add(arith::MulIOp::create(b, done, chunkColumns), b.mul(column, rows));
        prefetch(nextPanel, nextBlock, done, b.add(done, rows * kBlock), total);
      });
    });
  });
}

void FloatProducts::clearSums(Value count) {
  b.loop(b.index(0), count, 1, [&](Value row) {
    for (int64_t i = 0; i < columns(); ++i)
      b.store(b.splat(0.0f), sums, {row, b.index(i * kLanes)});
  });
}

/// Unpacks block `block` of all panels to place `place` of the chunk.
void FloatProducts::unpackBlock(Value panel, Value block, Value place) {
  int64_t group = groupColumns();
  Value start = b.mul(place, PackedWeight::kBlockColumns * group * kLanes);
  for (int64_t number = 0; number < static_cast<int64_t>(weights.size()); ++number) {
    const PackedWeight &weight = weights[number];
    b.loop(b.index(0), b.index(panelCount), 1, [&](Value p) {
      Value own = b.add(p, column(number, 0));
      Value position = b.add(start, b.mul(b.div(own, group), kChunkColumns * group * kLanes));
      position = b.add(position, b.mul(b.rem(own, group), kLanes));
      weight.forEachColumn(b, weight.getBlock(b, b.add(panel, p), block), [&](int64_t i, Value values) {
        b.store(values, unpacked, {b.add(position, i * group * kLanes)});
      });
    });
  }
}

void FloatProducts::widenActivations(Value first, Value count, Value firstColumn, Value chunkColumns) {
  Type element = cast<MemRefType>(input.getType()).getElementType();
  b.loop(b.index(0), count, 1, [&](Value row) {
    b.loop(b.index(0), chunkColumns, kLanes, [&](Value column) {
      Value values = b.load(b.vectorOf(element), input, {b.add(first, row), b.add(firstColumn, column)});
      b.store(arith::ExtFOp::create(b, b.f32s(), values), widened, {row, column});
    });
  });
}

/// Adds the products of a chunk to the sums of all rows and the columns of the group from `groupColumn` on. Before
/// each block of columns, `prepare` is called with the tile's first row, how many it has, and the first column.
void FloatProducts::multiplyGroup(Value groupColumn, Value first, Value count, Value firstColumn, Value chunkColumns,
                                  llvm::function_ref<void(Value row, int64_t rows, Value column)> prepare) {
  int64_t lanes = std::min(vectorLanes, groupColumns() * kLanes), vectors = groupColumns() * kLanes / lanes;
  // Sums, the weights of a column and an activation fill the registers, or loads keep up with the arithmetic.
  int64_t most = vectorLanes == kLanes && vectors == 2 ? 6 : 8;
  auto emit = [&](Value row, int64_t rowCount, bool isWhole) {
    SmallVector<Value> rows;
    Value last = b.sub(count, b.index(1));
    for (int64_t r = 0; r < rowCount; ++r) {
      Value own = b.add(row, r);
      // Behind the last row the tile has it again, with the same sums.
      rows.push_back(isWhole || r == 0 ? own : arith::MinUIOp::create(b, own, last).getResult());
    }
    emitTile(rows, {vectors, lanes}, groupColumn, first, firstColumn, chunkColumns,
             [&](Value column) { prepare(row, rowCount, column); });
  };
  Value whole = b.mul(b.div(count, most), most);
  b.loop(b.index(0), whole, most, [&](Value row) { emit(row, most, /*isWhole=*/true); });
  Value rest = b.sub(count, whole);
  auto isRest = [&](arith::CmpIPredicate predicate, int64_t number) {
    return arith::CmpIOp::create(b, predicate, rest, b.index(number));
  };
  b.when(
      isRest(arith::CmpIPredicate::ugt, 2), [&] { emit(whole, most, /*isWhole=*/false); },
      [&] { b.when(isRest(arith::CmpIPredicate::ugt, 0), [&] { emit(whole, 2, /*isWhole=*/false); }); });
}

/// Adds the products of a chunk to the sums of a tile. Before each block of columns, `prepare` is called; it has a loop
/// of its own beside that over columns, as in `addColumns`.
void FloatProducts::emitTile(ArrayRef<Value> rows, Tile tile, Value groupColumn, Value first, Value firstColumn,
                             Value chunkColumns, llvm::function_ref<void(Value column)> prepare) {
  VectorType type = b.f32s(tile.lanes);
  SmallVector<SmallVector<Value>> places; // of sums, [row][vector]
  for (Value row : rows)
    for (int64_t v = 0; v < tile.vectors; ++v)
      places.push_back({row, b.add(b.mul(groupColumn, kLanes), v * tile.lanes)});
  auto initial = llvm::map_to_vector(places, [&](ValueRange place) { return b.load(type, sums, place); });
  Value start = b.mul(groupColumn, kChunkColumns * kLanes);
  SmallVector<Value> activationRows(rows);
  if (!widened)
    for (Value &row : activationRows)
      row = b.add(first, row);
  auto addColumn = [&](Value own, MutableArrayRef<Value> next) {
    Value position = b.add(start, b.mul(own, tile.vectors * tile.lanes));
    SmallVector<Value> values;
    for (int64_t v = 0; v < tile.vectors; ++v)
      values.push_back(b.load(type, unpacked, {b.add(position, v * tile.lanes)}));
    for (auto [r, row] : llvm::enumerate(activationRows)) {
      Value x = widened ? loadActivation(widened, row, own, tile.lanes)
                        : loadActivation(input, row, b.add(firstColumn, own), tile.lanes);
      for (int64_t v = 0; v < tile.vectors; ++v) {
        Value &sum = next[static_cast<int64_t>(r) * tile.vectors + v];
        sum = b.fma(x, values[v], sum);
      }
    }
  };
  SmallVector<Value> results =
      b.loop(b.index(0), chunkColumns, kBlock, initial, [&](Value firstOfBlock, ValueRange blockSums) {
        prepare(firstOfBlock);
        return b.loop(firstOfBlock, b.add(firstOfBlock, kBlock), kUnrolled, blockSums,
                      [&](Value column, ValueRange carried) {
                        SmallVector<Value> next = llvm::to_vector(carried);
                        for (int64_t i = 0; i < kUnrolled; ++i)
                          addColumn(b.add(column, i), next);
                        return next;
                      });
      });
  for (auto [result, place] : llvm::zip_equal(results, places))
    b.store(result, sums, place);
}

/// Fetches parts [done, end) of `total` of the chunk of all panels that begins at block `block`: while a chunk is
/// multiplied, the next one comes.
void FloatProducts::prefetch(Value panel, Value block, Value done, Value end, Value total) {
  for (const PackedWeight &weight : weights) {
    int64_t lines = llvm::divideCeil(kChunkBlocks * weight.blockBytes(), kLineBytes);
    auto lineAt = [&](Value part) { return arith::DivUIOp::create(b, b.mul(part, lines), total).getResult(); };
    b.loop(lineAt(done), lineAt(end), 1, [&](Value line) {
      for (int64_t p = 0; p < panelCount; ++p)
        prefetchLine(weight, b.add(weight.getStart(b, b.add(panel, p), block), b.mul(line, kLineBytes)));
    });
  }
}
