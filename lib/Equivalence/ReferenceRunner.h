//===- ReferenceRunner.h - Runs single ops by their reference -- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_REFERENCERUNNER_H
#define HONE_EQUIVALENCE_REFERENCERUNNER_H

#include "Tensor.h"

namespace mlir {
class ExecutionEngine;
}

namespace hone::equivalence {

/// Executes ops on numbers: each distinct op becomes a function, lowered by `hone-lower-to-reference` and
/// `hone-reference-to-llvm-pipeline` and compiled in memory. Ops that differ in how operands are stored alone share
/// one, since the reference sees numbers. Results are remembered by the op and the numbers that went in.
class ReferenceRunner {
public:
  explicit ReferenceRunner(mlir::MLIRContext &context);
  ~ReferenceRunner();

  /// Compiles what is new among `ops`, together: cheaper than one by one.
  Status prepare(llvm::ArrayRef<mlir::Operation *> ops);

  /// The results of an op with these operands: its own, then the values from outside that its regions use.
  Result<std::vector<TensorRef>> run(mlir::Operation *op, llvm::ArrayRef<TensorRef> operands);

  /// What `run` wants as operands.
  static llvm::SmallVector<mlir::Value> getInputs(mlir::Operation *op);

private:
  struct Compiled {
    void (*function)(void **) = nullptr;
    std::string id;
  };

  mlir::MLIRContext &context;
  std::vector<std::unique_ptr<mlir::ExecutionEngine>> engines;
  llvm::StringMap<Compiled> functions;                ///< by what makes two ops share one
  llvm::StringMap<std::vector<TensorRef>> remembered; ///< by function and Tensor::key of each operand

  std::vector<TensorRef> call(const Compiled &compiled, mlir::Operation *op, llvm::ArrayRef<TensorRef> operands);
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_REFERENCERUNNER_H
