//===- WorkerSchedule.cpp - Workers that run one at a time ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkerSchedule.h"

#include <algorithm>
#include <numeric>
#include <thread>

using namespace hone::equivalence;

WorkerSchedule::WorkerSchedule(int64_t workers, WorkerOrder which) : order(workers), finished(workers) {
  std::iota(order.begin(), order.end(), 0);
  if (which == WorkerOrder::LastAhead)
    std::reverse(order.begin(), order.end());
}

void WorkerSchedule::run(llvm::function_ref<void(int64_t)> work) {
  std::vector<std::thread> threads;
  for (size_t place = 0; place < order.size(); ++place)
    threads.emplace_back([this, place, work] {
      {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&] { return turn == place; });
      }
      work(order[place]);
      std::lock_guard<std::mutex> lock(mutex);
      finished[place] = true;
      passOn();
    });
  for (std::thread &thread : threads)
    thread.join();
}

void WorkerSchedule::wait() {
  std::unique_lock<std::mutex> lock(mutex);
  size_t place = turn;
  passOn();
  changed.wait(lock, [&] { return turn == place; });
}

void WorkerSchedule::passOn() {
  for (size_t tried = 0; tried < order.size(); ++tried) {
    turn = (turn + 1) % order.size();
    if (!finished[turn])
      break;
  }
  changed.notify_all();
}
