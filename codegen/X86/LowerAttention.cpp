//===- LowerAttention.cpp - The kernel of attention ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "Pages.h"
#include "PartialSoftmax.h"
#include "RowsTarget.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
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

class AttentionKernel {
public:
  /// `shared` is the memory of SpanLayout, `phase` the number of the phase.
  AttentionKernel(VectorBuilder &b, AttentionOp op, Value shared, Value phase)
      : b(b), queries(getSource(op.getQueries())), target(b, op.getResult()), positions(getSource(op.getPositions())),
        sequences(getSource(op.getSequences())), pages(b, getSource(op.getKv()), op.getKv().getType(), op.getLayer()),
        scale(op.getScale().convertToFloat()), kvHeads(op.getKv().getType().getHeads()),
        headDim(op.getKv().getType().getHeadDim()), group(op.getHeads() / kvHeads), shared(shared), phase(phase) {}

  void emit() {
    // Once per call: memory of a loop's body would grow the stack with every unit.
    auto allocate = [&](ArrayRef<int64_t> shape) {
      return memref::AllocaOp::create(b, MemRefType::get(shape, b.getF32Type()), b.getI64IntegerAttr(32));
    };
    weights = allocate({kHeadTile, kBlock});
    partials = allocate({kRowTile, group, SpanLayout::extra + headDim});
    totals = allocate({kRowTile, group, SpanLayout::extra + headDim});
    rows = b.dim(target.memory(), 0);
    isWhole = compare(arith::CmpIPredicate::ugt, rows, b.index(SpanLayout::rows));
    emitSpans();
    emitCombination();
  }

private:
  VectorBuilder &b;
  Value queries;
  RowsTarget target;
  Value positions, sequences;
  Value weights;  ///< [head of a tile][position of a block]: scores, then what is left of them
  Value partials; ///< [row of a tile][head of a group], over a span
  Value totals;   ///< the same, over all spans so far
  Pages pages;
  float scale;
  int64_t kvHeads, headDim, group;
  Value shared, phase;
  Value rows, isWhole; ///< whether there are so many rows that units have all spans of theirs

  /// What a row and the heads of its group see of a page.
  struct View {
    Value page, next;   ///< `next` is fetched while `page` is read
    Value keys, values; ///< of the group, in each page
    Value row, valid;   ///< positions from `valid` on are not the row's
    Value column;       ///< of the query of the group's first head
  };

  Value compare(arith::CmpIPredicate predicate, Value a, Value c) { return arith::CmpIOp::create(b, predicate, a, c); }
  Value select(Value condition, Value a, Value c) { return arith::SelectOp::create(b, condition, a, c); }
  Value min(Value a, Value c) { return arith::MinUIOp::create(b, a, c); }

  /// The number of positions that a row sees, and of their pages.
  Value getSeen(Value row) { return b.add(b.toIndex(b.loadScalar(positions, {row})), 1); }
  Value getPages(Value row) { return b.div(b.add(getSeen(row), kBlock - 1), kBlock); }
  /// Pages of a span of a row that sees so many pages, and the number of its spans.
  Value getSpanPages(Value seenPages) {
    Value least = b.div(b.add(seenPages, SpanLayout::spans - 1), SpanLayout::spans);
    return arith::MaxUIOp::create(b, least, b.index(SpanLayout::pages));
  }
  Value getSpans(Value seenPages) { return arith::CeilDivUIOp::create(b, seenPages, getSpanPages(seenPages)); }

  /// The first phase. A unit is a key head and a tile of rows, or a span of a row.
  void emitSpans() {
    Value divided = select(isWhole, b.index(0), rows);
    Value spans = b.loop(b.index(0), divided, 1, {b.index(1)}, [&](Value row, ValueRange carried) {
      return SmallVector<Value>{arith::MaxUIOp::create(b, carried[0], getSpans(getPages(row)))};
    })[0];
    Value tileRows = select(isWhole, b.index(kRowTile), b.index(1));
    Value tiles = arith::CeilDivUIOp::create(b, rows, tileRows);
    Value units = arith::MulIOp::create(b, b.mul(tiles, kvHeads), spans);
    Value isFirst = compare(arith::CmpIPredicate::eq, phase, b.index(0));
    b.forall(select(isFirst, units, b.index(0)), [&](Value unit) {
      Value span = arith::RemUIOp::create(b, unit, spans);
      unit = arith::DivUIOp::create(b, unit, spans);
      Value kvHead = arith::DivUIOp::create(b, unit, tiles);
      Value first = arith::MulIOp::create(b, arith::RemUIOp::create(b, unit, tiles), tileRows);
      emitTile(first, min(b.sub(rows, first), tileRows), kvHead, span);
    });
  }

  /// The second phase, for rows whose spans are apart. A unit is a row and a head.
  void emitCombination() {
    Value isSecond = compare(arith::CmpIPredicate::eq, phase, b.index(1));
    Value units = select(isWhole, b.index(0), b.mul(rows, kvHeads * group));
    b.forall(select(isSecond, units, b.index(0)), [&](Value unit) {
      Value row = b.div(unit, kvHeads * group), head = b.rem(unit, kvHeads * group);
      PartialSoftmax total = get(totals, {b.index(0), b.index(0)});
      total.clear();
      b.loop(b.index(0), getSpans(getPages(row)), 1, [&](Value span) { total.add(get(shared, {row, head, span})); });
      emitResult(total, row, head);
    });
  }

  /// Rows of one sequence and with spans of one size go through the pages together, others one by one.
  void emitTile(Value first, Value count, Value kvHead, Value span) {
    Value sequence = b.loadScalar(sequences, {first});
    Value last = b.sub(b.add(first, count), b.index(1));
    Value sameSize = compare(arith::CmpIPredicate::eq, getSpanPages(getPages(first)), getSpanPages(getPages(last)));
    Value together = b.loop(b.index(1), count, 1, {sameSize}, [&](Value r, ValueRange carried) {
      Value isSame = compare(arith::CmpIPredicate::eq, sequence, b.loadScalar(sequences, {b.add(first, r)}));
      return SmallVector<Value>{arith::AndIOp::create(b, carried[0], isSame)};
    })[0];
    Value parts = select(together, b.index(1), count);
    Value partRows = select(together, count, b.index(1));
    b.loop(b.index(0), parts, 1, [&](Value part) { emitRows(b.add(first, part), partRows, kvHead, span); });
  }

  /// All of a tile or one row of it: rows of one sequence, in ascending order of position. All of their spans, or one.
  void emitRows(Value first, Value count, Value kvHead, Value span) {
    Value end = getPages(b.sub(b.add(first, count), b.index(1)));
    Value spanPages = getSpanPages(end), spans = getSpans(end);
    Value firstSpan = select(isWhole, b.index(0), span);
    Value endSpan = select(isWhole, spans, min(b.add(span, 1), spans));
    forEachHead(count, [&](Value r, Value head) { get(totals, {r, head}).clear(); });
    b.loop(firstSpan, endSpan, 1, [&](Value number) {
      Value firstPage = arith::MulIOp::create(b, number, spanPages);
      emitSpan(first, count, kvHead, firstPage, min(b.add(firstPage, spanPages), end), end);
      forEachHead(count, [&](Value r, Value head) {
        Value row = b.add(first, r);
        PartialSoftmax partial = get(partials, {r, head});
        // The first rows of a tile may end with the span before.
        b.when(compare(arith::CmpIPredicate::ult, firstPage, getPages(row)), [&] {
          b.when(
              isWhole,
              [&] {
                get(totals, {r, head}).add(partial);
              },
              [&] {
                get(shared, {row, b.add(b.mul(kvHead, group), head), number}).copyFrom(partial);
              });
        });
      });
    });
    b.when(isWhole, [&] {
      forEachHead(count, [&](Value r, Value head) {
        emitResult(get(totals, {r, head}), b.add(first, r), b.add(b.mul(kvHead, group), head));
      });
    });
  }

  /// The softmax of rows over pages [firstPage, endPage) of the `end` pages that they see.
  void emitSpan(Value first, Value count, Value kvHead, Value firstPage, Value endPage, Value end) {
    Value table = pages.getTable(sequences, first);
    forEachHead(count, [&](Value r, Value head) { get(partials, {r, head}).clear(); });
    b.loop(firstPage, endPage, 1, [&](Value number) {
      Value page = pages.getPage(table, number);
      Value next = pages.getPage(table, min(b.add(number, 1), b.sub(end, b.index(1))));
      Value before = b.mul(number, kBlock);
      b.loop(b.index(0), count, 1, [&](Value r) {
        Value row = b.add(first, r), seen = getSeen(row);
        // The first rows of a tile may end with the page before.
        b.when(compare(arith::CmpIPredicate::ult, before, seen), [&] {
          Value valid = min(b.sub(seen, before), b.index(kBlock));
          Value column = b.mul(kvHead, group * headDim);
          View view{page, next, pages.getKeys(kvHead), pages.getValues(kvHead), row, valid, column};
          for (int64_t head = 0; head < group; head += kHeadTile)
            emitHeads(view, r, head, std::min(kHeadTile, group - head));
        });
      });
    });
  }

  void forEachHead(Value rows, llvm::function_ref<void(Value r, Value head)> body) {
    b.loop(b.index(0), rows, 1,
           [&](Value r) { b.loop(b.index(0), b.index(group), 1, [&](Value head) { body(r, head); }); });
  }

  PartialSoftmax get(Value memory, ValueRange indices) { return {b, memory, indices, headDim}; }

  /// The result of a row and head, from its softmax over all positions.
  void emitResult(const PartialSoftmax &total, Value row, Value head) {
    Value sum = b.broadcast(b.sumLanes(total.loadSum()));
    SmallVector<Value> outputs;
    for (int64_t i = 0; i < headDim / kLanes; ++i)
      outputs.push_back(b.divf(total.loadValues(i), sum));
    auto unitVectors = static_cast<size_t>(target.unitVectors());
    Value firstUnit = b.mul(head, headDim / target.unitColumns());
    for (size_t i = 0; i < outputs.size(); i += unitVectors)
      target.store(ArrayRef<Value>(outputs).slice(i, unitVectors), row,
                   b.add(firstUnit, static_cast<int64_t>(i / unitVectors)));
  }

  /// Adds a page to the softmax of some heads of a row, rescaled as the maximum grows.
  void emitHeads(const View &view, Value r, int64_t firstHead, int64_t heads) {
    auto getPartial = [&](int64_t h) { return get(partials, {r, b.index(firstHead + h)}); };
    SmallVector<Value> peaks = emitScores(view, firstHead, heads), maxima, corrections, sums;
    for (int64_t h = 0; h < heads; ++h) {
      Value before = getPartial(h).loadMaximum();
      Value peak = b.maxLanes(peaks[h]);
      maxima.push_back(b.maxf(peak, before));
      corrections.push_back(b.exp(b.subf(before, maxima[h])));
      sums.push_back(b.mulf(getPartial(h).loadSum(), corrections[h]));
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
      getPartial(h).storeMaximum(maxima[h]);
      getPartial(h).storeSum(sums[h]);
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
  void emitWeightedValues(const View &view, llvm::function_ref<PartialSoftmax(int64_t)> getPartial,
                          ArrayRef<Value> corrections, int64_t vector, int64_t count) {
    auto heads = static_cast<int64_t>(corrections.size());
    SmallVector<Value> corrected;
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < count; ++i)
        corrected.push_back(b.mulf(getPartial(h).loadValues(vector + i), corrections[h]));
    SmallVector<Value> sums = b.loop(b.index(0), view.valid, 1, corrected, [&](Value position, ValueRange carried) {
      SmallVector<Value> factors;
      for (int64_t h = 0; h < heads; ++h)
        factors.push_back(b.broadcast(b.loadScalar(weights, {b.index(h), position})));
      return emitProducts(view, b.add(view.values, b.mul(position, headDim)), vector, factors, carried);
    });
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < count; ++i)
        getPartial(h).storeValues(sums[h * count + i], vector + i);
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
  std::optional<BlockLayout> blocks = getBlockLayout(op.getResult().getType());
  if (blocks && op.getKv().getType().getHeadDim() % blocks->columns != 0)
    return op.emitOpError("expected heads of whole blocks of ")
           << blocks->columns << " columns to round, got " << op.getKv().getType().getHeadDim();
  // The last arguments of a kernel in two phases: shared memory, phase, worker, workers.
  auto kernel = op->getParentOfType<func::FuncOp>();
  MemRefType shared = getSharedType(op);
  unsigned arguments = kernel.getNumArguments();
  if (arguments < 4 || kernel.getArgumentTypes()[arguments - 4] != shared ||
      !kernel.getArgumentTypes()[arguments - 3].isIndex())
    return op.emitOpError("expected a kernel of two phases that share ") << shared << "; run hone-bufferize-step first";
  AttentionKernel(b, op, kernel.getArgument(arguments - 4), kernel.getArgument(arguments - 3)).emit();
  return success();
}
