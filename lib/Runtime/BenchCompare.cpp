//===- BenchCompare.cpp - Two programs side by side -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bench.h"
#include "Child.h"
#include "Console.h"
#include "Format.h"
#include "Json.h"
#include "Machine.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

namespace {

/// A figure of bench's JSON that is compared.
struct ComparedFigure {
  const char *key; ///< in an object `parent`, or in the outermost object
  const char *parent;
  const char *name; ///< of the result
  const char *unit;
};

/// One of the two.
struct Side {
  std::string path, name;
  std::vector<std::vector<double>> values; ///< by figure and round
};

} // namespace

static constexpr ComparedFigure comparedFigures[] = {
    {"median", "prompt_tokens_per_s", "prompt_tokens_per_s", "tokens/s"},
    {"median", "generate_tokens_per_s", "generate_tokens_per_s", "tokens/s"},
    {"first_logits_ms", nullptr, "first_logits_ms", "ms"},
    {"peak_rss_mb", nullptr, "peak_rss_mb", "MB"},
};

/// The number of `figure` in what bench prints: keys are found by their text, since what they hold has no such strings.
static std::optional<double> findFigure(const std::string &json, const ComparedFigure &figure) {
  size_t place = 0;
  for (const char *key : {figure.parent, figure.key}) {
    if (!key)
      continue;
    std::string text = format("\"%s\": ", key);
    place = json.find(text, place);
    if (place == std::string::npos)
      return std::nullopt;
    place += text.size();
  }
  char *end = nullptr;
  double value = std::strtod(json.c_str() + place, &end);
  if (end == json.c_str() + place)
    return std::nullopt;
  return value;
}

/// What both programs are told.
static std::vector<std::string> wordsOf(const std::string &name, const Options &options) {
  auto number = [](int64_t value) { return std::to_string(value); };
  std::vector<std::string> words = {name,
                                    "bench",
                                    "--json",
                                    "--runs",
                                    "1",
                                    "--prompt",
                                    number(options.benchPrompt.front()),
                                    "--generate",
                                    number(options.benchGenerate.front()),
                                    "--depth",
                                    number(options.benchDepth.front())};
  // An older program does not know this one.
  if (options.benchBatch.front() != 1)
    words.insert(words.end(), {"--batch", number(options.benchBatch.front())});
  if (options.benchThreads.front() != 0)
    words.insert(words.end(), {"--threads", number(options.benchThreads.front())});
  if (!options.isa.empty())
    words.insert(words.end(), {"--isa", options.isa});
  if (options.hugePages)
    words.insert(words.end(), {"--huge-pages", "on"});
  if (options.context != 0)
    words.insert(words.end(), {"--context", number(options.context)});
  return words;
}

/// One round of one program. Its own messages go to standard error.
static Status runSide(Side &side, const Options &options) {
  Result<Child> child = Child::start(side.path, wordsOf(side.name, options), STDOUT_FILENO);
  if (!child)
    return child.takeError();
  std::string json = child->read(1u << 20);
  if (int status = child->finish(); status != 0)
    return Error(format("'%s bench' ended with exit status %d; a program that hone made is expected", side.name.c_str(),
                        status));
  for (size_t i = 0; i < std::size(comparedFigures); ++i)
    if (std::optional<double> value = findFigure(json, comparedFigures[i]))
      side.values[i].push_back(*value);
  return {};
}

static std::string compareText(const Options &options, const Side sides[2]) {
  std::string text = format("%s beside %s on %s, median of %lld rounds (lowest to highest)\n\n", sides[0].name.c_str(),
                            sides[1].name.c_str(), cpuName().c_str(), static_cast<long long>(options.benchRuns));
  std::string labels[] = {format("prompt, %s tokens", grouped(options.benchPrompt.front()).c_str()),
                          format("generation, %s tokens", grouped(options.benchGenerate.front()).c_str()),
                          "first logits", "peak memory"};
  for (size_t i = 0; i < std::size(comparedFigures); ++i) {
    if (sides[0].values[i].empty() || sides[1].values[i].empty())
      continue;
    Spread first = spread(sides[0].values[i]), second = spread(sides[1].values[i]);
    auto cells = [](const Spread &spread) {
      return format("%10.2f %-24s", spread.median, format("(%.2f to %.2f)", spread.least, spread.most).c_str());
    };
    text += format("%-26s %s %s %-8s ratio %.3f\n", labels[i].c_str(), cells(first).c_str(), cells(second).c_str(),
                   comparedFigures[i].unit, first.median / second.median);
  }
  return text;
}

static std::string compareJson(const Options &options, const Side sides[2]) {
  JsonWriter json;
  json.beginObject();
  json.string("cpu", cpuName());
  json.whole("rounds", static_cast<uint64_t>(options.benchRuns));
  json.whole("prompt_tokens", static_cast<uint64_t>(options.benchPrompt.front()));
  json.whole("generate_tokens", static_cast<uint64_t>(options.benchGenerate.front()));
  json.whole("depth_tokens", static_cast<uint64_t>(options.benchDepth.front()));
  json.whole("batch", static_cast<uint64_t>(options.benchBatch.front()));
  json.beginArray("programs");
  json.string("", sides[0].name);
  json.string("", sides[1].name);
  json.endArray();
  for (size_t i = 0; i < std::size(comparedFigures); ++i) {
    if (sides[0].values[i].empty() || sides[1].values[i].empty())
      continue;
    json.beginObject(comparedFigures[i].name);
    double medians[2];
    for (int side = 0; side < 2; ++side) {
      Spread figures = spread(sides[side].values[i]);
      medians[side] = figures.median;
      json.beginObject(side == 0 ? "first" : "second");
      json.real("min", figures.least, 2);
      json.real("median", figures.median, 2);
      json.real("max", figures.most, 2);
      json.endObject();
    }
    json.real("ratio", medians[0] / medians[1], 4);
    json.endObject();
  }
  json.endObject();
  return json.take();
}

Result<int> rt::runCompare(const Options &options) {
  std::string other = options.compareWith;
  if (other.find('/') == std::string::npos) // A file here, not one on PATH.
    other = "./" + other;
  Side sides[2] = {{"/proc/self/exe", programName(), {}}, {other, options.compareWith, {}}};
  for (Side &side : sides)
    side.values.resize(std::size(comparedFigures));
  for (int64_t round = 0; round < options.benchRuns; ++round)
    for (int turn = 0; turn < 2; ++turn)
      if (Status failed = runSide(sides[(round + turn) % 2], options))
        return *failed;
  if (Status failed = writeAll(STDOUT_FILENO, options.json ? compareJson(options, sides) : compareText(options, sides)))
    return *failed;
  return 0;
}
