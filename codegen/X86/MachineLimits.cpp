//===- MachineLimits.cpp - What a machine can do at most ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/MachineLimits.h"

#include "hone/codegen/X86/TimedTeam.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/bit.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <immintrin.h>

using namespace hone;
using namespace hone::x86;

namespace {

constexpr int64_t kChains = 12; ///< independent sums: more than latency times throughput of any of these
constexpr int64_t kRounds = 20000;
constexpr size_t kReadBytes = size_t{4} << 20; ///< that a thread reads at a time: short, so that one is undisturbed

constexpr size_t kLineBytes = 64;

using Loop = void (*)();

} // namespace

// Registers that the compiler must take for read and written.
#define HONE_KEEP(value) asm volatile("" : "+x"(value))
#define HONE_KEEP_512(value) asm volatile("" : "+v"(value))

// Each loop keeps `kChains` sums in registers and does one step of each per round. A product that is not added in the
// same instruction would be the same each time, if `a` were.
#define HONE_PEAK_LOOP(name, features, vector, zero, keep, step)                                                       \
  __attribute__((target(features))) static void name() {                                                               \
    vector sums[kChains], a = zero, b = zero;                                                                          \
    keep(a);                                                                                                           \
    keep(b);                                                                                                           \
    for (vector & sum : sums)                                                                                          \
      sum = zero;                                                                                                      \
    for (int64_t round = 0; round < kRounds; ++round) {                                                                \
      _Pragma("unroll") for (int64_t i = 0; i < kChains; ++i) {                                                        \
        keep(a);                                                                                                       \
        sums[i] = step;                                                                                                \
        keep(sums[i]);                                                                                                 \
      }                                                                                                                \
    }                                                                                                                  \
  }

HONE_PEAK_LOOP(fma256, "avx2,fma", __m256, _mm256_setzero_ps(), HONE_KEEP, _mm256_fmadd_ps(a, b, sums[i]))
HONE_PEAK_LOOP(bytes256, "avx2", __m256i, _mm256_setzero_si256(), HONE_KEEP,
               _mm256_add_epi16(sums[i], _mm256_maddubs_epi16(a, b)))
HONE_PEAK_LOOP(words256, "avx2", __m256i, _mm256_setzero_si256(), HONE_KEEP,
               _mm256_add_epi32(sums[i], _mm256_madd_epi16(a, b)))
HONE_PEAK_LOOP(vnniBytes256, "avxvnni", __m256i, _mm256_setzero_si256(), HONE_KEEP,
               _mm256_dpbusd_avx_epi32(sums[i], a, b))
HONE_PEAK_LOOP(vnniWords256, "avxvnni", __m256i, _mm256_setzero_si256(), HONE_KEEP,
               _mm256_dpwssd_avx_epi32(sums[i], a, b))
HONE_PEAK_LOOP(fma512, "avx512f", __m512, _mm512_setzero_ps(), HONE_KEEP_512, _mm512_fmadd_ps(a, b, sums[i]))
HONE_PEAK_LOOP(vnniBytes512, "avx512vnni", __m512i, _mm512_setzero_si512(), HONE_KEEP_512,
               _mm512_dpbusd_epi32(sums[i], a, b))
HONE_PEAK_LOOP(vnniWords512, "avx512vnni", __m512i, _mm512_setzero_si512(), HONE_KEEP_512,
               _mm512_dpwssd_epi32(sums[i], a, b))

namespace {
/// Operations are those of one step.
struct Peak {
  Loop loop;
  double operations;
};
} // namespace

/// Instructions of a level that this machine lacks have no loop.
static Peak getPeak(const std::string &level, Arithmetic arithmetic) {
  const Peak avx512[] = {{fma512, 32}, {vnniBytes512, 128}, {vnniWords512, 64}};
  const Peak vnni[] = {{fma256, 16}, {vnniBytes256, 64}, {vnniWords256, 32}};
  const Peak v3[] = {{fma256, 16}, {bytes256, 64}, {words256, 32}};
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  const auto number = static_cast<size_t>(arithmetic);
  if (level == "avx-512" && features.lookup("avx512f") && features.lookup("avx512vnni"))
    return avx512[number];
  if (level == "avx-vnni" && features.lookup("avxvnni"))
    return vnni[number];
  if (level == "x86-64-v3" && features.lookup("avx2") && features.lookup("fma"))
    return v3[number];
  return {nullptr, 0};
}

double hone::x86::measurePeak(const std::string &level, Arithmetic arithmetic, int64_t threads, double seconds) {
  Peak peak = getPeak(level, arithmetic);
  if (!peak.loop)
    return 0;
  Timing timing = timeTogether(threads, seconds, [&](int64_t, int64_t) { peak.loop(); });
  return peak.operations * kChains * kRounds * static_cast<double>(threads) / timing.best;
}

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
    HONE_KEEP(sum);
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
