//===- Answer.cpp - Generating text ---------------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "Console.h"
#include "StopStrings.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

Result<bool> rt::feedHistory(Session &session, int32_t sequence, const std::vector<int32_t> &history, float *logits) {
  int64_t count = static_cast<int64_t>(history.size());
  for (int64_t begin = session.memory().length(sequence); begin < count;) {
    if (interrupted())
      return false;
    int64_t rows = std::min<int64_t>(count - begin, session.rowsPerStep());
    float *wanted = begin + rows == count ? logits : nullptr;
    if (Status failed = session.feed(sequence, history.data() + begin, rows, wanted))
      return *failed;
    begin += rows;
  }
  return true;
}

Result<int32_t> rt::nextToken(Session &session, Sampler &sampler, const std::vector<float> &logits,
                              const std::vector<int32_t> &history) {
  int32_t token = sampler.sample(logits.data(), session.vocabulary(), history);
  if (token < 0)
    return Error("expected logits that are numbers, got NaN for every token; the model or its compilation is damaged: "
                 "compile it again");
  return token;
}

Result<Answer> rt::generateAnswer(Session &session, int32_t sequence, std::vector<int32_t> &history,
                                  const text::Tokenizer &tokenizer, Sampler &sampler, const AnswerOptions &options) {
  Answer answer = {AnswerEnd::Finished, {}};
  StopStrings stops(options.stops);
  text::StreamDecoder decoder(tokenizer);
  std::vector<float> logits(session.vocabulary());
  auto emit = [&](const std::string &text) -> Status {
    answer.text += text;
    return text.empty() ? Status() : writeAll(options.outputFile, text);
  };

  Result<bool> fed = feedHistory(session, sequence, history, logits.data());
  if (!fed)
    return fed.takeError();
  if (!*fed)
    answer.end = AnswerEnd::Interrupted;
  for (int64_t produced = 0; answer.end == AnswerEnd::Finished;) {
    Result<int32_t> token = nextToken(session, sampler, logits, history);
    if (!token)
      return token.takeError();
    if (tokenizer.isEnd(*token))
      break;
    history.push_back(*token);
    if (Status failed = emit(stops.push(decoder.push(*token))))
      return *failed;
    if (stops.found())
      break;
    if (++produced == options.maxTokens)
      answer.end = AnswerEnd::Length;
    else if (session.memory().length(sequence) == session.context())
      answer.end = AnswerEnd::ContextFull;
    else if (interrupted())
      answer.end = AnswerEnd::Interrupted;
    else if (Status failed = session.feed(sequence, &history.back(), 1, logits.data()))
      return *failed;
  }
  if (Status failed = emit(stops.push(decoder.finish()) + stops.finish()))
    return *failed;
  if (answer.text.empty() || answer.text.back() != '\n')
    if (Status failed = writeAll(options.outputFile, "\n"))
      return *failed;
  return answer;
}
