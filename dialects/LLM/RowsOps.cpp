//===- RowsOps.cpp - Ops from rows to rows --------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constraints.h"

using namespace mlir;
using namespace hone::llm;

/// The size of `indices`, the operand `operand` of `op`, which has one element per row of a result.
static FailureOr<int64_t> inferRows(std::optional<Location> location, StringRef op, StringRef operand, Type indices) {
  auto tensor = dyn_cast<RankedTensorType>(indices);
  if (!tensor || tensor.getRank() != 1)
    return emitOptionalError(location, "'", op, "' op expected '", operand, "' of rank 1, got ", indices);
  return tensor.getDimSize(0);
}

/// [rows][columns] in f32.
static RankedTensorType getRowsType(MLIRContext *context, int64_t rows, int64_t columns) {
  return RankedTensorType::get({rows, columns}, Float32Type::get(context));
}

/// `vector` has one f32 for each column of `input`.
static LogicalResult verifyColumnVector(Operation *op, StringRef operand, RankedTensorType vector,
                                        RankedTensorType input) {
  return verifyVector(op, operand, vector, input.getDimSize(1), "the columns of 'input'");
}

//===----------------------------------------------------------------------===//
// embedding
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                            DictionaryAttr, OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &types) {
  auto rows = inferRows(location, getOperationName(), "tokens", operands[0].getType());
  // C1
  auto table = inferMatrix(location, getOperationName(), "table", operands[1].getType());
  if (failed(rows) || failed(table))
    return failure();
  types.push_back(getRowsType(context, *rows, table->getDimSize(1)));
  return success();
}

//===----------------------------------------------------------------------===//
// select_rows
//===----------------------------------------------------------------------===//

LogicalResult SelectRowsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                             ValueRange operands, DictionaryAttr, OpaqueProperties, RegionRange,
                                             SmallVectorImpl<Type> &types) {
  // C1
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  auto rows = inferRows(location, getOperationName(), "rows", operands[1].getType());
  if (failed(input) || failed(rows))
    return failure();
  types.push_back(getRowsType(context, *rows, input->getDimSize(1)));
  return success();
}

//===----------------------------------------------------------------------===//
// add
//===----------------------------------------------------------------------===//

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                      OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult AddOp::verify() {
  // C1: that the types are the same is a trait.
  return verifyMatrix(*this, "lhs", getLhs().getType());
}

//===----------------------------------------------------------------------===//
// add_bias
//===----------------------------------------------------------------------===//

LogicalResult AddBiasOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  // C1
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  if (failed(input))
    return failure();
  types.push_back(*input);
  return success();
}

LogicalResult AddBiasOp::verify() {
  // C2
  return verifyColumnVector(*this, "bias", getBias().getType(), getInput().getType());
}

//===----------------------------------------------------------------------===//
// scale
//===----------------------------------------------------------------------===//

LogicalResult ScaleOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                        DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  // C1
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  if (failed(input))
    return failure();
  types.push_back(*input);
  return success();
}

LogicalResult ScaleOp::verify() {
  // C2
  return verifyFinite(*this, "factor", getFactorAttr());
}

//===----------------------------------------------------------------------===//
// rms_norm
//===----------------------------------------------------------------------===//

LogicalResult RMSNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  // C1
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  if (failed(input))
    return failure();
  // C4
  auto result = inferRounded(location, getOperationName(), *input, findRounding(adaptor, attributes));
  if (failed(result))
    return failure();
  types.push_back(*result);
  return success();
}

LogicalResult RMSNormOp::verify() {
  // C2
  if (failed(verifyColumnVector(*this, "weight", getWeight().getType(), getInput().getType())))
    return failure();
  // C3
  return verifyPositive(*this, "epsilon", getEpsilonAttr());
}

//===----------------------------------------------------------------------===//
// add_rms_norm
//===----------------------------------------------------------------------===//

LogicalResult AddRMSNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                             DictionaryAttr attributes, OpaqueProperties properties,
                                             RegionRange regions, SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  // C1: that the types are the same is a trait.
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  if (failed(input))
    return failure();
  // C4
  auto normed = inferRounded(location, getOperationName(), *input, findRounding(adaptor, attributes));
  if (failed(normed))
    return failure();
  types.append({*input, *normed});
  return success();
}

LogicalResult AddRMSNormOp::verify() {
  // C2
  if (failed(verifyColumnVector(*this, "weight", getWeight().getType(), getInput().getType())))
    return failure();
  // C3
  return verifyPositive(*this, "epsilon", getEpsilonAttr());
}

//===----------------------------------------------------------------------===//
// quantize_rows
//===----------------------------------------------------------------------===//

LogicalResult QuantizeRowsOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                               DictionaryAttr attributes, OpaqueProperties properties,
                                               RegionRange regions, SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  // C1
  auto input = inferMatrix(location, getOperationName(), "input", operands[0].getType());
  if (failed(input))
    return failure();
  Precision precision = findPrecision(adaptor.getPrecisionAttr(), "precision", attributes).value_or(Precision::Int16);
  // C3
  if (precision == Precision::F32)
    return emitOptionalError(location, "'", getOperationName(), "' op expected a 'precision' to round to, got 'f32'");
  // C2
  auto result = inferRounded(location, getOperationName(), *input, precision);
  if (failed(result))
    return failure();
  types.push_back(*result);
  return success();
}
