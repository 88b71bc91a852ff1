//===- Recipe.h - The recipe of a weight, ready to run ----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_WEIGHTS_RECIPE_H
#define HONE_LIB_WEIGHTS_RECIPE_H

#include "hone/Formats/GGUF.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <functional>

namespace hone {

/// A name from a module or a file, made fit to print: all but printable ASCII escaped.
std::string escapeName(llvm::StringRef name);

/// A weight as rows of columns, which is how recipes see it: a vector is one row.
struct RowShape {
  int64_t rows, columns;
};
RowShape getRowShape(mlir::RankedTensorType type);

/// Bytes of the first `rows` rows of a weight of this type; `rows` is a multiple of its panel's rows, or all.
int64_t getRowBytes(mlir::RankedTensorType type, int64_t rows);

/// What makes a piece of one value of a recipe from the same rows of the value before it.
struct RecipeStep {
  using Function = std::function<void(int64_t rows, llvm::ArrayRef<uint8_t>, llvm::MutableArrayRef<uint8_t>)>;

  mlir::RankedTensorType type;
  Function run;
};

/// Two buffers for the values between steps, which take turns; they keep their capacity from piece to piece.
using RecipeScratch = std::array<llvm::SmallVector<uint8_t, 0>, 2>;

/// The chain of a recipe: bytes that exist, then steps. Every op so far works on rows, so any range of whole panels can
/// be computed by itself. Checked: running it cannot fail.
class Recipe {
public:
  /// Checks the recipe of a verified weight against the file. Errors name the weight.
  static Result<Recipe> compile(llm::WeightOp weight, const gguf::File *source);

  /// The smallest range of rows that all steps can start from.
  int64_t getRowGranularity() const { return granularity; }
  /// Bytes of the largest value that one row has on its way.
  int64_t getWidestRowBytes() const;
  /// Computes rows [first, first + rows) into `target`; `first` is a multiple of the granularity, and so is `rows`
  /// unless the range ends with the last row.
  void run(int64_t first, int64_t rows, llvm::MutableArrayRef<uint8_t> target, RecipeScratch &scratch) const;
  /// The bytes of the file that these rows come from; empty for constants.
  llvm::ArrayRef<uint8_t> getFileBytes(int64_t first, int64_t rows) const;

private:
  Status addSource(mlir::Operation *op, const gguf::File *source);
  Status addFileTensor(llm::FileTensorOp op, const gguf::File *source);
  Status addConstant(mlir::arith::ConstantOp op);
  Status addStep(mlir::Operation *op);

  mlir::RankedTensorType sourceType;
  /// All bytes of the first value; of a splat constant, one element.
  llvm::ArrayRef<uint8_t> sourceBytes;
  bool isSplat = false;
  bool isFile = false;
  int64_t granularity = 1;
  llvm::SmallVector<RecipeStep, 2> steps;
};

} // namespace hone

#endif // HONE_LIB_WEIGHTS_RECIPE_H
