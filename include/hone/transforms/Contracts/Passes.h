//===- Passes.h - Contracts passes -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_CONTRACTS_PASSES_H
#define HONE_TRANSFORMS_CONTRACTS_PASSES_H

#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/Pass/Pass.h"

namespace hone {

#define GEN_PASS_DECL
#include "hone/transforms/Contracts/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "hone/transforms/Contracts/Passes.h.inc"

} // namespace hone

#endif // HONE_TRANSFORMS_CONTRACTS_PASSES_H
