//===- ContractChecks.h - Checks that contracts share ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_CONTRACTS_CONTRACTCHECKS_H
#define HONE_TRANSFORMS_CONTRACTS_CONTRACTCHECKS_H

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"

namespace hone {

/// The one function marked as a step; an error at the module if there is none or another.
mlir::FailureOr<mlir::func::FuncOp> getOnlyStep(mlir::ModuleOp module);

/// The precision that a product (linear, qkv, gated_linear) names; failure for any other op.
mlir::FailureOr<std::optional<llm::Precision>> getNamedPrecision(mlir::Operation *op);

/// Checks that weights are stored in file order and that the step holds whole llm ops, none of them rounded.
mlir::LogicalResult checkUnpacked(mlir::ModuleOp module);

} // namespace hone

#endif // HONE_TRANSFORMS_CONTRACTS_CONTRACTCHECKS_H
