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

/// Weight and, where there is one, bias.
SmallVector<Value, 2> getWeights(LinearOp projection) {
  return llvm::to_vector<2>(projection->getOperands().drop_front());
}

/// The projections of one attention layer, or why they cannot be fused.
struct Projections {
  LinearOp query, key, value;
  StringRef obstacle;
};

Projections findProjections(KVAppendOp append) {
  LinearOp query, key = getProjection(append.getKeys()), value = getProjection(append.getValues());
  for (Operation *user : append.getResult().getUsers())
    if (auto attention = dyn_cast<AttentionOp>(user))
      query = getProjection(attention.getQueries());
  auto refuse = [](StringRef obstacle) { return Projections{{}, {}, {}, obstacle}; };
  if (!key || !value)
    return refuse("keys or values are not a projection");
  if (!query)
    return refuse("no attention reads the keys with projected queries");
  if (query == key || query == value || key == value)
    return refuse("one projection serves as two of query, key and value");
  for (LinearOp projection : {query, key, value}) {
    if (projection.getInput() != query.getInput())
      return refuse("the projections have different inputs");
    if (projection.getActivationsAttr() != query.getActivationsAttr())
      return refuse("the projections round their activations differently");
    if (projection->getBlock() != append->getBlock())
      return refuse("a projection is in another block");
    if (projection.getScaleAttr())
      return refuse("a projection has a scale");
    if (!llvm::all_of(getWeights(projection), [](Value weight) { return weight.getDefiningOp<WeightRefOp>(); }))
      return refuse("a weight or bias is not a reference to a symbol");
  }
  return {query, key, value, {}};
}

/// Fires once per append: afterwards its values come from an `llm.qkv`, which the pattern does not match.
struct FuseQKV : OpRewritePattern<KVAppendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(KVAppendOp append, PatternRewriter &rewriter) const override {
    auto [query, key, value, obstacle] = findProjections(append);
    if (!obstacle.empty())
      return rewriter.notifyMatchFailure(append, Twine(obstacle));

    // The fused op stands where the first projection stood, so that it dominates every use; weights that are
    // referenced later than that are moved along.
    LinearOp first = query;
    for (LinearOp projection : {key, value})
      if (projection->isBeforeInBlock(first))
        first = projection;
    for (LinearOp projection : {query, key, value})
      for (Value operand : getWeights(projection)) {
        Operation *weight = operand.getDefiningOp();
        if (weight->getBlock() == first->getBlock() && first->isBeforeInBlock(weight))
          rewriter.moveOpBefore(weight, first);
      }

    rewriter.setInsertionPoint(first);
    Location loc = rewriter.getFusedLoc({query.getLoc(), key.getLoc(), value.getLoc()});
    auto fused = QKVOp::create(rewriter, loc, query.getInput(), query.getWeight(), key.getWeight(), value.getWeight(),
                               query.getBias(), key.getBias(), value.getBias(), query.getActivationsAttr());
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
      Value values = append.getValues();
      if (auto rope = values.getDefiningOp<RopeOp>())
        values = rope.getInput();
      if (!values.getDefiningOp<QKVOp>())
        remark::missed(append.getLoc(), remark::RemarkOpts::name("FuseQKV").category("hone-fuse-qkv"))
            << remark::reason("{0}", findProjections(append).obstacle);
    });
  }
};

} // namespace
