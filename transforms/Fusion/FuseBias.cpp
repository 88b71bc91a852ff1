//===- FuseBias.cpp - The bias of a projection in its kernel --------------===//
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
#define GEN_PASS_DEF_FUSEBIASPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// Why the bias cannot join the product that it is added to; empty if it can.
StringRef findObstacle(AddBiasOp add) {
  auto projection = add.getInput().getDefiningOp<LinearOp>();
  if (!projection)
    return "the rows are not a projection";
  if (projection.getBias())
    return "the projection has a bias already";
  if (projection.getScaleAttr())
    return "the projection is scaled before the bias is added";
  if (!projection->hasOneUse())
    return "the projection has another use";
  if (projection->getBlock() != add->getBlock())
    return "the projection is in another block";
  return {};
}

/// Fires once per bias: the addition is gone. The product is computed where the addition stood, which the bias
/// dominates, and has its location, since it computes that value.
struct FuseBias : OpRewritePattern<AddBiasOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddBiasOp add, PatternRewriter &rewriter) const override {
    if (StringRef obstacle = findObstacle(add); !obstacle.empty())
      return rewriter.notifyMatchFailure(add, Twine(obstacle));
    auto projection = add.getInput().getDefiningOp<LinearOp>();
    remark::passed(add.getLoc(), remark::RemarkOpts::name("FuseBias").category("hone-fuse-bias"))
        << "the bias is added in the kernel of the projection";
    rewriter.replaceOpWithNewOp<LinearOp>(add, projection.getInput(), projection.getWeight(), add.getBias(),
                                          projection.getActivationsAttr(), /*scale=*/FloatAttr());
    rewriter.eraseOp(projection);
    return success();
  }
};

struct FuseBiasPass : hone::impl::FuseBiasPassBase<FuseBiasPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseBias>(&getContext());
    // Nothing but the pattern: a function without biases stays as it is.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false).setRegionSimplificationLevel(
        GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    getOperation().walk([](AddBiasOp add) {
      remark::missed(add.getLoc(), remark::RemarkOpts::name("FuseBias").category("hone-fuse-bias"))
          << remark::reason("{0}", findObstacle(add));
    });
  }
};

} // namespace
