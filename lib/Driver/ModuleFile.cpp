//===- ModuleFile.cpp - Modules that a phase hands on as files ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleFile.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace hone;

/// Brings the uses of each value into the order of their owners. Bytecode keeps that order, and conversions leave it
/// to addresses.
static void sortUses(ModuleOp module) {
  DenseMap<Operation *, unsigned> order;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) { order[op] = order.size(); });
  auto sort = [&](Value value) {
    if (value.use_empty() || value.hasOneUse())
      return;
    SmallVector<std::pair<unsigned, unsigned>> keys;
    for (OpOperand &use : value.getUses())
      keys.push_back({order.lookup(use.getOwner()), use.getOperandNumber()});
    SmallVector<unsigned> indices = llvm::to_vector(llvm::seq<unsigned>(0, keys.size()));
    // Latest first, as when the module is parsed.
    llvm::sort(indices, [&](unsigned a, unsigned b) { return keys[a] > keys[b]; });
    SmallVector<unsigned> places(indices.size());
    for (auto [place, index] : llvm::enumerate(indices))
      places[index] = place;
    value.shuffleUseList(places);
  };
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), sort);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), sort);
  });
}

bool hone::writeModule(ModuleOp module, llvm::raw_ostream &os, Phase phase, bool text) {
  module->setAttr(kPhaseAttr, StringAttr::get(module.getContext(), getPhaseName(phase)));
  llvm::scope_exit unmark([&] { module->removeAttr(kPhaseAttr); });
  if (!text) {
    sortUses(module);
    return succeeded(writeBytecodeToFile(module, os));
  }
  module->print(os, OpPrintingFlags().enableDebugInfo(/*enable=*/true, /*prettyForm=*/false));
  return true;
}
