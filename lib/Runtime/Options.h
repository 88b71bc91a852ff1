//===- Options.h - The program's command line -------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_OPTIONS_H
#define HONE_LIB_RUNTIME_OPTIONS_H

#include "Sampler.h"
#include "hone/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace hone::rt {

/// What the program is asked to do; a bit each, so that an option can list those it belongs to.
enum Command : uint32_t {
  AnswerCommand = 1,          ///< no command's name: --prompt
  ChatCommand = 2,            ///< chat
  BenchCommand = 4,           ///< bench
  InfoCommand = 8,            ///< info
  LogitsCommand = 16,         ///< logits
  GenerateTokensCommand = 32, ///< generate-tokens
  FirstLogitsCommand = 64,    ///< bench starts it to measure the start of the program; not in the help
};

struct Options {
  Command command = AnswerCommand;
  bool help = false, version = false;

  std::optional<std::string> prompt, promptFile, system;
  bool raw = false;
  std::vector<std::string> stops;
  SamplerOptions sampler;
  bool seedGiven = false;
  int64_t maxTokens = INT64_MAX;

  int64_t threads = 0; ///< 0: as many as the process may use
  std::string isa;     ///< the ISA level whose code to run; empty: the highest that runs
  int64_t context = 0; ///< 0: as many positions as the model has
  bool hugePages = false;

  std::string tokensFile, outputFile;
  int64_t chunk = 0; ///< rows of one step; 0: as many as the program takes

  /// Lists are measured in turn; 0 threads are as many as the process may use.
  std::vector<int64_t> benchPrompt = {512}, benchGenerate = {128}, benchDepth = {0}, benchThreads = {0},
                       benchBatch = {1};
  int64_t benchRuns = 5;
  bool profile = false;
  std::string traceFile;   ///< empty: none
  std::string compareWith; ///< path of another program; empty: none
  bool json = false;
  int64_t readyFile = -1; ///< first-logits: the pipe to report to
};

/// Reads the arguments after the program's name. An error is one of usage: exit status 2.
Result<Options> parseOptions(const std::vector<std::string> &arguments);

/// What --help prints for `command`.
std::string helpText(Command command, const std::string &program);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_OPTIONS_H
