//===- StepRunner.h - Runs a compiled step with taps ---------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_STEPRUNNER_H
#define HONE_EQUIVALENCE_STEPRUNNER_H

#include "Interpreter.h"
#include "WorkerSchedule.h"

#include "hone-rt/ABI.h"

namespace mlir {
class ExecutionEngine;
}

namespace hone::equivalence {

/// A value that a call of the step left, as it was once all workers had written it.
struct TappedValue {
  TensorRef numbers;
  std::vector<uint8_t> bytes; ///< as in memory; of keys and values, those of `numbers`
};

/// Two calls that touch the same memory in a way that they must not. Calls count from 0; the number of calls stands for
/// the end of the step.
struct Conflict {
  mlir::OpResult value; ///< what is lost
  unsigned call;        ///< in whose inputs, or whose memory, it is
  unsigned other;       ///< what else touches that memory
};

/// What one run of a step showed.
struct StepRun {
  llvm::DenseMap<mlir::Value, TappedValue> values; ///< of results of kernel calls
  /// Values that had other bytes when the last worker was done with a call that reads them than when they were made.
  std::vector<Conflict> overwritten;
  /// Values that a worker read before others had written them, or wrote over before others had read them.
  std::vector<Conflict> races;
  unsigned barriers = 0;
};

/// The step of a scheduled module, compiled as `hone compile` compiles it, with taps.
class StepRunner {
public:
  StepRunner();
  ~StepRunner();

  /// `pipeline` takes the scheduled module to the llvm dialect, with hone-insert-taps among its passes.
  Status compile(mlir::ModuleOp module, llvm::StringRef pipeline);

  /// Runs the step on the inputs of `reference`, a run of the scheduled module. Memory that nothing wrote is NaN.
  Result<StepRun> run(const Trace &reference, WeightValues &weights, int64_t workers, WorkerOrder order);

  const hone_module &getProgram() const { return *program; }

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
  const hone_module *program = nullptr;
  size_t counterBytes = 0; ///< at the end of the arena
};

/// The calls of kernels of a scheduled step, in their order.
llvm::SmallVector<mlir::func::CallOp> getKernelCalls(mlir::func::FuncOp step);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_STEPRUNNER_H
