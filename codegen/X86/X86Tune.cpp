//===- X86Tune.cpp - Choices of product kernels for a machine -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Passes.h"
#include "hone/codegen/X86/Tuning.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_X86TUNEPASS
#include "hone/codegen/X86/Passes.h.inc"
} // namespace hone

namespace {

struct X86TunePass : hone::impl::X86TunePassBase<X86TunePass> {
  using X86TunePassBase::X86TunePassBase;

  void runOnOperation() override {
    std::optional<x86::Machine> machine;
    if (!machineFile.empty() && failed(readMachine(machine)))
      return signalPassFailure();
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr(llm::kKernelAttr))
        continue;
      WalkResult result = kernel.walk([&](llm::ReferenceLoweringOpInterface op) {
        std::optional<x86::ProductKind> kind = x86::getProductKind(op);
        if (!kind)
          return WalkResult::advance();
        x86::Tuning tuning = choose(op, *kind, machine);
        if (Status failed = x86::checkTuning(*kind, tuning)) {
          op->emitOpError("cannot be tuned so: ") << failed->message();
          return WalkResult::interrupt();
        }
        kernel->setAttr(x86::kTuningAttr, x86::getTuningAttr(&getContext(), tuning));
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }

private:
  LogicalResult readMachine(std::optional<x86::Machine> &machine) {
    std::string hash;
    Result<x86::Machine> read = x86::readMachine(machineFile, hash);
    if (!read)
      return getOperation().emitError(read.error().message());
    machine = std::move(*read);
    Builder builder(&getContext());
    NamedAttribute fields[] = {builder.getNamedAttr("name", builder.getStringAttr(machine->name)),
                               builder.getNamedAttr("xxh3", builder.getStringAttr(hash))};
    getOperation()->setAttr(x86::kMachineAttr, builder.getDictionaryAttr(fields));
    return success();
  }

  /// What the options say, else what the machine has shown, else what the model expects of it.
  x86::Tuning choose(Operation *op, const x86::ProductKind &kind, const std::optional<x86::Machine> &machine) {
    x86::Tuning tuning = machine ? x86::chooseTuning(kind, *machine) : x86::getDefaultTuning(kind);
    if (machine)
      if (const x86::Machine::Learned *learned = machine->findLearned(x86::getProductKey(op), kind.level))
        tuning = learned->tuning;
    const int64_t given[] = {aheadBytes, singleRowPanels, fewRows, tileRows, chunkBlocks, chunkRows};
    for (auto [field, value] : llvm::zip_equal(x86::kTuningFields, given))
      if (value != 0)
        tuning.*field.value = value;
    return tuning;
  }
};

} // namespace
