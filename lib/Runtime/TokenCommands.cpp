//===- TokenCommands.cpp - The commands that take token ids: logits, generate-tokens -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "Commands.h"
#include "Console.h"
#include "Format.h"
#include "OutputFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

/// The token ids of a file, each below `vocabulary`.
static Result<std::vector<int32_t>> readTokens(const std::string &path, uint32_t vocabulary) {
  static const char space[] = " \t\r\n\v\f";
  Result<std::string> text = readInput(path);
  if (!text)
    return text.takeError();
  const char *name = path == "-" ? "standard input" : path.c_str();
  std::vector<int32_t> tokens;
  for (size_t begin = text->find_first_not_of(space); begin != std::string::npos;) {
    size_t end = std::min(text->find_first_of(space, begin), text->size());
    std::string word = text->substr(begin, end - begin);
    char *rest = nullptr;
    errno = 0;
    long long token = std::strtoll(word.c_str(), &rest, 10);
    if (*rest || word.find('\0') != std::string::npos || errno != 0 || token < 0 || token >= vocabulary)
      return Error(format("%s: token %zu: expected a whole number below %s, the size of the vocabulary, got '%s'", name,
                          tokens.size() + 1, grouped(vocabulary).c_str(), word.substr(0, 40).c_str()));
    tokens.push_back(static_cast<int32_t>(token));
    begin = text->find_first_not_of(space, end);
  }
  if (tokens.empty())
    return Error(format("%s: expected token ids separated by white space, got an empty file", name));
  return tokens;
}

Result<int> rt::runLogits(const Options &options) {
  Result<Engine> engine = startEngine(options);
  if (!engine)
    return engine.takeError();
  Session &session = *engine->session;
  Result<std::vector<int32_t>> tokens = readTokens(options.tokensFile, session.vocabulary());
  if (!tokens)
    return tokens.takeError();
  if (Status failed = checkFits(session, options.tokensFile, tokens->size()))
    return *failed;
  Result<int32_t> sequence = session.memory().open();
  if (!sequence)
    return sequence.takeError();
  size_t chunk = std::min<size_t>(session.rowsPerStep(), tokens->size());
  size_t rowBytes = session.vocabulary() * sizeof(float);
  Result<Memory> logits = Memory::allocate(chunk * rowBytes);
  if (!logits)
    return logits.takeError();
  OutputFile output(options.outputFile);
  if (Status failed = output.open())
    return *failed;

  std::vector<Row> rows;
  for (size_t begin = 0; begin < tokens->size(); begin += chunk) {
    size_t count = std::min(chunk, tokens->size() - begin);
    rows.clear();
    for (size_t i = 0; i < count; ++i)
      rows.push_back({(*tokens)[begin + i], *sequence, true});
    if (Status failed =
            session.run(rows.data(), static_cast<int64_t>(count), reinterpret_cast<float *>(logits->data())))
      return *failed;
    if (Status failed = output.write({reinterpret_cast<const char *>(logits->data()), count * rowBytes}))
      return *failed;
  }
  if (Status failed = output.commit())
    return *failed;
  return 0;
}

Result<int> rt::runGenerateTokens(const Options &options) {
  Result<Engine> engine = startEngine(options);
  if (!engine)
    return engine.takeError();
  Session &session = *engine->session;
  Result<std::vector<int32_t>> history = readTokens(options.tokensFile, session.vocabulary());
  if (!history)
    return history.takeError();
  if (Status failed = checkFits(session, options.tokensFile, history->size()))
    return *failed;
  Result<int32_t> sequence = session.memory().open();
  if (!sequence)
    return sequence.takeError();

  Sampler sampler(options.sampler);
  std::vector<float> logits(session.vocabulary());
  if (Status failed = session.feed(*sequence, history->data(), static_cast<int64_t>(history->size()), logits.data()))
    return *failed;
  for (int64_t produced = 0;;) {
    Result<int32_t> token = nextToken(session, sampler, logits.data(), *history);
    if (!token)
      return token.takeError();
    if (Status failed = writeAll(STDOUT_FILENO, format("%d\n", *token)))
      return *failed;
    if (++produced == options.maxTokens)
      return 0;
    if (session.memory().length(*sequence) == session.context()) {
      reportNote(format("the context of %s tokens is full after %s new tokens", grouped(session.context()).c_str(),
                        grouped(static_cast<uint64_t>(produced)).c_str()));
      return 0;
    }
    history->push_back(*token);
    if (Status failed = session.feed(*sequence, &*token, 1, logits.data()))
      return *failed;
  }
}
