//===- Constraints.cpp - What verifiers of llm ops share ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constraints.h"

using namespace mlir;
using namespace hone::llm;

FailureOr<RankedTensorType> hone::llm::inferMatrix(std::optional<Location> location, StringRef op, StringRef operand,
                                                   Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() != 2 || tensor.isDynamicDim(1))
    return emitOptionalError(location, "'", op, "' op expected '", operand, "' of rank 2 with static columns, got ",
                             type);
  return tensor;
}

/// Columns that share a scale.
static constexpr int64_t kBlockColumns = 32;

FailureOr<RankedTensorType> hone::llm::inferRounded(std::optional<Location> location, StringRef op,
                                                    RankedTensorType rows, std::optional<Precision> rounding) {
  Precision precision = rounding.value_or(Precision::F32);
  MLIRContext *context = rows.getContext();
  switch (precision) {
  case Precision::F32:
    return rows;
  case Precision::F16:
    return RankedTensorType::get(rows.getShape(), Float16Type::get(context));
  case Precision::BF16:
    return RankedTensorType::get(rows.getShape(), BFloat16Type::get(context));
  case Precision::Int16:
  case Precision::Int8:
    break;
  }
  if (rows.getDimSize(1) % kBlockColumns != 0)
    return emitOptionalError(location, "'", op, "' op expected a multiple of ", kBlockColumns,
                             " columns to round to integers, got ", rows);
  return RankedTensorType::get(rows.getShape(), IntegerType::get(context, precision == Precision::Int8 ? 8 : 16),
                               BlockedAttr::get(context, kBlockColumns));
}

LogicalResult hone::llm::verifyMatrix(Operation *op, StringRef operand, RankedTensorType type) {
  return inferMatrix(op->getLoc(), op->getName().getStringRef(), operand, type);
}

LogicalResult hone::llm::verifySameRows(Operation *op, StringRef indicesName, ShapedType indices, StringRef matrixName,
                                        RankedTensorType matrix) {
  if (succeeded(verifyCompatibleShape(indices.getShape(), matrix.getShape().take_front())))
    return success();
  return op->emitOpError("expected '") << indicesName << "' to have as many rows as '" << matrixName << "' of type "
                                       << matrix << ", got " << indices;
}

LogicalResult hone::llm::verifyVector(Operation *op, StringRef operand, RankedTensorType vector, int64_t size,
                                      const Twine &match) {
  if (vector == RankedTensorType::get({size}, Float32Type::get(op->getContext())))
    return success();
  return op->emitOpError("expected '") << operand << "' of type 'tensor<" << size << "xf32>' to match " << match
                                       << ", got " << vector;
}

LogicalResult hone::llm::verifyFinite(Operation *op, StringRef attribute, FloatAttr value) {
  if (value.getValue().isFinite())
    return success();
  return op->emitOpError("expected '") << attribute << "' to be finite, got " << value;
}

LogicalResult hone::llm::verifyPositive(Operation *op, StringRef attribute, FloatAttr value) {
  APFloat number = value.getValue();
  if (number.isFinite() && !number.isNegative() && !number.isZero())
    return success();
  return op->emitOpError("expected '") << attribute << "' to be positive and finite, got " << value;
}
