//===- Answer.h - Generating text -------------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_ANSWER_H
#define HONE_LIB_RUNTIME_ANSWER_H

#include "Sampler.h"
#include "Session.h"
#include "hone/Text/Tokenizer.h"

#include <functional>
#include <string>

namespace hone::rt {

enum class AnswerEnd {
  Model,       ///< the model chose a token that ends it
  StopString,  ///< a stop string came
  Length,      ///< `maxTokens` were generated
  ContextFull, ///< no position is left
  Receiver,    ///< `receive` asked for it
  Interrupted, ///< `interrupted` asked for it
};

struct AnswerOptions {
  std::vector<std::string> stops;
  int64_t maxTokens = INT64_MAX;

  /// Takes each token as soon as it is chosen, with the text that is then known not to belong to a stop string; at the
  /// end perhaps -1 and the text that was held back. False ends the answer.
  std::function<Result<bool>(int32_t token, const std::string &text)> receive;

  /// Asked between steps.
  std::function<bool()> interrupted;
};

struct Answer {
  AnswerEnd end;
  int64_t tokens;   ///< how many were generated
  std::string text; ///< all that `receive` got
};

/// Feeds `history` from its token `fed` on (those before are in the sequence's memory), then generates: each token
/// joins `history`. Afterwards the memory holds a beginning of `history`. At least one token must be left to feed, and
/// all must fit the context. Without a tokenizer there is no text, and no token ends the answer.
Result<Answer> generateAnswer(Session &session, int32_t sequence, std::vector<int32_t> &history, size_t fed,
                              const text::Tokenizer *tokenizer, Sampler &sampler, const AnswerOptions &options);

/// `Sampler::sample` with an error instead of -1.
Result<int32_t> nextToken(Session &session, Sampler &sampler, const float *logits, const std::vector<int32_t> &history);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_ANSWER_H
