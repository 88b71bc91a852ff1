//===- WeightValues.h - What the weights of a module are ------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_WEIGHTVALUES_H
#define HONE_EQUIVALENCE_WEIGHTVALUES_H

#include "Tensor.h"
#include "hone/dialects/LLM/LLMOps.h"

namespace hone::equivalence {

/// Evaluates recipes, each once. Weights of other modules with the same recipe, and recipes that give the same values
/// (as those of a packed weight do), share memory.
class WeightValues {
public:
  explicit WeightValues(const gguf::File *source) : source(source) {}

  /// The dequantised values, f32.
  Result<TensorRef> getValues(llm::WeightOp weight);
  /// The bytes as stored, for kernels.
  Result<std::shared_ptr<AlignedBytes>> getBytes(llm::WeightOp weight);

private:
  const gguf::File *source;
  llvm::StringMap<TensorRef> values;                     ///< by the text of the recipe
  llvm::StringMap<std::shared_ptr<AlignedBytes>> stored; ///< by the text of the recipe
  llvm::StringMap<TensorRef> distinct;                   ///< by Tensor::key
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_WEIGHTVALUES_H
