//===- CheckStep.cpp - Runs a compiled step beside the reference ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "State.h"
#include "StepRunner.h"

#include "hone/dialects/LLM/Encodings.h"

#include <chrono>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

std::string equivalence::getStepPipeline(StringRef level) {
  return ("hone-lower-pipeline{taps=true levels=" + level + "}").str();
}

namespace {

/// A way to run the workers of a step.
struct Order {
  const char *name;
  int64_t workers;
  WorkerOrder order;
};

/// The first is what the others must agree with to the bit.
constexpr Order kOrders[] = {{"1 worker", 1, WorkerOrder::FirstAhead},
                             {"3 workers, the first ahead", 3, WorkerOrder::FirstAhead},
                             {"3 workers, the last ahead", 3, WorkerOrder::LastAhead}};

class StepChecker {
public:
  StepChecker(CheckerState &state, const Trace &reference)
      : state(state), reference(reference), calls(getKernelCalls(reference.function)) {}

  Status run(StepRunner &runner, llvm::function_ref<void(StringRef)> progress);

  StepReport report;

private:
  CheckerState &state;
  const Trace &reference;
  SmallVector<func::CallOp> calls;

  /// Without a name, its place among the results of its call.
  std::string getValueName(OpResult value) const {
    std::string name = getName(value);
    if (!name.empty())
      return name;
    const auto *call = llvm::find_if(calls, [&](func::CallOp op) { return op == value.getOwner(); });
    return "result " + std::to_string(value.getResultNumber()) + " of call " + std::to_string(call - calls.begin());
  }
  std::string describeCall(unsigned call) const {
    if (call == calls.size())
      return "the end of the step";
    func::CallOp op = calls[call];
    return "call " + std::to_string(call) + " (" + op.getCallee().str() + ", " + getValueName(op->getResult(0)) + ")";
  }
  /// Keys and values, and rounded rows, have the names of other values.
  std::string describeValue(OpResult value) const {
    if (isa<llm::KVType>(value.getType()))
      return "keys and values";
    return "'" + getValueName(value) + "'" + (llm::getBlocked(value.getType()) ? " as integers" : "");
  }

  Status compareWithReference(const StepRun &run);
  void compareWithFirst(const StepRun &first, const StepRun &other, StringRef name);
  void explain(const StepRun &run, StringRef name, std::optional<StepFault> fault);
  StepFault makeFault(StringRef name, unsigned call) const;
};

} // namespace

Status StepChecker::run(StepRunner &runner, llvm::function_ref<void(StringRef)> progress) {
  std::optional<StepRun> first;
  for (const Order &order : kOrders) {
    progress(order.name);
    Result<StepRun> run = runner.run(reference, state.weights, order.workers, order.order);
    if (!run)
      return run.takeError();
    report.runs.push_back(order.name);
    if (first) {
      compareWithFirst(*first, *run, order.name);
      continue;
    }
    if (Status failed = compareWithReference(*run))
      return failed;
    first = std::move(*run);
  }
  report.calls = calls.size();
  report.barriers = first->barriers;
  report.arenaBytes = runner.getProgram().arena_bytes;
  return std::nullopt;
}

/// Each op once more by the reference, with what the step left in the place of what the ops before computed.
Status StepChecker::compareWithReference(const StepRun &run) {
  DenseMap<Operation *, unsigned> numbers;
  for (auto [number, call] : llvm::enumerate(calls))
    numbers[call] = number;
  std::optional<StepFault> fault;
  auto substitute = [&](OpResult result, const TensorRef &computed) -> TensorRef {
    auto tapped = run.values.find(result);
    if (tapped == run.values.end())
      return nullptr;
    auto call = cast<func::CallOp>(result.getOwner());
    const TensorRef &numbersOfStep = tapped->second.numbers;
    StepValue value;
    value.call = numbers.lookup(call);
    value.kernel = call.getCallee().str();
    value.tolerance = state.getKernelTolerance(call);
    value.own = {getValueName(result), getOpName(call), compare(*computed, *numbersOfStep)};
    value.accumulated = compare(*reference.values.lookup(result), *numbersOfStep);
    if (value.own.difference.relative() > value.tolerance) {
      if (fault) {
        ++fault->others;
      } else {
        fault = makeFault(report.runs.front(), value.call);
        fault->value = value.own;
      }
    }
    report.values.push_back(std::move(value));
    return numbersOfStep;
  };
  func::FuncOp function = reference.function;
  std::vector<TensorRef> inputs;
  for (BlockArgument argument : function.getArguments())
    inputs.push_back(reference.values.lookup(argument));
  Result<Trace> captured = state.interpreter.run(function, inputs, substitute);
  if (!captured)
    return captured.takeError();
  explain(run, report.runs.front(), std::move(fault));
  return std::nullopt;
}

/// A step has the same bits for any number of workers.
void StepChecker::compareWithFirst(const StepRun &first, const StepRun &other, StringRef name) {
  std::optional<StepFault> fault;
  for (auto [number, call] : llvm::enumerate(calls))
    for (OpResult result : call->getResults()) {
      const TappedValue &expected = first.values.find(result)->second, &actual = other.values.find(result)->second;
      if (expected.bytes == actual.bytes)
        continue;
      if (fault) {
        ++fault->others;
        continue;
      }
      fault = makeFault(name, number);
      fault->value = {getValueName(result), getOpName(call), compare(*expected.numbers, *actual.numbers)};
    }
  explain(other, name, std::move(fault));
}

StepFault StepChecker::makeFault(StringRef name, unsigned call) const {
  StepFault fault;
  fault.run = name.str();
  fault.call = call;
  func::CallOp op = calls[std::min<size_t>(call, calls.size() - 1)];
  fault.kernel = op.getCallee().str();
  fault.scheduled = describe(op);
  fault.value = {getValueName(op->getResult(0)), getOpName(op), {}};
  return fault;
}

/// Adds what the run showed of memory, which is a fault even where no value differs.
void StepChecker::explain(const StepRun &run, StringRef name, std::optional<StepFault> fault) {
  auto addCause = [&](unsigned call, const std::string &cause) {
    if (!fault)
      fault = makeFault(name, call);
    fault->causes.push_back(cause);
  };
  if (!run.races.empty()) {
    const Conflict &race = run.races.front();
    addCause(race.call, "no barrier between " + describeCall(race.other) + " and " + describeCall(race.call) +
                            ", which share " + describeValue(race.value));
  }
  for (const Conflict &lost : run.overwritten) {
    // A call may write over what it alone still reads, as long as its results are right.
    if (lost.call == lost.other && !fault)
      continue;
    addCause(lost.call,
             describeCall(lost.other) + " overwrites " + describeValue(lost.value) +
                 (lost.call == lost.other ? ", which it reads" : ", which " + describeCall(lost.call) + " reads"));
    break;
  }
  if (fault)
    report.faults.push_back(std::move(*fault));
}

Result<StepReport> Checker::checkStep(ModuleOp module, StringRef pipeline,
                                      llvm::function_ref<void(StringRef)> progress) {
  auto start = std::chrono::steady_clock::now();
  Result<func::FuncOp> entry = findEntry(module);
  if (!entry)
    return entry.takeError();
  if (!(*entry)->hasAttr(llm::kStepAttr))
    return Error("expected a module with a step, got the function '" + entry->getName().str() +
                 "'; --target x86 runs its kernels");
  if (getKernelCalls(*entry).empty())
    return Error("expected a step of kernel calls, got none; let the pipeline end with hone-outline-kernels");
  progress("reference");
  Result<Trace> reference = state->run(module);
  if (!reference)
    return reference.takeError();
  StepRunner runner;
  if (Status failed = runner.compile(module, pipeline))
    return *failed;
  StepChecker checker(*state, *reference);
  if (Status failed = checker.run(runner, progress))
    return *failed;
  checker.report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(checker.report);
}
