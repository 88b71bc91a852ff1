//===- RowsTarget.cpp - Where kernels leave rows ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowsTarget.h"

#include "KernelLowering.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

constexpr int64_t kLanes = VectorBuilder::lanes;

RowsTarget::RowsTarget(VectorBuilder &b, Value result)
    : b(b), type(cast<RankedTensorType>(result.getType())), layout(getBlockLayout(type)), target(getTarget(result)) {}

void RowsTarget::store(ArrayRef<Value> values, Value row, Value unit) {
  if (layout)
    return storeBlock(values, row, unit);
  b.store(convert(values.front()), target, {row, b.mul(unit, kLanes)});
}

void RowsTarget::storeFirst(int64_t count, Value values, Value row, Value unit) {
  b.storeFirst(count, convert(values), target, {row, b.mul(unit, kLanes)});
}

/// Nearest numbers of the target's element type, ties to even.
Value RowsTarget::convert(Value values) {
  Type element = type.getElementType();
  if (element.isF16())
    return arith::TruncFOp::create(b, b.vectorOf(element), values);
  if (!element.isBF16())
    return values;
  // By integers on every machine: instructions for bf16 take denormals for zero.
  Value bits = b.bitcast(values, b.i32s());
  Value odd = b.andi(b.shiftRight(bits, 16), 1);
  Value rounded =
      arith::AddIOp::create(b, bits, arith::AddIOp::create(b, odd, b.splatInteger(0x7fff, b.i32s())).getResult());
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, values, values);
  rounded = arith::SelectOp::create(b, isNaN, b.splatInteger(0x7fc00000, b.i32s()), rounded);
  Value upper = arith::TruncIOp::create(b, b.vectorOf(b.getI16Type()), b.shiftRight(rounded, 16));
  return b.bitcast(upper, b.vectorOf(element));
}

/// Rounds as `llm.quantize_rows` says.
void RowsTarget::storeBlock(ArrayRef<Value> values, Value row, Value number) {
  auto largest = static_cast<float>(layout->largest());
  Value position = b.mul(number, layout->bytes());
  Value magnitude;
  for (Value value : values) {
    Value absolute = math::AbsFOp::create(b, value);
    magnitude = magnitude ? arith::MaxNumFOp::create(b, magnitude, absolute).getResult() : absolute;
  }
  Value peak = vector::ReductionOp::create(b, vector::CombiningKind::MAXNUMF, magnitude);
  Value scale = b.divf(peak, arith::ConstantOp::create(b, b.getF32FloatAttr(largest)));
  Value divisor = b.broadcast(scale);
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, divisor, b.splat(0.0f));
  Value sums, firstHalf;
  for (auto [i, value] : llvm::enumerate(values)) {
    Value quotient = math::RoundEvenOp::create(b, b.divf(value, divisor));
    // A denormal scale is rounded so coarsely that a quotient may pass the largest integer.
    quotient = arith::MinNumFOp::create(b, arith::MaxNumFOp::create(b, quotient, b.splat(-largest)), b.splat(largest));
    quotient = arith::SelectOp::create(b, isZero, b.splat(0.0f), quotient);
    Value integers = arith::FPToSIOp::create(b, b.i32s(), quotient);
    sums = sums ? arith::AddIOp::create(b, sums, integers).getResult() : integers;
    if (i + 1 == values.size() / 2)
      firstHalf = sums;
    auto narrowType = b.vectorOf(b.getIntegerType(8 * layout->elementBytes));
    Value narrow = arith::TruncIOp::create(b, narrowType, integers);
    SmallVector<int64_t> columnOfSlot(kLanes);
    for (int64_t column = 0; column < kLanes; ++column)
      columnOfSlot[layout->getSlot(column)] = column;
    narrow = b.shuffle(narrow, narrow, columnOfSlot);
    b.storeBytes(narrow, target, {row, b.add(position, static_cast<int64_t>(i) * kLanes * layout->elementBytes)});
  }
  auto storeSum = [&](Value lanes, int64_t offset) {
    Value sum = vector::ReductionOp::create(b, vector::CombiningKind::ADD, lanes);
    b.storeBytes(sum, target, {row, b.add(position, offset)});
  };
  b.storeBytes(scale, target, {row, b.add(position, layout->scaleOffset())});
  storeSum(sums, layout->sumOffset());
  storeSum(firstHalf, layout->halfSumOffset());
}
