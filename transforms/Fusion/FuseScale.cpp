//===- FuseScale.cpp - The scale of a projection in its kernel ------------===//
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
#define GEN_PASS_DEF_FUSESCALEPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// Why the factor cannot join the product whose result it scales; empty if it can.
StringRef findObstacle(ScaleOp scale) {
  auto projection = scale.getInput().getDefiningOp<LinearOp>();
  if (!projection)
    return "the rows are not a projection";
  if (projection.getScaleAttr())
    return "the projection has a scale already";
  if (!projection->hasOneUse())
    return "the projection has another use";
  if (projection->getBlock() != scale->getBlock())
    return "the projection is in another block";
  return {};
}

/// Fires once per scale: the op is gone. As with a bias, the product takes its place and location.
struct FuseScale : OpRewritePattern<ScaleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScaleOp scale, PatternRewriter &rewriter) const override {
    if (StringRef obstacle = findObstacle(scale); !obstacle.empty())
      return rewriter.notifyMatchFailure(scale, Twine(obstacle));
    auto projection = scale.getInput().getDefiningOp<LinearOp>();
    remark::passed(scale.getLoc(), remark::RemarkOpts::name("FuseScale").category("hone-fuse-scale"))
        << "the result is scaled in the kernel of the projection";
    rewriter.replaceOpWithNewOp<LinearOp>(scale, projection.getInput(), projection.getWeight(), projection.getBias(),
                                          projection.getActivationsAttr(), scale.getFactorAttr());
    rewriter.eraseOp(projection);
    return success();
  }
};

struct FuseScalePass : hone::impl::FuseScalePassBase<FuseScalePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseScale>(&getContext());
    // Nothing but the pattern: a function without scales stays as it is.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    getOperation().walk([](ScaleOp scale) {
      remark::missed(scale.getLoc(), remark::RemarkOpts::name("FuseScale").category("hone-fuse-scale"))
          << remark::reason("{0}", findObstacle(scale));
    });
  }
};

} // namespace
