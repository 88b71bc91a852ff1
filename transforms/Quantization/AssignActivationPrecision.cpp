//===- AssignActivationPrecision.cpp - Name each product's precision ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Quantization/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_ASSIGNACTIVATIONPRECISIONPASS
#include "hone/transforms/Quantization/Passes.h.inc"
} // namespace hone

namespace {

/// Biases, which are not stored in a scheme, have no say.
bool isPlainWeight(Value value) {
  StoredAttr stored = getStored(value.getType());
  return stored && getSchemeTraits(stored.getScheme()).isPlain;
}

struct AssignActivationPrecisionPass : hone::impl::AssignActivationPrecisionPassBase<AssignActivationPrecisionPass> {
  using AssignActivationPrecisionPassBase::AssignActivationPrecisionPassBase;

  void runOnOperation() override {
    auto exact = PrecisionAttr::get(&getContext(), Precision::F32);
    auto chosen = PrecisionAttr::get(&getContext(), precision);
    getOperation().walk([&](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<LinearOp, QKVOp, GatedLinearOp>([&](auto product) {
        if (product.getActivationsAttr() || getBlocked(product.getInput().getType()))
          return;
        // One product has one precision.
        bool integers = ::llvm::none_of(::llvm::drop_begin(op->getOperands()), isPlainWeight);
        product.setActivationsAttr(integers ? chosen : exact);
      });
    });
  }
};

} // namespace
