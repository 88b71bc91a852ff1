//===- TimedTeam.cpp - Threads whose common work is timed -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/TimedTeam.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <sched.h>
#include <thread>
#include <vector>

using namespace hone::x86;

/// Of several runs one may be undisturbed.
static constexpr int64_t kLeastRuns = 5;

namespace {

class SpinBarrier {
public:
  explicit SpinBarrier(int64_t count) : count(count) {}

  void wait() {
    int64_t own = generation.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
      arrived.store(0, std::memory_order_relaxed);
      generation.store(own + 1, std::memory_order_release);
      return;
    }
    while (generation.load(std::memory_order_acquire) == own)
      __builtin_ia32_pause();
  }

private:
  const int64_t count;
  alignas(64) std::atomic<int64_t> arrived{0};
  alignas(64) std::atomic<int64_t> generation{0};
};

} // namespace

/// CPU number `index` of those that the process may use.
static void stayOnCPU(const cpu_set_t &allowed, int64_t index) {
  index %= std::max(CPU_COUNT(&allowed), 1);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed) && index-- == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof(one), &one);
      return;
    }
}

Timing hone::x86::timeTogether(int64_t threads, double seconds, const std::function<void(int64_t, int64_t)> &work) {
  using Clock = std::chrono::steady_clock;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  SpinBarrier barrier(threads);
  bool ends = false; // written between two barriers, by the first thread
  std::vector<double> times;
  auto run = [&](int64_t worker) {
    stayOnCPU(allowed, worker);
    Clock::time_point begin;
    for (int64_t number = 0; !ends; ++number) {
      barrier.wait();
      Clock::time_point start = Clock::now();
      work(number, worker);
      barrier.wait();
      if (worker == 0) {
        Clock::time_point end = Clock::now();
        if (number == 0)
          begin = end;
        else
          times.push_back(std::chrono::duration<double>(end - start).count());
        ends = number >= kLeastRuns && std::chrono::duration<double>(end - begin).count() >= seconds;
      }
      barrier.wait();
    }
  };
  std::vector<std::thread> others;
  for (int64_t worker = 1; worker < threads; ++worker)
    others.emplace_back(run, worker);
  run(0);
  for (std::thread &other : others)
    other.join();
  sched_setaffinity(0, sizeof(allowed), &allowed);
  Timing timing;
  timing.runs = static_cast<int64_t>(times.size());
  std::sort(times.begin(), times.end());
  timing.best = times.front();
  timing.median = times[times.size() / 2];
  return timing;
}
