//===- Equivalence.h - Checks passes and kernels by running them -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_EQUIVALENCE_H
#define HONE_EQUIVALENCE_EQUIVALENCE_H

#include "hone/Formats/GGUF.h"
#include "hone/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hone::equivalence {

struct Options {
  /// Tokens of each sequence. All of them are rows of one step, which starts without keys and values.
  std::vector<std::vector<int32_t>> sequences = {{1, 2, 3, 4, 5, 6}, {7, 8}};
  /// Rows of arguments of functions that are no step; their numbers are pseudo-random, the same in each run.
  int64_t rows = 8;
  /// The largest difference that a pass, or the op of a kernel, may make, by its name and relative to the largest
  /// magnitude of the value. Overrides `getTolerance`.
  std::map<std::string, double> tolerances;
  /// For passes and ops that `tolerances` does not name; negative: what `getTolerance` says.
  double tolerance = -1;
};

/// The largest difference that a pass of hone, or a kernel's op, may make, and why. Passes that are not listed must
/// compute the same bits.
struct Tolerance {
  llvm::StringLiteral name;
  double value;
  llvm::StringLiteral reason;
};
llvm::ArrayRef<Tolerance> getPassTolerances();
llvm::ArrayRef<Tolerance> getKernelTolerances();

/// How far two values are apart.
struct Difference {
  double absolute = 0;        ///< the largest |actual - expected|; infinite for a NaN that was not expected
  double magnitude = 0;       ///< the largest |expected|
  std::vector<int64_t> index; ///< where the difference is largest
  double actual = 0, expected = 0;

  /// What tolerances bound.
  double relative() const;
};

/// The difference of one value, under the name that its location gives it, for example `blk.3.attn_q`.
struct ValueDifference {
  std::string value;
  std::string op; ///< what computes it, for example `llm.qkv`
  Difference difference;
};

/// The op that a pass got wrong.
struct Fault {
  ValueDifference value;
  std::string before, after;        ///< the definition of the value, on one line
  std::vector<std::string> through; ///< ops between it and what agrees, new with the pass
  std::vector<std::string> gone;    ///< ops that it used before the pass and that are no more
  unsigned others = 0;              ///< how many more values differ from the same inputs
};

/// What one pass did to the values of the module.
struct PassReport {
  std::string pass;
  bool changed = false; ///< whether the module is another one
  double tolerance = 0;
  /// Every value that exists on both sides, computed from the inputs that it had before the pass.
  std::vector<ValueDifference> values;
  /// The results of the whole function, with all that adds up on the way.
  std::vector<ValueDifference> results;
  bool holds = true;
  std::vector<Fault> faults; ///< at most one if the pass holds not
  double seconds = 0;

  /// The value with the largest difference, null without values.
  const ValueDifference *getLargest() const;
};

/// What one kernel did in all of its calls.
struct KernelReport {
  std::string kernel;
  std::string op;
  unsigned calls = 0;
  double tolerance = 0;
  /// Each result of each call, computed from the inputs that the reference has there.
  std::vector<ValueDifference> values;
  bool holds = true;
  double seconds = 0;

  const ValueDifference *getLargest() const;
};

/// One value that a call of a compiled step left.
struct StepValue {
  ValueDifference own;    ///< from what the reference computes of the inputs that the step had there
  Difference accumulated; ///< from what the reference has there, with all that adds up on the way
  unsigned call = 0;      ///< which call of the step, from 0
  std::string kernel;
  double tolerance = 0; ///< for `own`
};

/// What is wrong with one run of a step.
struct StepFault {
  std::string run;       ///< with how many workers, and which of them is ahead
  unsigned call = 0;     ///< the first call at fault
  std::string kernel;    ///< that it calls
  std::string scheduled; ///< the call in the scheduled module, on one line
  ValueDifference value; ///< what it left, beside the reference or, with several workers, beside the run with one
  std::vector<std::string> causes; ///< what happened to memory before
  unsigned others = 0;             ///< how many more values differ
};

/// What a compiled step did.
struct StepReport {
  unsigned calls = 0, barriers = 0;
  uint64_t arenaBytes = 0;
  std::vector<std::string> runs; ///< of the whole step: "1 worker", "3 workers, the first ahead", ...
  std::vector<StepValue> values; ///< with one worker, in the order of the calls
  std::vector<StepFault> faults; ///< at most one of each run
  double seconds = 0;
};

struct CheckerState;

/// A module and what it needs to be run. Results of ops are kept by what goes into them, so that running the same op on
/// the same numbers again costs nothing: a pass that changes nothing is checked in no time.
class Checker {
public:
  /// `source` is the model file that the recipes of the module read; null if they read none. It and the context, which
  /// has the dialects of hone and is not threaded, outlive this.
  Checker(mlir::MLIRContext &context, const gguf::File *source, const Options &options);
  ~Checker();

  /// Runs the passes of `manager` on `module` and compares before and after each. `progress` is told each pass when it
  /// is about to be compared. A pass that fails ends it with an error.
  Result<std::vector<PassReport>> checkPasses(mlir::ModuleOp module, mlir::PassManager &manager,
                                              llvm::function_ref<void(llvm::StringRef)> progress);

  /// Compiles the kernels of a scheduled module by `pipeline` and compares each call of the step with the reference.
  Result<std::vector<KernelReport>> checkKernels(mlir::ModuleOp module, llvm::StringRef pipeline,
                                                 llvm::function_ref<void(llvm::StringRef)> progress);

  /// Compiles the whole step of a scheduled module by `pipeline`, which has hone-insert-taps, and compares what each of
  /// its kernel calls leaves with the reference: with one worker, and with several, one of which
  /// is ahead of the others as far as barriers let it.
  Result<StepReport> checkStep(mlir::ModuleOp module, llvm::StringRef pipeline,
                               llvm::function_ref<void(llvm::StringRef)> progress);

  /// After `checkPasses` or `checkKernels` found a fault: the smallest module that was found to show the first one.
  /// It is one function that takes nothing; inputs are constants, and `check.expect_close` has what was right.
  Result<mlir::OwningOpRef<mlir::ModuleOp>> reduce();
  /// The pipeline that makes the module that `reduce` gave go wrong.
  std::string getFaultyPipeline() const;

private:
  std::unique_ptr<CheckerState> state;
};

/// The passes that lead from a scheduled module to kernels of an ISA level that can be called one by one.
std::string getX86KernelPipeline(llvm::StringRef level);
/// Those that lead from a scheduled module to a step with taps: the pipeline of `hone compile` with one pass more.
std::string getStepPipeline(llvm::StringRef level);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_EQUIVALENCE_H
