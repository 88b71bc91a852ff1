//===- LowerAttention.cpp - The kernel of attention ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "Pages.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

constexpr int64_t kLanes = VectorBuilder::lanes;
/// Positions of a page, which is a block of the softmax.
constexpr int64_t kBlock = PageLayout::positions;
/// Rows of one sequence that go through a page together, while it is in the first cache.
constexpr int64_t kRowTile = 4;
/// Heads that share the widening of keys and values; their accumulators, 4 vectors each, fit 16 registers.
constexpr int64_t kHeadTile = 3;

Value negativeInfinity(VectorBuilder &b) { return b.splat(-std::numeric_limits<float>::infinity()); }

/// The softmax of a row and head over some of its positions, in memory: [maximum x 8][sum in 8 parts][weighted values].
/// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
struct Partial {
  Value memory;
  SmallVector<Value> indices; ///< all but the last

  static int64_t size(int64_t headDim) { return 2 * kLanes + headDim; }

  Value load(VectorBuilder &b, int64_t offset) const { return b.load(b.f32s(), memory, at(b, offset)); }
  void store(VectorBuilder &b, Value vector, int64_t offset) const { b.store(vector, memory, at(b, offset)); }
  Value loadMaximum(VectorBuilder &b) const { return load(b, 0); }
  Value loadSum(VectorBuilder &b) const { return load(b, kLanes); }
  Value loadValues(VectorBuilder &b, int64_t vector) const { return load(b, (2 + vector) * kLanes); }
  void storeMaximum(VectorBuilder &b, Value value) const { store(b, value, 0); }
  void storeSum(VectorBuilder &b, Value value) const { store(b, value, kLanes); }
  void storeValues(VectorBuilder &b, Value value, int64_t vector) const { store(b, value, (2 + vector) * kLanes); }

private:
  SmallVector<Value> at(VectorBuilder &b, int64_t offset) const {
    SmallVector<Value> all = indices;
    all.push_back(b.index(offset));
    return all;
  }
};

class AttentionKernel {
public:
  AttentionKernel(VectorBuilder &b, AttentionOp op)
      : b(b), queries(getSource(op.getQueries())), target(getTarget(op.getResult())),
        positions(getSource(op.getPositions())), sequences(getSource(op.getSequences())),
        pages(b, getSource(op.getKv()), op.getKv().getType(), op.getLayer()), scale(op.getScale().convertToFloat()),
        blocked(getBlocked(op.getResult().getType())), kvHeads(op.getKv().getType().getHeads()),
        headDim(op.getKv().getType().getHeadDim()), group(op.getHeads() / kvHeads) {}

  void emit() {
    // Once per call: memory of a loop's body would grow the stack with every unit.
    auto allocate = [&](ArrayRef<int64_t> shape) {
      return memref::AllocaOp::create(b, MemRefType::get(shape, b.getF32Type()), b.getI64IntegerAttr(32));
    };
    weights = allocate({kHeadTile, kBlock});
    partials = allocate({kRowTile, group, Partial::size(headDim)});
    Value rows = b.dim(target, 0);
    Value tiles = b.div(b.add(rows, kRowTile - 1), kRowTile);
    b.forall(b.mul(tiles, kvHeads), [&](Value unit) {
      Value kvHead = arith::DivUIOp::create(b, unit, tiles);
      Value first = b.mul(arith::RemUIOp::create(b, unit, tiles), kRowTile);
      Value count = arith::MinUIOp::create(b, b.sub(rows, first), b.index(kRowTile));
      emitTile(first, count, kvHead);
    });
  }

private:
  VectorBuilder &b;
  Value queries, target, positions, sequences;
  Value weights;  ///< [head of a tile][position of a block]: scores, then what is left of them
  Value partials; ///< [row of a tile][head of a group]
  Pages pages;
  float scale;
  BlockedAttr blocked; ///< of the result, if it is rounded
  int64_t kvHeads, headDim, group;

  /// What a row and the heads of its group see of a page.
  struct View {
    Value page, next;   ///< `next` is fetched while `page` is read
    Value keys, values; ///< of the group, in each page
    Value row, valid;   ///< positions from `valid` on are not the row's
    Value column;       ///< of the query of the group's first head
  };

  /// The number of positions that a row sees.
  Value getSeen(Value row) { return b.add(b.toIndex(b.loadScalar(positions, {row})), 1); }

  /// Rows of one sequence go through its pages together, others one by one.
  void emitTile(Value first, Value count, Value kvHead) {
    Value sequence = b.loadScalar(sequences, {first});
    Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
    Value together = b.loop(b.index(1), count, 1, {yes}, [&](Value r, ValueRange carried) {
      Value isSame =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, sequence, b.loadScalar(sequences, {b.add(first, r)}));
      return SmallVector<Value>{arith::AndIOp::create(b, carried[0], isSame)};
    })[0];
    Value parts = arith::SelectOp::create(b, together, b.index(1), count);
    Value partRows = arith::SelectOp::create(b, together, count, b.index(1));
    b.loop(b.index(0), parts, 1, [&](Value part) { emitRows(b.add(first, part), partRows, kvHead); });
  }

  /// All of a tile or one row of it: rows of one sequence, in ascending order of position.
  void emitRows(Value first, Value count, Value kvHead) {
    Value last = b.sub(b.add(first, count), b.index(1));
    Value table = pages.getTable(sequences, first);
    Value end = b.div(b.add(getSeen(last), kBlock - 1), kBlock);
    forEachHead(count, [&](Value r, Value head) { emitInitial({partials, {r, head}}); });
    b.loop(b.index(0), end, 1, [&](Value number) {
      Value page = pages.getPage(table, number);
      Value next = pages.getPage(table, arith::MinUIOp::create(b, b.add(number, 1), b.sub(end, b.index(1))));
      Value before = b.mul(number, kBlock);
      b.loop(b.index(0), count, 1, [&](Value r) {
        Value row = b.add(first, r), seen = getSeen(row);
        // The first rows of a tile may end with the page before.
        auto sees = scf::IfOp::create(b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, before, seen));
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(sees.thenBlock());
        Value valid = arith::MinUIOp::create(b, b.sub(seen, before), b.index(kBlock));
        Value column = b.mul(kvHead, group * headDim);
        View view{page, next, pages.getKeys(kvHead), pages.getValues(kvHead), row, valid, column};
        for (int64_t head = 0; head < group; head += kHeadTile)
          emitHeads(view, r, head, std::min(kHeadTile, group - head));
      });
    });
    forEachHead(count, [&](Value r, Value head) {
      emitResult({partials, {r, head}}, b.add(first, r), b.add(b.mul(kvHead, group), head));
    });
  }

  void forEachHead(Value rows, llvm::function_ref<void(Value r, Value head)> body) {
    b.loop(b.index(0), rows, 1,
           [&](Value r) { b.loop(b.index(0), b.index(group), 1, [&](Value head) { body(r, head); }); });
  }

  void emitInitial(const Partial &partial) {
    partial.storeMaximum(b, negativeInfinity(b));
    partial.storeSum(b, b.splat(0.0f));
    for (int64_t i = 0; i < headDim / kLanes; ++i)
      partial.storeValues(b, b.splat(0.0f), i);
  }

  /// The result of a row and head, from its softmax over all positions.
  void emitResult(const Partial &partial, Value row, Value head) {
    Value total = b.broadcast(b.sumLanes(partial.loadSum(b)));
    SmallVector<Value> outputs;
    for (int64_t i = 0; i < headDim / kLanes; ++i)
      outputs.push_back(b.divf(partial.loadValues(b, i), total));
    if (!blocked) {
      for (auto [i, output] : llvm::enumerate(outputs))
        b.store(output, target, {row, b.add(b.mul(head, headDim), static_cast<int64_t>(i) * kLanes)});
      return;
    }
    size_t blockVectors = blocked.getColumns() / kLanes;
    Value firstBlock = b.mul(head, headDim / blocked.getColumns());
    for (size_t i = 0; i < outputs.size(); i += blockVectors)
      emitRoundedBlock(b, ArrayRef<Value>(outputs).slice(i, blockVectors), blocked, target, row,
                       b.add(firstBlock, static_cast<int64_t>(i / blockVectors)));
  }

  /// Adds a page to the softmax of some heads of a row, rescaled as the maximum grows.
  void emitHeads(const View &view, Value r, int64_t firstHead, int64_t heads) {
    auto getPartial = [&](int64_t h) { return Partial{partials, {r, b.index(firstHead + h)}}; };
    SmallVector<Value> peaks = emitScores(view, firstHead, heads), maxima, corrections, sums;
    for (int64_t h = 0; h < heads; ++h) {
      Value before = getPartial(h).loadMaximum(b);
      Value peak = b.maxLanes(peaks[h]);
      maxima.push_back(b.maxf(peak, before));
      corrections.push_back(b.exp(b.subf(before, maxima[h])));
      sums.push_back(b.mulf(getPartial(h).loadSum(b), corrections[h]));
    }
    sums = b.loop(b.index(0), b.index(kBlock), kLanes, sums, [&](Value position, ValueRange carried) {
      SmallVector<Value> next;
      for (auto [h, sum] : llvm::enumerate(carried)) {
        Value place[] = {b.index(static_cast<int64_t>(h)), position};
        Value weight = b.exp(b.subf(b.load(b.f32s(), weights, place), maxima[h]));
        b.store(weight, weights, place);
        next.push_back(b.addf(sum, weight));
      }
      return next;
    });
    for (int64_t h = 0; h < heads; ++h) {
      getPartial(h).storeMaximum(b, maxima[h]);
      getPartial(h).storeSum(b, sums[h]);
    }
    int64_t width = getTileVectors(heads);
    for (int64_t vector = 0; vector < headDim / kLanes; vector += width)
      emitWeightedValues(view, getPartial, corrections, vector, std::min(width, headDim / kLanes - vector));
  }

  /// Vectors of accumulators for each of `heads` heads: few heads need more to hide the latency of their sums.
  static int64_t getTileVectors(int64_t heads) { return heads == 1 ? 8 : 4; }

  /// `vector`-th vector of a page from position `first` on, widened; asks for the same of the next page.
  Value loadWide(const View &view, Value first, int64_t vector) {
    constexpr int64_t lineVectors = 4;
    Value place = b.add(first, vector * kLanes);
    if (vector % lineVectors == 0)
      memref::PrefetchOp::create(b, view.next, place, /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
    return arith::ExtFOp::create(b, b.f32s(), b.load(b.vectorOf(b.getF16Type()), view.page, {place}));
  }

  /// sums[h][i] += factors[h] * vector i of those that begin with `vector` at `first`. Each is used up before the next
  /// is loaded: the accumulators and factors leave one register.
  SmallVector<Value> emitProducts(const View &view, Value first, int64_t vector, ArrayRef<Value> factors,
                                  ValueRange sums) {
    SmallVector<Value> next = llvm::to_vector(sums);
    auto heads = static_cast<int64_t>(factors.size()), width = static_cast<int64_t>(sums.size()) / heads;
    for (int64_t i = 0; i < width; ++i) {
      Value wide = loadWide(view, first, vector + i);
      for (int64_t h = 0; h < heads; ++h)
        next[h * width + i] = b.fma(factors[h], wide, next[h * width + i]);
    }
    return next;
  }

  /// scale * query . key for the positions of a block; minus infinity from `valid` on, where keys are not written yet.
  /// Returns the largest in each lane, for each head.
  SmallVector<Value> emitScores(const View &view, int64_t firstHead, int64_t heads) {
    Value limit = b.broadcast(arith::IndexCastOp::create(b, b.getI32Type(), view.valid));
    SmallVector<Value> peaks(heads);
    int64_t width = getTileVectors(heads);
    for (int64_t vector = 0; vector < kBlock / kLanes; vector += width) {
      SmallVector<Value> initial(heads * width, b.splat(0.0f));
      SmallVector<Value> sums = b.loop(b.index(0), b.index(headDim), 1, initial, [&](Value d, ValueRange carried) {
        SmallVector<Value> factors;
        for (int64_t h = 0; h < heads; ++h) {
          Value column = b.add(view.column, (firstHead + h) * headDim);
          factors.push_back(b.broadcast(b.loadScalar(queries, {view.row, b.add(column, d)})));
        }
        return emitProducts(view, b.add(view.keys, b.mul(d, kBlock)), vector, factors, carried);
      });
      for (int64_t i = 0; i < width; ++i) {
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, getNumbers((vector + i) * kLanes), limit);
        for (int64_t h = 0; h < heads; ++h) {
          Value score =
              arith::SelectOp::create(b, inside, b.mulf(sums[h * width + i], b.splat(scale)), negativeInfinity(b));
          b.store(score, weights, {b.index(h), b.index((vector + i) * kLanes)});
          peaks[h] = peaks[h] ? b.maxf(peaks[h], score) : score;
        }
      }
    }
    return peaks;
  }

  /// `first`, `first` + 1, ...
  Value getNumbers(int64_t first) {
    SmallVector<int32_t> numbers;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      numbers.push_back(static_cast<int32_t>(first + lane));
    return arith::ConstantOp::create(b, DenseElementsAttr::get(b.i32s(), ArrayRef<int32_t>(numbers)));
  }

  /// `count` vectors, from `vector` on, of values * correction + the weighted values of positions before `valid`.
  void emitWeightedValues(const View &view, llvm::function_ref<Partial(int64_t)> getPartial,
                          ArrayRef<Value> corrections, int64_t vector, int64_t count) {
    auto heads = static_cast<int64_t>(corrections.size());
    SmallVector<Value> corrected;
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < count; ++i)
        corrected.push_back(b.mulf(getPartial(h).loadValues(b, vector + i), corrections[h]));
    SmallVector<Value> sums = b.loop(b.index(0), view.valid, 1, corrected, [&](Value position, ValueRange carried) {
      SmallVector<Value> factors;
      for (int64_t h = 0; h < heads; ++h)
        factors.push_back(b.broadcast(b.loadScalar(weights, {b.index(h), position})));
      return emitProducts(view, b.add(view.values, b.mul(position, headDim)), vector, factors, carried);
    });
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < count; ++i)
        getPartial(h).storeValues(b, sums[h * count + i], vector + i);
  }
};

} // namespace

LogicalResult x86::verifyPages(Operation *op, KVType type) {
  if (!type.getElementType().isF16())
    return op->emitOpError("expected keys and values in f16 for x86 kernels, got ") << type;
  return verifyWholeVectors(op, type.getHeadDim());
}

LogicalResult x86::lowerAttention(AttentionOp op, VectorBuilder &b) {
  if (failed(verifyPages(op, op.getKv().getType())))
    return failure();
  BlockedAttr blocked = getBlocked(op.getResult().getType());
  if (blocked && op.getKv().getType().getHeadDim() % blocked.getColumns() != 0)
    return op.emitOpError("expected heads of whole blocks of ")
           << blocked.getColumns() << " columns to round, got " << op.getKv().getType().getHeadDim();
  AttentionKernel(b, op).emit();
  return success();
}
