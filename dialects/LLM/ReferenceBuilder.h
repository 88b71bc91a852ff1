//===- ReferenceBuilder.h - Builds reference lowerings ----------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_REFERENCEBUILDER_H
#define HONE_DIALECTS_LLM_REFERENCEBUILDER_H

#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace hone::llm {

/// Builds reference lowerings in one idiom: the element of a result at these indices is this expression of elements of
/// the operands. Sums and functions are computed in f64 and rounded to f32 once, where the op's formula has its
/// result, so that a difference from the reference is the fault of what is compared with it. A rounding that an op
/// defines (to integers, to the element type of the KV memory) takes place where the op says.
class ReferenceBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  ReferenceBuilder(mlir::RewriterBase &rewriter, mlir::Location loc) : ImplicitLocOpBuilder(loc, rewriter) {}

  /// A tensor of `type` whose element at each index is what `element` returns for it. `sizes` gives the sizes of the
  /// dynamic dimensions.
  Value generate(mlir::RankedTensorType type, ValueRange sizes, ::llvm::function_ref<Value(ValueRange)> element);

  /// As above, with the dynamic dimensions of `type` as large as those of `like`.
  Value generateLike(mlir::RankedTensorType type, Value like, ::llvm::function_ref<Value(ValueRange)> element);

  /// The value of `state` after `step(i, state)` has replaced it for i = 0 .. extent - 1. It may be a tensor.
  Value accumulate(Value extent, Value state, ::llvm::function_ref<Value(Value, Value)> step);

  /// The sum of `term(i)`, an f64, over i = 0 .. extent - 1, in that order.
  Value sum(Value extent, ::llvm::function_ref<Value(Value)> term);

  Value index(int64_t value);
  Value f32(float value);
  Value f64(double value);

  /// The size of dimension `dim` of `tensor`, as a constant where the type states it.
  Value size(Value tensor, int64_t dim);

  /// The element of `tensor` at `indices`.
  Value at(Value tensor, ValueRange indices);
  /// The element as f64.
  Value atF64(Value tensor, ValueRange indices);
  /// The element of a tensor of row indices, as an index.
  Value indexAt(Value tensor, Value position);

  /// `value` as another float type, rounded to nearest, ties to even.
  Value toFloat(Value value, mlir::Type type);
  Value toF64(Value value) { return toFloat(value, getF64Type()); }
  Value toF32(Value value) { return toFloat(value, getF32Type()); }
  /// An index as f64.
  Value indexToF64(Value value);

  Value addF(Value lhs, Value rhs);
  Value subF(Value lhs, Value rhs);
  Value mulF(Value lhs, Value rhs);
  Value divF(Value lhs, Value rhs);
  Value addI(Value lhs, Value rhs);
  Value subI(Value lhs, Value rhs);
  Value mulI(Value lhs, Value rhs);
  Value divI(Value lhs, Value rhs);
  Value remI(Value lhs, Value rhs);
  Value lessI(Value lhs, Value rhs);
  Value select(Value condition, Value ifTrue, Value ifFalse);
};

/// `input` rounded to the precision that an op names for its operand or result, as `llm.quantize_rows` says: rows of
/// f16 or bf16, or the f32 values that integers and their scales stand for; as it is for f32 or none.
mlir::Value roundActivations(ReferenceBuilder &builder, mlir::Value input, std::optional<Precision> precision);

/// input[r][n] + bias[n] and input * factor, each rounded to f32: what `llm.add_bias` and `llm.scale` say, and products
/// with a bias or a scale.
mlir::Value buildAddBias(ReferenceBuilder &builder, mlir::Value input, mlir::Value bias);
mlir::Value buildScale(ReferenceBuilder &builder, mlir::Value input, float factor);

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_REFERENCEBUILDER_H
