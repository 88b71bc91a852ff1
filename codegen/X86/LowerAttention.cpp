//===- LowerAttention.cpp - Kernels of attention ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "RowsTarget.h"

#include "hone/codegen/Common/Buffers.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

constexpr int64_t kLanes = VectorBuilder::lanes;

/// The pages of one sequence, as code generation sees them.
class Pages {
public:
  Pages(VectorBuilder &b, Value tables, KVType type, Value layer) : b(b), layout(type), tables(tables), layer(layer) {}

  PageLayout layoutOf() const { return layout; }

  /// The page table of the sequence of a row.
  Value getTable(Value sequences, Value row) {
    return loadPointer(b, b.getLoc(), tables, b.toIndex(b.loadScalar(sequences, {row})));
  }
  /// One page, as memref<elements x f16>.
  Value getPage(Value table, Value number) {
    return createMemRef(b, b.getLoc(), loadPointer(b, b.getLoc(), table, number),
                        MemRefType::get({layout.elements()}, b.getF16Type()));
  }
  /// Position of the first key, and of the first value, of a head in a page.
  Value getKeys(Value head) { return b.mul(b.add(b.mul(layer, layout.heads), head), layout.headElements()); }
  Value getValues(Value head) { return b.add(getKeys(head), layout.valueOffset()); }

private:
  VectorBuilder &b;
  PageLayout layout;
  Value tables, layer;
};

LogicalResult verifyPages(Operation *op, KVType type) {
  if (!type.getElementType().isF16())
    return op->emitOpError("expected keys and values in f16 for x86 kernels, got ") << type;
  return verifyWholeVectors(op, type.getHeadDim());
}

Value divide(VectorBuilder &b, Value value, int64_t by) { return arith::DivUIOp::create(b, value, b.index(by)); }
Value remainder(VectorBuilder &b, Value value, int64_t by) { return arith::RemUIOp::create(b, value, b.index(by)); }

} // namespace

namespace {

/// Two vectors of a head that turn together, and where they lie: for interleaved pairs consecutive columns, for halves
/// the same columns of both halves.
struct Turned {
  Value low, high;             ///< values
  Value lowColumn, highColumn; ///< of the row
};

/// Emits the rotary embedding of heads of one row. The sine and cosine of a group of 8 pairs serve all heads.
class RopeEmitter {
public:
  RopeEmitter(VectorBuilder &b, int64_t headDim, double base, Pairing pairing)
      : b(b), headDim(headDim), half(headDim / 2), base(base), interleaved(pairing == Pairing::Interleaved) {}

  /// Calls `body` for each group of 8 pairs of a head, with the angles of a row at `position` (an i32) ready.
  void forEachGroup(Value position, llvm::function_ref<void(int64_t first, Value sine, Value cosine)> body) {
    position = b.broadcast(arith::SIToFPOp::create(b, b.getF64Type(), position));
    for (int64_t first = 0; first < half; first += kLanes) {
      SmallVector<double> frequencies;
      for (int64_t i = first; i < first + kLanes; ++i)
        frequencies.push_back(std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(headDim)));
      Value frequency = arith::ConstantOp::create(
          b, DenseElementsAttr::get(b.vectorOf(b.getF64Type()), ArrayRef<double>(frequencies)));
      auto [sine, cosine] = b.sinCos(b.mulf(position, frequency));
      body(first, sine, cosine);
    }
  }

  /// The group `first` of the head that begins at column `head` of a row of `input`, turned.
  Turned turn(Value input, Value row, Value head, int64_t first, Value sine, Value cosine) {
    Value low = b.add(head, interleaved ? 2 * first : first);
    Value high = b.add(low, interleaved ? kLanes : half);
    Value x = b.load(b.f32s(), input, {row, low}), y = b.load(b.f32s(), input, {row, high});
    if (interleaved) {
      Value even = b.shuffle(x, y, {0, 2, 4, 6, 8, 10, 12, 14});
      y = b.shuffle(x, y, {1, 3, 5, 7, 9, 11, 13, 15});
      x = even;
    }
    Value turnedX = b.subf(b.mulf(x, cosine), b.mulf(y, sine));
    Value turnedY = b.addf(b.mulf(x, sine), b.mulf(y, cosine));
    if (interleaved) {
      Value front = b.shuffle(turnedX, turnedY, {0, 8, 1, 9, 2, 10, 3, 11});
      turnedY = b.shuffle(turnedX, turnedY, {4, 12, 5, 13, 6, 14, 7, 15});
      turnedX = front;
    }
    return {turnedX, turnedY, low, high};
  }

private:
  VectorBuilder &b;
  int64_t headDim, half;
  double base;
  bool interleaved;
};

/// Emits the append of one row: where it goes, and the stores.
class AppendEmitter {
public:
  AppendEmitter(VectorBuilder &b, Pages &pages, int64_t headDim, Value sequences, Value row, Value position)
      : b(b), pages(pages), headDim(headDim),
        page(pages.getPage(pages.getTable(sequences, row), divide(b, position, PageLayout::positions))),
        slot(remainder(b, position, PageLayout::positions)) {}

  /// Stores 8 columns, from `column` of the head on, of keys: each in the row of its column.
  void storeKeys(Value head, Value column, Value keys) {
    Value halves = arith::TruncFOp::create(b, b.vectorOf(b.getF16Type()), keys);
    Value first = b.add(b.add(pages.getKeys(head), slot), b.mul(column, PageLayout::positions));
    for (int64_t i = 0; i < kLanes; ++i) {
      Value element = vector::ExtractOp::create(b, halves, i);
      memref::StoreOp::create(b, element, page, ValueRange{b.add(first, i * PageLayout::positions)});
    }
  }

  /// The same of values, which lie side by side.
  void storeValues(Value head, Value column, Value values) {
    Value halves = arith::TruncFOp::create(b, b.vectorOf(b.getF16Type()), values);
    b.store(halves, page, {b.add(b.add(pages.getValues(head), b.mul(slot, headDim)), column)});
  }

private:
  VectorBuilder &b;
  Pages &pages;
  int64_t headDim;
  Value page, slot;
};

LogicalResult verifyRope(Operation *op, int64_t headDim) {
  if (headDim % (2 * kLanes) == 0)
    return success();
  return op->emitOpError("expected a head of a multiple of 16 columns for x86 kernels, got ") << headDim;
}

} // namespace

LogicalResult x86::lowerRope(RopeOp op, VectorBuilder &b) {
  int64_t headDim = op.getHeadDim();
  if (failed(verifyRope(op, headDim)))
    return failure();
  int64_t columns = op.getInput().getType().getDimSize(1);
  Value input = getSource(op.getInput()), positions = getSource(op.getPositions()), target = getTarget(op.getResult());
  RopeEmitter rope(b, headDim, op.getBase().convertToDouble(), op.getPairing());
  b.forall(b.dim(target, 0), [&](Value row) {
    rope.forEachGroup(b.loadScalar(positions, {row}), [&](int64_t first, Value sine, Value cosine) {
      b.loop(b.index(0), b.index(columns), headDim, [&](Value head) {
        Turned turned = rope.turn(input, row, head, first, sine, cosine);
        b.store(turned.low, target, {row, turned.lowColumn});
        b.store(turned.high, target, {row, turned.highColumn});
      });
    });
  });
  return success();
}

LogicalResult x86::lowerKVAppend(KVAppendOp op, VectorBuilder &b) {
  KVType type = op.getKv().getType();
  if (failed(verifyPages(op, type)))
    return failure();
  Value keys = getSource(op.getKeys()), values = getSource(op.getValues());
  Value positions = getSource(op.getPositions()), sequences = getSource(op.getSequences());
  Pages pages(b, getSource(op.getKv()), type, op.getLayer());
  int64_t headDim = type.getHeadDim();
  b.forall(b.dim(keys, 0), [&](Value row) {
    AppendEmitter append(b, pages, headDim, sequences, row, b.toIndex(b.loadScalar(positions, {row})));
    b.loop(b.index(0), b.index(type.getHeads()), 1, [&](Value head) {
      b.loop(b.index(0), b.index(headDim), kLanes, [&](Value column) {
        Value source = b.add(b.mul(head, headDim), column);
        append.storeKeys(head, column, b.load(b.f32s(), keys, {row, source}));
        append.storeValues(head, column, b.load(b.f32s(), values, {row, source}));
      });
    });
  });
  return success();
}

LogicalResult x86::lowerRopeKVAppend(RopeKVAppendOp op, VectorBuilder &b) {
  KVType type = op.getKv().getType();
  int64_t headDim = type.getHeadDim();
  if (failed(verifyPages(op, type)) || failed(verifyRope(op, headDim)))
    return failure();
  int64_t columns = op.getQueries().getType().getDimSize(1);
  Value queries = getSource(op.getQueries()), keys = getSource(op.getKeys()), values = getSource(op.getValues());
  Value positions = getSource(op.getPositions()), sequences = getSource(op.getSequences());
  Value target = getTarget(op.getTurned());
  Pages pages(b, getSource(op.getKv()), type, op.getLayer());
  RopeEmitter rope(b, headDim, op.getBase().convertToDouble(), op.getPairing());
  b.forall(b.dim(target, 0), [&](Value row) {
    Value position = b.loadScalar(positions, {row});
    AppendEmitter append(b, pages, headDim, sequences, row, b.toIndex(position));
    rope.forEachGroup(position, [&](int64_t first, Value sine, Value cosine) {
      b.loop(b.index(0), b.index(columns), headDim, [&](Value head) {
        Turned turned = rope.turn(queries, row, head, first, sine, cosine);
        b.store(turned.low, target, {row, turned.lowColumn});
        b.store(turned.high, target, {row, turned.highColumn});
      });
      b.loop(b.index(0), b.index(type.getHeads()), 1, [&](Value head) {
        Value start = b.mul(head, headDim);
        Turned turned = rope.turn(keys, row, start, first, sine, cosine);
        for (auto [column, vector] :
             {std::pair(turned.lowColumn, turned.low), std::pair(turned.highColumn, turned.high)})
          append.storeKeys(head, arith::SubIOp::create(b, column, start), vector);
      });
    });
    b.loop(b.index(0), b.index(type.getHeads()), 1, [&](Value head) {
      b.loop(b.index(0), b.index(headDim), kLanes, [&](Value column) {
        append.storeValues(head, column, b.load(b.f32s(), values, {row, b.add(b.mul(head, headDim), column)}));
      });
    });
  });
  return success();
}

namespace {

/// Attention of one row and head: softmax over the blocks of a page in their order, rescaled as the maximum grows
/// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
class AttentionKernel {
public:
  AttentionKernel(VectorBuilder &b, AttentionOp op)
      : b(b), queries(getSource(op.getQueries())), target(b, op.getResult()), positions(getSource(op.getPositions())),
        sequences(getSource(op.getSequences())), pages(b, getSource(op.getKv()), op.getKv().getType(), op.getLayer()),
        scale(op.getScale().convertToFloat()), heads(op.getHeads()), headDim(op.getKv().getType().getHeadDim()),
        group(heads / op.getKv().getType().getHeads()) {}

  void emit() {
    // Once per call: memory of a loop's body would grow the stack with every unit.
    weights = memref::AllocaOp::create(b, MemRefType::get({block}, b.getF32Type()), b.getI64IntegerAttr(32));
    Value units = b.mul(b.dim(target.memory(), 0), heads);
    b.forall(units, [&](Value unit) { emitHead(divide(b, unit, heads), remainder(b, unit, heads)); });
  }

private:
  static constexpr int64_t block = PageLayout::positions;

  VectorBuilder &b;
  Value queries;
  RowsTarget target;
  Value positions, sequences;
  Value weights; ///< of the positions of one block
  Pages pages;
  float scale;
  int64_t heads, headDim, group;

  void emitHead(Value row, Value head) {
    Value kvHead = divide(b, head, group);
    Value keys = pages.getKeys(kvHead), values = pages.getValues(kvHead);
    Value column = b.mul(head, headDim);
    Value table = pages.getTable(sequences, row);
    Value count = b.add(b.toIndex(b.loadScalar(positions, {row})), 1);
    Value blocks = divide(b, b.add(count, block - 1), block);

    // Carried: the maximum so far and the sum of weights (in 8 partial sums), then the weighted sum of values.
    SmallVector<Value> initial(2 + headDim / kLanes, b.splat(0.0f));
    initial[0] = b.splat(-std::numeric_limits<float>::infinity());
    SmallVector<Value> results = b.loop(b.index(0), blocks, 1, initial, [&](Value number, ValueRange carried) {
      Value page = pages.getPage(table, number);
      Value rest = arith::SubIOp::create(b, count, b.mul(number, block));
      Value valid = arith::MinUIOp::create(b, rest, b.index(block));
      SmallVector<Value> scores = emitScores(page, keys, row, column, valid);
      Value peak = scores.front();
      for (Value score : llvm::drop_begin(scores))
        peak = arith::MaxNumFOp::create(b, peak, score);
      Value maximum = b.broadcast(vector::ReductionOp::create(b, vector::CombiningKind::MAXNUMF, peak));
      maximum = arith::MaxNumFOp::create(b, maximum, carried[0]);
      Value correction = b.exp(b.subf(carried[0], maximum));
      Value sum = b.mulf(carried[1], correction);
      for (auto [i, score] : llvm::enumerate(scores)) {
        Value weight = b.exp(b.subf(score, maximum));
        b.store(weight, weights, {b.index(static_cast<int64_t>(i) * kLanes)});
        sum = b.addf(sum, weight);
      }
      SmallVector<Value> next{maximum, sum};
      llvm::append_range(next, emitWeightedValues(page, values, valid, correction, carried.drop_front(2)));
      return next;
    });
    Value total = b.broadcast(b.sumLanes(results[1]));
    SmallVector<Value> outputs;
    for (Value value : llvm::drop_begin(results, 2))
      outputs.push_back(b.divf(value, total));
    auto unitVectors = static_cast<size_t>(target.unitVectors());
    Value firstUnit = b.mul(head, headDim / target.unitColumns());
    for (size_t i = 0; i < outputs.size(); i += unitVectors)
      target.store(ArrayRef<Value>(outputs).slice(i, unitVectors), row,
                   b.add(firstUnit, static_cast<int64_t>(i / unitVectors)));
  }

  /// scale * query . key for the positions of a block; minus infinity from `valid` on, where keys are not written yet.
  SmallVector<Value> emitScores(Value page, Value keys, Value row, Value column, Value valid) {
    SmallVector<Value> initial(block / kLanes, b.splat(0.0f));
    SmallVector<Value> sums = b.loop(b.index(0), b.index(headDim), 1, initial, [&](Value d, ValueRange carried) {
      Value query = b.broadcast(b.loadScalar(queries, {row, b.add(column, d)}));
      Value first = b.add(keys, b.mul(d, block));
      SmallVector<Value> next;
      for (auto [i, sum] : llvm::enumerate(carried)) {
        Value key = b.load(b.vectorOf(b.getF16Type()), page, {b.add(first, static_cast<int64_t>(i) * kLanes)});
        next.push_back(b.fma(query, arith::ExtFOp::create(b, b.f32s(), key), sum));
      }
      return next;
    });
    Value limit = b.broadcast(arith::IndexCastOp::create(b, b.getI32Type(), valid));
    for (auto [i, sum] : llvm::enumerate(sums)) {
      SmallVector<int32_t> numbers;
      for (int32_t lane = 0; lane < kLanes; ++lane)
        numbers.push_back(static_cast<int32_t>(i) * kLanes + lane);
      Value number = arith::ConstantOp::create(b, DenseElementsAttr::get(b.i32s(), ArrayRef<int32_t>(numbers)));
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, limit);
      sum = arith::SelectOp::create(b, inside, b.mulf(sum, b.splat(scale)),
                                    b.splat(-std::numeric_limits<float>::infinity()));
    }
    return sums;
  }

  /// sum * correction + the weighted values of positions before `valid`.
  SmallVector<Value> emitWeightedValues(Value page, Value values, Value valid, Value correction, ValueRange sums) {
    SmallVector<Value> corrected;
    for (Value sum : sums)
      corrected.push_back(b.mulf(sum, correction));
    return b.loop(b.index(0), valid, 1, corrected, [&](Value position, ValueRange carried) {
      Value weight = b.broadcast(b.loadScalar(weights, {position}));
      Value first = b.add(values, b.mul(position, headDim));
      SmallVector<Value> next;
      for (auto [i, sum] : llvm::enumerate(carried)) {
        Value value = b.load(b.vectorOf(b.getF16Type()), page, {b.add(first, static_cast<int64_t>(i) * kLanes)});
        next.push_back(b.fma(weight, arith::ExtFOp::create(b, b.f32s(), value), sum));
      }
      return next;
    });
  }
};

} // namespace

LogicalResult x86::lowerAttention(AttentionOp op, VectorBuilder &b) {
  if (failed(verifyPages(op, op.getKv().getType())))
    return failure();
  std::optional<BlockLayout> blocks = getBlockLayout(op.getResult().getType());
  if (blocks && op.getKv().getType().getHeadDim() % blocks->columns != 0)
    return op.emitOpError("expected heads of whole blocks of ")
           << blocks->columns << " columns to round, got " << op.getKv().getType().getHeadDim();
  AttentionKernel(b, op).emit();
  return success();
}
