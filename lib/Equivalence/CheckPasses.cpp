//===- CheckPasses.cpp - Runs a module before and after each pass ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "State.h"

#include "hone/dialects/Check/CheckOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassRegistry.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

static constexpr Tolerance kPassTolerances[] = {
    {"hone-assign-activation-precision", 1.0e-3,
     "rounding to 16 bits with a scale per 32 columns moves an input by at most 1/65534 of the largest of its block"},
};

ArrayRef<Tolerance> equivalence::getPassTolerances() { return kPassTolerances; }

/// What rounding to a precision may move the result of a product by. Integers of 8 bits keep 1/254 of the largest of a
/// block, f16 11 bits of each number, bf16 8.
static double getRoundingTolerance(llm::Precision precision) {
  switch (precision) {
  case llm::Precision::F32:
    return 0;
  case llm::Precision::Int16:
  case llm::Precision::F16:
    return 1.0e-3;
  case llm::Precision::BF16:
    return 1.0e-2;
  case llm::Precision::Int8:
    return 1.5e-1;
  }
  llvm_unreachable("a precision without a tolerance");
}

/// The table for a module after a pass: what its coarsest precision of activations may do.
static SmallVector<Tolerance> getTolerances(ModuleOp module) {
  SmallVector<Tolerance> table(std::begin(kPassTolerances), std::end(kPassTolerances));
  module.walk([&](Operation *op) {
    if (auto activations = op->getAttrOfType<llm::PrecisionAttr>("activations"))
      table.front().value = std::max(table.front().value, getRoundingTolerance(activations.getValue()));
  });
  return table;
}

//===----------------------------------------------------------------------===//
// The module after each pass
//===----------------------------------------------------------------------===//

namespace {
/// What a pass left.
struct Snapshot {
  std::string pass;
  std::string pipeline; ///< the pass alone, from the module down
  OwningOpRef<ModuleOp> module;
};

class SnapshotTaker : public PassInstrumentation {
public:
  explicit SnapshotTaker(std::vector<Snapshot> &snapshots) : snapshots(snapshots) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    // What only holds passes on functions has no name of its own.
    if (pass->getArgument().empty())
      return;
    std::string pipeline;
    llvm::raw_string_ostream os(pipeline);
    pass->printAsTextualPipeline(os);
    auto module = dyn_cast<ModuleOp>(op);
    for (Operation *parent = op; !module; parent = parent->getParentOp()) {
      pipeline = parent->getName().getStringRef().str() + "(" + pipeline + ")";
      module = dyn_cast_if_present<ModuleOp>(parent->getParentOp());
    }
    snapshots.push_back({pass->getArgument().str(), "builtin.module(" + pipeline + ")", module.clone()});
  }

private:
  std::vector<Snapshot> &snapshots;
};
} // namespace

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

const ValueDifference *PassReport::getLargest() const {
  const ValueDifference *largest = nullptr;
  for (const ValueDifference &value : values)
    if (!largest || value.difference.relative() > largest->difference.relative())
      largest = &value;
  return largest;
}

/// Ops of the second module that stand between `op` and values that both modules have.
static std::vector<std::string> findNewOps(Operation *op, const NamedValues &before, const NamedValues &after) {
  std::vector<std::string> found;
  SmallVector<Operation *> pending{op};
  DenseSet<Operation *> seen{op};
  while (!pending.empty())
    for (Value operand : pending.pop_back_val()->getOperands()) {
      auto result = dyn_cast<OpResult>(operand);
      if (!result || isa<arith::ConstantOp, check::ConvertOp, tensor::CastOp>(result.getOwner()) ||
          (after.counts(result) && before.find(result)) || !seen.insert(result.getOwner()).second)
        continue;
      found.push_back(describe(result.getOwner()));
      pending.push_back(result.getOwner());
    }
  return found;
}

/// Ops that `op` used before the pass and whose results have no counterpart.
static std::vector<std::string> findGoneOps(Operation *op, const NamedValues &after) {
  std::vector<std::string> found;
  for (Value operand : op->getOperands())
    if (auto result = dyn_cast<OpResult>(operand);
        result && !isa<arith::ConstantOp>(result.getOwner()) && !getName(result).empty() && !after.find(result))
      found.push_back(getName(result) + " = " + describe(result.getOwner()));
  return found;
}

/// How results of the function are called: by what computes them.
static std::string nameResult(const Trace &trace, size_t number) {
  func::FuncOp function = trace.function;
  auto terminator = dyn_cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (terminator && number < terminator.getNumOperands())
    if (auto result = dyn_cast<OpResult>(terminator.getOperand(number)))
      if (std::string name = getName(result); !name.empty())
        return name;
  return "result " + std::to_string(number);
}

Status equivalence::comparePass(CheckerState &state, const Trace &before, const Trace &after, PassReport &report) {
  if (before.results.size() != after.results.size())
    return Error("pass '" + report.pass + "' changed the number of results of the function from " +
                 std::to_string(before.results.size()) + " to " + std::to_string(after.results.size()));
  double largestResult = 0;
  for (auto [number, pair] : llvm::enumerate(llvm::zip_equal(before.results, after.results))) {
    Difference difference = compare(*std::get<0>(pair), *std::get<1>(pair));
    largestResult = std::max(largestResult, difference.relative());
    report.results.push_back({nameResult(before, number), "func.return", difference});
  }

  // Once more, with each value of the module before put in the place of its counterpart: then an op differs by its own
  // doing, and what it computed is compared.
  NamedValues beforeNames(before), afterNames(after);
  std::vector<TensorRef> inputs;
  func::FuncOp beforeFunction = before.function, afterFunction = after.function;
  for (BlockArgument argument : afterFunction.getArguments())
    inputs.push_back(after.values.lookup(argument));
  bool isFaulty = false;
  auto substitute = [&](OpResult result, const TensorRef &computed) -> TensorRef {
    OpResult counterpart = beforeNames.find(result);
    if (!counterpart || !afterNames.counts(result))
      return nullptr;
    TensorRef expected = before.values.lookup(counterpart);
    ValueDifference value{getName(result), getOpName(result.getOwner()), compare(*expected, *computed)};
    if (value.difference.relative() > report.tolerance) {
      if (!isFaulty)
        report.faults.push_back({value, describe(counterpart.getOwner()), describe(result.getOwner()),
                                 findNewOps(result.getOwner(), beforeNames, afterNames),
                                 findGoneOps(counterpart.getOwner(), afterNames), 0});
      else
        ++report.faults.front().others;
      isFaulty = true;
    }
    report.values.push_back(std::move(value));
    return expected;
  };
  Result<Trace> captured = state.interpreter.run(after.function, inputs, substitute);
  if (!captured)
    return captured.takeError();
  for (auto [number, pair] : llvm::enumerate(llvm::zip_equal(before.results, captured->results))) {
    Difference difference = compare(*std::get<0>(pair), *std::get<1>(pair));
    if (difference.relative() > report.tolerance && !isFaulty) {
      // No value on the way tells: names were lost, or the function returns another value.
      isFaulty = true;
      Operation *beforeEnd = beforeFunction.getBody().front().getTerminator();
      Operation *afterEnd = afterFunction.getBody().front().getTerminator();
      report.faults.push_back({{nameResult(before, number), "func.return", difference},
                               describe(beforeEnd),
                               describe(afterEnd),
                               findNewOps(afterEnd, beforeNames, afterNames),
                               findGoneOps(beforeEnd, afterNames),
                               0});
    }
  }
  // Values on the way may change their meaning as long as the results do not.
  report.holds = !isFaulty || largestResult <= report.tolerance;
  if (report.holds)
    report.faults.clear();
  return std::nullopt;
}

static std::string printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, OpPrintingFlags().enableDebugInfo(true, false));
  return text;
}

//===----------------------------------------------------------------------===//
// Checker
//===----------------------------------------------------------------------===//

Checker::Checker(MLIRContext &context, const gguf::File *source, const Options &options)
    : state(std::make_unique<CheckerState>(context, source, options)) {
  // Those of the modules that `reduce` builds.
  context.loadDialect<check::CheckDialect, llm::LLMDialect, arith::ArithDialect, func::FuncDialect,
                      tensor::TensorDialect>();
}
Checker::~Checker() = default;

Result<Trace> CheckerState::run(ModuleOp module) {
  Result<func::FuncOp> entry = findEntry(module);
  if (!entry)
    return entry.takeError();
  Result<std::vector<TensorRef>> inputs = makeInputs(*entry, options);
  if (!inputs)
    return inputs.takeError();
  return interpreter.run(*entry, *inputs);
}

/// Whether a pass makes a module compute something else.
static bool showsFault(CheckerState &state, ModuleOp module, const std::string &pipeline, double tolerance) {
  ScopedDiagnosticHandler quiet(&state.context, [](Diagnostic &) { return success(); });
  OwningOpRef<ModuleOp> changed = module.clone();
  PassManager manager(&state.context);
  FailureOr<OpPassManager> parsed = parsePassPipeline(pipeline, llvm::nulls());
  if (failed(parsed) || failed(verify(*changed)))
    return false;
  static_cast<OpPassManager &>(manager) = std::move(*parsed);
  if (failed(manager.run(*changed)))
    return false;
  Result<Trace> before = state.run(module), after = state.run(*changed);
  if (!before || !after || before->results.size() != after->results.size())
    return false;
  for (auto [expected, actual] : llvm::zip_equal(before->results, after->results))
    if (compare(*expected, *actual).relative() > tolerance)
      return true;
  return false;
}

Result<std::vector<PassReport>> Checker::checkPasses(ModuleOp module, PassManager &manager,
                                                     llvm::function_ref<void(StringRef)> progress) {
  std::vector<Snapshot> snapshots;
  snapshots.push_back({"", "", module.clone()});
  manager.addInstrumentation(std::make_unique<SnapshotTaker>(snapshots));
  bool failedPass = failed(manager.run(module));

  std::vector<PassReport> reports;
  Result<Trace> before = state->run(*snapshots.front().module);
  if (!before)
    return before.takeError();
  std::string textBefore = printModule(*snapshots.front().module);
  for (size_t i = 1; i < snapshots.size(); ++i) {
    Snapshot &snapshot = snapshots[i];
    auto start = std::chrono::steady_clock::now();
    progress(snapshot.pass);
    PassReport report;
    report.pass = snapshot.pass;
    report.tolerance = state->getTolerance(snapshot.pass, getTolerances(*snapshot.module));
    std::string text = printModule(*snapshot.module);
    report.changed = text != textBefore;
    Result<Trace> after = state->run(*snapshot.module);
    if (!after)
      return Error("after pass '" + snapshot.pass + "': " + after.error().message());
    if (report.changed)
      if (Status failed = comparePass(*state, *before, *after, report))
        return *failed;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!report.holds && !state->fault) {
      Operation *faulty = nullptr;
      for (const Execution &execution : after->executions)
        for (OpResult result : execution.op->getResults())
          if (!faulty && getName(result) == report.faults.front().value.value)
            faulty = execution.op;
      FaultyPlace fault;
      fault.module = snapshots[i - 1].module->clone();
      if (faulty)
        for (const std::string &part : getParts(faulty->getLoc()))
          fault.names.push_back(part);
      fault.names.push_back(report.faults.front().value.value);
      fault.pipeline = snapshot.pipeline;
      fault.tolerance = report.tolerance;
      fault.shows = [this, pipeline = snapshot.pipeline, tolerance = report.tolerance](ModuleOp candidate) {
        return showsFault(*state, candidate, pipeline, tolerance);
      };
      state->fault = std::move(fault);
    }
    reports.push_back(std::move(report));
    before = std::move(after);
    textBefore = std::move(text);
  }
  if (failedPass)
    return Error("a pass failed; the diagnostic says which");
  return reports;
}

Result<OwningOpRef<ModuleOp>> Checker::reduce() {
  if (!state->fault)
    return Error("there is no fault to reduce");
  return reduceFault(*state, *state->fault);
}

std::string Checker::getFaultyPipeline() const { return state->fault ? state->fault->pipeline : ""; }
