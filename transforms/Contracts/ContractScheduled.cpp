//===- ContractScheduled.cpp - What the phase scheduled promises --------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractChecks.h"
#include "hone/transforms/Contracts/Passes.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_CONTRACTSCHEDULEDPASS
#include "hone/transforms/Contracts/Passes.h.inc"
} // namespace hone

namespace {

struct ContractScheduledPass : hone::impl::ContractScheduledPassBase<ContractScheduledPass> {
  void runOnOperation() override {
    if (failed(check()))
      signalPassFailure();
  }

private:
  LogicalResult check() {
    FailureOr<func::FuncOp> step = getOnlyStep(getOperation());
    if (failed(step))
      return failure();
    for (auto weight : getOperation().getOps<WeightOp>())
      if (StoredAttr stored = getStored(weight.getType()); stored && !stored.getPanel()) {
        weight.emitOpError("is not packed").attachNote() << "hone-pack-weights should have packed it";
        return failure();
      }
    for (auto call : step->getBody().front().getOps<func::CallOp>())
      if (auto kernel = getOperation().lookupSymbol<func::FuncOp>(call.getCallee());
          !kernel || !kernel->hasAttr(kKernelAttr))
        return call.emitOpError("expected a call of a kernel, got one of '") << call.getCallee() << "'";
    for (Operation &op : step->getBody().front())
      if (!isa<arith::ConstantOp, WeightRefOp, func::CallOp, func::ReturnOp>(op)) {
        op.emitOpError("is not a call of a kernel").attachNote() << "hone-outline-kernels should have outlined it";
        return failure();
      }
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kKernelAttr))
        continue;
      if (!isWholeKernel(function))
        return function.emitOpError("expected a kernel to hold one llm op and its return");
    }
    return success();
  }
};

} // namespace
