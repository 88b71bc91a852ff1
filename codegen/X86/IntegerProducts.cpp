//===- IntegerProducts.cpp - Products of integers, block by block -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerProducts.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

static Value callIntrinsic(VectorBuilder &b, StringRef name, VectorType type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
}

static VectorType getBytes(VectorBuilder &b) { return b.vectorOf(b.getI8Type(), 32); }
static VectorType getWords(VectorBuilder &b) { return b.vectorOf(b.getI16Type(), 16); }

/// Each pair of 16-bit products added in 32 bits: vpmaddwd.
static Value multiplyWords(VectorBuilder &b, Value weights, Value activations) {
  return callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", b.i32s(), {weights, activations});
}

int64_t IntegerProducts::stepsPerSum(const PackedWeight &weight) const {
  int64_t steps = stepsPerScale(weight);
  if (layout.elementBytes == 2)
    return steps;
  unsigned bits = weight.traits->elementBits;
  int64_t largestWeight = weight.traits->isSigned ? int64_t(1) << (bits - 1) : (int64_t(1) << bits) - 1;
  auto fitting = static_cast<uint64_t>(32767 / (2 * largestWeight * layout.largest()));
  return std::min(steps, static_cast<int64_t>(llvm::bit_floor(fitting)));
}

VectorType IntegerProducts::sumType() const { return layout.elementBytes == 1 ? getWords(b) : b.i32s(); }

VectorType IntegerProducts::stepType() const { return layout.elementBytes == 1 ? getBytes(b) : getWords(b); }

Value IntegerProducts::multiply(const PackedWeight &weight, Value weights, Value activations) {
  if (layout.elementBytes == 2)
    return multiplyWords(b, weights, b.bitcast(activations, getWords(b)));
  // vpmaddubsw adds pairs of products of unsigned and signed bytes. A signed weight gives its sign to the activation.
  activations = b.bitcast(activations, getBytes(b));
  if (weight.traits->isSigned) {
    activations = callIntrinsic(b, "llvm.x86.avx2.psign.b", getBytes(b), {activations, weights});
    weights = math::AbsIOp::create(b, weights);
  }
  return callIntrinsic(b, "llvm.x86.avx2.pmadd.ub.sw", getWords(b), {weights, activations});
}

Value IntegerProducts::widen(Value sum) {
  if (sum.getType() == b.i32s())
    return sum;
  return multiplyWords(b, sum, b.splatInteger(1, getWords(b)));
}

void IntegerProducts::forEachStep(const PackedWeight &weight, PackedBlock place,
                                  llvm::function_ref<void(int64_t, Value)> body) {
  if (layout.elementBytes == 1)
    return weight.forEachQuad(b, place, [&](int64_t t, Value quad) { body(t, b.bitcast(quad, getBytes(b))); });
  weight.forEachPair(b, place, [&](int64_t t, Value even, Value odd) {
    body(2 * t, even);
    body(2 * t + 1, odd);
  });
}

Value IntegerProducts::loadStep(Value row, Value position, Value step) {
  return loadInAllLanes(b.getI32Type(), row, b.add(position, b.mul(step, 4)));
}

IntegerProducts::RowFactors IntegerProducts::loadFactors(const PackedWeight &weight, Value row, Value position,
                                                         int64_t number) {
  RowFactors factors;
  factors.scale = loadInAllLanes(b.getF32Type(), row, b.add(position, layout.scaleOffset()));
  if (!weight.traits->zeroPoint && !weight.traits->hasMin)
    return factors;
  auto loadSum = [&](int64_t offset) { return loadInAllLanes(b.getI32Type(), row, b.add(position, offset)); };
  bool isHalf = weight.scaleColumns() < layout.columns;
  Value total = loadSum(isHalf && number == 0 ? layout.halfSumOffset() : layout.sumOffset());
  if (isHalf && number == 1)
    total = arith::SubIOp::create(b, total, loadSum(layout.halfSumOffset()));
  if (weight.traits->zeroPoint)
    factors.offset = arith::MulIOp::create(b, total, b.splatInteger(weight.traits->zeroPoint, b.i32s()));
  if (weight.traits->hasMin)
    factors.total = b.mulf(factors.scale, arith::SIToFPOp::create(b, b.f32s(), total));
  return factors;
}

Value IntegerProducts::addScaled(Value sum, Value scale, Value minimum, const RowFactors &row, Value accumulator) {
  if (row.offset)
    sum = arith::SubIOp::create(b, sum, row.offset);
  accumulator = b.fma(b.mulf(scale, row.scale), arith::SIToFPOp::create(b, b.f32s(), sum), accumulator);
  return minimum ? b.fma(minimum, row.total, accumulator) : accumulator;
}

Value IntegerProducts::addBlock(const PackedWeight &weight, PackedBlock place, Value block, Value row,
                                Value accumulator) {
  Value position = getPosition(block);
  int64_t perSum = stepsPerSum(weight), perScale = stepsPerScale(weight);
  Value sum, wide;
  auto add = [&](Value to, Value term) { return to ? arith::AddIOp::create(b, to, term).getResult() : term; };
  forEachStep(weight, place, [&](int64_t step, Value weights) {
    sum = add(sum, multiply(weight, weights, loadStep(row, position, b.index(step))));
    if ((step + 1) % perSum == 0) {
      wide = add(wide, widen(sum));
      sum = {};
    }
    if ((step + 1) % perScale == 0) {
      int64_t number = step / perScale;
      accumulator = addScaled(wide, weight.loadScale(b, place, number), weight.loadMinimum(b, place, number),
                              loadFactors(weight, row, position, number), accumulator);
      wide = {};
    }
  });
  return accumulator;
}
