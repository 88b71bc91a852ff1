//===- OperationRate.cpp - How fast this machine computes -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Limits.h"
#include "Machine.h"

#include <immintrin.h>

using namespace hone;
using namespace hone::rt;

static constexpr int64_t rounds = 1000000;
static constexpr int passes = 10;

/// Enough that no instruction waits for the one before it in the same register, and that all stay in registers.
static constexpr int accumulators = 12;

namespace {
struct OperationLoop {
  void (*run)();
  double operations; ///< of one round
};
} // namespace

/// A function that multiplies and adds `rounds` times in each of the accumulators. The empty statement keeps the
/// compiler from moving a product out of the loop, the last one from removing it all.
#define HONE_OPERATION_LOOP(NAME, TARGET, VECTOR, SUM)                                                                 \
  __attribute__((target(TARGET))) static void NAME() {                                                                 \
    VECTOR sums[accumulators], factor = {};                                                                            \
    for (VECTOR & sum : sums)                                                                                          \
      sum = factor;                                                                                                    \
    for (int64_t round = 0; round < rounds; ++round) {                                                                 \
      _Pragma("GCC unroll 12") for (VECTOR & sum : sums) {                                                             \
        __asm__ volatile("" : "+x"(factor));                                                                           \
        sum = SUM;                                                                                                     \
      }                                                                                                                \
    }                                                                                                                  \
    for (VECTOR & sum : sums)                                                                                          \
      __asm__ volatile("" ::"x"(sum));                                                                                 \
  }

HONE_OPERATION_LOOP(runF32, "avx2,fma", __m256, _mm256_fmadd_ps(sum, factor, factor))
HONE_OPERATION_LOOP(runF32Wide, "avx512f", __m512, _mm512_fmadd_ps(sum, factor, factor))
HONE_OPERATION_LOOP(runInt16, "avx2", __m256i, _mm256_add_epi32(sum, _mm256_madd_epi16(factor, factor)))
HONE_OPERATION_LOOP(runInt16VNNI, "avx2,avxvnni", __m256i, _mm256_dpwssd_avx_epi32(sum, factor, factor))
HONE_OPERATION_LOOP(runInt16Wide, "avx512f,avx512vnni", __m512i, _mm512_dpwssd_epi32(sum, factor, factor))
HONE_OPERATION_LOOP(runInt8, "avx2", __m256i,
                    _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(factor, factor), factor)))
HONE_OPERATION_LOOP(runInt8VNNI, "avx2,avxvnni", __m256i, _mm256_dpbusd_avx_epi32(sum, factor, factor))
HONE_OPERATION_LOOP(runInt8Wide, "avx512f,avx512vnni", __m512i, _mm512_dpbusd_epi32(sum, factor, factor))

/// A multiplication and an addition for each number of a vector. Products on tiles (AMX) are not measured: kernels for
/// that level are compared with its vectors.
static OperationLoop loopOf(uint64_t arithmetic, unsigned level) {
  constexpr double scale = accumulators * 2;
  bool isWide = level >= HONE_ISA_AVX_512, hasVNNI = level >= HONE_ISA_AVX_VNNI;
  switch (arithmetic) {
  case HONE_ARITHMETIC_F32:
    return isWide ? OperationLoop{runF32Wide, scale * 16} : OperationLoop{runF32, scale * 8};
  case HONE_ARITHMETIC_INT16:
    return isWide    ? OperationLoop{runInt16Wide, scale * 32}
           : hasVNNI ? OperationLoop{runInt16VNNI, scale * 16}
                     : OperationLoop{runInt16, scale * 16};
  default:
    return isWide    ? OperationLoop{runInt8Wide, scale * 64}
           : hasVNNI ? OperationLoop{runInt8VNNI, scale * 32}
                     : OperationLoop{runInt8, scale * 32};
  }
}

static void runLoop(void *context, int32_t, int32_t) { static_cast<OperationLoop *>(context)->run(); }

double rt::measureOperationRate(Workers &workers, uint64_t arithmetic, unsigned level) {
  OperationLoop loop = loopOf(arithmetic, level);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    int64_t begin = now();
    workers.run(runLoop, &loop);
    int64_t nanoseconds = std::max<int64_t>(now() - begin, 1);
    best = std::max(best, loop.operations * rounds * workers.size() * 1e9 / static_cast<double>(nanoseconds));
  }
  return best;
}
