//===- WeightMoveTest.cpp - From the program's file into huge pages -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightMove.h"
#include "Session.h"
#include "StubModel.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>

using namespace hone;
using namespace hone::rt;

namespace {

constexpr MoveLimits onePiece = {64, 0}; ///< of each worker between two steps

class WeightMoveTest : public testing::Test {
protected:
  void SetUp() override {
    if (!hasRoomInHugePages(weightSection().size))
      GTEST_SKIP() << "no huge pages here";
    model.weightMove().setLimits(onePiece);
  }

  Model model = *Model::open(hone_program_module, weightSection());
};

/// The logits after each of `steps` tokens, one by one. What StubModel.h says, of the weights as they are mapped.
std::vector<float> reference(const Model &model, int steps) {
  uint64_t weights = stub_weight_hash(model.weights()), state = 1, result = 3;
  std::vector<float> logits;
  for (int p = 0; p < steps; ++p) {
    state = stub_mix(state, stub_mix(stub_mix(p % stub_vocabulary, p), weights));
    result = stub_mix(result, stub_mix(state, 2));
    for (int v = 0; v < stub_vocabulary; ++v)
      logits.push_back(stub_logit(result, v));
  }
  return logits;
}

/// The same by a session; how far the move is after each step.
std::vector<float> run(const Model &model, int workers, bool hugePages, int steps, std::vector<size_t> &moved) {
  std::unique_ptr<Workers> team = std::move(*Workers::create(workers, 2));
  SessionOptions options;
  options.hugePages = hugePages;
  std::unique_ptr<Session> session = std::move(*Session::create(model, *team, options));
  int32_t sequence = *session->memory().open();
  std::vector<float> logits(static_cast<size_t>(steps) * stub_vocabulary);
  for (int p = 0; p < steps; ++p) {
    int32_t token = p % stub_vocabulary;
    EXPECT_FALSE(session->feed(sequence, &token, 1, &logits[static_cast<size_t>(p) * stub_vocabulary]));
    moved.push_back(model.weightMove().movedBytes());
  }
  return logits;
}

TEST_F(WeightMoveTest, LogitsAreTheSameWhileWeightsMove) {
  for (int workers : {1, 2, 3}) {
    Model model = *Model::open(hone_program_module, weightSection());
    model.weightMove().setLimits(onePiece);
    std::vector<size_t> moved;
    EXPECT_EQ(run(model, workers, true, 70, moved), reference(model, 70)) << workers << " workers";
    EXPECT_EQ(moved[0], 0u) << "before the first logits";
    EXPECT_EQ(moved[1], 64u * workers);
    EXPECT_EQ(moved[10], 640u * workers);
    EXPECT_EQ(moved.back(), weightSection().size);
  }
}

TEST_F(WeightMoveTest, NothingMovesUnlessItIsAskedFor) {
  std::vector<size_t> moved;
  EXPECT_EQ(run(model, 2, false, 5, moved), reference(model, 5));
  EXPECT_EQ(moved.back(), 0u);
}

TEST_F(WeightMoveTest, PointersChangeOnceAllBytesAreThere) {
  const hone_module &module = hone_program_module;
  Section section = weightSection();
  std::unique_ptr<Workers> team = std::move(*Workers::create(1, 1));
  std::vector<const uint8_t *> table = model.weightTable();
  size_t known = 0;
  for (size_t pieces = 1; pieces <= section.size / 64; ++pieces) {
    model.weightMove().advance(*team);
    model.weightMove().update(table, known);
    ASSERT_EQ(known, pieces * 64);
    for (size_t i = 0; i < table.size(); ++i) {
      const hone_weight &weight = module.weights[i];
      bool mapped = table[i] == section.begin + weight.offset;
      EXPECT_EQ(mapped, weight.offset + weight.bytes > known) << weight.name << " after " << known << " bytes";
      EXPECT_EQ(std::memcmp(table[i], section.begin + weight.offset, weight.bytes), 0) << weight.name;
    }
  }
  model.weightMove().advance(*team);
  EXPECT_EQ(model.weightMove().movedBytes(), section.size);
}

TEST_F(WeightMoveTest, PiecesThatDoNotDivideTheSection) {
  model.weightMove().setLimits({1000, 0});
  std::vector<size_t> moved;
  EXPECT_EQ(run(model, 2, true, 5, moved), reference(model, 5));
  EXPECT_EQ(moved, (std::vector<size_t>{0, 2000, 4000, 4096, 4096}));
}

TEST_F(WeightMoveTest, SessionsShareTheMove) {
  std::vector<float> expected = reference(model, 100), results[3];
  std::vector<size_t> moved[3];
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) // The last one does not move but reads where the others moved to.
    threads.emplace_back([&, i] { results[i] = run(model, 2, i != 2, 100, moved[i]); });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(results[i], expected) << "session " << i;
    EXPECT_TRUE(std::is_sorted(moved[i].begin(), moved[i].end()));
  }
  EXPECT_EQ(model.weightMove().movedBytes(), weightSection().size);
}

TEST_F(WeightMoveTest, MemoryThatIsShortIsNotTaken) { EXPECT_FALSE(hasRoomInHugePages(UINT64_C(1) << 60)); }

} // namespace
