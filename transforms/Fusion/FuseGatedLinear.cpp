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

/// Why gate and up cannot be fused; empty if they can.
StringRef findObstacle(GatedActivationOp activation) {
  auto gate = activation.getGate().getDefiningOp<LinearOp>();
  auto up = activation.getUp().getDefiningOp<LinearOp>();
  if (!gate || !up)
    return "gate or up is not a projection";
  if (gate.getInput() != up.getInput())
    return "gate and up have different inputs";
  if (gate.getActivationsAttr() != up.getActivationsAttr())
    return "gate and up round their activations differently";
  if (gate.getScaleAttr() || up.getScaleAttr())
    return "gate or up has a scale";
  if (!gate->hasOneUse() || !up->hasOneUse())
    return "gate or up has another use";
  return {};
}

/// Fires once per activation: it is replaced by an op that the pattern does not match.
struct FuseGatedLinear : OpRewritePattern<GatedActivationOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatedActivationOp activation, PatternRewriter &rewriter) const override {
    if (StringRef obstacle = findObstacle(activation); !obstacle.empty())
      return rewriter.notifyMatchFailure(activation, Twine(obstacle));
    auto gate = activation.getGate().getDefiningOp<LinearOp>();
    auto up = activation.getUp().getDefiningOp<LinearOp>();
    Location loc = rewriter.getFusedLoc({gate.getLoc(), up.getLoc()});
    remark::passed(loc, remark::RemarkOpts::name("FuseGatedLinear").category("hone-fuse-gated-linear"))
        << "gate and up projections share one kernel with the activation";
    rewriter.replaceOpWithNewOp<GatedLinearOp>(activation, gate.getInput(), gate.getWeight(), up.getWeight(),
                                               gate.getBias(), up.getBias(), activation.getFunctionAttr(),
                                               gate.getActivationsAttr(),
                                               /*rounding=*/nullptr);
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
          << remark::reason("{0}", findObstacle(activation));
    });
  }
};

} // namespace
