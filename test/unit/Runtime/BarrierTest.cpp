//===- BarrierTest.cpp - The barrier and the workers ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Workers.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::rt;

namespace {

struct Counts {
  hone_barrier *barrier;
  int rounds;
  std::vector<int> ofWorker; ///< plain: only the barrier orders its accesses
  std::atomic<int> wrong{0};
};

/// Each worker writes its own cell, then reads all others' after the barrier.
void countRounds(void *context, int32_t worker, int32_t workers) {
  auto *counts = static_cast<Counts *>(context);
  for (int round = 1; round <= counts->rounds; ++round) {
    counts->ofWorker[worker] = round;
    hone_rt_barrier(counts->barrier);
    for (int32_t other = 0; other < workers; ++other)
      if (counts->ofWorker[other] != round)
        ++counts->wrong;
    hone_rt_barrier(counts->barrier);
  }
}

/// (workers, CPUs that they are told of): with fewer CPUs nobody spins, so every wait sleeps.
class WorkersTest : public testing::TestWithParam<std::pair<int, int>> {};

} // namespace

TEST_P(WorkersTest, EveryWorkerSeesWhatAllWroteBeforeTheBarrier) {
  auto [workers, cpus] = GetParam();
  Result<std::unique_ptr<Workers>> team = Workers::create(workers, cpus);
  ASSERT_TRUE(bool(team)) << team.error().message();
  Counts counts;
  counts.barrier = (*team)->barrier();
  counts.rounds = 300;
  counts.ofWorker.assign(workers, 0);
  for (int run = 0; run < 20; ++run) {
    counts.ofWorker.assign(workers, 0); // Between runs the caller may touch what the workers wrote.
    (*team)->run(countRounds, &counts);
  }
  EXPECT_EQ(counts.wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, WorkersTest,
                         testing::Values(std::pair(1, 1), std::pair(2, 2), std::pair(2, 1), std::pair(3, 64),
                                         std::pair(7, 2), std::pair(16, 2)));

TEST(WorkersTest, ATeamThatNeverRanEnds) {
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(bool(Workers::create(4, 4)));
}
