//===- replace-weight.cpp - A step with another model's weight ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hone-replace-weight FIRST SECOND WEIGHT: two libraries of models that differ
// in one weight. The first one's step must give the second's logits, bit for
// bit, once its table of weight pointers names the second's packed weight.
//
//===----------------------------------------------------------------------===//

#include "Memory.h"
#include "Model.h"
#include "SharedLibrary.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using namespace hone;
using namespace hone::rt;

namespace {

constexpr int32_t tokens[] = {7, 300, 41, 7, 2, 255, 19};
constexpr int64_t rows = sizeof tokens / sizeof *tokens;

template <typename T> T take(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "error: %s\n", result.error().message().c_str());
    std::exit(1);
  }
  return std::move(*result);
}

struct Call {
  hone_step_function function;
  hone_step step;
};

void callStep(void *context, int32_t worker, int32_t workers) {
  auto *call = static_cast<const Call *>(context);
  call->function(&call->step, worker, workers);
}

/// One step of `model` over `tokens` from an empty context, with the weights of `table`; the logits of all rows.
std::vector<float> logitsOf(const hone_module &module, const uint8_t *const *table, int32_t threads) {
  std::unique_ptr<Workers> workers = take(Workers::create(threads, threads));
  Memory page = take(Memory::allocate(module.page_bytes)), arena = take(Memory::allocate(module.arena_bytes));
  Memory workerArena = take(Memory::allocate(module.worker_arena_bytes * threads));
  uint8_t *const sequencePages[] = {page.data()};
  uint8_t *const *const pages[] = {sequencePages};
  int32_t positions[rows], sequences[rows] = {};
  for (int32_t row = 0; row < rows; ++row)
    positions[row] = row;
  std::vector<float> logits(rows * module.vocabulary);

  Call call = {module.steps[HONE_ISA_X86_64_V3], {}};
  call.step.rows = call.step.logit_rows = rows;
  call.step.tokens = tokens;
  call.step.positions = call.step.logit_row = positions;
  call.step.sequences = sequences;
  call.step.logits = logits.data();
  call.step.pages = pages;
  call.step.weights = table;
  call.step.arena = arena.data();
  call.step.worker_arena = workerArena.data();
  call.step.barrier = workers->barrier();
  workers->run(callStep, &call);
  return logits;
}

bool same(const std::vector<float> &left, const std::vector<float> &right) {
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size() * sizeof(float)) == 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  SharedLibrary libraries[] = {take(SharedLibrary::open(argv[1])), take(SharedLibrary::open(argv[2]))};
  std::vector<const uint8_t *> tables[2];
  for (int i = 0; i < 2; ++i) {
    const hone_library &library = *libraries[i].description();
    Model model = take(Model::open(*library.module, sectionBetween(library.weights_begin, library.weights_end)));
    tables[i].assign(model.weights(), model.weights() + library.module->weight_count);
  }
  const hone_module &first = *libraries[0].description()->module, &second = *libraries[1].description()->module;
  uint64_t index = 0;
  while (index < first.weight_count && std::strcmp(first.weights[index].name, argv[3]) != 0)
    ++index;
  if (index == first.weight_count || first.weight_count != second.weight_count)
    return std::fprintf(stderr, "error: expected weight '%s' in both, and as many weights\n", argv[3]), 1;

  std::vector<float> before = logitsOf(first, tables[0].data(), 2), wanted = logitsOf(second, tables[1].data(), 2);
  tables[0][index] = tables[1][index];
  std::printf("before: %s\n", same(before, wanted) ? "the same" : "others");
  for (int32_t threads : {1, 2})
    std::printf("replaced, %d threads: %s\n", threads,
                same(logitsOf(first, tables[0].data(), threads), wanted) ? "the same" : "others");
  return 0;
}
