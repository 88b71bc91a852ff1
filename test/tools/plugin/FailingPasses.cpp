//===- FailingPasses.cpp - Passes that fail without a word --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/PassPlugin.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <csignal>

using namespace mlir;

namespace {

struct FailPass : PassWrapper<FailPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FailPass)

  StringRef getArgument() const override { return "fail"; }
  void runOnOperation() override { signalPassFailure(); }
};

struct CrashPass : PassWrapper<CrashPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CrashPass)

  StringRef getArgument() const override { return "crash"; }
  void runOnOperation() override { (void)std::raise(SIGSEGV); }
};

} // namespace

HONE_PASS_PLUGIN("FailingPasses", [] {
  PassRegistration<FailPass>();
  PassRegistration<CrashPass>();
})
