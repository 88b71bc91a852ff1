//===- Session.cpp - Steps over the rows of a model's sequences -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "Format.h"
#include "Recorder.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

Session::Session(const Model &model, Workers &workers, const KVShape &shape, uint32_t rowsPerStep, bool hugePages)
    : source(model), workers(workers), kv(shape), stepRows(rowsPerStep), movesWeights(hugePages),
      weights(model.weightTable()), nextPosition(shape.sequences) {
  for (std::vector<int32_t> *list : {&tokens, &positions, &sequences, &logitRows})
    list->resize(stepRows);
}

Result<std::unique_ptr<Session>> Session::create(const Model &model, Workers &workers, const SessionOptions &options) {
  const hone_module &module = model.module();
  KVShape shape = {};
  shape.pageBytes = module.page_bytes;
  shape.pagePositions = module.page_positions;
  shape.context = options.context == 0 ? module.context_length : options.context;
  if (shape.context > module.context_length)
    return Error(format("expected a context of at most %s positions, which the model has, got %s",
                        grouped(module.context_length).c_str(), grouped(shape.context).c_str()));
  shape.sequences = options.sequences;
  uint64_t sequencePages = (shape.context + UINT64_C(1) * shape.pagePositions - 1) / shape.pagePositions;
  shape.pageLimit = options.pageLimit == 0 ? sequencePages * shape.sequences : options.pageLimit;
  uint32_t stepRows = options.rowsPerStep == 0 ? module.max_rows : std::min(options.rowsPerStep, module.max_rows);

  std::unique_ptr<Session> session(new Session(model, workers, shape, stepRows, options.hugePages));
  Result<Memory> arena = Memory::allocate(module.arena_bytes);
  if (!arena)
    return arena.takeError();
  session->arena = std::move(*arena);
  Result<Memory> workerArena = Memory::allocate(module.worker_arena_bytes * workers.size());
  if (!workerArena)
    return workerArena.takeError();
  session->workerArena = std::move(*workerArena);
  return session;
}

Status Session::check(const Row *rows, int64_t count) const {
  for (int64_t i = 0; i < count; ++i) {
    if (rows[i].token < 0 || static_cast<uint32_t>(rows[i].token) >= source.module().vocabulary)
      return Error(format("expected a token below %s, the size of the vocabulary, got %d",
                          grouped(source.module().vocabulary).c_str(), rows[i].token));
    if (!kv.isOpen(rows[i].sequence))
      return Error(format("expected an open sequence, got %d", rows[i].sequence));
  }
  return {};
}

Status Session::reserve(const Row *rows, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    nextPosition[rows[i].sequence] = kv.length(rows[i].sequence);
  std::vector<int64_t> lengths = nextPosition;
  for (int64_t i = 0; i < count; ++i)
    ++lengths[rows[i].sequence];
  for (int64_t i = 0; i < count; ++i) {
    int32_t sequence = rows[i].sequence;
    if (kv.length(sequence) == lengths[sequence])
      continue;
    if (Status failed = kv.reserve(sequence, lengths[sequence])) {
      for (int64_t j = 0; j < count; ++j)
        kv.trim(rows[j].sequence, nextPosition[rows[j].sequence]);
      return failed;
    }
  }
  return {};
}

namespace {
struct StepCall {
  hone_step_function function;
  hone_step step;
  Recorder *recorder;
};
} // namespace

static void runStep(void *context, int32_t worker, int32_t workers) {
  auto *call = static_cast<const StepCall *>(context);
  if (call->recorder)
    call->recorder->record(worker, Recorder::atStart);
  call->function(&call->step, worker, workers);
}

/// Rows of one sequence stand in ascending order of position, so its last row sees all of its positions.
static StepShape shapeOf(const hone_step &step) {
  StepShape shape = {step.rows, step.logit_rows, 0, 0};
  std::vector<bool> seen;
  for (int64_t row = step.rows - 1; row >= 0; --row) {
    auto sequence = static_cast<size_t>(step.sequences[row]);
    seen.resize(std::max(seen.size(), sequence + 1));
    if (!seen[sequence])
      shape.positions += step.positions[row] + 1;
    seen[sequence] = true;
    shape.rowPositions += step.positions[row] + 1;
  }
  return shape;
}

Status Session::run(const Row *rows, int64_t count, float *logits) {
  if (Status failed = check(rows, count))
    return failed;
  if (Status failed = reserve(rows, count))
    return failed;

  // The first logits wait for nothing; from then on a call is late by the time of MoveLimits.
  if (movesWeights && hasRun)
    source.weightMove().advance(workers);
  hasRun = true;
  source.weightMove().update(weights, weightsKnown);

  StepCall call = {};
  call.function = source.step();
  hone_step &step = call.step;
  step.tokens = tokens.data();
  step.positions = positions.data();
  step.sequences = sequences.data();
  step.logit_row = logitRows.data();
  step.logits = logits;
  step.pages = kv.tables();
  step.weights = weights.data();
  step.arena = arena.data();
  step.worker_arena = workerArena.data();
  step.barrier = workers.barrier();
  call.recorder = step.barrier->recorder;
  for (int64_t begin = 0; begin < count; begin += stepRows) {
    step.rows = std::min<int64_t>(count - begin, stepRows);
    step.logit_rows = 0;
    for (int64_t i = 0; i < step.rows; ++i) {
      const Row &row = rows[begin + i];
      tokens[i] = row.token;
      sequences[i] = row.sequence;
      positions[i] = static_cast<int32_t>(nextPosition[row.sequence]++);
      if (row.logits)
        logitRows[step.logit_rows++] = static_cast<int32_t>(i);
    }
    if (call.recorder)
      call.recorder->beginStep(shapeOf(step));
    workers.run(runStep, &call);
    if (call.recorder)
      call.recorder->endStep();
    step.logits += step.logit_rows * vocabulary();
  }
  return {};
}

Status Session::feed(int32_t sequence, const int32_t *list, int64_t count, float *logits) {
  std::vector<Row> rows(count);
  for (int64_t i = 0; i < count; ++i)
    rows[i] = {list[i], sequence, logits && i + 1 == count};
  return run(rows.data(), count, logits);
}
