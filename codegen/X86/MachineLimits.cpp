//===- MachineLimits.cpp - What a machine can do at most ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/MachineLimits.h"

#include "hone/codegen/X86/TimedTeam.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <immintrin.h>

using namespace hone;
using namespace hone::x86;

namespace {

constexpr size_t kReadBytes = size_t{4} << 20; ///< that a thread reads at a time: short, so that one is undisturbed

constexpr size_t kLineBytes = 64;

} // namespace

/// Eight sums, so that no load waits for an addition.
__attribute__((target("avx2"))) static void readAll(const uint8_t *data, size_t bytes) {
  __m256i sums[8];
  for (__m256i &sum : sums)
    sum = _mm256_setzero_si256();
  for (size_t i = 0; i + 512 <= bytes; i += 512)
    for (size_t j = 0; j < 16; ++j)
      sums[j % 8] =
          _mm256_xor_si256(sums[j % 8], _mm256_loadu_si256(reinterpret_cast<const __m256i *>(data + i + j * 32)));
  for (__m256i &sum : sums)
    asm volatile("" : : "x"(sum));
}

double hone::x86::measureReadRate(const uint8_t *data, size_t bytes, int64_t threads, double seconds) {
  size_t parts = std::max<size_t>(1, bytes / (kReadBytes * static_cast<size_t>(threads)));
  size_t share = std::min(kReadBytes, bytes / static_cast<size_t>(threads)) / 512 * 512;
  Timing timing = timeTogether(threads, seconds, [&](int64_t run, int64_t worker) {
    size_t part = static_cast<size_t>(run) % parts * static_cast<size_t>(threads) + static_cast<size_t>(worker);
    readAll(data + part * share, share);
  });
  return static_cast<double>(share) * static_cast<double>(threads) / timing.best;
}

double hone::x86::measureLatency(uint8_t *data, size_t bytes) {
  // One cycle through all lines, in an order that no prefetcher foresees: the multiplier and the increment make it so
  // for a power of two.
  size_t lines = llvm::bit_floor(bytes / kLineBytes);
  for (size_t line = 0, next = 0; line < lines; ++line) {
    size_t from = next;
    next = (next * 5 + 0x9e3779b1) % lines;
    *reinterpret_cast<size_t *>(data + from * kLineBytes) = next;
  }
  constexpr int64_t hops = 20000;
  size_t line = 0;
  Timing timing = timeTogether(1, /*seconds=*/0.2, [&](int64_t, int64_t) {
    for (int64_t hop = 0; hop < hops; ++hop)
      line = *reinterpret_cast<const volatile size_t *>(data + line * kLineBytes);
  });
  return timing.best / hops;
}
