//===- BenchCommand.cpp - The command bench -------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "Commands.h"
#include "Console.h"
#include "Format.h"
#include "Json.h"
#include "Machine.h"
#include "ReadRate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

static constexpr int32_t firstLogitsTokens = 16;
static constexpr int firstLogitsRuns = 5;
static constexpr int readPasses = 10;

namespace {

struct Spread {
  double least = 0, median = 0, most = 0;
};

struct Figures {
  Spread prompt, generate;   ///< tokens per second
  double readRate = 0;       ///< bytes per second, from huge pages
  double weightReadRate = 0; ///< the same loop over the weights as they are mapped; 0 if they are too few
  double firstLogits = 0;    ///< milliseconds
  uint64_t peakMemory = 0;
};

} // namespace

static Spread spread(std::vector<double> values) {
  if (values.empty())
    return {};
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  double median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {values.front(), median, values.back()};
}

/// Tokens that are the same on every machine; which ones does not matter to the speed.
static std::vector<int32_t> benchTokens(int64_t count, uint32_t vocabulary) {
  std::vector<int32_t> tokens(count);
  uint64_t state = 1;
  for (int32_t &token : tokens) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    token = static_cast<int32_t>((state >> 33) % vocabulary);
  }
  return tokens;
}

/// Seconds to append `prompt` to a copy of `base` and get the logits after it, or to generate `generate` tokens after
/// it.
static Result<double> timeRun(Session &session, int32_t base, const std::vector<int32_t> &prompt, int64_t generate) {
  Result<int32_t> sequence = session.memory().fork(base);
  if (!sequence)
    return sequence.takeError();
  Sampler sampler{SamplerOptions()};
  std::vector<float> logits(session.vocabulary());
  int64_t begin = now();
  if (generate == 0) {
    if (Status failed = session.feed(*sequence, prompt.data(), static_cast<int64_t>(prompt.size()), logits.data()))
      return *failed;
  }
  int32_t token = 0;
  for (int64_t i = 0; i < generate; ++i) {
    if (Status failed = session.feed(*sequence, &token, 1, logits.data()))
      return *failed;
    Result<int32_t> next = nextToken(session, sampler, logits, prompt);
    if (!next)
      return next.takeError();
    token = *next;
  }
  double seconds = static_cast<double>(std::max<int64_t>(now() - begin, 1)) * 1e-9;
  session.memory().release(*sequence);
  return seconds;
}

/// Prompts and generation, `runs` times in turn after one round that is not counted: it reads the weights from disk.
static Status measureSpeed(Session &session, const Options &options, Figures &figures) {
  Result<int32_t> base = session.memory().open();
  if (!base)
    return base.takeError();
  std::vector<int32_t> depth = benchTokens(options.benchDepth, session.vocabulary());
  if (Status failed = session.feed(*base, depth.data(), options.benchDepth, nullptr))
    return failed;
  std::vector<int32_t> prompt = benchTokens(options.benchPrompt, session.vocabulary());
  std::vector<double> promptRates, generateRates;
  for (int64_t run = -1; run < options.benchRuns; ++run) {
    if (options.benchPrompt > 0) {
      Result<double> seconds = timeRun(session, *base, prompt, 0);
      if (!seconds)
        return seconds.takeError();
      if (run >= 0)
        promptRates.push_back(static_cast<double>(options.benchPrompt) / *seconds);
    }
    if (options.benchGenerate > 0) {
      Result<double> seconds = timeRun(session, *base, {}, options.benchGenerate);
      if (!seconds)
        return seconds.takeError();
      if (run >= 0)
        generateRates.push_back(static_cast<double>(options.benchGenerate) / *seconds);
    }
  }
  figures.prompt = spread(promptRates);
  figures.generate = spread(generateRates);
  return {};
}

/// Milliseconds from just before this program is started anew until it has the logits of a short prompt.
static Result<double> timeStart(int32_t threads) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error(format("a pipe cannot be made: %s", std::strerror(errno)));
  // The child's copy must have another number than the original: otherwise it stays closed on exec.
  int childEnd = ends[1] == 3 ? 4 : 3;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], childEnd);
  std::string name = programName(), threadText = format("%d", threads), fileText = format("%d", childEnd);
  std::string words[] = {name, "first-logits", "--threads", threadText, "--ready", fileText};
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int64_t begin = now();
  pid_t child;
  int failure = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  ::close(ends[1]);
  char byte;
  ssize_t got = 0;
  if (failure == 0)
    while ((got = ::read(ends[0], &byte, 1)) < 0 && errno == EINTR) {
    }
  int64_t end = now();
  ::close(ends[0]);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    return Error(format("the program cannot start itself: %s", std::strerror(failure)));
  int status;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (got != 1)
    return Error("the program started itself to measure that, and failed");
  return static_cast<double>(end - begin) * 1e-6;
}

Result<int> rt::runFirstLogits(const Options &options) {
  Result<Engine> engine = startEngine(options);
  if (!engine)
    return engine.takeError();
  if (tokenizerSection().size != 0) { // As an answer would.
    Result<text::Tokenizer> tokenizer = loadTokenizer();
    if (!tokenizer)
      return tokenizer.takeError();
  }
  Session &session = *engine->session;
  Result<int32_t> sequence = session.memory().open();
  if (!sequence)
    return sequence.takeError();
  std::vector<int32_t> tokens =
      benchTokens(std::min<int64_t>(firstLogitsTokens, session.context()), session.vocabulary());
  std::vector<float> logits(session.vocabulary());
  if (Status failed = session.feed(*sequence, tokens.data(), static_cast<int64_t>(tokens.size()), logits.data()))
    return *failed;
  if (Status failed = writeAll(static_cast<int>(options.readyFile), "+", "'--ready'"))
    return *failed;
  return 0;
}

static std::string jsonText(const Engine &engine, const Options &options, const Figures &figures, double share) {
  const hone_module &module = engine.model->module();
  JsonWriter json;
  auto rate = [&](const char *key, const Spread &spread) {
    json.beginObject(key);
    json.real("min", spread.least, 2);
    json.real("median", spread.median, 2);
    json.real("max", spread.most, 2);
    json.endObject();
  };
  json.beginObject();
  json.string("name", module.name);
  json.string("architecture", module.architecture);
  json.string("cpu", cpuName());
  json.whole("threads", static_cast<uint64_t>(engine.workers->size()));
  json.whole("usable_cpus", static_cast<uint64_t>(usableCPUs()));
  json.whole("runs", static_cast<uint64_t>(options.benchRuns));
  json.whole("prompt_tokens", static_cast<uint64_t>(options.benchPrompt));
  json.whole("generate_tokens", static_cast<uint64_t>(options.benchGenerate));
  json.whole("depth_tokens", static_cast<uint64_t>(options.benchDepth));
  json.whole("rows_per_step", engine.session->rowsPerStep());
  if (options.benchPrompt > 0)
    rate("prompt_tokens_per_s", figures.prompt);
  if (options.benchGenerate > 0)
    rate("generate_tokens_per_s", figures.generate);
  json.real("read_gb_per_s", figures.readRate * 1e-9, 2);
  if (figures.weightReadRate > 0)
    json.real("read_weights_gb_per_s", figures.weightReadRate * 1e-9, 2);
  json.whole("weight_bytes_per_token", module.weight_bytes_per_token);
  if (options.benchGenerate > 0)
    json.real("generate_share_of_read", share, 4);
  json.real("first_logits_ms", figures.firstLogits, 2);
  json.real("peak_rss_mb", static_cast<double>(figures.peakMemory) * 1e-6, 1);
  json.endObject();
  return json.take();
}

static std::string tableText(const Engine &engine, const Options &options, const Figures &figures, double share) {
  const hone_module &module = engine.model->module();
  std::string text =
      format("%s on %s, %d thread%s, median of %lld runs (lowest to highest)\n\n", module.name, cpuName().c_str(),
             engine.workers->size(), engine.workers->size() == 1 ? "" : "s", static_cast<long long>(options.benchRuns));
  auto rate = [&](const char *label, int64_t tokens, const Spread &spread) {
    text += format("%-26s %10.2f tokens/s  (%.2f to %.2f)\n",
                   format("%s, %s tokens", label, grouped(tokens).c_str()).c_str(), spread.median, spread.least,
                   spread.most);
  };
  if (options.benchPrompt > 0)
    rate("prompt", options.benchPrompt, figures.prompt);
  if (options.benchGenerate > 0)
    rate("generation", options.benchGenerate, figures.generate);
  text += format("%-26s %10.2f GB/s\n", "memory read", figures.readRate * 1e-9);
  if (figures.weightReadRate > 0)
    text += format("%-26s %10.2f GB/s\n", "the weights as mapped", figures.weightReadRate * 1e-9);
  text += format("%-26s %10.2f MB\n", "weights per token", static_cast<double>(module.weight_bytes_per_token) * 1e-6);
  if (options.benchGenerate > 0)
    text += format("%-26s %10.1f %% of what memory allows\n", "generation reaches", share * 100);
  text +=
      format("%-26s %10.2f ms from program start, %d tokens\n", "first logits", figures.firstLogits, firstLogitsTokens);
  text += format("%-26s %10.1f MB\n", "peak memory", static_cast<double>(figures.peakMemory) * 1e-6);
  return text;
}

Result<int> rt::runBench(const Options &options) {
  Result<Engine> engine = startEngine(options, /*sequences=*/2);
  if (!engine)
    return engine.takeError();
  Session &session = *engine->session;
  Workers &workers = *engine->workers;
  if (Status failed = checkFits(session, "the benchmark",
                                options.benchDepth + std::max(options.benchPrompt, options.benchGenerate)))
    return *failed;

  Figures figures;
  if (Status failed = measureSpeed(session, options, figures))
    return *failed;
  figures.peakMemory = peakResidentMemory(); // Before the buffer below.
  std::vector<double> starts;
  for (int run = 0; run < firstLogitsRuns; ++run) {
    Result<double> milliseconds = timeStart(workers.size());
    if (!milliseconds)
      return milliseconds.takeError();
    starts.push_back(*milliseconds);
  }
  figures.firstLogits = spread(starts).median;

  uint64_t readBytes = availableMemory() >= (UINT64_C(4) << 30) ? UINT64_C(1) << 30 : UINT64_C(256) << 20;
  Result<Memory> buffer = Memory::allocate(readBytes);
  if (!buffer)
    return buffer.takeError();
  std::memset(buffer->data(), 1, readBytes);
  figures.readRate = measureReadRate(workers, buffer->data(), readBytes, readPasses);
  if (weightSection().size >= (64u << 20))
    figures.weightReadRate = measureReadRate(workers, weightSection().begin, weightSection().size, readPasses);

  double share = figures.readRate > 0
                     ? figures.generate.median * static_cast<double>(engine->model->module().weight_bytes_per_token) /
                           figures.readRate
                     : 0;
  std::string text =
      options.json ? jsonText(*engine, options, figures, share) : tableText(*engine, options, figures, share);
  if (Status failed = writeAll(STDOUT_FILENO, text))
    return *failed;
  return 0;
}
