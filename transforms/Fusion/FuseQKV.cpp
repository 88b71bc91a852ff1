//===- FuseQKV.cpp - One kernel for queries, keys and values ------------===//
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
#define GEN_PASS_DEF_FUSEQKVPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// The projection that `value` comes from, looking through a rotary embedding.
LinearOp getProjection(Value value) {
  if (auto rope = value.getDefiningOp<RopeOp>())
    value = rope.getInput();
  return value.getDefiningOp<LinearOp>();
}

/// Fires once per append: afterwards its values come from an `llm.qkv`, which the pattern does not match.
struct FuseQKV : OpRewritePattern<KVAppendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(KVAppendOp append, PatternRewriter &rewriter) const override {
    LinearOp key = getProjection(append.getKeys());
    LinearOp value = getProjection(append.getValues());
    if (!key || !value)
      return rewriter.notifyMatchFailure(append, "keys or values are not a projection");

    LinearOp query;
    for (Operation *user : append.getResult().getUsers())
      if (auto attention = dyn_cast<AttentionOp>(user))
        query = getProjection(attention.getQueries());
    if (!query)
      return rewriter.notifyMatchFailure(append, "no attention reads the keys with projected queries");

    LinearOp projections[] = {query, key, value};
    for (LinearOp projection : projections) {
      if (projection.getInput() != query.getInput())
        return rewriter.notifyMatchFailure(append, "the projections have different inputs");
      if (projection.getActivationsAttr() != query.getActivationsAttr())
        return rewriter.notifyMatchFailure(append, "the projections round their activations differently");
      if (projection->getBlock() != append->getBlock())
        return rewriter.notifyMatchFailure(append, "a projection is in another block");
    }

    // The fused op stands where the first projection stood, so that it dominates every use; weights that are
    // referenced later than that are moved along.
    LinearOp first = query;
    for (LinearOp projection : projections)
      if (projection->isBeforeInBlock(first))
        first = projection;
    for (LinearOp projection : projections)
      if (!projection.getWeight().getDefiningOp<WeightRefOp>())
        return rewriter.notifyMatchFailure(append, "a weight is not a reference to a symbol");
    for (LinearOp projection : projections) {
      Operation *weight = projection.getWeight().getDefiningOp();
      if (weight->getBlock() == first->getBlock() && first->isBeforeInBlock(weight))
        rewriter.moveOpBefore(weight, first);
    }

    rewriter.setInsertionPoint(first);
    Location loc = rewriter.getFusedLoc({query.getLoc(), key.getLoc(), value.getLoc()});
    auto fused = QKVOp::create(rewriter, loc, query.getInput(), query.getWeight(), key.getWeight(), value.getWeight(),
                               query.getActivationsAttr());
    remark::passed(loc, remark::RemarkOpts::name("FuseQKV").category("hone-fuse-qkv"))
        << "query, key and value projections share one kernel";
    rewriter.replaceOp(query, fused.getQuery());
    rewriter.replaceOp(key, fused.getKey());
    rewriter.replaceOp(value, fused.getValue());
    return success();
  }
};

struct FuseQKVPass : hone::impl::FuseQKVPassBase<FuseQKVPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseQKV>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([](KVAppendOp append) {
      if (!append.getValues().getDefiningOp<QKVOp>())
        remark::missed(append.getLoc(), remark::RemarkOpts::name("FuseQKV").category("hone-fuse-qkv"))
            << remark::reason("the projections differ in input or precision, or have other uses");
    });
  }
};

} // namespace
