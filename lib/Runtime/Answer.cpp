//===- Answer.cpp - Generating text ---------------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "StopStrings.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

Result<int32_t> rt::nextToken(Session &session, Sampler &sampler, const float *logits,
                              const std::vector<int32_t> &history) {
  int32_t token = sampler.sample(logits, session.vocabulary(), history);
  if (token < 0)
    return Error("expected logits that are numbers, got NaN for every token; the model or its compilation is damaged: "
                 "compile it again");
  return token;
}

Result<Answer> rt::generateAnswer(Session &session, int32_t sequence, std::vector<int32_t> &history, size_t fed,
                                  const text::Tokenizer *tokenizer, Sampler &sampler, const AnswerOptions &options) {
  Answer answer = {AnswerEnd::Interrupted, 0, {}};
  StopStrings stops(options.stops);
  std::optional<text::StreamDecoder> decoder;
  if (tokenizer)
    decoder.emplace(*tokenizer);
  std::vector<float> logits(session.vocabulary());
  auto receive = [&](int32_t token, const std::string &text) -> Result<bool> {
    answer.text += text;
    return options.receive ? options.receive(token, text) : true;
  };
  /// One token after the other; false: the answer ends as `answer.end` says.
  auto step = [&]() -> Result<bool> {
    Result<int32_t> token = nextToken(session, sampler, logits.data(), history);
    if (!token)
      return token.takeError();
    answer.end = AnswerEnd::Model;
    if (tokenizer && tokenizer->isEnd(*token))
      return false;
    history.push_back(*token);
    ++answer.tokens;
    Result<bool> more = receive(*token, decoder ? stops.push(decoder->push(*token)) : std::string());
    if (!more)
      return more;
    if (stops.found())
      answer.end = AnswerEnd::StopString;
    else if (!*more)
      answer.end = AnswerEnd::Receiver;
    else if (answer.tokens == options.maxTokens)
      answer.end = AnswerEnd::Length;
    else if (session.memory().length(sequence) == session.context())
      answer.end = AnswerEnd::ContextFull;
    else
      return true;
    return false;
  };

  for (;;) {
    if (options.interrupted && options.interrupted()) {
      answer.end = AnswerEnd::Interrupted;
      break;
    }
    size_t rows = std::min<size_t>(history.size() - fed, session.rowsPerStep());
    bool last = fed + rows == history.size();
    if (Status failed =
            session.feed(sequence, history.data() + fed, static_cast<int64_t>(rows), last ? logits.data() : nullptr))
      return *failed;
    fed += rows;
    if (!last)
      continue;
    Result<bool> more = step();
    if (!more)
      return more.takeError();
    if (!*more)
      break;
  }
  if (!decoder || answer.end == AnswerEnd::Receiver)
    return answer;
  std::string rest = stops.push(decoder->finish()) + stops.finish();
  if (!rest.empty())
    if (Result<bool> taken = receive(-1, rest); !taken)
      return taken.takeError();
  return answer;
}
