//===- Interpreter.cpp - Runs a module op by op ---------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"

#include "hone/dialects/Check/CheckOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// Calls in calls: a module that calls itself ends here.
static constexpr unsigned kMaxDepth = 16;

Result<func::FuncOp> equivalence::findEntry(ModuleOp module) {
  func::FuncOp entry;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || !function.getBody().hasOneBlock())
      continue;
    if (function->hasAttr(llm::kStepAttr))
      return function;
    if (!entry && function.isPublic() && !function->hasAttr(llm::kKernelAttr))
      entry = function;
  }
  if (entry)
    return entry;
  return Error("expected a step or a public function to run, got a module without");
}

/// Ops that change how a value is held and not what it is.
static bool keepsNumbers(Operation *op) { return isa<check::ConvertOp, tensor::CastOp>(op); }

Result<std::vector<TensorRef>> Interpreter::runOp(Operation *op, ArrayRef<TensorRef> operands, unsigned depth) {
  auto module = op->getParentOfType<ModuleOp>();
  if (auto reference = dyn_cast<llm::WeightRefOp>(op)) {
    auto weight = module.lookupSymbol<llm::WeightOp>(reference.getWeight());
    Result<TensorRef> values = weights.getValues(weight);
    if (!values)
      return values.takeError();
    return std::vector<TensorRef>{*values};
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (TensorRef values = fromAttribute(constant.getValue()))
      return std::vector<TensorRef>{values};
    return Error("expected constants of indices or dense numbers, got one of another kind");
  }
  if (keepsNumbers(op))
    return std::vector<TensorRef>{operands[0]};
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
    if (depth == kMaxDepth || !callee || callee.isExternal())
      return Error("'" + call.getCallee().str() +
                   "' cannot be run; expected a function with a body that does not call "
                   "itself");
    Trace inner;
    if (Status failed = runBody(callee, operands, inner, nullptr, depth + 1))
      return *failed;
    return inner.results;
  }
  return runner.run(op, operands);
}

Status Interpreter::runBody(func::FuncOp function, ArrayRef<TensorRef> inputs, Trace &trace, SubstituteFn substitute,
                            unsigned depth) {
  trace.function = function;
  Block &body = function.getBody().front();
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs))
    trace.values[argument] = input;
  for (Operation &op : body) {
    std::vector<TensorRef> operands;
    for (Value input : ReferenceRunner::getInputs(&op)) {
      operands.push_back(trace.values.lookup(input));
      if (!operands.back())
        return Error("'" + op.getName().getStringRef().str() + "' uses a value that has no numbers");
    }
    if (isa<func::ReturnOp>(op)) {
      if (trace.results.empty())
        trace.results = std::move(operands);
      break;
    }
    if (isa<check::ExpectCloseOp, check::ExpectEqualOp>(op)) {
      trace.results.push_back(operands[0]);
      continue;
    }
    Result<std::vector<TensorRef>> results = runOp(&op, operands, depth);
    if (!results)
      return results.takeError();
    for (auto [result, computed] : llvm::zip_equal(op.getResults(), *results)) {
      TensorRef replacement = substitute ? substitute(result, computed) : nullptr;
      trace.values[result] = replacement ? replacement : computed;
    }
    if (depth == 0)
      trace.executions.push_back({&op, std::move(operands), std::move(*results)});
  }
  return std::nullopt;
}

Result<Trace> Interpreter::run(func::FuncOp function, ArrayRef<TensorRef> inputs, SubstituteFn substitute) {
  // Compiled together, what is new costs one compilation.
  SmallVector<Operation *> ops;
  function->getParentOfType<ModuleOp>().walk([&](Operation *op) {
    if (isa_and_nonnull<func::FuncOp>(op->getParentOp()) &&
        !isa<llm::WeightRefOp, arith::ConstantOp, func::CallOp, func::ReturnOp, check::ExpectCloseOp,
             check::ExpectEqualOp>(op) &&
        !keepsNumbers(op) && (op->getParentOp() == function || op->getParentOp()->hasAttr(llm::kKernelAttr)))
      ops.push_back(op);
  });
  if (Status failed = runner.prepare(ops))
    return *failed;
  Trace trace;
  if (Status failed = runBody(function, inputs, trace, substitute, 0))
    return *failed;
  return Result<Trace>(std::move(trace));
}
