//===- IntegerProducts.cpp - Products of integers, block by block -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerProducts.h"

#include "hone/codegen/X86/InstructionMix.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

static Value callIntrinsic(VectorBuilder &b, StringRef name, VectorType type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
}

static VectorType getBytes(VectorBuilder &b, int64_t lanes) { return b.vectorOf(b.getI8Type(), 4 * lanes); }
static VectorType getWords(VectorBuilder &b, int64_t lanes) { return b.vectorOf(b.getI16Type(), 2 * lanes); }

/// 32-bit lanes of a vector.
static int64_t getLanes(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 32;
}

/// Each pair of 16-bit products added in 32 bits: vpmaddwd.
static Value multiplyWords(VectorBuilder &b, Value weights, Value activations) {
  int64_t lanes = getLanes(weights);
  StringRef name = lanes == 8 ? "llvm.x86.avx2.pmadd.wd" : "llvm.x86.avx512.pmaddw.d.512";
  return callIntrinsic(b, name, b.i32s(lanes), {weights, activations});
}

int64_t IntegerProducts::stepsPerSum(const PackedWeight &weight) const {
  return getStepsPerSum(*weight.traits, layout.elementBytes, level);
}

VectorType IntegerProducts::sumType(int64_t lanes) const {
  return layout.elementBytes == 1 && !hasVNNI(level) ? getWords(b, lanes) : b.i32s(lanes);
}

VectorType IntegerProducts::stepType(int64_t lanes) const {
  return layout.elementBytes == 1 ? getBytes(b, lanes) : getWords(b, lanes);
}

bool IntegerProducts::areAlike(const PackedWeight &a, const PackedWeight &b) const {
  bool sameSigns = a.traits->isSigned == b.traits->isSigned || layout.elementBytes == 2 || hasVNNI(level);
  return sameSigns && stepsPerScale(a) == stepsPerScale(b) && stepsPerSum(a) == stepsPerSum(b);
}

Value IntegerProducts::multiply(const PackedWeight &weight, Value weights, Value activations) {
  if (layout.elementBytes == 2)
    return multiplyWords(b, weights, activations);
  // vpmaddubsw adds pairs of products of unsigned and signed bytes. A signed weight gives its sign to the activation.
  VectorType bytes = stepType(getLanes(weights));
  if (weight.traits->isSigned) {
    activations = callIntrinsic(b, "llvm.x86.avx2.psign.b", bytes, {activations, weights});
    weights = math::AbsIOp::create(b, weights);
  }
  return callIntrinsic(b, "llvm.x86.avx2.pmadd.ub.sw", sumType(getLanes(weights)), {weights, activations});
}

Value IntegerProducts::addStep(const PackedWeight &weight, Value sum, Value weights, Value activations) {
  int64_t lanes = getLanes(weights);
  activations = b.bitcast(activations, stepType(lanes));
  if (!hasVNNI(level)) {
    Value product = multiply(weight, weights, activations);
    return sum ? arith::AddIOp::create(b, sum, product).getResult() : product;
  }
  if (!sum)
    sum = b.splatInteger(0, sumType(lanes));
  std::string name = layout.elementBytes == 1 ? "llvm.x86.avx512.vpdpbusd." : "llvm.x86.avx512.vpdpwssd.";
  return callIntrinsic(b, name + std::to_string(32 * lanes), sumType(lanes), {sum, weights, activations});
}

Value IntegerProducts::widen(Value sum) {
  if (cast<VectorType>(sum.getType()).getElementType().isInteger(32))
    return sum;
  return multiplyWords(b, sum, b.splatInteger(1, cast<VectorType>(sum.getType())));
}

void IntegerProducts::forEachStep(const PackedWeight &weight, PackedBlock place,
                                  llvm::function_ref<void(int64_t, Value)> body) {
  if (layout.elementBytes == 1)
    return weight.forEachQuad(b, place, [&](int64_t t, Value quad) {
      Value weights = b.bitcast(quad, getBytes(b, place.lanes()));
      body(t, isMoved(weight) ? b.xori(weights, 0x80) : weights);
    });
  weight.forEachPair(b, place, [&](int64_t t, Value even, Value odd) {
    body(2 * t, even);
    body(2 * t + 1, odd);
  });
}

Value IntegerProducts::loadStep(Value row, Value position, Value step, int64_t lanes) {
  return loadInAllLanes(b.getI32Type(), row, b.add(position, b.mul(step, 4)), lanes);
}

Value IntegerProducts::loadSum(const PackedWeight &weight, Value row, Value position, int64_t number, int64_t lanes) {
  auto loadSum = [&](int64_t offset) { return loadInAllLanes(b.getI32Type(), row, b.add(position, offset), lanes); };
  bool isHalf = weight.scaleColumns() < layout.columns;
  Value total = loadSum(isHalf && number == 0 ? layout.halfSumOffset() : layout.sumOffset());
  return isHalf && number == 1 ? arith::SubIOp::create(b, total, loadSum(layout.halfSumOffset())) : total;
}

Value IntegerProducts::loadOffset(const PackedWeight &weight, Value row, Value position, int64_t number,
                                  int64_t lanes) {
  int64_t zeroPoint = getZeroPoint(weight);
  if (!zeroPoint)
    return {};
  Value total = loadSum(weight, row, position, number, lanes);
  return arith::MulIOp::create(b, total, b.splatInteger(-zeroPoint, b.i32s(lanes)));
}

IntegerProducts::RowFactors IntegerProducts::loadFactors(const PackedWeight &weight, Value row, Value position,
                                                         int64_t number, int64_t lanes) {
  RowFactors factors;
  factors.scale = loadInAllLanes(b.getF32Type(), row, b.add(position, layout.scaleOffset()), lanes);
  if (!beginsWithOffset())
    factors.offset = loadOffset(weight, row, position, number, lanes);
  if (weight.traits->hasMin) {
    Value total = loadSum(weight, row, position, number, lanes);
    factors.total = b.mulf(factors.scale, arith::SIToFPOp::create(b, b.f32s(lanes), total));
  }
  return factors;
}

Value IntegerProducts::addScaled(Value sum, Value scale, Value minimum, const RowFactors &row, Value accumulator) {
  if (row.offset)
    sum = arith::AddIOp::create(b, sum, row.offset);
  Value number = arith::SIToFPOp::create(b, b.likeOf(b.getF32Type(), sum), sum);
  accumulator = b.fma(b.mulf(scale, row.scale), number, accumulator);
  return minimum ? b.fma(minimum, row.total, accumulator) : accumulator;
}

void IntegerProducts::addBlock(const PackedWeight &weight, PackedBlock place, Value block, ArrayRef<Value> rows,
                               MutableArrayRef<Value> accumulators) {
  Value position = getPosition(block);
  int64_t perSum = stepsPerSum(weight), perScale = stepsPerScale(weight), lanes = place.lanes();
  // A row alone waits for each product before the next: 16 of them, more than other blocks hide, are added in two sums.
  int64_t chains = rows.size() == 1 && hasVNNI(level) && layout.elementBytes == 2 ? 2 : 1;
  struct Sums {
    SmallVector<Value> chains;
    Value wide;
  };
  SmallVector<Sums> sums(rows.size());
  forEachStep(weight, place, [&](int64_t step, Value weights) {
    int64_t number = step / perScale;
    for (auto [row, own] : llvm::zip_equal(rows, sums)) {
      if (step % perScale == 0) {
        own.chains.assign(chains, Value());
        if (beginsWithOffset())
          own.chains.front() = loadOffset(weight, row, position, number, lanes);
      }
      Value &sum = own.chains[step % chains];
      sum = addStep(weight, sum, weights, loadStep(row, position, b.index(step), lanes));
      if ((step + 1) % perSum == 0)
        for (Value &part : own.chains) {
          Value wide = widen(part);
          own.wide = own.wide ? arith::AddIOp::create(b, own.wide, wide).getResult() : wide;
          part = {};
        }
    }
    if ((step + 1) % perScale != 0)
      return;
    Value scale = weight.loadScale(b, place, number), minimum = weight.loadMinimum(b, place, number);
    for (auto [row, own, accumulator] : llvm::zip_equal(rows, sums, accumulators)) {
      RowFactors factors = loadFactors(weight, row, position, number, lanes);
      accumulator = addScaled(own.wide, scale, minimum, factors, accumulator);
      own.wide = {};
    }
  });
}
