//===- Commands.h - What the program can be asked to do ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_COMMANDS_H
#define HONE_LIB_RUNTIME_COMMANDS_H

#include "Options.h"
#include "Session.h"
#include "hone/Text/Tokenizer.h"

#include <memory>

namespace hone::rt {

/// A model that is ready to run. Session refers to the others.
struct Engine {
  std::unique_ptr<Model> model;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Session> session;
};

/// Checks the program and its CPU, starts the workers, takes the memory. Every command that runs the model begins so.
Result<Engine> startEngine(const Options &options, uint32_t sequences = 1);

/// The program's tokenizer; an error that says what to do if it has none.
Result<text::Tokenizer> loadTokenizer();

/// A command writes its results to standard output and returns the exit status.
Result<int> runAnswer(const Options &options);
Result<int> runChat(const Options &options);
Result<int> runBench(const Options &options);
Result<int> runInfo(const Options &options);
Result<int> runLogits(const Options &options);
Result<int> runGenerateTokens(const Options &options);
Result<int> runFirstLogits(const Options &options);

/// The whole program.
int programMain(int argumentCount, char **arguments);

/// All of a file, or of standard input if `path` is "-".
Result<std::string> readInput(const std::string &path);

/// "WHAT has 9,121 tokens but the context holds 8,192; shorten it ...", unless at least one token fits after `tokens`.
Status checkFits(const Session &session, const std::string &what, size_t tokens);

/// What the seed is when none was asked for: from the system's entropy.
uint64_t randomSeed();

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_COMMANDS_H
