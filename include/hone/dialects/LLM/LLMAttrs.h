//===- LLMAttrs.h - Attributes and types of llm ------------------ -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMATTRS_H
#define HONE_DIALECTS_LLM_LLMATTRS_H

#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TensorEncoding.h"

#include "hone/dialects/LLM/LLMEnums.h.inc"

#include "hone/dialects/LLM/LLMAttrInterfaces.h.inc"
#include "hone/dialects/LLM/LLMOpInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "hone/dialects/LLM/LLMAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "hone/dialects/LLM/LLMTypes.h.inc"

#endif // HONE_DIALECTS_LLM_LLMATTRS_H
