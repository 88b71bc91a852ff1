//===- CountProducts.cpp - A pass outside hone --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What somebody with an idea for a pass writes: a plugin that hone-opt loads. It sees hone's ops by their classes.

#include "hone/Driver/PassPlugin.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace hone;

namespace {

struct CountProductsPass : PassWrapper<CountProductsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountProductsPass)

  StringRef getArgument() const override { return "count-products"; }
  StringRef getDescription() const override { return "Reports how many products a module has"; }

  void runOnOperation() override {
    int64_t products = 0;
    getOperation().walk([&](llm::LinearOp) { ++products; });
    getOperation().emitRemark("products: ") << products;
  }
};

} // namespace

HONE_PASS_PLUGIN("CountProducts", [] { PassRegistration<CountProductsPass>(); })
