//===- APIGenerate.cpp - The C API: sampling and generation ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "API.h"
#include "Answer.h"
#include "Format.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

hone_status hone_sampler_create(const hone_sampler_options *given, hone_sampler **sampler, hone_error *error) {
  if (!sampler)
    return failNull(error, "a place for the sampler");
  *sampler = nullptr;
  hone_sampler_options options;
  if (!readOptions(given, options, error))
    return HONE_INVALID_ARGUMENT;
  // Off is 1 for these two.
  if (options.top_p == 0)
    options.top_p = 1;
  if (options.repeat_penalty == 0)
    options.repeat_penalty = 1;
  const struct {
    const char *name;
    double value, least, most;
  } numbers[] = {{"temperature", options.temperature, 0, 100},
                 {"top_p", options.top_p, 0, 1},
                 {"min_p", options.min_p, 0, 1},
                 {"repeat_penalty", options.repeat_penalty, 0.01, 100}};
  for (const auto &number : numbers)
    if (!(number.value >= number.least && number.value <= number.most))
      return fail(error, HONE_INVALID_ARGUMENT,
                  format("expected '%s' from %g to %g, got %g", number.name, number.least, number.most, number.value));
  *sampler = new hone_sampler{Sampler(
      {options.temperature, options.top_k, options.top_p, options.min_p, options.repeat_penalty, options.seed})};
  return succeed(error);
}

void hone_sampler_destroy(hone_sampler *sampler) { delete sampler; }

hone_status hone_sampler_sample(hone_sampler *sampler, const float *logits, size_t vocabulary, const int32_t *history,
                                size_t history_count, int32_t *token, hone_error *error) {
  if (!sampler || !logits || !token || (!history && history_count != 0))
    return failNull(error, "a sampler, logits, a history and a place for the token");
  if (vocabulary == 0 || vocabulary > INT32_MAX)
    return fail(error, HONE_INVALID_ARGUMENT, "expected a vocabulary of 1 to 2,147,483,647 tokens");
  size_t recent = std::min<size_t>(history_count, SamplerOptions::repeatWindow);
  int32_t chosen = sampler->sampler.sample(logits, static_cast<int64_t>(vocabulary),
                                           {history + (history_count - recent), history + history_count});
  if (chosen < 0)
    return fail(error, HONE_BAD_LIBRARY,
                "expected logits that are numbers, got NaN for every token; the model or its compilation is damaged");
  *token = chosen;
  return succeed(error);
}

static hone_end endOf(AnswerEnd end) {
  switch (end) {
  case AnswerEnd::Model:
    return HONE_END_MODEL;
  case AnswerEnd::StopString:
    return HONE_END_STOP_STRING;
  case AnswerEnd::Length:
    return HONE_END_MAX_TOKENS;
  case AnswerEnd::ContextFull:
    return HONE_END_CONTEXT_FULL;
  case AnswerEnd::Receiver:
    return HONE_END_CALLBACK;
  case AnswerEnd::Interrupted:
    return HONE_END_CANCELLED;
  }
  return HONE_END_MODEL;
}

/// What can be known before the first step.
static hone_status checkPrompt(Session &session, int32_t sequence, const int32_t *tokens, size_t count,
                               hone_error *error) {
  if (count == 0)
    return fail(error, HONE_INVALID_ARGUMENT, "expected at least one token to go on from, got none");
  if (!tokens)
    return failNull(error, "tokens");
  for (size_t i = 0; i < count; ++i)
    if (hone_status failed = checkToken(session.model(), tokens[i], error))
      return failed;
  uint64_t length = static_cast<uint64_t>(session.memory().length(sequence));
  if (count > session.context() - length)
    return fail(error, HONE_CONTEXT_FULL,
                format("expected at most %s positions in a sequence, got %s for sequence %d",
                       grouped(session.context()).c_str(), grouped(length + count).c_str(), sequence));
  return HONE_OK;
}

hone_status hone_generate(hone_session *session, int32_t sequence, const int32_t *tokens, size_t count,
                          const hone_generate_options *given, hone_generate_result *result, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(sequence, error))
    return failed;
  Session &steps = *session->session;
  hone_generate_options options;
  if (!readOptions(given, options, error))
    return HONE_INVALID_ARGUMENT;
  if (!options.stops && options.stop_count != 0)
    return failNull(error, "stop strings");
  if (result && result->size < sizeof(size_t))
    return writeInfo(hone_generate_result(), result, error);
  if (hone_status failed = checkPrompt(steps, sequence, tokens, count, error))
    return failed;

  int64_t before = steps.memory().length(sequence);
  uint64_t produced = 0;
  AnswerOptions answerOptions;
  for (size_t i = 0; i < options.stop_count; ++i) {
    if (!options.stops[i])
      return failNull(error, "a text as each stop string");
    answerOptions.stops.push_back(options.stops[i]);
  }
  if (options.max_tokens != 0 && options.max_tokens < INT64_MAX)
    answerOptions.maxTokens = static_cast<int64_t>(options.max_tokens);
  answerOptions.interrupted = [&] { return session->cancelled.load(std::memory_order_relaxed); };
  answerOptions.receive = [&](int32_t token, const std::string &text) -> Result<bool> {
    produced += token >= 0;
    return !options.callback || options.callback(options.context, token, text.c_str(), text.size()) == 0;
  };
  std::vector<int32_t> history(tokens, tokens + count);
  Sampler greedy({});
  const std::optional<text::Tokenizer> &tokenizer = session->compiled->tokenizer;
  Result<Answer> answer = generateAnswer(steps, sequence, history, 0, tokenizer ? &*tokenizer : nullptr,
                                         options.sampler ? options.sampler->sampler : greedy, answerOptions);
  if (result) {
    hone_generate_result value = {0, produced, answer ? endOf(answer->end) : HONE_END_MODEL};
    if (hone_status failed = writeInfo(value, result, error))
      return failed;
  }
  if (!answer) // All was read, and then no token could be chosen; or there was no memory to read it.
    return fail(error,
                steps.memory().length(sequence) == before + static_cast<int64_t>(history.size()) ? HONE_BAD_LIBRARY
                                                                                                 : HONE_OUT_OF_MEMORY,
                answer.error().message());
  if (answer->end == AnswerEnd::Interrupted)
    return fail(error, HONE_CANCELLED, "the generation was cancelled");
  return succeed(error);
}
