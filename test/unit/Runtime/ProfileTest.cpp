//===- ProfileTest.cpp - Recorded steps and what is made of them ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Profile.h"
#include "Energy.h"
#include "Session.h"
#include "StubModel.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace hone;
using namespace hone::rt;

namespace {

/// Two sequences of 30 and 10 tokens, 24 rows in a step, then one more token of each; the stub's four calls are
/// recorded for at most `steps` steps.
class ProfileTest : public testing::TestWithParam<int> {
protected:
  void runRecorded(int64_t steps) {
    model = std::make_unique<Model>(*Model::open(hone_program_module, weightSection()));
    workers = std::move(*Workers::create(GetParam(), 2));
    SessionOptions options;
    options.sequences = 2;
    session = std::move(*Session::create(*model, *workers, options));
    recorder = std::move(*Recorder::create(GetParam(), steps, 4));
    session->record(recorder.get());
    recorder->begin();
    std::vector<Row> rows;
    int32_t sequences[] = {*session->memory().open(), *session->memory().open()};
    for (int i = 0; i < 40; ++i)
      rows.push_back({i, sequences[i >= 30], i == 29 || i == 39});
    std::vector<float> logits(2 * stub_vocabulary);
    ASSERT_FALSE(session->run(rows.data(), 40, logits.data()));
    Row more[] = {{1, sequences[0], true}, {2, sequences[1], true}};
    ASSERT_FALSE(session->run(more, 2, logits.data()));
    recorder->end();
    session->record(nullptr);
    ASSERT_FALSE(session->run(more, 2, logits.data())); // Is not recorded.
  }

  std::unique_ptr<Model> model;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Session> session;
  std::unique_ptr<Recorder> recorder;
};

} // namespace

TEST_P(ProfileTest, EachWorkerHasAllCallsInTheirOrderWithoutGaps) {
  runRecorded(10);
  ASSERT_EQ(recorder->steps().size(), 3u);
  for (const Recorder::Step &step : recorder->steps())
    for (int32_t worker = 0; worker < GetParam(); ++worker) {
      std::vector<int64_t> calls;
      uint64_t now = step.begin;
      recorder->forEachSpan(step, worker, [&](int64_t call, uint64_t begin, uint64_t end) {
        calls.push_back(call);
        EXPECT_EQ(begin, now);
        EXPECT_LE(begin, end);
        now = end;
      });
      EXPECT_EQ(now, step.end);
      EXPECT_EQ(calls, (std::vector<int64_t>{-1, 0, -1, 1, -1, 2, -1, 3, -1}));
    }
}

TEST_P(ProfileTest, ShapesCountRowsAndPositions) {
  runRecorded(10);
  // 24 rows of the first sequence; its other 6 with 10 of the second; one of each.
  int64_t expected[][4] = {{24, 0, 24, 24 * 25 / 2}, {16, 2, 30 + 10, 25 * 6 + 15 + 55}, {2, 2, 31 + 11, 31 + 11}};
  for (size_t i = 0; i < 3; ++i) {
    const StepShape &shape = recorder->steps()[i].shape;
    EXPECT_EQ(shape.rows, expected[i][0]);
    EXPECT_EQ(shape.logitRows, expected[i][1]);
    EXPECT_EQ(shape.positions, expected[i][2]);
    EXPECT_EQ(shape.rowPositions, expected[i][3]);
  }
}

TEST_P(ProfileTest, TimesAddUp) {
  runRecorded(10);
  Profile profile = makeProfile(hone_program_module, *recorder);
  double sum = profile.waits.total + profile.outside;
  for (const ProfileLine &line : profile.kernels) {
    EXPECT_GE(line.total, 0);
    EXPECT_EQ(line.byStep.size(), 3u);
    sum += line.total;
  }
  EXPECT_GT(profile.total, 0);
  EXPECT_NEAR(sum, profile.total, profile.total * 1e-9);
}

TEST_P(ProfileTest, WorkIsThatOfTheTables) {
  runRecorded(10);
  Profile profile = makeProfile(hone_program_module, *recorder);
  ASSERT_EQ(profile.kernels.size(), 3u);
  for (const ProfileLine &line : profile.kernels) {
    Work work = line.allWork();
    EXPECT_EQ(line.calls, 1u); // A later phase is no call of its own.
    if (line.kernel == &hone_program_module.kernels[0]) {
      EXPECT_EQ(work.bytes, 3 * 1188);
      EXPECT_EQ(work.operations[HONE_ARITHMETIC_INT16], 100 * (24 + 16 + 2));
    } else if (line.kernel == &hone_program_module.kernels[1]) {
      EXPECT_EQ(work.bytes, 8 * (24 + 40 + 42));
      EXPECT_EQ(work.operations[HONE_ARITHMETIC_F32], 4 * (300 + 220 + 42));
    } else {
      EXPECT_EQ(work.bytes, 16 * (0 + 2 + 2));
      EXPECT_EQ(work.operations[HONE_ARITHMETIC_INT8], 64 * (0 + 2 + 2));
    }
    EXPECT_EQ(work.operations[HONE_ARITHMETIC_NONE], 0);
  }
}

TEST_P(ProfileTest, StepsForWhichNoMemoryWasTakenAreLeftOut) {
  runRecorded(2);
  EXPECT_EQ(recorder->steps().size(), 2u);
  EXPECT_EQ(makeProfile(hone_program_module, *recorder).steps, 2u);
}

INSTANTIATE_TEST_SUITE_P(Workers, ProfileTest, testing::Values(1, 2, 5));

TEST(LimitsTest, TheSlowerOfReadingAndComputingIsTheLimit) {
  MachineRates rates;
  rates.read = 100;
  rates.operations[HONE_ARITHMETIC_F32] = 10;
  rates.operations[HONE_ARITHMETIC_INT8] = 40;
  Work work;
  work.bytes = 300;
  work.operations[HONE_ARITHMETIC_F32] = 20;
  work.operations[HONE_ARITHMETIC_INT8] = 20;
  EXPECT_EQ(work.readSeconds(rates), 3);
  EXPECT_EQ(work.computeSeconds(rates), 2.5);
  EXPECT_EQ(work.limitSeconds(rates), 3);
  work += work;
  EXPECT_EQ(work.limitSeconds(rates), 6);
  EXPECT_EQ(work.limitSeconds(MachineRates()), 0);
}

TEST(LimitsTest, AProgramWithoutATableOfCallsReadsItsWeights) {
  hone_module module = hone_program_module;
  module.call_count = 0;
  EXPECT_EQ(workOf(module, {7, 1, 20, 100}).bytes, static_cast<double>(module.weight_bytes_per_token));
  EXPECT_EQ(workOf(module, {7, 1, 20, 100}).allOperations(), 0);
}

TEST(EnergyTest, PackagesAreSummedAndWrap) {
  std::filesystem::path root = std::filesystem::path(testing::TempDir()) / "hone-energy-test";
  auto write = [&](const char *zone, const char *file, const char *text) {
    std::filesystem::create_directories(root / zone);
    std::ofstream(root / zone / file) << text;
  };
  std::filesystem::remove_all(root);
  EXPECT_FALSE(EnergyMeter(root.string()).isReadable());
  for (const char *zone : {"intel-rapl:0", "intel-rapl:1", "intel-rapl:2"}) {
    write(zone, "name", zone[11] == '2' ? "psys\n" : "package-0\n");
    write(zone, "energy_uj", "1000000\n");
    write(zone, "max_energy_range_uj", "9000000\n");
  }
  EnergyMeter meter(root.string());
  EXPECT_TRUE(meter.isReadable());
  write("intel-rapl:0", "energy_uj", "3000000\n");
  write("intel-rapl:1", "energy_uj", "500000\n");
  write("intel-rapl:2", "energy_uj", "7000000\n");
  EXPECT_DOUBLE_EQ(meter.take(), 2.0 + 8.5);
  EXPECT_DOUBLE_EQ(meter.take(), 0);
  std::filesystem::remove_all(root);
}
