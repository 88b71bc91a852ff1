/*===- model.c - A compiled model for tests -----------------------*- C -*-===*\
|*
|* Part of hone, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "hone-rt/ABI.h"

static void step(const hone_step *step, int32_t worker, int32_t workers) {
  step->logits[worker] = step->weights[0][0] + workers;
  hone_rt_mark(step->barrier, worker, 0);
  hone_rt_barrier(step->barrier);
}

static const hone_weight weights[] = {
    {"blk.0.attn_q.weight", "q4_1, panel = <8x32>", 0, 100},
    {"output.weight", "q6_k", 128, 872},
};

const hone_module hone_program_module = {
    .abi_version = HONE_ABI_VERSION,
    .isa_levels = 1u << HONE_ISA_X86_64_V3,
    .name = "A test",
    .architecture = "llama",
    .vocabulary = 11,
    .context_length = 12,
    .max_rows = 13,
    .page_positions = 14,
    .page_bytes = 15,
    .arena_bytes = 16,
    .worker_arena_bytes = 64,
    .parameters = 17,
    .weight_bytes_per_token = 18,
    .weight_count = 2,
    .weights = weights,
    .steps = {step},
};
