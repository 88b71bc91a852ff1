//===- StubModel.h - A model whose logits are hashes --------------*- C -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_UNIT_RUNTIME_STUBMODEL_H
#define HONE_TEST_UNIT_RUNTIME_STUBMODEL_H

#include "hone-rt/ABI.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The byte tokens 0 to 255, then the control tokens. */
enum {
  stub_im_start = 256, /* <|im_start|> */
  stub_im_end = 257,   /* <|im_end|>: ends an answer */
  stub_vocabulary = 258,
  stub_context = 512,
  stub_max_rows = 24,
  stub_page_positions = 16,
};

/* What the stub computes, for one sequence (tests repeat it without pages, chunks or workers):
 *   first[p]  = stub_mix(stub_mix(token[p], p), stub_weight_hash())
 *   state[p]  = fold of stub_mix over first[0..p], from 1
 *   second[p] = stub_mix(state[p], 2)
 *   result[p] = fold of stub_mix over second[0..p], from 3
 *   logits[p][v] = stub_logit(result[p], v)
 * `first` and `second` are what the KV pages hold, so that a wrong page, position or copy changes all that follows. */
uint64_t stub_mix(uint64_t a, uint64_t b);
uint64_t stub_weight_hash(const uint8_t *const *weights);
float stub_logit(uint64_t result, uint32_t token);

#ifdef __cplusplus
}
#endif

#endif // HONE_TEST_UNIT_RUNTIME_STUBMODEL_H
