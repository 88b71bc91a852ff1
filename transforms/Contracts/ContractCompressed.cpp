//===- ContractCompressed.cpp - What the phase compressed promises ------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractChecks.h"
#include "hone/transforms/Contracts/Passes.h"

namespace hone {
#define GEN_PASS_DEF_CONTRACTCOMPRESSEDPASS
#include "hone/transforms/Contracts/Passes.h.inc"
} // namespace hone

namespace {

struct ContractCompressedPass : hone::impl::ContractCompressedPassBase<ContractCompressedPass> {
  void runOnOperation() override {
    if (failed(hone::checkUnpacked(getOperation())))
      return signalPassFailure();
    getOperation().walk([&](mlir::Operation *op) {
      auto precision = hone::getNamedPrecision(op);
      if (mlir::failed(precision) || *precision)
        return;
      op->emitOpError("names no precision of its activations").attachNote()
          << "hone-assign-activation-precision should have named one";
      signalPassFailure();
    });
  }
};

} // namespace
