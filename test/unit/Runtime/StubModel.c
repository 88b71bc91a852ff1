//===- StubModel.c - A model whose logits are hashes ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StubModel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t stub_mix(uint64_t a, uint64_t b) {
  uint64_t z = (a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2))) * UINT64_C(0xbf58476d1ce4e5b9);
  return z ^ (z >> 29);
}

static const hone_weight weights[] = {
    {"first.weight", "plain", 0, 100},
    {"second.weight", "q4_1, panel = <8x32>", 128, 1024},
    {"third.weight", "plain", 4032, 64},
};
enum { weight_count = sizeof weights / sizeof *weights };

uint64_t stub_weight_hash(const uint8_t *const *table) {
  uint64_t hash = 7;
  for (int i = 0; i < weight_count; ++i)
    for (uint64_t j = 0; j < weights[i].bytes; ++j)
      hash = stub_mix(hash, table[i][j]);
  return hash;
}

/* Small letters and spaces are likely, so that answers are text; one answer token in 40 is the end. HONE_STUB_ENDLESS
 * in the environment leaves that out. */
float stub_logit(uint64_t result, uint32_t token) {
  uint64_t hash = stub_mix(result, token);
  float logit = (float)(hash >> 40) * (1.0f / 16777216.0f);
  if ((token >= 'a' && token <= 'z') || token == ' ')
    logit += 4;
  if (token == stub_im_end && result % 40 == 0 && !getenv("HONE_STUB_ENDLESS"))
    logit += 8;
  return logit;
}

/* A page: first[page_positions], second[page_positions]. */
static uint64_t *cell(const hone_step *step, int64_t sequence, int64_t position, int64_t layer) {
  uint8_t *page = step->pages[sequence][position / stub_page_positions];
  return (uint64_t *)page + layer * stub_page_positions + position % stub_page_positions;
}

static uint64_t fold(const hone_step *step, int64_t row, int64_t layer, uint64_t state) {
  for (int64_t position = 0; position <= step->positions[row]; ++position)
    state = stub_mix(state, *cell(step, step->sequences[row], position, layer));
  return state;
}

static void meet(const hone_step *step, int32_t worker) {
  hone_rt_barrier(step->barrier);
  hone_rt_mark(step->barrier, worker, -1);
}

static void stub_step(const hone_step *step, int32_t worker, int32_t workers) {
  uint64_t *scratch = (uint64_t *)(step->worker_arena + worker * hone_program_module.worker_arena_bytes);
  scratch[0] = stub_weight_hash(step->weights);
  for (int64_t row = worker; row < step->rows; row += workers)
    *cell(step, step->sequences[row], step->positions[row], 0) =
        stub_mix(stub_mix(step->tokens[row], step->positions[row]), scratch[0]);
  hone_rt_mark(step->barrier, worker, 0);
  meet(step, worker);
  for (int64_t row = worker; row < step->rows; row += workers)
    ((uint64_t *)step->arena)[row] = fold(step, row, 0, 1);
  hone_rt_mark(step->barrier, worker, 1);
  meet(step, worker);
  /* Another worker's rows than above. */
  for (int64_t row = workers - 1 - worker; row < step->rows; row += workers)
    *cell(step, step->sequences[row], step->positions[row], 1) = stub_mix(((uint64_t *)step->arena)[row], 2);
  hone_rt_mark(step->barrier, worker, 2);
  meet(step, worker);
  for (int64_t i = 0; i < step->logit_rows; ++i) {
    uint64_t result = fold(step, step->logit_row[i], 1, 3);
    for (int64_t token = worker; token < stub_vocabulary; token += workers)
      step->logits[i * stub_vocabulary + token] = stub_logit(result, token);
  }
  /* As slow as a real model, for what is tried by hand and for interrupts. */
  const char *delay = getenv("HONE_STUB_DELAY_US");
  if (worker == 0 && delay)
    usleep(atoi(delay));
  hone_rt_mark(step->barrier, worker, 3);
}

static const hone_kernel kernels[] = {
    {"append", HONE_ARITHMETIC_INT16, 1188, 0, 100, 0, 0},
    {"fold", HONE_ARITHMETIC_F32, 0, 0, 0, 8, 4},
    {"logits \"quoted\"", HONE_ARITHMETIC_INT8, 0, 16, 64, 0, 0},
};

/* What the step does in order; the third call stands for a later phase of the second. */
static const hone_call calls[] = {
    {0, 0, 0},
    {1, 0, -1},
    {1, HONE_CALL_LATER_PHASE, -1},
    {2, HONE_CALL_LOGIT_ROWS, 2},
};

const hone_module hone_program_module = {
    .abi_version = HONE_ABI_VERSION,
    .isa_levels = 1u << HONE_ISA_X86_64_V3,
    .name = "Stub \"quoted\"",
    .architecture = "stub",
    .vocabulary = stub_vocabulary,
    .context_length = stub_context,
    .max_rows = stub_max_rows,
    .page_positions = stub_page_positions,
    .page_bytes = 2 * stub_page_positions * sizeof(uint64_t) + 8, /* no multiple of the alignment */
    .arena_bytes = stub_max_rows * sizeof(uint64_t),
    .worker_arena_bytes = 64,
    .parameters = 1188,
    .weight_bytes_per_token = 1188,
    .weight_count = weight_count,
    .weights = weights,
    .steps = {stub_step},
    .kernel_count = sizeof kernels / sizeof *kernels,
    .kernels = kernels,
    .call_count = sizeof calls / sizeof *calls,
    .calls = calls,
};
