//===- TakenName.cpp - A pass that has the name of another --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/PassPlugin.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace {

struct TakenNamePass : PassWrapper<TakenNamePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TakenNamePass)

  StringRef getArgument() const override { return "hone-fuse-qkv"; }
  void runOnOperation() override {}
};

} // namespace

HONE_PASS_PLUGIN("TakenName", [] { PassRegistration<TakenNamePass>(); })
