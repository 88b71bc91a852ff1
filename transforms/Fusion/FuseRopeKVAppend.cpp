//===- FuseRopeKVAppend.cpp - Turn and append in one kernel -------------===//
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
#define GEN_PASS_DEF_FUSEROPEKVAPPENDPASS
#include "hone/transforms/Fusion/Passes.h.inc"
} // namespace hone

namespace {

/// The embeddings of one attention layer, or why they cannot join the append.
struct Ropes {
  RopeOp query, key;
  StringRef obstacle;
};

Ropes findRopes(KVAppendOp append) {
  auto refuse = [](StringRef obstacle) { return Ropes{{}, {}, obstacle}; };
  auto key = append.getKeys().getDefiningOp<RopeOp>();
  if (!key)
    return refuse("the keys are not turned");
  RopeOp query;
  for (Operation *user : append.getResult().getUsers())
    if (auto attention = dyn_cast<AttentionOp>(user))
      if (auto rope = attention.getQueries().getDefiningOp<RopeOp>())
        query = rope;
  if (!query)
    return refuse("no attention reads the keys with turned queries");
  if (query == key || !key->hasOneUse() || !query->hasOneUse())
    return refuse("turned queries or keys have another use");
  if (query->getAttrDictionary() != key->getAttrDictionary() || query.getPositions() != key.getPositions() ||
      key.getPositions() != append.getPositions() ||
      static_cast<int64_t>(key.getHeadDim()) != append.getKv().getType().getHeadDim())
    return refuse("queries and keys turn differently");
  if (query->getBlock() != append->getBlock())
    return refuse("queries turn in another block");
  Operation *source = query.getInput().getDefiningOp();
  if (source && source->getBlock() == append->getBlock() && append->isBeforeInBlock(source))
    return refuse("the queries are computed after the append");
  return {query, key, {}};
}

/// Fires once per append: it is replaced by an op that the pattern does not match.
struct FuseRopeKVAppend : OpRewritePattern<KVAppendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(KVAppendOp append, PatternRewriter &rewriter) const override {
    auto [query, key, obstacle] = findRopes(append);
    if (!obstacle.empty())
      return rewriter.notifyMatchFailure(append, Twine(obstacle));
    Location loc = rewriter.getFusedLoc({append.getLoc(), query.getLoc(), key.getLoc()});
    auto fused = RopeKVAppendOp::create(rewriter, loc, append.getKv(), append.getLayer(), query.getInput(),
                                        key.getInput(), append.getValues(), append.getPositions(),
                                        append.getSequences(), key.getBaseAttr(), key.getPairingAttr());
    remark::passed(loc, remark::RemarkOpts::name("FuseRopeKVAppend").category("hone-fuse-rope-kv-append"))
        << "queries and keys turn in the kernel that appends";
    rewriter.replaceOp(append, fused.getResult());
    rewriter.replaceOp(query, fused.getTurned());
    rewriter.eraseOp(key);
    return success();
  }
};

struct FuseRopeKVAppendPass : hone::impl::FuseRopeKVAppendPassBase<FuseRopeKVAppendPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseRopeKVAppend>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    getOperation().walk([](KVAppendOp append) {
      remark::missed(append.getLoc(), remark::RemarkOpts::name("FuseRopeKVAppend").category("hone-fuse-rope-kv-append"))
          << remark::reason("{0}", findRopes(append).obstacle);
    });
  }
};

} // namespace
