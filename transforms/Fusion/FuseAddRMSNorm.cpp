//===- FuseAddRMSNorm.cpp - Residual addition and norm in one kernel ----===//
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
#define GEN_PASS_DEF_FUSEADDRMSNORMPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// Why the add that feeds a norm cannot join it; empty if it can.
StringRef findObstacle(RMSNormOp norm) {
  auto add = norm.getInput().getDefiningOp<AddOp>();
  if (!add)
    return "input is not an add";
  if (add->getBlock() != norm->getBlock())
    return "add is in another block";
  if (!norm.getWeight().getDefiningOp<WeightRefOp>())
    return "weight is not a reference to a symbol";
  for (Operation *user : add->getUsers())
    if (isa<RMSNormOp>(user) && user->getBlock() == norm->getBlock() && user->isBeforeInBlock(norm))
      return "an earlier norm takes the add";
  return {};
}

/// Folds the add that feeds a norm into it. Fires once per norm: its own result is an `add_rms_norm`, which the
/// pattern does not match.
struct FuseAddRMSNorm : OpRewritePattern<RMSNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RMSNormOp norm, PatternRewriter &rewriter) const override {
    if (StringRef obstacle = findObstacle(norm); !obstacle.empty())
      return rewriter.notifyMatchFailure(norm, Twine(obstacle));
    auto add = norm.getInput().getDefiningOp<AddOp>();
    auto weight = norm.getWeight().getDefiningOp<WeightRefOp>();

    // The fused op stands at the add, whose other uses may come before the norm.
    if (weight->getBlock() == add->getBlock() && add->isBeforeInBlock(weight))
      rewriter.moveOpBefore(weight, add);
    rewriter.setInsertionPoint(add);
    Location loc = rewriter.getFusedLoc({add.getLoc(), norm.getLoc()});
    auto fused = AddRMSNormOp::create(rewriter, loc, add.getLhs(), add.getRhs(), norm.getWeight(),
                                      norm.getEpsilonAttr(), norm.getRoundingAttr());
    remark::passed(loc, remark::RemarkOpts::name("FuseAddRMSNorm").category("hone-fuse-add-rms-norm"))
        << "residual addition joined the norm";
    rewriter.replaceOp(norm, fused.getNormed());
    rewriter.replaceOp(add, fused.getSum());
    return success();
  }
};

struct FuseAddRMSNormPass : hone::impl::FuseAddRMSNormPassBase<FuseAddRMSNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseAddRMSNorm>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([](RMSNormOp norm) {
      remark::missed(norm.getLoc(), remark::RemarkOpts::name("FuseAddRMSNorm").category("hone-fuse-add-rms-norm"))
          << remark::reason("{0}", findObstacle(norm));
    });
  }
};

} // namespace
