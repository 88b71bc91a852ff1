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

#include <string>

namespace hone::rt {

enum class AnswerEnd {
  Finished,    ///< the model ended it, or a stop string came
  Length,      ///< `maxTokens` were generated
  ContextFull, ///< no position is left
  Interrupted, ///< SIGINT
};

struct AnswerOptions {
  std::vector<std::string> stops;
  int64_t maxTokens = INT64_MAX;
  int outputFile = 1;
};

struct Answer {
  AnswerEnd end;
  std::string text; ///< what was written, without the newline that `generateAnswer` adds
};

/// Feeds `history` from where the sequence's memory ends, then generates: each token joins `history`, and its text is
/// written as soon as it is known not to belong to a stop string, with a newline at the end. Afterwards the memory
/// holds a beginning of `history`. `history` must be longer than what the memory holds and fit the context.
Result<Answer> generateAnswer(Session &session, int32_t sequence, std::vector<int32_t> &history,
                              const text::Tokenizer &tokenizer, Sampler &sampler, const AnswerOptions &options);

/// Feeds `history` from where the sequence's memory ends, in steps between which SIGINT is noticed. `logits` receives
/// those after the last token. False: interrupted.
Result<bool> feedHistory(Session &session, int32_t sequence, const std::vector<int32_t> &history, float *logits);

/// `Sampler::sample` with an error instead of -1.
Result<int32_t> nextToken(Session &session, Sampler &sampler, const std::vector<float> &logits,
                          const std::vector<int32_t> &history);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_ANSWER_H
