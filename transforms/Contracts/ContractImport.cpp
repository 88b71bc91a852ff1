//===- ContractImport.cpp - What the phase import promises --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractChecks.h"
#include "hone/transforms/Contracts/Passes.h"

namespace hone {
#define GEN_PASS_DEF_CONTRACTIMPORTPASS
#include "hone/transforms/Contracts/Passes.h.inc"
} // namespace hone

namespace {

struct ContractImportPass : hone::impl::ContractImportPassBase<ContractImportPass> {
  void runOnOperation() override {
    if (failed(hone::checkUnpacked(getOperation())))
      signalPassFailure();
  }
};

} // namespace
