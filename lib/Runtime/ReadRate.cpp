//===- ReadRate.cpp - How fast this machine reads memory ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReadRate.h"
#include "IsaLevel.h"
#include "Machine.h"

#include <algorithm>
#include <atomic>
#include <immintrin.h>

using namespace hone;
using namespace hone::rt;

/// Eight accumulators, so that no load waits for an addition. `bytes` is a multiple of 512.
__attribute__((target("avx2"))) static uint64_t readAVX2(const uint8_t *data, size_t bytes) {
  __m256i sums[8];
  for (__m256i &sum : sums)
    sum = _mm256_setzero_si256();
  for (size_t i = 0; i < bytes; i += 512)
    for (size_t j = 0; j < 16; ++j)
      sums[j % 8] =
          _mm256_xor_si256(sums[j % 8], _mm256_loadu_si256(reinterpret_cast<const __m256i *>(data + i + j * 32)));
  __m256i all = sums[0];
  for (size_t j = 1; j < 8; ++j)
    all = _mm256_xor_si256(all, sums[j]);
  return static_cast<uint64_t>(_mm256_extract_epi64(all, 0)) ^ static_cast<uint64_t>(_mm256_extract_epi64(all, 1)) ^
         static_cast<uint64_t>(_mm256_extract_epi64(all, 2)) ^ static_cast<uint64_t>(_mm256_extract_epi64(all, 3));
}

static uint64_t readSSE2(const uint8_t *data, size_t bytes) {
  __m128i sums[8];
  for (__m128i &sum : sums)
    sum = _mm_setzero_si128();
  for (size_t i = 0; i < bytes; i += 512)
    for (size_t j = 0; j < 32; ++j)
      sums[j % 8] = _mm_xor_si128(sums[j % 8], _mm_loadu_si128(reinterpret_cast<const __m128i *>(data + i + j * 16)));
  __m128i all = sums[0];
  for (size_t j = 1; j < 8; ++j)
    all = _mm_xor_si128(all, sums[j]);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(all)) ^
         static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(all, all)));
}

namespace {
struct ReadJob {
  const uint8_t *data;
  size_t bytes;
  bool avx2;
  std::atomic<uint64_t> sink; ///< keeps the loads from being removed
};
} // namespace

static void readPart(void *context, int32_t worker, int32_t workers) {
  auto *job = static_cast<ReadJob *>(context);
  size_t blocks = job->bytes / 512;
  size_t begin = blocks * worker / workers * 512, end = blocks * (worker + 1) / workers * 512;
  uint64_t sum = (job->avx2 ? readAVX2 : readSSE2)(job->data + begin, end - begin);
  job->sink.fetch_xor(sum, std::memory_order_relaxed);
}

double rt::measureReadRate(Workers &workers, const uint8_t *data, size_t bytes, int passes) {
  ReadJob job = {data, bytes, hostLevels() != 0, {0}};
  workers.run(readPart, &job);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    int64_t begin = now();
    workers.run(readPart, &job);
    int64_t nanoseconds = std::max<int64_t>(now() - begin, 1);
    best = std::max(best, static_cast<double>(bytes / 512 * 512) * 1e9 / static_cast<double>(nanoseconds));
  }
  return best;
}
