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

/// Attention of one row and head: softmax over the blocks of a page in their order, rescaled as the maximum grows
/// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
class AttentionKernel {
public:
  AttentionKernel(VectorBuilder &b, AttentionOp op)
      : b(b), queries(getSource(op.getQueries())), target(getTarget(op.getResult())),
        positions(getSource(op.getPositions())), sequences(getSource(op.getSequences())),
        pages(b, getSource(op.getKv()), op.getKv().getType(), op.getLayer()), scale(op.getScale().convertToFloat()),
        blocked(getBlocked(op.getResult().getType())), heads(op.getHeads()), headDim(op.getKv().getType().getHeadDim()),
        group(heads / op.getKv().getType().getHeads()) {}

  void emit() {
    // Once per call: memory of a loop's body would grow the stack with every unit.
    weights = memref::AllocaOp::create(b, MemRefType::get({block}, b.getF32Type()), b.getI64IntegerAttr(32));
    Value units = b.mul(b.dim(target, 0), heads);
    b.forall(units, [&](Value unit) { emitHead(b.div(unit, heads), b.rem(unit, heads)); });
  }

private:
  static constexpr int64_t block = PageLayout::positions;

  VectorBuilder &b;
  Value queries, target, positions, sequences;
  Value weights; ///< of the positions of one block
  Pages pages;
  float scale;
  BlockedAttr blocked; ///< of the result, if it is rounded
  int64_t heads, headDim, group;

  void emitHead(Value row, Value head) {
    Value kvHead = b.div(head, group);
    Value keys = pages.getKeys(kvHead), values = pages.getValues(kvHead);
    Value column = b.mul(head, headDim);
    Value table = pages.getTable(sequences, row);
    Value count = b.add(b.toIndex(b.loadScalar(positions, {row})), 1);
    Value blocks = b.div(b.add(count, block - 1), block);

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
    if (!blocked) {
      for (auto [i, output] : llvm::enumerate(outputs))
        b.store(output, target, {row, b.add(column, static_cast<int64_t>(i) * kLanes)});
      return;
    }
    size_t blockVectors = blocked.getColumns() / kLanes;
    Value firstBlock = b.mul(head, headDim / blocked.getColumns());
    for (size_t i = 0; i < outputs.size(); i += blockVectors)
      emitRoundedBlock(b, ArrayRef<Value>(outputs).slice(i, blockVectors), blocked, target, row,
                       b.add(firstBlock, static_cast<int64_t>(i / blockVectors)));
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
