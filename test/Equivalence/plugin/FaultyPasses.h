//===- FaultyPasses.h - Passes with a fault put in on purpose -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_EQUIVALENCE_FAULTYPASSES_H
#define HONE_TEST_EQUIVALENCE_FAULTYPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace hone::test {

/// A pass that is what its function does.
class FaultyPass : public mlir::PassWrapper<FaultyPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FaultyPass)
  using Function = void (*)(mlir::ModuleOp);

  FaultyPass(llvm::StringRef name, Function function) : name(name), function(function) {}

  llvm::StringRef getArgument() const override { return name; }
  llvm::StringRef getDescription() const override { return "Has a fault on purpose"; }
  void runOnOperation() override { function(getOperation()); }

private:
  llvm::StringRef name;
  Function function;
};

inline void registerFaultyPass(llvm::StringLiteral name, FaultyPass::Function function) {
  mlir::registerPass([name, function] { return std::make_unique<FaultyPass>(name, function); });
}

void registerFaultyKernels();
void registerFaultySteps();

} // namespace hone::test

#endif // HONE_TEST_EQUIVALENCE_FAULTYPASSES_H
