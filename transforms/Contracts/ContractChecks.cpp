//===- ContractChecks.cpp - Checks that contracts share -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractChecks.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

FailureOr<func::FuncOp> hone::getOnlyStep(ModuleOp module) {
  func::FuncOp step;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(kStepAttr))
      continue;
    if (step) {
      function.emitOpError("is a second step; expected one function with '") << kStepAttr << "'";
      return failure();
    }
    step = function;
    if (!::llvm::hasSingleElement(function.getBody())) {
      function.emitOpError("expected a step to have one block");
      return failure();
    }
  }
  if (!step) {
    module.emitError("expected a function with '") << kStepAttr << "', got none";
    return failure();
  }
  return step;
}

FailureOr<std::optional<Precision>> hone::getNamedPrecision(Operation *op) {
  return ::llvm::TypeSwitch<Operation *, FailureOr<std::optional<Precision>>>(op)
      .Case<LinearOp, QKVOp, GatedLinearOp>([](auto product) { return product.getActivations(); })
      .Default([](Operation *) { return failure(); });
}

LogicalResult hone::checkUnpacked(ModuleOp module) {
  FailureOr<func::FuncOp> step = getOnlyStep(module);
  if (failed(step))
    return failure();
  for (auto weight : module.getOps<WeightOp>())
    if (StoredAttr stored = getStored(weight.getType()); stored && stored.getPanel())
      return weight.emitOpError("is packed; expected weights in file order before hone-pack-weights");
  WalkResult result = step->walk([](Operation *op) -> WalkResult {
    if (isa<QuantizeRowsOp>(op))
      return op->emitOpError("rounds activations; expected none before hone-quantize-activations");
    if (isa<func::CallOp>(op))
      return op->emitOpError("calls a kernel; expected whole ops before hone-outline-kernels");
    return success();
  });
  return failure(result.wasInterrupted());
}
