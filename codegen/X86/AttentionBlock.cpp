//===- AttentionBlock.cpp - Attention over some pages -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBlock.h"

#include "hone/codegen/X86/Levels.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

constexpr int64_t kPage = PageLayout::positions;

/// Kernels of the AVX-512 levels have vectors of 16 lanes, where heads are whole vectors of them.
static int64_t getLanes(AttentionOp op) {
  return hasAVX512(getLevel(op)) && op.getKv().getType().getHeadDim() % 16 == 0 ? 16 : VectorBuilder::lanes;
}

/// Enough rows to wait for their maxima together, few enough for their scores to stay in the first cache.
static int64_t getTileRows(int64_t group) { return std::clamp<int64_t>(12 / group, 1, 4); }

AttentionBlock::AttentionBlock(VectorBuilder &b, AttentionOp op, Pages &pages, Value queries, Value positions)
    : lanes(getLanes(op)), tileRows(getTileRows(op.getHeads() / pages.layout.heads)), b(b), pages(pages),
      queries(queries), positions(positions), headDim(pages.layout.headDim), group(op.getHeads() / pages.layout.heads),
      scale(static_cast<float>(1.44269504088896340736 * static_cast<double>(op.getScale().convertToFloat()))) {}

/// What is asked for lies 8 KB behind what is read: with less, memory answers too late.
int64_t AttentionBlock::getPagesAhead() const {
  return std::max<int64_t>(1, 8192 / (pages.layout.scaleOffset() * pages.layout.elementBytes()));
}

Value AttentionBlock::allocateFloats(ArrayRef<int64_t> shape) {
  return memref::AllocaOp::create(b, MemRefType::get(shape, b.getF32Type()), b.getI64IntegerAttr(64));
}

Value AttentionBlock::allocatePartials() { return allocateFloats({tileRows, group, SpanLayout::extra + headDim}); }

void AttentionBlock::allocate() {
  weights = allocateFloats({tileRows, group, SpanLayout::block * kPage});
  peaks = allocateFloats({tileRows, group, lanes});
  partials = allocatePartials();
}

void AttentionBlock::emit(const Rows &rows, Value kvHead, Value begin, Value end, Value last) {
  Value keys = pages.getKeys(kvHead), values = pages.getValues(kvHead), column = b.mul(kvHead, group * headDim);
  b.loop(b.index(0), rows.count, 1, [&](Value r) {
    b.loop(b.index(0), b.index(group), 1, [&](Value head) {
      b.store(getPartial(r, head).loadMaximum(), peaks, {r, head, b.index(0)});
    });
  });
  Sweep overKeys{begin, end, keys, begin, last, values};
  sweep(rows, overKeys, column, [&](const View &view) { emitScores(view); });
  emitWeights(rows, values, begin, end);
  Sweep overValues{begin, end, values, end, last, keys};
  sweep(rows, overValues, column, [&](const View &view) { emitWeightedValues(view); });
}

void AttentionBlock::sweep(const Rows &rows, const Sweep &over, Value column,
                           llvm::function_ref<void(const View &view)> body) {
  b.loop(over.begin, over.end, 1, [&](Value number) {
    Value ahead = b.add(number, getPagesAhead());
    Value isPast = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, ahead, over.end);
    Value past = arith::MinUIOp::create(b, b.add(over.nextPage, b.sub(ahead, over.end)), over.lastPage);
    Value nextNumber = arith::SelectOp::create(b, isPast, past, ahead);
    Value nextStart = arith::SelectOp::create(b, isPast, over.nextStart, over.start);
    Value page = pages.getPage(rows.table, number), next = pages.getPage(rows.table, nextNumber);
    Value first = b.mul(number, kPage), inBlock = b.mul(b.sub(number, over.begin), kPage);
    b.loop(b.index(0), rows.count, 1, [&](Value r) {
      Value row = b.add(rows.first, r), seen = getSeen(row);
      // The first rows of a tile may end with the page before.
      b.when(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, first, seen), [&] {
        Value valid = arith::MinUIOp::create(b, b.sub(seen, first), b.index(kPage));
        // They share the widening of keys and values; their accumulators fit the registers.
        forEachHeads(6, [&](int64_t firstHead, int64_t heads) {
          body({page, over.start, next, nextStart, r, row, inBlock, valid, column, firstHead, heads});
        });
      });
    });
  });
}

/// Calls `body` for tiles of at most `most` heads of a group.
void AttentionBlock::forEachHeads(int64_t most, llvm::function_ref<void(int64_t first, int64_t count)> body) {
  for (int64_t first = 0; first < group; first += most)
    body(first, std::min(most, group - first));
}

/// Vectors of accumulators for each of `heads` heads. A head alone needs many to hide the latency of their sums; of 16
/// registers, 12 are accumulators.
int64_t AttentionBlock::getTileVectors(int64_t heads) const {
  if (heads == 1)
    return 8;
  return heads <= 3 || hasWideVectors() ? 4 : 2;
}

/// `vector`-th vector of the keys or values at `place`. Asks for the same of the next page: once is enough for all
/// heads, but in 16 registers it also keeps LLVM from loading several vectors first.
Value AttentionBlock::loadWide(const View &view, Value place, int64_t vector) {
  int64_t lineLanes = hasWideVectors() ? 64 / pages.layout.elementBytes() : 32;
  Value at = b.add(place, vector * lanes);
  if ((view.firstHead == 0 || !hasWideVectors()) && vector * lanes % lineLanes == 0)
    memref::PrefetchOp::create(b, view.nextPage, b.add(view.nextStart, at), /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
  return pages.loadNumbers(view.page, b.add(view.start, at), lanes);
}

/// sums[h][i] += the factor of head h * vector i of those that begin with `vector` at `place` of the keys or values. Of
/// factors and vectors, the fewer are in registers throughout.
SmallVector<Value> AttentionBlock::emitProducts(const View &view, Value place, int64_t vector, ValueRange sums,
                                                llvm::function_ref<Value(Value head)> loadFactor) {
  SmallVector<Value> next = llvm::to_vector(sums);
  int64_t width = static_cast<int64_t>(sums.size()) / view.heads;
  auto getFactor = [&](int64_t h) { return b.broadcast(loadFactor(b.index(view.firstHead + h)), lanes); };
  SmallVector<Value> factors, wides;
  if (width < view.heads) {
    for (int64_t i = 0; i < width; ++i)
      wides.push_back(loadWide(view, place, vector + i));
    for (int64_t h = 0; h < view.heads; ++h) {
      Value factor = getFactor(h);
      for (int64_t i = 0; i < width; ++i)
        next[h * width + i] = b.fma(factor, wides[i], next[h * width + i]);
    }
    return next;
  }
  for (int64_t h = 0; h < view.heads; ++h)
    factors.push_back(getFactor(h));
  for (int64_t i = 0; i < width; ++i) {
    Value wide = loadWide(view, place, vector + i);
    for (int64_t h = 0; h < view.heads; ++h)
      next[h * width + i] = b.fma(factors[h], wide, next[h * width + i]);
  }
  return next;
}

/// query . key for the positions of a page, in units of log 2; minus infinity from `valid` on, where keys are not
/// written yet.
void AttentionBlock::emitScores(const View &view) {
  Value limit = b.broadcast(arith::IndexCastOp::create(b, b.getI32Type(), view.valid), lanes);
  Value nothing = b.splat(-std::numeric_limits<float>::infinity(), b.f32s(lanes));
  auto getHead = [&](int64_t h) { return b.index(view.firstHead + h); };
  SmallVector<Value> largest;
  for (int64_t h = 0; h < view.heads; ++h)
    largest.push_back(b.load(b.f32s(lanes), peaks, {view.r, getHead(h), b.index(0)}));
  int64_t width = std::min(getTileVectors(view.heads), kPage / lanes);
  for (int64_t vector = 0; vector < kPage / lanes; vector += width) {
    SmallVector<Value> initial(view.heads * width, b.splat(0.0f, b.f32s(lanes)));
    SmallVector<Value> sums = b.loop(b.index(0), b.index(headDim), 1, initial, [&](Value d, ValueRange carried) {
      return emitProducts(view, b.mul(d, kPage), vector, carried, [&](Value head) {
        Value column = b.add(view.column, b.mul(head, headDim));
        return b.loadScalar(queries, {view.row, b.add(column, d)});
      });
    });
    for (int64_t i = 0; i < width; ++i) {
      int64_t first = (vector + i) * lanes;
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, getNumbers(first), limit);
      Value factor = b.splat(scale, b.f32s(lanes));
      if (pages.layout.hasScales)
        factor = b.mulf(pages.loadScales(view.page, view.start, b.index(first), lanes), factor);
      for (int64_t h = 0; h < view.heads; ++h) {
        Value score = arith::SelectOp::create(b, inside, b.mulf(sums[h * width + i], factor), nothing);
        b.store(score, weights, {view.r, getHead(h), b.add(view.inBlock, first)});
        largest[h] = b.maxf(largest[h], score);
      }
    }
  }
  for (int64_t h = 0; h < view.heads; ++h)
    b.store(largest[h], peaks, {view.r, getHead(h), b.index(0)});
}

/// `first`, `first` + 1, ...
Value AttentionBlock::getNumbers(int64_t first) {
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.push_back(static_cast<int32_t>(first + lane));
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(b.vectorOf(b.getI32Type(), lanes), ArrayRef<int32_t>(numbers)));
}

/// Turns the scores of all rows into weights, and adds them to the sums.
void AttentionBlock::emitWeights(const Rows &rows, Value valueStart, Value begin, Value end) {
  b.loop(b.index(0), rows.count, 1, [&](Value r) {
    Value rowEnd = arith::MinUIOp::create(b, end, getPages(b.add(rows.first, r)));
    b.when(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, begin, rowEnd), [&] {
      // Constants of exp2 take most of 16 registers.
      forEachHeads(hasWideVectors() ? 6 : 1, [&](int64_t firstHead, int64_t heads) {
        emitHeadWeights({rows.table, valueStart, begin, rowEnd, r, firstHead, heads});
      });
    });
  });
}

void AttentionBlock::emitHeadWeights(const Scores &scores) {
  auto getHead = [&](int64_t h) { return b.index(scores.firstHead + h); };
  int64_t vectors = SpanLayout::parts / lanes;
  SmallVector<Value> maxima, corrections, sums;
  for (int64_t h = 0; h < scores.heads; ++h) {
    PartialSoftmax partial = getPartial(scores.r, getHead(h));
    maxima.push_back(b.maxLanes(b.load(b.f32s(lanes), peaks, {scores.r, getHead(h), b.index(0)})));
    corrections.push_back(b.exp2(b.subf(partial.loadMaximum(), maxima[h])));
    for (Value sum : partial.loadSums())
      sums.push_back(b.mulf(sum, corrections[h]));
  }
  sums = b.loop(scores.begin, scores.end, 1, sums, [&](Value number, ValueRange ofPage) {
    Value inBlock = b.mul(b.sub(number, scores.begin), kPage);
    Value page = pages.getPage(scores.table, number);
    return b.loop(b.index(0), b.index(kPage), SpanLayout::parts, ofPage, [&](Value position, ValueRange carried) {
      SmallVector<Value> next = llvm::to_vector(carried);
      for (int64_t i = 0; i < vectors; ++i) {
        Value first = b.add(position, i * lanes), valueScales;
        if (pages.layout.hasScales)
          valueScales = pages.loadScales(page, scores.valueStart, first, lanes);
        for (int64_t h = 0; h < scores.heads; ++h) {
          Value place[] = {scores.r, getHead(h), b.add(inBlock, first)};
          Value weight = b.exp2(b.subf(b.load(b.f32s(lanes), weights, place), maxima[h]));
          next[h * vectors + i] = b.addf(next[h * vectors + i], weight);
          b.store(valueScales ? b.mulf(weight, valueScales) : weight, weights, place);
        }
      }
      return next;
    });
  });
  for (int64_t h = 0; h < scores.heads; ++h) {
    PartialSoftmax partial = getPartial(scores.r, getHead(h));
    partial.storeMaximum(maxima[h]);
    partial.storeSums(ArrayRef<Value>(sums).slice(h * vectors, vectors));
    for (int64_t vector = 0; vector < headDim / lanes; ++vector)
      partial.storeValues(b.mulf(partial.loadValues(vector), corrections[h]), vector);
  }
}

/// Adds the values of a page before `valid`, times their weights.
void AttentionBlock::emitWeightedValues(const View &view) {
  auto getHeadPartial = [&](int64_t h) { return getPartial(view.r, b.index(view.firstHead + h)); };
  int64_t vectors = headDim / lanes, tile = getTileVectors(view.heads);
  for (int64_t vector = 0; vector < vectors; vector += tile) {
    int64_t width = std::min(tile, vectors - vector);
    SmallVector<Value> sums;
    for (int64_t h = 0; h < view.heads; ++h)
      for (int64_t i = 0; i < width; ++i)
        sums.push_back(getHeadPartial(h).loadValues(vector + i));
    sums = b.loop(b.index(0), view.valid, 1, sums, [&](Value position, ValueRange carried) {
      return emitProducts(view, b.mul(position, headDim), vector, carried, [&](Value head) {
        return b.loadScalar(weights, {view.r, head, b.add(view.inBlock, position)});
      });
    });
    for (int64_t h = 0; h < view.heads; ++h)
      for (int64_t i = 0; i < width; ++i)
        getHeadPartial(h).storeValues(sums[h * width + i], vector + i);
  }
}
