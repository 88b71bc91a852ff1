//===- Barrier.cpp - A barrier of the workers of a step -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Barrier.h"
#include "Futex.h"

#include <x86intrin.h>

using namespace hone::rt;

hone_barrier::hone_barrier(uint32_t workers, uint32_t cpus)
    : workers(workers), spinTicks(workers <= cpus ? defaultSpinTicks : 0) {}

void hone_barrier::wait() {
  // Nobody can open this generation before this worker has arrived, so the value cannot be stale.
  uint32_t current = generation.load(std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == workers) {
    arrived.store(0, std::memory_order_relaxed);
    // Sequentially consistent on both sides: either this sees the sleeper, or the sleeper sees the new generation.
    generation.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) != 0)
      futexWakeAll(generation);
    return;
  }

  if (spinTicks != 0) {
    uint64_t begin = __rdtsc();
    do {
      for (int i = 0; i < 16; ++i) {
        if (generation.load(std::memory_order_acquire) != current)
          return;
        _mm_pause();
      }
    } while (__rdtsc() - begin < spinTicks);
  }

  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (generation.load(std::memory_order_seq_cst) == current)
    futexWait(generation, current);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}

extern "C" void hone_rt_barrier(hone_barrier *barrier) { barrier->wait(); }
