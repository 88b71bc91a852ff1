//===- QuantizeActivations.cpp - Rounding as an op of its own -----------===//
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
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "hone/transforms/Quantization/Passes.h.inc"
} // namespace hone

namespace {

struct QuantizeActivationsPass : hone::impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
  void runOnOperation() override {
    // One op per input, precision and block: products share it.
    DenseMap<std::tuple<Value, unsigned, Block *>, QuantizeRowsOp> quantized;
    getOperation().walk([&](Operation *op) {
      llvm::TypeSwitch<Operation *>(op).Case<LinearOp, QKVOp, GatedLinearOp>([&](auto product) {
        std::optional<Precision> precision = product.getActivations();
        if (!precision)
          return;
        if (int64_t columns = cast<RankedTensorType>(product.getInput().getType()).getDimSize(1);
            isInteger(*precision) && columns % 32 != 0) {
          product.emitOpError("expected a multiple of 32 columns to round activations of to integers, got ") << columns;
          return signalPassFailure();
        }
        product.removeActivationsAttr();
        if (*precision == Precision::F32)
          return;
        QuantizeRowsOp &rows = quantized[{product.getInput(), static_cast<unsigned>(*precision), op->getBlock()}];
        if (!rows) {
          OpBuilder builder(op);
          rows = QuantizeRowsOp::create(builder, op->getLoc(), product.getInput(), *precision);
        }
        product.getInputMutable().assign(rows.getResult());
      });
    });
  }
};

} // namespace
