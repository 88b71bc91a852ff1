//===- ContractLowered.cpp - What the phase lowered promises ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_CONTRACTLOWEREDPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

struct ContractLoweredPass : hone::impl::ContractLoweredPassBase<ContractLoweredPass> {
  void runOnOperation() override {
    for (StringRef symbol : {kStepFunction, kModuleSymbol})
      if (!getOperation().lookupSymbol(symbol)) {
        getOperation().emitError("expected '") << symbol << "' to be defined";
        return signalPassFailure();
      }
    for (Operation &op : *getOperation().getBody()) {
      if (isa<llm::WeightOp>(op))
        continue;
      WalkResult result = op.walk([](Operation *inner) -> WalkResult {
        if (isa_and_nonnull<LLVM::LLVMDialect>(inner->getDialect()))
          return WalkResult::advance();
        inner->emitOpError("is not of the LLVM dialect").attachNote()
            << "a conversion of the hone-lower-pipeline should have removed it";
        return WalkResult::interrupt();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};

} // namespace
