//===- LLMAttrs.cpp - Attributes and types of llm -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMAttrs.h"

#include "hone/dialects/LLM/Encodings.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hone::llm;

#include "hone/dialects/LLM/LLMEnums.cpp.inc"

#include "hone/dialects/LLM/LLMAttrInterfaces.cpp.inc"
#include "hone/dialects/LLM/LLMOpInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "hone/dialects/LLM/LLMAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "hone/dialects/LLM/LLMTypes.cpp.inc"

void LLMDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "hone/dialects/LLM/LLMAttrs.cpp.inc"
      >();
}

void LLMDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "hone/dialects/LLM/LLMTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// #llm.panel
//===----------------------------------------------------------------------===//

Attribute PanelAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> sizes;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(sizes, /*allowDynamic=*/false, /*withTrailingX=*/false) ||
      parser.parseGreater())
    return {};
  if (sizes.size() != 2) {
    parser.emitError(loc, "expected a panel as '<rows x columns>', got ") << sizes.size() << " sizes";
    return {};
  }
  return parser.getChecked<PanelAttr>(loc, parser.getContext(), sizes[0], sizes[1]);
}

void PanelAttr::print(AsmPrinter &printer) const { printer << '<' << getRows() << 'x' << getColumns() << '>'; }

LogicalResult PanelAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns) {
  if (rows <= 0 || rows > kMaxSize || columns <= 0 || columns > kMaxSize)
    return emitError() << "expected panel sizes from 1 to " << kMaxSize << ", got '" << rows << "x" << columns << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// #llm.stored
//===----------------------------------------------------------------------===//

LogicalResult StoredAttr::verify(function_ref<InFlightDiagnostic()> emitError, Scheme scheme, PanelAttr panel) {
  if (!panel)
    return success();
  const SchemeTraits &traits = getSchemeTraits(scheme);
  if (!traits.isPlain && panel.getColumns() != traits.blockElements)
    return emitError() << "expected a panel of " << traits.blockElements << " columns, the block of scheme '"
                       << stringifyScheme(scheme) << "', got " << panel.getColumns();
  return success();
}

//===----------------------------------------------------------------------===//
// #llm.blocked
//===----------------------------------------------------------------------===//

LogicalResult BlockedAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t columns) {
  if (columns <= 0 || columns % 4 != 0)
    return emitError() << "expected 'columns' to be a positive multiple of 4, got " << columns;
  return success();
}

LogicalResult BlockedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                          function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2)
    return emitError() << "expected a tensor of rank 2 with encoding '#llm.blocked', got rank " << shape.size();
  if (!elementType.isSignlessInteger(16) && !elementType.isSignlessInteger(8))
    return emitError() << "expected element type 'i16' or 'i8' with encoding '#llm.blocked', got " << elementType;
  if (ShapedType::isDynamic(shape[1]))
    return emitError() << "expected static columns with encoding '#llm.blocked', got '?'";
  if (shape[1] % getColumns() != 0)
    return emitError() << "expected columns to be a multiple of " << getColumns()
                       << ", the block of encoding '#llm.blocked', got " << shape[1];
  return success();
}

//===----------------------------------------------------------------------===//
// !llm.kv
//===----------------------------------------------------------------------===//

Type KVType::parse(AsmParser &parser) {
  SmallVector<int64_t> sizes;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(sizes, /*allowDynamic=*/false) || parser.parseType(elementType) ||
      parser.parseGreater())
    return {};
  if (sizes.size() != 3) {
    parser.emitError(loc, "expected '<layers x kv_heads x head_dim x element>', got ") << sizes.size() << " sizes";
    return {};
  }
  return parser.getChecked<KVType>(loc, parser.getContext(), sizes[0], sizes[1], sizes[2], elementType);
}

void KVType::print(AsmPrinter &printer) const {
  printer << '<' << getLayers() << 'x' << getHeads() << 'x' << getHeadDim() << 'x' << getElementType() << '>';
}

LogicalResult KVType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t layers, int64_t heads,
                             int64_t headDim, Type elementType) {
  if (layers <= 0 || heads <= 0 || headDim <= 0)
    return emitError() << "expected positive layers, kv heads and head dim, got '" << layers << "x" << heads << "x"
                       << headDim << "'";
  int64_t rowSize, positionSize;
  if (llvm::MulOverflow(heads, headDim, rowSize) || llvm::MulOverflow(rowSize, layers, positionSize))
    return emitError() << "expected less than 2^63 elements for each position, got '" << layers << "x" << heads << "x"
                       << headDim << "'";
  if (!elementType.isF16() && !elementType.isBF16() && !elementType.isF32() && !elementType.isSignlessInteger(8))
    return emitError() << "expected element type 'f16', 'bf16', 'f32' or 'i8', got " << elementType;
  return success();
}
