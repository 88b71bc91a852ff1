//===- QuantizeActivations.cpp - Rounding as an op of its own -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Quantization/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "hone/transforms/Quantization/Passes.h.inc"
} // namespace hone

namespace {

struct QuantizeActivationsPass : hone::impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
  void runOnOperation() override {
    // One op per input and block: products share it.
    DenseMap<std::pair<Value, Block *>, QuantizeRowsOp> quantized;
    getOperation().walk([&](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<LinearOp, QKVOp, GatedLinearOp>([&](auto product) {
        std::optional<Precision> precision = product.getActivations();
        if (!precision)
          return;
        if (int64_t columns = cast<RankedTensorType>(product.getInput().getType()).getDimSize(1);
            *precision != Precision::F32 && columns % 32 != 0) {
          product.emitOpError("expected a multiple of 32 columns to round activations of, got ") << columns;
          return signalPassFailure();
        }
        product.removeActivationsAttr();
        if (*precision == Precision::F32)
          return;
        QuantizeRowsOp &rows = quantized[{product.getInput(), op->getBlock()}];
        if (!rows) {
          OpBuilder builder(op);
          rows = QuantizeRowsOp::create(builder, op->getLoc(), product.getInput());
        }
        product.getInputMutable().assign(rows.getResult());
      });
    });
  }
};

} // namespace
