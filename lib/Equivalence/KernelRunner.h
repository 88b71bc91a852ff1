//===- KernelRunner.h - Runs compiled kernels on numbers ------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_KERNELRUNNER_H
#define HONE_EQUIVALENCE_KERNELRUNNER_H

#include "Interpreter.h"

namespace mlir {
class ExecutionEngine;
}

namespace hone::equivalence {

/// The kernels of a scheduled module, compiled for this machine as `hone compile` compiles them.
class KernelRunner {
public:
  KernelRunner();
  ~KernelRunner();

  /// `pipeline` takes the kernels, each a function that holds one op, to the llvm dialect.
  Status compile(mlir::ModuleOp module, llvm::StringRef pipeline);

  /// Runs the kernel that `execution` calls with its operands, `workers` of them one after another. Results are numbers
  /// as the reference has them. Memory that a kernel does not write stays NaN.
  Result<std::vector<TensorRef>> run(const Execution &execution, WeightValues &weights, int64_t workers);

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_KERNELRUNNER_H
