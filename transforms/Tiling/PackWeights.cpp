//===- PackWeights.cpp - Lay weights out in panels ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Tiling/Passes.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "hone/transforms/Tiling/Passes.h.inc"
} // namespace hone

namespace {

struct PackWeightsPass : hone::impl::PackWeightsPassBase<PackWeightsPass> {
  using PackWeightsPassBase::PackWeightsPassBase;

  void runOnOperation() override {
    if (rows != 8 || columns != 32) {
      getOperation().emitError("expected panels of 8 rows and 32 columns, got ")
          << rows.getValue() << " x " << columns.getValue() << "; other sizes have no kernels yet";
      return signalPassFailure();
    }
    DenseMap<StringAttr, Type> packed;
    for (auto weight : getOperation().getOps<WeightOp>())
      if (Type type = pack(weight))
        packed[weight.getSymNameAttr()] = type;

    getOperation().walk([&](WeightRefOp reference) {
      auto found = packed.find(reference.getWeightAttr().getAttr());
      if (found != packed.end())
        reference.getResult().setType(cast<RankedTensorType>(found->second));
    });
  }

private:
  /// Appends pack to the recipe. Returns the new type, or null for a weight that stays as it is: norm weights, and what
  /// is packed already.
  Type pack(WeightOp weight) {
    StoredAttr stored = getStored(weight.getType());
    if (!stored || stored.getPanel())
      return {};
    auto yield = cast<YieldOp>(weight.getRecipe().front().getTerminator());
    OpBuilder builder(yield);
    Value value = yield.getValue();
    auto type = cast<RankedTensorType>(value.getType());
    const SchemeTraits &traits = getSchemeTraits(stored.getScheme());
    auto panel = PanelAttr::get(&getContext(), rows, traits.isPlain ? int64_t(columns) : traits.blockElements);
    type = RankedTensorType::get(type.getShape(), type.getElementType(),
                                 StoredAttr::get(&getContext(), stored.getScheme(), panel));
    value = PackOp::create(builder, weight.getLoc(), type, value);
    yield.getValueMutable().assign(value);
    weight.setType(type);
    return type;
  }
};

} // namespace
