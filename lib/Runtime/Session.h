//===- Session.h - Steps over the rows of a model's sequences ---*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_SESSION_H
#define HONE_LIB_RUNTIME_SESSION_H

#include "KVMemory.h"
#include "Model.h"
#include "Workers.h"

#include <memory>

namespace hone::rt {

struct SessionOptions {
  uint32_t context = 0;     ///< most positions of a sequence; 0: as many as the model has
  uint32_t sequences = 1;   ///< most sequences at one time
  uint64_t pageLimit = 0;   ///< most KV pages at one time; 0: what all sequences can fill
  uint32_t rowsPerStep = 0; ///< most rows of one step; 0: as many as the program takes
  bool hugePages = false;   ///< move the weights into huge pages, some before each call of `run` but the first
};

/// One token to be appended to a sequence.
struct Row {
  int32_t token;
  int32_t sequence;
  bool logits; ///< whether the logits that follow this token are wanted
};

/// Runs a model's step function over rows, with the memory that it needs. Not thread-safe. The model and the workers
/// must outlive it.
class Session {
public:
  static Result<std::unique_ptr<Session>> create(const Model &model, Workers &workers, const SessionOptions &options);

  /// Appends the rows to their sequences, in steps of at most `rowsPerStep`. `logits` receives [vocabulary] numbers for
  /// each row that wants them, in the order of the rows. On failure no sequence has changed.
  Status run(const Row *rows, int64_t count, float *logits);

  /// Appends tokens to one sequence. `logits`, unless null, receives those after the last one.
  Status feed(int32_t sequence, const int32_t *tokens, int64_t count, float *logits);

  /// From the next step on, lets `recorder` (or nobody, if null) know what workers do.
  void record(Recorder *recorder) { workers.barrier()->recorder = recorder; }

  const Model &model() const { return source; }
  KVMemory &memory() { return kv; }
  uint32_t vocabulary() const { return source.module().vocabulary; }
  uint32_t context() const { return kv.shape().context; }
  uint32_t rowsPerStep() const { return stepRows; }

private:
  Session(const Model &model, Workers &workers, const KVShape &shape, uint32_t rowsPerStep, bool hugePages);
  Status check(const Row *rows, int64_t count) const;
  Status reserve(const Row *rows, int64_t count);

  const Model &source;
  Workers &workers;
  KVMemory kv;
  const uint32_t stepRows;
  const bool movesWeights;
  bool hasRun = false;
  std::vector<const uint8_t *> weights; ///< where this session reads them; changes between steps
  size_t weightsKnown = 0;              ///< how far WeightMove was then
  Memory arena, workerArena;
  std::vector<int64_t> nextPosition; ///< of each sequence, while `run` runs
  std::vector<int32_t> tokens, positions, sequences, logitRows;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_SESSION_H
