//===- BenchMeasure.cpp - The measuring of the command bench --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "Bench.h"
#include "Energy.h"
#include "Format.h"
#include "Machine.h"

#include <algorithm>
#include <sys/resource.h>

using namespace hone;
using namespace hone::rt;

static constexpr int firstLogitsRuns = 5;
static constexpr int64_t mostRecordedSteps = 128;

Spread rt::spread(std::vector<double> values) {
  if (values.empty())
    return {};
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  double median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {values.front(), median, values.back()};
}

std::vector<int32_t> rt::benchTokens(int64_t count, uint32_t vocabulary) {
  std::vector<int32_t> tokens(count);
  uint64_t state = 1;
  for (int32_t &token : tokens) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    token = static_cast<int32_t>((state >> 33) % vocabulary);
  }
  return tokens;
}

std::vector<BenchTest> rt::listTests(const Options &options) {
  std::vector<BenchTest> tests;
  for (int64_t tokens : options.benchPrompt)
    if (tokens > 0)
      tests.push_back({false, tokens, 1});
  for (int64_t tokens : options.benchGenerate)
    for (int64_t batch : options.benchBatch)
      if (tokens > 0)
        tests.push_back({true, tokens, batch});
  return tests;
}

static double cpuSeconds() {
  struct rusage usage;
  if (::getrusage(RUSAGE_SELF, &usage) != 0)
    return 0;
  auto seconds = [](const struct timeval &time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

namespace {

/// Runs the tests of a group. Each starts from copies of sequences that hold the context.
class GroupRunner {
public:
  GroupRunner(Session &session, int64_t depth) : session(session), depth(depth) {}

  /// Fills as many sequences as the largest batch has.
  Status prepare(int64_t batch);
  /// Seconds of one run.
  Result<double> run(const BenchTest &test, Recorder *recorder = nullptr);
  Work workOfRun(const BenchTest &test) const;
  int64_t stepsOf(const BenchTest &test) const;

private:
  Session &session;
  const int64_t depth;
  std::vector<int32_t> bases;

  Status generate(const BenchTest &test, const std::vector<int32_t> &sequences);
};

} // namespace

Status GroupRunner::prepare(int64_t batch) {
  std::vector<int32_t> tokens = benchTokens(depth, session.vocabulary());
  for (int64_t i = 0; i < batch; ++i) {
    Result<int32_t> base = session.memory().open();
    if (!base)
      return base.takeError();
    bases.push_back(*base);
    if (Status failed = session.feed(*base, tokens.data(), depth, nullptr))
      return failed;
  }
  return {};
}

Status GroupRunner::generate(const BenchTest &test, const std::vector<int32_t> &sequences) {
  Sampler sampler{SamplerOptions()};
  std::vector<float> logits(static_cast<size_t>(session.vocabulary()) * sequences.size());
  std::vector<Row> rows;
  for (int32_t sequence : sequences)
    rows.push_back({0, sequence, true});
  for (int64_t i = 0; i < test.tokens; ++i) {
    if (Status failed = session.run(rows.data(), test.batch, logits.data()))
      return failed;
    for (size_t row = 0; row < rows.size(); ++row) {
      Result<int32_t> next = nextToken(session, sampler, logits.data() + row * session.vocabulary(), {});
      if (!next)
        return next.takeError();
      rows[row].token = *next;
    }
  }
  return {};
}

Result<double> GroupRunner::run(const BenchTest &test, Recorder *recorder) {
  std::vector<int32_t> sequences;
  for (int64_t i = 0; i < test.batch; ++i) {
    Result<int32_t> sequence = session.memory().fork(bases[i]);
    if (!sequence)
      return sequence.takeError();
    sequences.push_back(*sequence);
  }
  std::vector<int32_t> prompt = benchTokens(test.generates ? 0 : test.tokens, session.vocabulary());
  std::vector<float> logits(session.vocabulary());
  session.record(recorder);
  if (recorder)
    recorder->begin();
  int64_t begin = now();
  Status failed = test.generates ? generate(test, sequences)
                                 : session.feed(sequences.front(), prompt.data(), test.tokens, logits.data());
  double seconds = static_cast<double>(std::max<int64_t>(now() - begin, 1)) * 1e-9;
  if (recorder)
    recorder->end();
  session.record(nullptr);
  for (int32_t sequence : sequences)
    session.memory().release(sequence);
  if (failed)
    return *failed;
  return seconds;
}

int64_t GroupRunner::stepsOf(const BenchTest &test) const {
  return test.generates ? test.tokens : (test.tokens + session.rowsPerStep() - 1) / session.rowsPerStep();
}

Work GroupRunner::workOfRun(const BenchTest &test) const {
  Work work;
  int64_t rows = test.generates ? 1 : session.rowsPerStep();
  for (int64_t done = 0; done < test.tokens; done += rows) {
    rows = std::min(rows, test.tokens - done);
    int64_t end = depth + done + rows;
    StepShape shape = {rows, done + rows == test.tokens, end, rows * end - rows * (rows - 1) / 2};
    if (test.generates)
      shape = {test.batch, test.batch, test.batch * end, test.batch * end};
    work += workOf(session.model().module(), shape);
  }
  return work;
}

/// All tests in turn, `runs` times after one round that is not counted: it reads the weights from disk.
static Status measureTests(GroupRunner &runner, const std::vector<BenchTest> &tests, int64_t runs, EnergyMeter &energy,
                           BenchGroup &group) {
  std::vector<std::vector<double>> rates(tests.size());
  std::vector<double> wall(tests.size()), cpu(tests.size()), joules(tests.size());
  for (int64_t run = -1; run < runs; ++run)
    for (size_t i = 0; i < tests.size(); ++i) {
      double cpuBegin = cpuSeconds();
      energy.take();
      Result<double> seconds = runner.run(tests[i]);
      if (!seconds)
        return seconds.takeError();
      if (run < 0)
        continue;
      joules[i] += energy.take();
      cpu[i] += cpuSeconds() - cpuBegin;
      wall[i] += *seconds;
      rates[i].push_back(static_cast<double>(tests[i].tokens * tests[i].batch) / *seconds);
    }
  for (size_t i = 0; i < tests.size(); ++i) {
    BenchFigures figures = {tests[i], spread(rates[i]), runner.workOfRun(tests[i]), cpu[i] / wall[i]};
    if (energy.isReadable())
      figures.joulesPerToken = joules[i] / static_cast<double>(tests[i].tokens * tests[i].batch * runs);
    group.tests.push_back(figures);
  }
  return {};
}

static Status recordTests(GroupRunner &runner, const std::vector<BenchTest> &tests, int64_t calls, BenchGroup &group) {
  for (BenchTest test : tests) {
    if (test.generates)
      test.tokens = std::min(test.tokens, mostRecordedSteps);
    Result<std::unique_ptr<Recorder>> recorder =
        Recorder::create(static_cast<int32_t>(group.threads), runner.stepsOf(test), calls);
    if (!recorder)
      return recorder.takeError();
    Result<double> seconds = runner.run(test, recorder->get());
    if (!seconds)
      return seconds.takeError();
    group.recordings.push_back(std::move(*recorder));
  }
  return {};
}

static Result<ThreadFigures> measureThreads(const Options &options, const Engine &engine) {
  ThreadFigures figures;
  std::vector<double> starts;
  for (int run = 0; run < firstLogitsRuns; ++run) {
    Result<double> milliseconds = timeFirstLogits(options, engine.workers->size());
    if (!milliseconds)
      return milliseconds.takeError();
    starts.push_back(*milliseconds);
  }
  figures.firstLogits = spread(starts).median;
  Result<MachineRates> rates = measureLimits(*engine.model, *engine.workers);
  if (!rates)
    return rates.takeError();
  figures.rates = *rates;
  return figures;
}

static Status measureGroup(const Options &options, int64_t threads, int64_t depth, EnergyMeter &energy,
                           BenchReport &report) {
  std::vector<BenchTest> tests = listTests(options);
  int64_t longest = 0, batch = 1;
  for (const BenchTest &test : tests) {
    longest = std::max(longest, test.tokens);
    batch = std::max(batch, test.batch);
  }
  resetPeakMemory();
  Options here = options;
  here.threads = threads;
  Result<Engine> engine = startEngine(here, static_cast<uint32_t>(2 * batch));
  if (!engine)
    return engine.takeError();
  Session &session = *engine->session;
  // Of all groups, so that it shows before the first is measured.
  int64_t deepest = *std::max_element(options.benchDepth.begin(), options.benchDepth.end());
  if (Status failed = checkFits(session, "the benchmark", deepest + longest))
    return failed;
  if (batch > session.rowsPerStep())
    return Error(format("'--batch': expected at most %u sequences, which the program takes in one step, got %lld",
                        session.rowsPerStep(), static_cast<long long>(batch)));
  const hone_module &module = engine->model->module();
  if (options.profile && module.call_count == 0)
    return Error("'--profile': expected a program that marks its kernel calls, got one without marks; compile the "
                 "model again with this version of hone");

  BenchGroup group;
  group.threads = engine->workers->size();
  group.depth = depth;
  group.isaLevel = engine->model->isaLevel();
  group.rowsPerStep = session.rowsPerStep();
  GroupRunner runner(session, depth);
  if (Status failed = runner.prepare(batch))
    return failed;
  if (Status failed = measureTests(runner, tests, options.benchRuns, energy, group))
    return failed;
  group.movedWeightBytes = engine->model->weightMove().movedBytes();
  group.peakMemory = peakResidentMemory(); // Before recordings, and the buffer that limits are measured with.
  if (options.profile)
    if (Status failed = recordTests(runner, tests, static_cast<int64_t>(module.call_count), group))
      return failed;
  if (report.threads.find(group.threads) == report.threads.end()) {
    Result<ThreadFigures> figures = measureThreads(options, *engine);
    if (!figures)
      return figures.takeError();
    report.threads[group.threads] = *figures;
  }
  report.groups.push_back(std::move(group));
  return {};
}

Result<BenchReport> rt::measureAll(const Options &options) {
  BenchReport report;
  EnergyMeter energy;
  report.hasEnergy = energy.isReadable();
  for (int64_t threads : options.benchThreads)
    for (int64_t depth : options.benchDepth)
      if (Status failed = measureGroup(options, threads, depth, energy, report))
        return *failed;
  return report;
}
