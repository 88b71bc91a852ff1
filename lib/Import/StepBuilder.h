//===- StepBuilder.h - Composes the graph of a step -------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_IMPORT_STEPBUILDER_H
#define HONE_LIB_IMPORT_STEPBUILDER_H

#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace hone {

/// What the signature of a step depends on.
struct StepShape {
  int64_t vocabulary;
  int64_t layers;
  int64_t kvHeads;
  int64_t headDim;
  llm::Precision kvPrecision = llm::Precision::F16; ///< or Int8
};

/// Builds `func.func @step` of a decoder, op by op, independent of the format that the model came in. Each function
/// appends one op and returns its result; the KV memory is threaded through by the builder. Operands have the types
/// that the ops ask for: importers check shapes when they declare weights, and nothing is diagnosed here. Each op has
/// the location of its weight, or of `name` under the name of the current layer.
class StepBuilder {
public:
  StepBuilder(mlir::ModuleOp module, const StepShape &shape);

  /// Ops that follow belong to this layer.
  void beginLayer(int64_t layer);

  mlir::Value embedding(llm::WeightOp table);
  mlir::Value rmsNorm(mlir::Value input, llm::WeightOp weight, double epsilon);
  /// `name` is the location's where a tied weight serves as another layer.
  mlir::Value linear(mlir::Value input, llm::WeightOp weight, llvm::StringRef name = "");
  mlir::Value addBias(mlir::Value input, llm::WeightOp bias);
  mlir::Value scale(llvm::StringRef name, mlir::Value input, double factor);
  mlir::Value rope(llvm::StringRef name, mlir::Value input, double base, llm::Pairing pairing);
  void appendKV(mlir::Value keys, mlir::Value values);
  mlir::Value attention(mlir::Value queries, double scale);
  mlir::Value gatedActivation(llvm::StringRef name, mlir::Value gate, mlir::Value up, llm::Activation function);
  mlir::Value add(llvm::StringRef name, mlir::Value lhs, mlir::Value rhs);
  mlir::Value selectLogitRows(mlir::Value input);
  void finish(mlir::Value logits);

private:
  mlir::Location locate(llvm::StringRef name);
  mlir::Value refer(mlir::Location loc, llm::WeightOp weight);

  mlir::OpBuilder builder;
  StepShape shape;
  mlir::Value tokens, positions, sequences, logitRows, kv;
  mlir::Value layerIndex;
  std::string layerName;
};

} // namespace hone

#endif // HONE_LIB_IMPORT_STEPBUILDER_H
