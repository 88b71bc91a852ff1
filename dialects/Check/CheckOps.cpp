//===- CheckOps.cpp - The check dialect -----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/Check/CheckOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace hone::check;

#include "hone/dialects/Check/CheckDialect.cpp.inc"

#define GET_OP_CLASSES
#include "hone/dialects/Check/CheckOps.cpp.inc"

void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "hone/dialects/Check/CheckOps.cpp.inc"
      >();
}

/// C1 and C2 of both expectations.
static LogicalResult verifyComparable(Operation *op, Value actual, Value expected) {
  auto actualType = cast<RankedTensorType>(actual.getType());
  auto expectedType = cast<RankedTensorType>(expected.getType());
  if (actualType.getElementType() != expectedType.getElementType()) // C1
    return op->emitOpError() << "expected 'actual' and 'expected' to have the same element type, got "
                             << actualType.getElementType() << " and " << expectedType.getElementType();
  if (failed(verifyCompatibleShape(actualType, expectedType))) // C2
    return op->emitOpError() << "expected 'actual' and 'expected' to have compatible shapes, got " << actualType
                             << " and " << expectedType;
  return success();
}

LogicalResult ExpectCloseOp::verify() {
  if (failed(verifyComparable(*this, getActual(), getExpected())))
    return failure();
  for (auto [name, value] : {std::pair("atol", getAtol()), std::pair("rtol", getRtol())})
    if (!value.isFinite() || (value.isNegative() && !value.isZero())) { // C3
      SmallString<16> text;
      value.toString(text);
      return emitOpError() << "expected '" << name << "' to be finite and not negative, got " << text;
    }
  return success();
}

LogicalResult ExpectEqualOp::verify() { return verifyComparable(*this, getActual(), getExpected()); }

LogicalResult ConvertOp::verify() {
  auto isPlain = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && !tensor.getEncoding();
  };
  if (!isPlain(getInput().getType()) && !isPlain(getResult().getType())) // C1
    return emitOpError() << "expected a tensor without an encoding on one side, got " << getInput().getType() << " and "
                         << getResult().getType();
  return success();
}
