//===- LowerRope.cpp - Kernels that turn rows and store keys and values --===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "Pages.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

constexpr int64_t kLanes = VectorBuilder::lanes;

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
  AppendEmitter(VectorBuilder &b, Pages &pages, Value sequences, Value row, Value position)
      : b(b), pages(pages), headDim(pages.layout.headDim),
        page(pages.getPage(pages.getTable(sequences, row), b.div(position, PageLayout::positions))),
        slot(b.rem(position, PageLayout::positions)) {}

  /// Stores a head of keys or values, from column `start` of row `row` of `source`.
  void storeKeyHead(Value head, Value source, Value row, Value start) {
    storeHead(pages.getKeys(head), source, row, start,
              [&](Value column, Value stored) { scatterKeys(pages.getKeys(head), column, stored); });
  }
  void storeValueHead(Value head, Value source, Value row, Value start) {
    Value first = b.add(pages.getValues(head), b.mul(slot, headDim));
    storeHead(pages.getValues(head), source, row, start,
              [&](Value column, Value stored) { b.store(stored, page, {b.add(first, column)}); });
  }
  /// Stores 8 columns, from `column` of the head on, of keys in f16.
  void storeKeys(Value head, Value column, Value keys) {
    scatterKeys(pages.getKeys(head), column, arith::TruncFOp::create(b, b.vectorOf(b.getF16Type()), keys));
  }

private:
  VectorBuilder &b;
  Pages &pages;
  int64_t headDim;
  Value page, slot;

  /// Each key in the row of its column.
  void scatterKeys(Value keys, Value column, Value stored) {
    Value first = b.add(b.add(keys, slot), b.mul(column, PageLayout::positions));
    for (int64_t i = 0; i < kLanes; ++i) {
      Value element = vector::ExtractOp::create(b, stored, i);
      memref::StoreOp::create(b, element, page, ValueRange{b.add(first, i * PageLayout::positions)});
    }
  }

  /// Calls `body` with the elements that 8 columns are stored as; stores their scale, if they have one.
  void storeHead(Value place, Value source, Value row, Value start,
                 llvm::function_ref<void(Value column, Value stored)> body) {
    auto load = [&](Value column) { return b.load(b.f32s(), source, {row, b.add(start, column)}); };
    Value scale;
    if (pages.layout.hasScales) {
      Value peaks =
          b.loop(b.index(0), b.index(headDim), kLanes, {b.splat(0.0f)}, [&](Value column, ValueRange largest) {
            return SmallVector<Value>{b.maxf(math::AbsFOp::create(b, load(column)), largest[0])};
          })[0];
      scale = b.divf(b.maxLanes(peaks), b.splat(127.0f));
      pages.storeScale(vector::ExtractOp::create(b, scale, 0), page, place, slot);
    }
    b.loop(b.index(0), b.index(headDim), kLanes, [&](Value column) {
      if (scale)
        return body(column, roundToBytes(load(column), scale));
      body(column, arith::TruncFOp::create(b, b.vectorOf(b.getF16Type()), load(column)));
    });
  }

  /// As `!llm.kv` says.
  Value roundToBytes(Value numbers, Value scale) {
    Value quotient = math::RoundEvenOp::create(b, b.divf(numbers, scale));
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.splat(0.0f));
    quotient = arith::SelectOp::create(b, isZero, b.splat(0.0f), b.maxf(quotient, b.splat(-127.0f)));
    Value fits = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, quotient, b.splat(127.0f));
    quotient = arith::SelectOp::create(b, fits, quotient, b.splat(127.0f));
    Value integers = arith::FPToSIOp::create(b, b.i32s(), quotient);
    return arith::TruncIOp::create(b, b.vectorOf(b.getI8Type()), integers);
  }
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
  b.forall(b.dim(keys, 0), [&](Value row) {
    AppendEmitter append(b, pages, sequences, row, b.toIndex(b.loadScalar(positions, {row})));
    b.loop(b.index(0), b.index(type.getHeads()), 1, [&](Value head) {
      Value start = b.mul(head, type.getHeadDim());
      append.storeKeyHead(head, keys, row, start);
      append.storeValueHead(head, values, row, start);
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
  // A head that is rounded by its largest number waits for all of its columns. Once per call: memory of a loop's body
  // would grow the stack with every row.
  Value whole;
  if (type.hasScales())
    whole =
        memref::AllocaOp::create(b, MemRefType::get({1, type.getRowSize()}, b.getF32Type()), b.getI64IntegerAttr(32));
  b.forall(b.dim(target, 0), [&](Value row) {
    Value position = b.loadScalar(positions, {row});
    AppendEmitter append(b, pages, sequences, row, b.toIndex(position));
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
             {std::pair(turned.lowColumn, turned.low), std::pair(turned.highColumn, turned.high)}) {
          if (whole)
            b.store(vector, whole, {b.index(0), column});
          else
            append.storeKeys(head, arith::SubIOp::create(b, column, start), vector);
        }
      });
    });
    b.loop(b.index(0), b.index(type.getHeads()), 1, [&](Value head) {
      Value start = b.mul(head, headDim);
      if (whole)
        append.storeKeyHead(head, whole, b.index(0), start);
      append.storeValueHead(head, values, row, start);
    });
  });
  return success();
}
