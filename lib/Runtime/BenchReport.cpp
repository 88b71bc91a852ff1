//===- BenchReport.cpp - The figures of the command bench as text and as JSON ===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bench.h"
#include "Format.h"
#include "IsaLevel.h"
#include "Json.h"
#include "Machine.h"
#include "Profile.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

bool rt::isSingle(const Options &options) {
  for (const std::vector<int64_t> *list :
       {&options.benchPrompt, &options.benchGenerate, &options.benchDepth, &options.benchThreads, &options.benchBatch})
    if (list->size() != 1)
      return false;
  return true;
}

/// Tokens per second that the machine allows; 0 if nothing is known of it.
static double limitRate(const BenchFigures &figures, const MachineRates &rates) {
  double seconds = figures.work.limitSeconds(rates);
  return seconds > 0 ? static_cast<double>(figures.test.tokens * figures.test.batch) / seconds : 0;
}

/// Weights read per second over what memory reads.
static double shareOfRead(const BenchFigures &figures, const MachineRates &rates) {
  return rates.read > 0 ? figures.rate.median / static_cast<double>(figures.test.batch) *
                              static_cast<double>(hone_program_module.weight_bytes_per_token) / rates.read
                        : 0;
}

static std::string testName(const BenchTest &test) {
  return format("%s, %s tokens", test.generates ? "generation" : "prompt", grouped(test.tokens).c_str());
}

static std::string levelName(const BenchReport &report) { return describeLevels(1u << report.groups.front().isaLevel); }

static std::string title(int64_t threads, const Options &options, const BenchReport &report) {
  std::string workers =
      threads > 0 ? format(", %lld thread%s", static_cast<long long>(threads), threads == 1 ? "" : "s") : std::string();
  return format("%s on %s%s, code for %s, median of %lld runs (lowest to highest)\n\n", hone_program_module.name,
                cpuName().c_str(), workers.c_str(), levelName(report).c_str(),
                static_cast<long long>(options.benchRuns));
}

static std::string limitLines(const ThreadFigures &figures) {
  static const char *const names[arithmetics] = {"", "f32 arithmetic", "int16 arithmetic", "int8 arithmetic"};
  std::string text = format("%-26s %10.2f GB/s\n", "memory read", figures.rates.read * 1e-9);
  if (figures.rates.weightRead > 0)
    text += format("%-26s %10.2f GB/s\n", "the weights as mapped", figures.rates.weightRead * 1e-9);
  for (size_t i = 0; i < arithmetics; ++i)
    if (figures.rates.operations[i] > 0)
      text += format("%-26s %10.2f GOP/s\n", names[i], figures.rates.operations[i] * 1e-9);
  text += format("%-26s %10.2f MB\n", "weights per token",
                 static_cast<double>(hone_program_module.weight_bytes_per_token) * 1e-6);
  return text;
}

static std::string endLines(const BenchReport &report, const BenchGroup &group) {
  double firstLogits = report.threads.at(group.threads).firstLogits;
  std::string text =
      format("%-26s %10.2f ms from program start, %d tokens\n", "first logits", firstLogits, firstLogitsTokens);
  if (group.movedWeightBytes != 0)
    text += format("%-26s %10.1f MB\n", "weights moved", static_cast<double>(group.movedWeightBytes) * 1e-6);
  return text + format("%-26s %10.1f MB\n", "peak memory", static_cast<double>(group.peakMemory) * 1e-6);
}

static std::string singleText(const Options &options, const BenchReport &report) {
  const BenchGroup &group = report.groups.front();
  const ThreadFigures &machine = report.threads.at(group.threads);
  std::string text = title(group.threads, options, report);
  for (const BenchFigures &figures : group.tests) {
    text += format("%-26s %10.2f tokens/s  (%.2f to %.2f)\n", testName(figures.test).c_str(), figures.rate.median,
                   figures.rate.least, figures.rate.most);
    if (figures.test.batch > 1)
      text += format("%-26s %10lld sequences in each step\n", "", static_cast<long long>(figures.test.batch));
  }
  text += limitLines(machine);
  for (const BenchFigures &figures : group.tests) {
    double limit = limitRate(figures, machine.rates);
    if (figures.test.generates)
      text += format("%-26s %10.1f %% of what memory allows\n", "generation reaches",
                     shareOfRead(figures, machine.rates) * 100);
    else if (limit > 0 && figures.work.allOperations() > 0)
      text += format("%-26s %10.1f %% of what arithmetic allows\n", "the prompt reaches",
                     figures.rate.median / limit * 100);
  }
  text += endLines(report, group);
  for (const BenchFigures &figures : group.tests) {
    const char *name = figures.test.generates ? "generation" : "the prompt";
    text += format("%-26s %10.2f CPUs\n", format("%s uses", name).c_str(), figures.cpuUse);
    if (report.hasEnergy)
      text += format("%-26s %10.3f J per token\n", format("%s draws", name).c_str(), figures.joulesPerToken);
  }
  if (!report.hasEnergy)
    text += format("%-26s %10s\n", "energy", "not readable here");
  for (size_t i = 0; i < group.recordings.size(); ++i)
    text += profileTable(makeProfile(hone_program_module, *group.recordings[i]),
                         group.tests[i].test.generates ? "generation" : "prompt", machine.rates);
  return text;
}

static std::string rowText(const BenchReport &report, const BenchGroup &group, const BenchFigures &figures) {
  const MachineRates &rates = report.threads.at(group.threads).rates;
  double limit = limitRate(figures, rates);
  bool byMemory = figures.work.readSeconds(rates) >= figures.work.computeSeconds(rates);
  std::string text =
      format("%-24s %7lld %7s %5lld %9.2f %20s", testName(figures.test).c_str(), static_cast<long long>(group.threads),
             grouped(group.depth).c_str(), static_cast<long long>(figures.test.batch), figures.rate.median,
             format("(%.2f to %.2f)", figures.rate.least, figures.rate.most).c_str());
  text += limit > 0 ? format(" %9.2f %-10s %5.1f %%", limit, byMemory ? "memory" : "arithmetic",
                             figures.rate.median / limit * 100)
                    : format(" %9s %-10s %7s", "", "", "");
  text += format(" %6.2f %8.1f", figures.cpuUse, static_cast<double>(group.peakMemory) * 1e-6);
  if (report.hasEnergy)
    text += format(" %8.3f", figures.joulesPerToken);
  return text + "\n";
}

std::string rt::benchText(const Options &options, const BenchReport &report) {
  if (isSingle(options))
    return singleText(options, report);
  std::string text = title(0, options, report);
  text += format("%-24s %7s %7s %5s %9s %20s %9s %-10s %7s %6s %8s%s\n", "", "threads", "depth", "batch", "tokens/s",
                 "", "limit", "", "", "CPUs", "peak MB", report.hasEnergy ? "  J/token" : "");
  for (const BenchGroup &group : report.groups)
    for (const BenchFigures &figures : group.tests)
      text += rowText(report, group, figures);
  for (const auto &[threads, figures] : report.threads) {
    text += format("\n%lld thread%s\n", static_cast<long long>(threads), threads == 1 ? "" : "s") + limitLines(figures);
    text += format("%-26s %10.2f ms from program start, %d tokens\n", "first logits", figures.firstLogits,
                   firstLogitsTokens);
  }
  if (!report.hasEnergy)
    text += "\nenergy is not readable here\n";
  return text;
}

static void writeSpread(JsonWriter &json, const char *key, const Spread &spread) {
  json.beginObject(key);
  json.real("min", spread.least, 2);
  json.real("median", spread.median, 2);
  json.real("max", spread.most, 2);
  json.endObject();
}

static void writeMachine(JsonWriter &json, const ThreadFigures &machine) {
  static const char *const names[arithmetics] = {"", "f32_gop_per_s", "int16_gop_per_s", "int8_gop_per_s"};
  json.real("read_gb_per_s", machine.rates.read * 1e-9, 2);
  if (machine.rates.weightRead > 0)
    json.real("read_weights_gb_per_s", machine.rates.weightRead * 1e-9, 2);
  for (size_t i = 0; i < arithmetics; ++i)
    if (machine.rates.operations[i] > 0)
      json.real(names[i], machine.rates.operations[i] * 1e-9, 2);
  json.whole("weight_bytes_per_token", hone_program_module.weight_bytes_per_token);
}

/// What both forms state about one test; `prefix` tells the tests of one object apart.
static void writeTest(JsonWriter &json, const std::string &prefix, const BenchReport &report,
                      const BenchFigures &figures, const MachineRates &rates) {
  writeSpread(json, (prefix + "tokens_per_s").c_str(), figures.rate);
  if (double limit = limitRate(figures, rates); limit > 0) {
    json.real(prefix + "limit_tokens_per_s", limit, 2);
    json.real(prefix + "share_of_limit", figures.rate.median / limit, 4);
  }
  if (figures.test.generates)
    json.real(prefix + "share_of_read", shareOfRead(figures, rates), 4);
  json.real(prefix + "cpus_used", figures.cpuUse, 2);
  if (report.hasEnergy)
    json.real(prefix + "joules_per_token", figures.joulesPerToken, 4);
}

static void writeSingle(JsonWriter &json, const Options &options, const BenchReport &report) {
  const BenchGroup &group = report.groups.front();
  const ThreadFigures &machine = report.threads.at(group.threads);
  json.beginObject();
  json.string("name", hone_program_module.name);
  json.string("architecture", hone_program_module.architecture);
  json.string("cpu", cpuName());
  json.string("isa", levelName(report));
  json.whole("threads", static_cast<uint64_t>(group.threads));
  json.whole("usable_cpus", static_cast<uint64_t>(usableCPUs()));
  json.whole("runs", static_cast<uint64_t>(options.benchRuns));
  json.whole("prompt_tokens", static_cast<uint64_t>(options.benchPrompt.front()));
  json.whole("generate_tokens", static_cast<uint64_t>(options.benchGenerate.front()));
  json.whole("depth_tokens", static_cast<uint64_t>(group.depth));
  json.whole("batch", static_cast<uint64_t>(options.benchBatch.front()));
  json.whole("rows_per_step", group.rowsPerStep);
  for (const BenchFigures &figures : group.tests)
    writeTest(json, figures.test.generates ? "generate_" : "prompt_", report, figures, machine.rates);
  writeMachine(json, machine);
  json.real("first_logits_ms", machine.firstLogits, 2);
  json.real("peak_rss_mb", static_cast<double>(group.peakMemory) * 1e-6, 1);
  json.whole("moved_weight_bytes", group.movedWeightBytes);
  if (!group.recordings.empty()) {
    json.beginObject("profile");
    for (size_t i = 0; i < group.recordings.size(); ++i)
      writeProfile(json, group.tests[i].test.generates ? "generate" : "prompt",
                   makeProfile(hone_program_module, *group.recordings[i]), machine.rates);
    json.endObject();
  }
  json.endObject();
}

static void writeRow(JsonWriter &json, const Options &options, const BenchReport &report, const BenchGroup &group,
                     const BenchFigures &figures) {
  const ThreadFigures &machine = report.threads.at(group.threads);
  json.beginObject();
  json.string("name", hone_program_module.name);
  json.string("cpu", cpuName());
  json.string("isa", levelName(report));
  json.string("test", figures.test.generates ? "generate" : "prompt");
  json.whole("tokens", static_cast<uint64_t>(figures.test.tokens));
  json.whole("threads", static_cast<uint64_t>(group.threads));
  json.whole("depth_tokens", static_cast<uint64_t>(group.depth));
  json.whole("batch", static_cast<uint64_t>(figures.test.batch));
  json.whole("runs", static_cast<uint64_t>(options.benchRuns));
  writeTest(json, "", report, figures, machine.rates);
  writeMachine(json, machine);
  json.real("first_logits_ms", machine.firstLogits, 2);
  json.real("peak_rss_mb", static_cast<double>(group.peakMemory) * 1e-6, 1);
  json.whole("moved_weight_bytes", group.movedWeightBytes);
  json.endObject();
}

std::string rt::benchJson(const Options &options, const BenchReport &report) {
  JsonWriter json;
  if (isSingle(options)) {
    writeSingle(json, options, report);
    return json.take();
  }
  json.beginArray();
  for (const BenchGroup &group : report.groups)
    for (const BenchFigures &figures : group.tests)
      writeRow(json, options, report, group, figures);
  json.endArray();
  return json.take();
}
