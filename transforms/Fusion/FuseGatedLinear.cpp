//===- FuseGatedLinear.cpp - One kernel for gate and up -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Fusion/Passes.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_FUSEGATEDLINEARPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// Fires once per activation: it is replaced by an op that the pattern does not match.
struct FuseGatedLinear : OpRewritePattern<GatedActivationOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatedActivationOp activation, PatternRewriter &rewriter) const override {
    auto gate = activation.getGate().getDefiningOp<LinearOp>();
    auto up = activation.getUp().getDefiningOp<LinearOp>();
    if (!gate || !up)
      return rewriter.notifyMatchFailure(activation, "gate or up is not a projection");
    if (gate.getInput() != up.getInput())
      return rewriter.notifyMatchFailure(activation, "gate and up have different inputs");
    if (gate.getActivationsAttr() != up.getActivationsAttr())
      return rewriter.notifyMatchFailure(activation, "gate and up round their activations differently");
    if (!gate->hasOneUse() || !up->hasOneUse())
      return rewriter.notifyMatchFailure(activation, "gate or up has another use");

    Location loc = rewriter.getFusedLoc({gate.getLoc(), up.getLoc()});
    remark::passed(loc, remark::RemarkOpts::name("FuseGatedLinear").category("hone-fuse-gated-linear"))
        << "gate and up projections share one kernel with the activation";
    rewriter.replaceOpWithNewOp<GatedLinearOp>(activation, gate.getInput(), gate.getWeight(), up.getWeight(),
                                               activation.getFunctionAttr(), gate.getActivationsAttr());
    rewriter.eraseOp(gate);
    rewriter.eraseOp(up);
    return success();
  }
};

struct FuseGatedLinearPass : hone::impl::FuseGatedLinearPassBase<FuseGatedLinearPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseGatedLinear>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([](GatedActivationOp activation) {
      remark::missed(activation.getLoc(),
                     remark::RemarkOpts::name("FuseGatedLinear").category("hone-fuse-gated-linear"))
          << remark::reason("gate and up differ in input or precision, or have other uses");
    });
  }
};

} // namespace
