//===- TuningTest.cpp - The cost model, and machine files ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Tuning.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::x86;

namespace {

/// Machines by their data sheets; rates, latencies and peaks are of the order that their cores have.
Machine makeMachine(int64_t l1, int64_t l2, int64_t coreReadRate, int64_t latency) {
  Machine machine;
  machine.name = "a machine";
  machine.l1Bytes = l1 << 10;
  machine.l2Bytes = l2 << 10;
  machine.coreReadRate = coreReadRate;
  machine.readRate = 4 * coreReadRate;
  machine.latency = latency;
  machine.peaks = {{Level::V3, 140000, 550000, 280000}, {Level::AVX512, 288000, 1150000, 575000}};
  return machine;
}
const Machine kZen3 = makeMachine(32, 512, 25000, 90);
const Machine kZen5 = makeMachine(48, 1024, 43000, 110);
const Machine kSapphireRapids = makeMachine(48, 2048, 12000, 120);

/// 576 columns of Q4_1.
ProductKind makeKind(Level level, int64_t elementBytes) { return {level, elementBytes, 576, 160, 2}; }

TEST(TuningTest, DefaultsAreThoseOfLevels) {
  Tuning narrow = getDefaultTuning(makeKind(Level::V3, 2)), wide = getDefaultTuning(makeKind(Level::AVX512, 2));
  EXPECT_EQ(narrow.aheadBytes, 8192);
  EXPECT_EQ(narrow.tileRows, 4);
  EXPECT_EQ(narrow.fewRows, 4);
  EXPECT_EQ(narrow.singleRowPanels, 1);
  EXPECT_EQ(wide.tileRows, 5);
  EXPECT_EQ(wide.fewRows, 8);
  EXPECT_EQ(wide.singleRowPanels, 1);
  EXPECT_EQ(getDefaultTuning(makeKind(Level::AVX512, 1)).singleRowPanels, 1);
}

TEST(TuningTest, WeightsAreAskedForAsFarAheadAsBytesAreUnderWay) {
  // 25 GB/s * 90 ns = 2250 bytes, half as many again, to the next power of two; 43 GB/s * 110 ns = 4730.
  EXPECT_EQ(chooseTuning(makeKind(Level::V3, 2), kZen3).aheadBytes, 4096);
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kZen5).aheadBytes, 8192);
  // Never so many that they push out what is in use: a fourth of 48 KB, rounded down.
  Machine far = kZen5;
  far.latency = 1000;
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), far).aheadBytes, 8192);
}

TEST(TuningTest, ChunksFitTheFirstLevelCache) {
  // Of 16 output rows, 32 columns of i16 and two factors: 1152 bytes a block. 8 of them and a tile's activations fit
  // 20 KB of 32, 16 do not; 30 KB of 48 hold 16.
  EXPECT_EQ(chooseTuning(makeKind(Level::V3, 2), kZen3).chunkBlocks, 8);
  EXPECT_EQ(chooseTuning(makeKind(Level::V3, 2), kZen5).chunkBlocks, 16);
  // Of 32 output rows: 2304 bytes.
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kZen5).chunkBlocks, 8);
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kSapphireRapids).chunkBlocks, 8);
  // 1368 bytes of a row, twice 1 MB at most.
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kZen5).chunkRows, 256);
}

TEST(TuningTest, TilesFillRegistersWithoutRowsToSpare) {
  EXPECT_EQ(chooseTuning(makeKind(Level::V3, 2), kZen3).tileRows, 4);
  // Of 5 rows the sums of floats fit beside those of integers: 20 registers, two of weights, and a factor of each row.
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kZen5).tileRows, 5);
}

TEST(TuningTest, SingleRowsUseAllLanesWhereUnpackingTakesLonger) {
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 2), kZen5).singleRowPanels, 1);
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 1), kSapphireRapids).singleRowPanels, 1);
  // A core that reads at once is held up by unpacking alone.
  Machine quick = kSapphireRapids;
  quick.coreReadRate = 1000000;
  EXPECT_EQ(chooseTuning(makeKind(Level::AVX512, 1), quick).singleRowPanels, 2);
}

TEST(TuningTest, WhatTheModelChoosesFitsAnyMachine) {
  for (int64_t l1 : {4, 32, 48, 192, 16384})
    for (int64_t rate : {1, 40000, 1000000000})
      for (Level level : {Level::V3, Level::AVXVNNI, Level::AVX512})
        for (int64_t bytes : {1, 2}) {
          ProductKind kind = makeKind(level, bytes);
          Status failed = checkTuning(kind, chooseTuning(kind, makeMachine(l1, 1024, rate, 1000)));
          EXPECT_FALSE(failed) << failed->message();
          EXPECT_FALSE(checkTuning(kind, getDefaultTuning(kind)));
        }
}

TEST(TuningTest, FilesComeBackAsTheyWere) {
  Machine machine = kZen5;
  machine.learned.push_back({"a \"kernel\"", Level::AVX512, getDefaultTuning(makeKind(Level::AVX512, 1))});
  std::string text = formatMachine(machine);
  Result<Machine> read = parseMachine(text, "here.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(formatMachine(*read), text);
  const Machine::Learned *entry = read->findLearned("a \"kernel\"", Level::AVX512);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->tuning == machine.learned.front().tuning);
  EXPECT_FALSE(read->findLearned("a \"kernel\"", Level::V3));
}

} // namespace
