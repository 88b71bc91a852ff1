//===- Barrier.h - A barrier of the workers of a step -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_BARRIER_H
#define HONE_LIB_RUNTIME_BARRIER_H

#include "hone-rt/ABI.h"

#include <atomic>
#include <cstdint>

namespace hone::rt {
class Recorder;
}

/// A barrier for a fixed number of workers, reusable at once: `generation` counts the times that it opened. A waiting
/// worker spins for at most `spinTicks` of the time-stamp counter, then sleeps on `generation` as a futex, so a
/// worker that lost its CPU costs the others no more than that. Opening it makes a system call only if somebody sleeps.
/// Every worker's writes before the barrier happen before every worker's reads after it.
struct hone_barrier {
  /// `cpus` is how many CPUs the workers may run on: with fewer than `workers` nobody spins.
  hone_barrier(uint32_t workers, uint32_t cpus);

  void wait();

  /// What hone_rt_mark tells, or null. Not to be changed while workers run.
  hone::rt::Recorder *recorder = nullptr;

private:
  /// About 20 to 50 microseconds: several times what waking a sleeper costs, far less than a time slice.
  static constexpr uint64_t defaultSpinTicks = 100000;

  const uint32_t workers;
  const uint64_t spinTicks;
  alignas(64) std::atomic<uint32_t> arrived{0};
  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
};

#endif // HONE_LIB_RUNTIME_BARRIER_H
