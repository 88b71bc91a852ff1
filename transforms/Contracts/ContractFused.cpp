//===- ContractFused.cpp - What the phase fused promises ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractChecks.h"
#include "hone/transforms/Contracts/Passes.h"

namespace hone {
#define GEN_PASS_DEF_CONTRACTFUSEDPASS
#include "hone/transforms/Contracts/Passes.h.inc"
} // namespace hone

namespace {

struct ContractFusedPass : hone::impl::ContractFusedPassBase<ContractFusedPass> {
  void runOnOperation() override {
    if (failed(hone::getOnlyStep(getOperation())))
      return signalPassFailure();
    getOperation().walk([&](mlir::Operation *op) {
      auto precision = hone::getNamedPrecision(op);
      if (mlir::failed(precision) || !*precision)
        return;
      op->emitOpError("still names the precision of its activations").attachNote()
          << "hone-quantize-activations should have made the rounding an op";
      signalPassFailure();
    });
  }
};

} // namespace
