//===- WeightEvaluator.h - Recipes of weights to bytes ----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_WEIGHTS_WEIGHTEVALUATOR_H
#define HONE_WEIGHTS_WEIGHTEVALUATOR_H

#include "hone/Formats/GGUF.h"
#include "mlir/IR/BuiltinOps.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hone {

/// Where one `llm.weight` lies in the weight section.
struct WeightPlacement {
  /// The symbol.
  std::string name;
  /// As `#llm.stored` prints it, for example "q4_1, panel = <8x32>"; the element type for a weight without encoding.
  std::string encoding;
  /// From the start of the section; a multiple of 64.
  uint64_t offset;
  uint64_t bytes;
};

/// Places the weights of a module in the order of their symbols. `totalBytes` is the size of the section, a multiple of
/// 64. Fails if it would not fit 63 bits.
Result<std::vector<WeightPlacement>> planWeights(mlir::ModuleOp module, uint64_t &totalBytes);

struct WeightEvaluationOptions {
  /// How many threads work, the calling one included.
  unsigned threads = 1;
  /// Called after each piece of work with the bytes of the target that are done, ascending, from one thread at a time
  /// but not always the same one.
  std::function<void(uint64_t doneBytes)> progress;
  /// Set by any thread to make the evaluation fail soon with "cancelled".
  const std::atomic<bool> *cancel = nullptr;
  /// Lets go of the source's pages once they are read, so that they do not count as memory of this process. Only for a
  /// source from `gguf::File::open`: in memory that is not a mapped file it would destroy the contents.
  bool releaseSource = false;
  /// Lets go of the target's pages once they are written. Only for a shared mapping of a file, which keeps what was
  /// written; in other memory it would destroy it.
  bool releaseTarget = false;
};

/// Runs the recipes of a verified module: writes every byte of `target`, which is `bytes` long as planned and aligned
/// to 64, gaps as zeros. `source` is the file that the module's `llm.source` names, or null if there is none; recipes
/// are checked against it before anything is written, since either may have been changed by hand. Works in pieces of
/// whole panels, each from the source through all steps of its recipe to the target, so that beyond those two it needs
/// about a MiB per thread and step, or one panel if that is more. The result does not depend on the number of threads.
Status evaluateWeights(mlir::ModuleOp module, const gguf::File *source, const std::vector<WeightPlacement> &plan,
                       uint8_t *target, uint64_t bytes, const WeightEvaluationOptions &options = {});

} // namespace hone

#endif // HONE_WEIGHTS_WEIGHTEVALUATOR_H
