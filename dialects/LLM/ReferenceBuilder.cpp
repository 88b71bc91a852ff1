//===- ReferenceBuilder.cpp - Builds reference lowerings ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceBuilder.h"

using namespace mlir;
using namespace hone::llm;

Value ReferenceBuilder::generate(RankedTensorType type, ValueRange sizes, function_ref<Value(ValueRange)> element) {
  return tensor::GenerateOp::create(*this, type, sizes, [&](OpBuilder &, Location, ValueRange indices) {
    Value result = element(indices);
    tensor::YieldOp::create(*this, result);
  });
}

Value ReferenceBuilder::generateLike(RankedTensorType type, Value like, function_ref<Value(ValueRange)> element) {
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(size(like, dim));
  return generate(type, sizes, element);
}

Value ReferenceBuilder::accumulate(Value extent, Value state, function_ref<Value(Value, Value)> step) {
  auto loop = scf::ForOp::create(*this, index(0), extent, index(1), state,
                                 [&](OpBuilder &, Location, Value position, ValueRange states) {
                                   Value next = step(position, states.front());
                                   scf::YieldOp::create(*this, next);
                                 });
  return loop.getResult(0);
}

Value ReferenceBuilder::sum(Value extent, function_ref<Value(Value)> term) {
  return accumulate(extent, f64(0.0), [&](Value position, Value partial) { return addF(partial, term(position)); });
}

Value ReferenceBuilder::index(int64_t value) { return arith::ConstantIndexOp::create(*this, value); }
Value ReferenceBuilder::f32(float value) { return arith::ConstantOp::create(*this, getF32FloatAttr(value)); }
Value ReferenceBuilder::f64(double value) { return arith::ConstantOp::create(*this, getF64FloatAttr(value)); }

Value ReferenceBuilder::size(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return index(type.getDimSize(dim));
  return tensor::DimOp::create(*this, tensor, dim);
}

Value ReferenceBuilder::at(Value tensor, ValueRange indices) {
  return tensor::ExtractOp::create(*this, tensor, indices);
}

Value ReferenceBuilder::atF64(Value tensor, ValueRange indices) { return toF64(at(tensor, indices)); }

Value ReferenceBuilder::indexAt(Value tensor, Value position) {
  return arith::IndexCastOp::create(*this, getIndexType(), at(tensor, position));
}

Value ReferenceBuilder::toFloat(Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth(), to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(*this, type, value);
  return arith::TruncFOp::create(*this, type, value);
}

Value ReferenceBuilder::indexToF64(Value value) {
  Value integer = arith::IndexCastOp::create(*this, getI64Type(), value);
  return arith::SIToFPOp::create(*this, getF64Type(), integer);
}

Value ReferenceBuilder::addF(Value lhs, Value rhs) { return arith::AddFOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::subF(Value lhs, Value rhs) { return arith::SubFOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::mulF(Value lhs, Value rhs) { return arith::MulFOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::divF(Value lhs, Value rhs) { return arith::DivFOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::addI(Value lhs, Value rhs) { return arith::AddIOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::subI(Value lhs, Value rhs) { return arith::SubIOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::mulI(Value lhs, Value rhs) { return arith::MulIOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::divI(Value lhs, Value rhs) { return arith::DivUIOp::create(*this, lhs, rhs); }
Value ReferenceBuilder::remI(Value lhs, Value rhs) { return arith::RemUIOp::create(*this, lhs, rhs); }

Value ReferenceBuilder::lessI(Value lhs, Value rhs) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, lhs, rhs);
}

Value ReferenceBuilder::select(Value condition, Value ifTrue, Value ifFalse) {
  return arith::SelectOp::create(*this, condition, ifTrue, ifFalse);
}
