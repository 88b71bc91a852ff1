//===- State.h - What a checker keeps ------------------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_STATE_H
#define HONE_EQUIVALENCE_STATE_H

#include "Correspondence.h"

namespace hone::equivalence {

/// A faulty op, for `reduce`: where to begin, and how to try whether a smaller module still shows it.
struct FaultyPlace {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< before the pass; with the kernel
  std::vector<std::string> names;           ///< of the locations of the faulty op
  std::string pipeline;                     ///< what goes wrong
  double tolerance = 0;
  /// Whether the module, whose function takes nothing, shows the fault.
  std::function<bool(mlir::ModuleOp)> shows;
  /// Whether weights are to be constants: kernels need their bytes, which numbers do not give.
  bool embedsWeights = true;
};

struct CheckerState {
  CheckerState(mlir::MLIRContext &context, const gguf::File *source, const Options &options)
      : context(context), options(options), weights(source), runner(context), interpreter(runner, weights) {}

  mlir::MLIRContext &context;
  Options options;
  WeightValues weights;
  ReferenceRunner runner;
  Interpreter interpreter;
  std::optional<FaultyPlace> fault;

  double getTolerance(llvm::StringRef name, llvm::ArrayRef<Tolerance> table) const {
    if (auto given = options.tolerances.find(name.str()); given != options.tolerances.end())
      return given->second;
    if (options.tolerance >= 0)
      return options.tolerance;
    for (const Tolerance &known : table)
      if (known.name == name)
        return known.value;
    return 0;
  }

  /// What the results of a kernel call may differ by, computed from the same inputs.
  double getKernelTolerance(mlir::func::CallOp call) const;

  /// Inputs of the entry made and the entry run.
  Result<Trace> run(mlir::ModuleOp module);
};

/// Runs the module before and after a pass and fills in what the report says about values. The traces are those of the
/// modules as they are.
Status comparePass(CheckerState &state, const Trace &before, const Trace &after, PassReport &report);

/// See Checker::reduce.
Result<mlir::OwningOpRef<mlir::ModuleOp>> reduceFault(CheckerState &state, FaultyPlace &fault);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_STATE_H
