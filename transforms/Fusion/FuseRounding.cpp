//===- FuseRounding.cpp - Round a result where it is computed -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Fusion/Passes.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_FUSEROUNDINGPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// Why the op that computes the rows cannot round them; empty if it can.
StringRef findObstacle(QuantizeRowsOp quantize) {
  auto result = dyn_cast<OpResult>(quantize.getInput());
  if (!result)
    return "the rows are an argument";
  if (!result.hasOneUse())
    return "the rows have another use";
  Operation *producer = result.getOwner();
  if (auto norm = dyn_cast<AddRMSNormOp>(producer); norm && result == norm.getSum())
    return "the residual stream stays exact";
  if (!isa<RMSNormOp, AddRMSNormOp, GatedLinearOp, AttentionOp>(producer))
    return "the op that computes the rows does not round";
  if (producer->getBlock() != quantize->getBlock())
    return "the rows are computed in another block";
  auto attention = dyn_cast<AttentionOp>(producer);
  if (attention && isInteger(quantize.getPrecision()) && attention.getKv().getType().getHeadDim() % 32 != 0)
    return "heads are no whole blocks";
  return {};
}

/// Fires once per rounding: it is erased.
struct FuseRounding : OpRewritePattern<QuantizeRowsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeRowsOp quantize, PatternRewriter &rewriter) const override {
    if (StringRef obstacle = findObstacle(quantize); !obstacle.empty())
      return rewriter.notifyMatchFailure(quantize, Twine(obstacle));
    auto rows = cast<OpResult>(quantize.getInput());
    Operation *producer = rows.getOwner();
    auto rounding = quantize.getPrecisionAttr();
    remark::passed(producer->getLoc(), remark::RemarkOpts::name("FuseRounding").category("hone-fuse-rounding"))
        << "the result is rounded where it is computed";
    Type type = quantize.getType();
    rewriter.modifyOpInPlace(producer, [&] {
      ::llvm::TypeSwitch<Operation *>(producer).Case<RMSNormOp, AddRMSNormOp, GatedLinearOp, AttentionOp>(
          [&](auto op) { op.setRoundingAttr(rounding); });
      rows.setType(type);
    });
    rewriter.replaceOp(quantize, rows);
    return success();
  }
};

struct FuseRoundingPass : hone::impl::FuseRoundingPassBase<FuseRoundingPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseRounding>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([](QuantizeRowsOp quantize) {
      remark::missed(quantize.getLoc(), remark::RemarkOpts::name("FuseRounding").category("hone-fuse-rounding"))
          << remark::reason("{0}", findObstacle(quantize));
    });
  }
};

} // namespace
