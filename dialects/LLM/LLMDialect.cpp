//===- LLMDialect.cpp - The llm dialect -----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMDialect.h"

#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone::llm;

#include "hone/dialects/LLM/LLMDialect.cpp.inc"

void LLMDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "hone/dialects/LLM/LLMOps.cpp.inc"
      >();
}

template <typename OpT> static LogicalResult verifyOwner(Operation *op, NamedAttribute attribute) {
  if (isa<OpT>(op))
    return success();
  return op->emitOpError("expected attribute '")
         << attribute.getName().getValue() << "' on '" << OpT::getOperationName() << "' only";
}

static InFlightDiagnostic expectedValue(Operation *op, NamedAttribute attribute, const char *what) {
  return op->emitOpError("expected attribute '")
         << attribute.getName().getValue() << "' to be " << what << ", got " << attribute.getValue();
}

LogicalResult LLMDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  Attribute value = attribute.getValue();
  if (name == kStepAttr || name == kKernelAttr) {
    if (failed(verifyOwner<func::FuncOp>(op, attribute)))
      return failure();
    if (!isa<UnitAttr>(value))
      return expectedValue(op, attribute, "a unit attribute");
    return success();
  }
  if (name == kNameAttr || name == kArchitectureAttr || name == kSourceAttr) {
    if (failed(verifyOwner<ModuleOp>(op, attribute)))
      return failure();
    if (!isa<StringAttr>(value))
      return expectedValue(op, attribute, "a string");
    return success();
  }
  if (name == kContextLengthAttr || name == kSourceBytesAttr) {
    if (failed(verifyOwner<ModuleOp>(op, attribute)))
      return failure();
    auto integer = dyn_cast<IntegerAttr>(value);
    if (!integer || !integer.getType().isSignlessInteger(64) || integer.getInt() <= 0)
      return expectedValue(op, attribute, "a positive i64");
    return success();
  }
  // Code generation attaches further attributes; what reads them verifies them.
  return success();
}
