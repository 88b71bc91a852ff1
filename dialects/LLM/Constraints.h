//===- Constraints.h - What verifiers of llm ops share ---------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function reports what it expected and what it got under the name that the op gives the value.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_CONSTRAINTS_H
#define HONE_DIALECTS_LLM_CONSTRAINTS_H

#include "hone/dialects/LLM/LLMOps.h"

namespace hone::llm {

/// `type` as [rows][columns] with static columns. For inference, which runs before the types of operands are verified.
mlir::FailureOr<mlir::RankedTensorType> inferMatrix(std::optional<mlir::Location> location, llvm::StringRef op,
                                                    llvm::StringRef operand, mlir::Type type);

/// The type of rows of type `rows` (f32, static columns) once they are rounded: blocked for an integer precision, whose
/// blocks must fill the columns; the same for f32 or none.
mlir::FailureOr<mlir::RankedTensorType> inferRounded(std::optional<mlir::Location> location, llvm::StringRef op,
                                                     mlir::RankedTensorType rows, std::optional<Precision> rounding);

/// The attribute `rounding` while types are inferred: a parser has attributes in the dictionary, a builder in the
/// properties.
inline std::optional<Precision> findPrecision(PrecisionAttr property, ::llvm::StringRef name,
                                              mlir::DictionaryAttr attributes) {
  if (!property && attributes)
    property = attributes.getAs<PrecisionAttr>(name);
  return property ? std::optional(property.getValue()) : std::nullopt;
}
template <typename Adaptor> std::optional<Precision> findRounding(Adaptor adaptor, mlir::DictionaryAttr attributes) {
  return findPrecision(adaptor.getRoundingAttr(), "rounding", attributes);
}

/// As `inferMatrix`, for verifiers.
mlir::LogicalResult verifyMatrix(mlir::Operation *op, llvm::StringRef operand, mlir::RankedTensorType type);

/// `indices` has one element for each row of `matrix`, as far as both are static.
mlir::LogicalResult verifySameRows(mlir::Operation *op, llvm::StringRef indicesName, mlir::ShapedType indices,
                                   llvm::StringRef matrixName, mlir::RankedTensorType matrix);

/// `vector` is f32 of shape [`size`], which `match` says where to find, for example "the columns of 'input'".
mlir::LogicalResult verifyVector(mlir::Operation *op, llvm::StringRef operand, mlir::RankedTensorType vector,
                                 int64_t size, const llvm::Twine &match);

/// `value`, the float attribute `attribute`, is finite.
mlir::LogicalResult verifyFinite(mlir::Operation *op, llvm::StringRef attribute, mlir::FloatAttr value);

/// `value`, the float attribute `attribute`, is positive and finite.
mlir::LogicalResult verifyPositive(mlir::Operation *op, llvm::StringRef attribute, mlir::FloatAttr value);

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_CONSTRAINTS_H
