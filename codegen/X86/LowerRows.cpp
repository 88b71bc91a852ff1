//===- LowerRows.cpp - Kernels that work on one row at a time -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "RowsTarget.h"

#include "hone/dialects/LLM/Encodings.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;
using namespace hone::x86;

namespace {

constexpr int64_t kLanes = VectorBuilder::lanes;

int64_t getColumns(Value rows) { return cast<ShapedType>(rows.getType()).getDimSize(1); }

/// Loops over the vectors of one row.
void forEachVector(VectorBuilder &b, int64_t columns, llvm::function_ref<void(Value)> body) {
  b.loop(b.index(0), b.index(columns), kLanes, body);
}

/// Stores row `row`, whose vector at a column `emitVector` returns.
void emitUnits(VectorBuilder &b, RowsTarget &target, Value row, llvm::function_ref<Value(Value column)> emitVector) {
  b.loop(b.index(0), b.index(target.units()), 1, [&](Value unit) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < target.unitColumns(); i += kLanes)
      values.push_back(emitVector(b.add(b.mul(unit, target.unitColumns()), i)));
    target.store(values, row, unit);
  });
}

/// result = f(input), vector by vector; the last may be part of one. `emit` receives the column, and how many lanes
/// count.
void forEachElement(VectorBuilder &b, Value input, Value target, int64_t columns,
                    llvm::function_ref<Value(Value values, Value column, int64_t count)> emit) {
  int64_t whole = columns / kLanes * kLanes;
  b.forall(b.dim(target, 0), [&](Value row) {
    auto emitVector = [&](Value column, int64_t count) {
      Value values = b.loadFirst(count, input, {row, column});
      b.storeFirst(count, emit(values, column, count), target, {row, column});
    };
    forEachVector(b, whole, [&](Value column) { emitVector(column, kLanes); });
    if (whole < columns)
      emitVector(b.index(whole), columns - whole);
  });
}

/// normed = input * weight / sqrt(mean(input^2) + epsilon), for one row. Lane i adds the squares of columns i, i + 8,
/// ... in their order.
void emitNorm(VectorBuilder &b, Value input, Value row, Value weight, RowsTarget &target, float epsilon) {
  int64_t columns = target.columns();
  SmallVector<Value> squares =
      b.loop(b.index(0), b.index(columns), kLanes, {b.splat(0.0f)}, [&](Value column, ValueRange carried) {
        Value x = b.load(b.f32s(), input, {row, column});
        return SmallVector<Value>{b.fma(x, x, carried[0])};
      });
  auto scalar = [&](float value) -> Value { return arith::ConstantOp::create(b, b.getF32FloatAttr(value)); };
  Value mean = b.divf(b.sumLanes(squares[0]), scalar(static_cast<float>(columns)));
  Value root = math::SqrtOp::create(b, b.addf(mean, scalar(epsilon)));
  Value scale = b.broadcast(b.divf(scalar(1.0f), root));
  emitUnits(b, target, row, [&](Value column) {
    Value x = b.mulf(b.load(b.f32s(), input, {row, column}), scale);
    return b.mulf(x, b.load(b.f32s(), weight, {column}));
  });
}

} // namespace

LogicalResult x86::verifyWholeVectors(Operation *op, int64_t columns) {
  if (columns % kLanes == 0)
    return success();
  return op->emitOpError("expected a multiple of ") << kLanes << " columns for x86 kernels, got " << columns;
}

LogicalResult x86::lowerSelectRows(SelectRowsOp op, VectorBuilder &b) {
  int64_t columns = getColumns(op.getInput());
  if (failed(verifyWholeVectors(op, columns)))
    return failure();
  Value input = getSource(op.getInput()), rows = getSource(op.getRows()), target = getTarget(op.getResult());
  b.forall(b.dim(target, 0), [&](Value row) {
    Value source = b.toIndex(b.loadScalar(rows, {row}));
    forEachVector(b, columns, [&](Value column) {
      b.store(b.load(b.f32s(), input, {source, column}), target, {row, column});
    });
  });
  return success();
}

LogicalResult x86::lowerAdd(AddOp op, VectorBuilder &b) {
  int64_t columns = getColumns(op.getLhs());
  if (failed(verifyWholeVectors(op, columns)))
    return failure();
  Value lhs = getSource(op.getLhs()), rhs = getSource(op.getRhs()), target = getTarget(op.getResult());
  b.forall(b.dim(target, 0), [&](Value row) {
    forEachVector(b, columns, [&](Value column) {
      b.store(b.addf(b.load(b.f32s(), lhs, {row, column}), b.load(b.f32s(), rhs, {row, column})), target,
              {row, column});
    });
  });
  return success();
}

LogicalResult x86::lowerAddBias(AddBiasOp op, VectorBuilder &b) {
  Value bias = getSource(op.getBias());
  forEachElement(
      b, getSource(op.getInput()), getTarget(op.getResult()), getColumns(op.getInput()),
      [&](Value values, Value column, int64_t count) { return b.addf(values, b.loadFirst(count, bias, {column})); });
  return success();
}

LogicalResult x86::lowerScale(ScaleOp op, VectorBuilder &b) {
  float factor = op.getFactor().convertToFloat();
  forEachElement(b, getSource(op.getInput()), getTarget(op.getResult()), getColumns(op.getInput()),
                 [&](Value values, Value, int64_t) { return b.mulf(values, b.splat(factor)); });
  return success();
}

Value x86::emitGatedActivation(VectorBuilder &b, Activation function, Value gate, Value up) {
  switch (function) {
  case Activation::SiLU:
    Value denominator = b.addf(b.splat(1.0f), b.exp(arith::NegFOp::create(b, gate)));
    return b.mulf(b.divf(gate, denominator), up);
  }
  llvm_unreachable("an activation without a kernel");
}

LogicalResult x86::lowerGatedActivation(GatedActivationOp op, VectorBuilder &b) {
  int64_t columns = getColumns(op.getGate());
  if (failed(verifyWholeVectors(op, columns)))
    return failure();
  Value gate = getSource(op.getGate()), up = getSource(op.getUp()), target = getTarget(op.getResult());
  b.forall(b.dim(target, 0), [&](Value row) {
    forEachVector(b, columns, [&](Value column) {
      Value result = emitGatedActivation(b, op.getFunction(), b.load(b.f32s(), gate, {row, column}),
                                         b.load(b.f32s(), up, {row, column}));
      b.store(result, target, {row, column});
    });
  });
  return success();
}

LogicalResult x86::lowerRMSNorm(RMSNormOp op, VectorBuilder &b) {
  int64_t columns = getColumns(op.getInput());
  if (failed(verifyWholeVectors(op, columns)))
    return failure();
  Value input = getSource(op.getInput()), weight = getSource(op.getWeight());
  RowsTarget target(b, op.getResult());
  b.forall(b.dim(target.memory(), 0),
           [&](Value row) { emitNorm(b, input, row, weight, target, op.getEpsilon().convertToFloat()); });
  return success();
}

LogicalResult x86::lowerAddRMSNorm(AddRMSNormOp op, VectorBuilder &b) {
  int64_t columns = getColumns(op.getInput());
  if (failed(verifyWholeVectors(op, columns)))
    return failure();
  Value input = getSource(op.getInput()), residual = getSource(op.getResidual()), weight = getSource(op.getWeight());
  Value sum = getTarget(op.getSum());
  RowsTarget normed(b, op.getNormed());
  b.forall(b.dim(sum, 0), [&](Value row) {
    forEachVector(b, columns, [&](Value column) {
      b.store(b.addf(b.load(b.f32s(), input, {row, column}), b.load(b.f32s(), residual, {row, column})), sum,
              {row, column});
    });
    emitNorm(b, sum, row, weight, normed, op.getEpsilon().convertToFloat());
  });
  return success();
}

LogicalResult x86::lowerQuantizeRows(QuantizeRowsOp op, VectorBuilder &b) {
  RowsTarget target(b, op.getResult());
  if (failed(verifyWholeVectors(op, target.columns())))
    return failure();
  Value input = getSource(op.getInput());
  b.forall(b.dim(target.memory(), 0), [&](Value row) {
    emitUnits(b, target, row, [&](Value column) { return b.load(b.f32s(), input, {row, column}); });
  });
  return success();
}
