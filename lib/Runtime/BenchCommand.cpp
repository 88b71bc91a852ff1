//===- BenchCommand.cpp - The command bench -------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bench.h"
#include "Child.h"
#include "Console.h"
#include "Format.h"
#include "Machine.h"
#include "OutputFile.h"
#include "Profile.h"

#include <algorithm>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

Result<double> rt::timeFirstLogits(const Options &options, int32_t threads) {
  constexpr int ready = 3;
  std::vector<std::string> words = {programName(),           "first-logits", "--threads",
                                    std::to_string(threads), "--ready",      std::to_string(ready)};
  if (!options.isa.empty())
    words.insert(words.end(), {"--isa", options.isa});
  if (options.hugePages)
    words.insert(words.end(), {"--huge-pages", "on"});
  int64_t begin = now();
  Result<Child> child = Child::start("/proc/self/exe", words, ready);
  if (!child)
    return child.takeError();
  bool came = child->read(1).size() == 1;
  int64_t end = now();
  if (child->finish() != 0 || !came)
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

static Status writeTrace(const Options &options, const BenchReport &report) {
  OutputFile file(options.traceFile);
  if (Status failed = file.open())
    return failed;
  const BenchGroup &group = report.groups.front();
  std::vector<TracePart> parts;
  for (size_t i = 0; i < group.recordings.size(); ++i)
    parts.push_back({group.tests[i].test.generates ? "generation" : "prompt", group.recordings[i].get()});
  if (Status failed = file.write(traceText(hone_program_module, parts)))
    return failed;
  return file.commit();
}

Result<int> rt::runBench(const Options &options) {
  if (!options.compareWith.empty())
    return runCompare(options);
  Result<BenchReport> report = measureAll(options);
  if (!report)
    return report.takeError();
  if (!options.traceFile.empty())
    if (Status failed = writeTrace(options, *report))
      return *failed;
  if (Status failed = writeAll(STDOUT_FILENO, options.json ? benchJson(options, *report) : benchText(options, *report)))
    return *failed;
  return 0;
}
