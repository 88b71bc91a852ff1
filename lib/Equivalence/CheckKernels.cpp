//===- CheckKernels.cpp - Runs compiled kernels beside the reference ------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelRunner.h"
#include "State.h"

#include "hone/dialects/LLM/Encodings.h"
#include "llvm/ADT/MapVector.h"

#include <chrono>
#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// A sum in f32 of n rounded products is off by at most about n * 2^-24 of the sum of their magnitudes; rounding errors
/// cancel, so that the real ones stay near sqrt(n) * 2^-24.
static constexpr llvm::StringLiteral kSums = "sums in f32 of up to thousands of terms, against f64";
static constexpr llvm::StringLiteral kFew = "a few operations in f32, exp or a root among them, against f64";
static constexpr llvm::StringLiteral kHalf =
    "turned keys are rounded to f16: one on the other side of a tie becomes the next number, 2^-11 away";
static constexpr Tolerance kKernelTolerances[] = {
    {"llm.linear", 1.0e-5, kSums},          {"llm.qkv", 1.0e-5, kSums},     {"llm.gated_linear", 1.0e-5, kSums},
    {"llm.attention", 1.0e-5, kSums},       {"llm.rms_norm", 2.0e-6, kFew}, {"llm.add_rms_norm", 2.0e-6, kFew},
    {"llm.gated_activation", 2.0e-6, kFew}, {"llm.rope", 2.0e-6, kFew},     {"llm.rope_kv_append", 5.0e-4, kHalf},
};

/// A number that f32 has on the other side of a tie is rounded to its neighbour. This is the distance of neighbours,
/// relative to the largest number of a block or to the number.
static double getRoundingStep(Type type) {
  if (auto kv = dyn_cast<llm::KVType>(type))
    return kv.hasScales() ? 1.0 / 127 : 0;
  auto rows = dyn_cast<RankedTensorType>(type);
  switch (rows ? llm::getPrecision(rows) : llm::Precision::F32) {
  case llm::Precision::F32:
    return 0;
  case llm::Precision::Int16:
    return 1.0 / 32767;
  case llm::Precision::Int8:
    return 1.0 / 127;
  case llm::Precision::F16:
    return std::ldexp(1.0, -10);
  case llm::Precision::BF16:
    return std::ldexp(1.0, -7);
  }
  llvm_unreachable("a precision without a step");
}

/// Numbers of workers that every call is run with; all must leave the same bits.
static constexpr int64_t kWorkers[] = {1, 3};

ArrayRef<Tolerance> equivalence::getKernelTolerances() { return kKernelTolerances; }

double CheckerState::getKernelTolerance(func::CallOp call) const {
  double tolerance = getTolerance(getOpName(call), kKernelTolerances);
  if (tolerance > 0)
    for (Type type : call.getResultTypes())
      tolerance += getRoundingStep(type);
  return tolerance;
}

const ValueDifference *KernelReport::getLargest() const {
  const ValueDifference *largest = nullptr;
  for (const ValueDifference &value : values)
    if (!largest || value.difference.relative() > largest->difference.relative())
      largest = &value;
  return largest;
}

static Status compareCall(CheckerState &state, KernelRunner &runner, const Execution &execution, KernelReport &report) {
  std::vector<TensorRef> first;
  for (int64_t workers : kWorkers) {
    Result<std::vector<TensorRef>> results = runner.run(execution, state.weights, workers);
    if (!results)
      return results.takeError();
    for (auto [number, result] : llvm::enumerate(execution.op->getResults())) {
      const Tensor &computed = *(*results)[number];
      std::string name = getName(result);
      if (name.empty())
        name = "result " + std::to_string(number) + " of call " + std::to_string(report.calls);
      if (!first.empty()) {
        // A difference between runs is a fault however small.
        Difference difference = compare(*first[number], computed);
        if (difference.absolute == 0)
          continue;
        difference.absolute = INFINITY;
        report.holds = false;
        report.values.push_back({name + " with " + std::to_string(workers) + " workers", report.op, difference});
        continue;
      }
      report.values.push_back({name, report.op, compare(*execution.results[number], computed)});
      report.holds &= report.values.back().difference.relative() <= report.tolerance;
    }
    if (first.empty())
      first = std::move(*results);
  }
  ++report.calls;
  return std::nullopt;
}

static Result<std::vector<KernelReport>> compareKernels(CheckerState &state, ModuleOp module, StringRef pipeline,
                                                        llvm::function_ref<void(StringRef)> progress) {
  Result<Trace> trace = state.run(module);
  if (!trace)
    return trace.takeError();
  KernelRunner runner;
  if (Status failed = runner.compile(module, pipeline))
    return *failed;
  llvm::MapVector<StringRef, KernelReport> reports;
  for (const Execution &execution : trace->executions) {
    auto call = dyn_cast<func::CallOp>(execution.op);
    if (!call)
      continue;
    auto start = std::chrono::steady_clock::now();
    KernelReport &report = reports[call.getCallee()];
    if (report.calls == 0) {
      report.kernel = call.getCallee().str();
      report.op = getOpName(call);
      report.tolerance = state.getKernelTolerance(call);
      progress(report.kernel);
    }
    if (Status failed = compareCall(state, runner, execution, report))
      return *failed;
    report.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::vector<KernelReport> result;
  for (auto &entry : reports)
    result.push_back(std::move(entry.second));
  return result;
}

Result<std::vector<KernelReport>> Checker::checkKernels(ModuleOp module, StringRef pipeline,
                                                        llvm::function_ref<void(StringRef)> progress) {
  Result<std::vector<KernelReport>> reports = compareKernels(*state, module, pipeline, progress);
  if (!reports || state->fault)
    return reports;
  for (const KernelReport &report : *reports) {
    if (report.holds)
      continue;
    FaultyPlace fault;
    fault.module = module.clone();
    // The first call that differs.
    for (const ValueDifference &value : report.values)
      if (value.difference.relative() > report.tolerance) {
        fault.names.push_back(value.value.substr(0, value.value.find(" with ")));
        break;
      }
    fault.pipeline = pipeline.str();
    fault.tolerance = report.tolerance;
    fault.embedsWeights = false;
    fault.shows = [this, pipeline = pipeline.str()](ModuleOp candidate) {
      auto silent = [](StringRef) {};
      Result<std::vector<KernelReport>> smaller = compareKernels(*state, candidate, pipeline, silent);
      return smaller && llvm::any_of(*smaller, [](const KernelReport &report) { return !report.holds; });
    };
    state->fault = std::move(fault);
    break;
  }
  return reports;
}
