//===- Passes.h - Common passes -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_COMMON_PASSES_H
#define HONE_CODEGEN_COMMON_PASSES_H

#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/Pass/Pass.h"

namespace hone {

#define GEN_PASS_DECL
#include "hone/codegen/Common/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hone/codegen/Common/Passes.h.inc"

} // namespace hone

#endif // HONE_CODEGEN_COMMON_PASSES_H
