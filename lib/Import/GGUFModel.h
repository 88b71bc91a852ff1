//===- GGUFModel.h - Checked access to a GGUF model -------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_IMPORT_GGUFMODEL_H
#define HONE_LIB_IMPORT_GGUFMODEL_H

#include "hone/Formats/GGUF.h"
#include "hone/Import/GGUFImport.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

namespace hone {

/// The text in 'quotes', with all but printable ASCII escaped: names in a file may be hostile.
std::string quoted(llvm::StringRef text);

/// What an architecture takes from a GGUF file: hyper-parameters and weights, checked as they are taken. Keys are
/// given without the architecture's name, which precedes them in the file.
class GGUFModel {
public:
  /// Weights are declared at the end of `module`.
  GGUFModel(mlir::ModuleOp module, const gguf::File &file, llvm::StringRef architecture,
            const GGUFImportOptions &options);

  mlir::ModuleOp getModule() { return module; }
  const GGUFImportOptions &getOptions() const { return options; }

  /// An error that begins with the file's name.
  Error error(const llvm::Twine &text) const;
  llvm::StringRef getArchitecture() const { return architecture; }
  std::string fullKey(llvm::StringRef key) const { return architecture + "." + key.str(); }
  bool has(llvm::StringRef key) const { return file.find(fullKey(key)); }
  /// A key that is absent or has the value which means that nothing unusual is asked for.
  bool isNeutral(llvm::StringRef key, double neutral) const;
  bool isNeutral(llvm::StringRef key, llvm::StringRef neutral) const;

  /// Reads a size of 1 to 2^24, so that the product of two never overflows. Where the key is absent `value` takes
  /// `fallback`, if it is positive.
  Status readSize(llvm::StringRef key, int64_t &value, int64_t fallback = 0) const;
  /// Reads a positive and finite number, in f32. Where the key is absent `value` takes `fallback`, if it is positive.
  Status readPositive(llvm::StringRef key, double &value, double fallback = 0) const;
  /// Reads how many positions the model was trained for.
  Status readContextLength(int64_t &value) const;

  /// The tensor, or null.
  const gguf::Tensor *findTensor(llvm::StringRef name) const { return file.findTensor(std::string_view(name)); }
  /// Rows of the embedding table, checked against the tokenizer.
  Status readVocabulary(llvm::StringRef table, int64_t &value) const;

  /// Declares the weight of a product or an embedding table, [output][input], as the file stores it.
  Status declareMatrix(const llvm::Twine &name, int64_t rows, int64_t columns, llm::WeightOp &weight);
  /// Declares the weight of a norm, which the file must store in F32.
  Status declareNorm(const llvm::Twine &name, int64_t size, llm::WeightOp &weight);
  /// Declares the bias of a product, which the file must store in F32; leaves `weight` as it is where there is none.
  Status declareBias(const llvm::Twine &name, int64_t size, llm::WeightOp &weight);

  /// Fails if the file has a tensor that was not declared: the graph would not compute what the model means.
  Status checkAllUsed(int64_t layers) const;

private:
  /// Finds the tensor, checks its shape and marks it as used.
  Result<const gguf::Tensor *> take(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  /// Declares a vector in F32; `kind` says what it is in errors.
  Status declareVector(const std::string &tensorName, int64_t size, llvm::StringRef kind, llm::WeightOp &weight);
  /// A weight of `type` with an empty recipe, into which the builder then points.
  llm::WeightOp declare(llvm::StringRef name, mlir::RankedTensorType type);

  mlir::ModuleOp module;
  const gguf::File &file;
  std::string architecture;
  const GGUFImportOptions &options;
  mlir::OpBuilder builder;
  llvm::StringSet<> used;
};

/// The location that carries a layer's name into remarks and diagnostics: of "blk.0.attn_q.weight", "blk.0.attn_q".
mlir::Location getLayerLoc(mlir::MLIRContext *context, llvm::StringRef name);

} // namespace hone

#endif // HONE_LIB_IMPORT_GGUFMODEL_H
