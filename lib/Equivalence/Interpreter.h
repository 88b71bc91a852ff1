//===- Interpreter.h - Runs a module op by op ----------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_INTERPRETER_H
#define HONE_EQUIVALENCE_INTERPRETER_H

#include "ReferenceRunner.h"
#include "WeightValues.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace hone::equivalence {

/// One op of the function that was run, with what went in and what it computed.
struct Execution {
  mlir::Operation *op;
  std::vector<TensorRef> operands;
  std::vector<TensorRef> results;
};

/// A function, run. Valid as long as its module.
struct Trace {
  mlir::func::FuncOp function;
  std::vector<Execution> executions; ///< in the order of the ops
  std::vector<TensorRef> results;    ///< of the function; of one that returns nothing, what its expectations look at
  llvm::DenseMap<mlir::Value, TensorRef> values;
};

/// The function that a module is about: its step, else the first public function with a body.
Result<mlir::func::FuncOp> findEntry(mlir::ModuleOp module);

/// Numbers for the arguments of a function: the rows of `options.sequences` and empty memory for a step, pseudo-random
/// rows, in-range indices and pseudo-random weights for others.
Result<std::vector<TensorRef>> makeInputs(mlir::func::FuncOp function, const Options &options);

/// Runs functions by the reference of their ops. Calls are run through to the ops of the callee.
class Interpreter {
public:
  Interpreter(ReferenceRunner &runner, WeightValues &weights) : runner(runner), weights(weights) {}

  /// Told each result of the function's own ops; what it returns, if not null, is what later ops get.
  using SubstituteFn = llvm::function_ref<TensorRef(mlir::OpResult result, const TensorRef &computed)>;

  Result<Trace> run(mlir::func::FuncOp function, llvm::ArrayRef<TensorRef> inputs, SubstituteFn substitute = nullptr);

private:
  ReferenceRunner &runner;
  WeightValues &weights;

  Status runBody(mlir::func::FuncOp function, llvm::ArrayRef<TensorRef> inputs, Trace &trace, SubstituteFn substitute,
                 unsigned depth);
  Result<std::vector<TensorRef>> runOp(mlir::Operation *op, llvm::ArrayRef<TensorRef> operands, unsigned depth);
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_INTERPRETER_H
