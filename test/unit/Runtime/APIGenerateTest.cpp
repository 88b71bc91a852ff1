//===- APIGenerateTest.cpp - The C API: sampling and generation -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "APITesting.h"

#include <cmath>
#include <thread>

using namespace hone::test;

namespace {

/// What a callback saw; it stops after `most` calls.
struct Heard {
  std::vector<int32_t> tokens;
  std::string text;
  size_t calls = 0, most = SIZE_MAX;
};

int hear(void *context, int32_t token, const char *text, size_t bytes) {
  auto *heard = static_cast<Heard *>(context);
  EXPECT_EQ(std::string(text).size(), bytes);
  if (token >= 0)
    heard->tokens.push_back(token);
  heard->text += text;
  return ++heard->calls >= heard->most;
}

/// With the stub's tokenizer.
class APIGenerateTest : public APITest {
protected:
  void SetUp() override {
    HONE_ASSERT_OK(hone_model_open(HONE_STUB_LIBRARY, &model, &error));
    openSession(/*sequences=*/2);
    sequence = openSequence();
    options.size = sizeof options;
    options.callback = hear;
    options.context = &heard;
    result.size = sizeof result;
  }

  hone_status generate(const std::string &prompt = "hello") {
    std::vector<int32_t> tokens(prompt.begin(), prompt.end());
    heard = {{}, {}, 0, heard.most};
    return hone_generate(session, sequence, tokens.data(), tokens.size(), &options, &result, &error);
  }

  int32_t sequence = -1;
  Heard heard;
  hone_generate_options options = {};
  hone_generate_result result = {};
};

} // namespace

TEST_F(APIGenerateTest, TokensAreThoseOfStepsAndSamples) {
  options.max_tokens = 20;
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.tokens, heard.tokens.size());
  EXPECT_EQ(length(sequence), 5 + result.tokens - (result.end == HONE_END_MAX_TOKENS));

  hone_sampler *greedy = nullptr;
  HONE_ASSERT_OK(hone_sampler_create(nullptr, &greedy, &error));
  int32_t other = openSequence();
  std::vector<float> logits = step(other, {'h', 'e', 'l', 'l', 'o'});
  logits.erase(logits.begin(), logits.end() - stub_vocabulary);
  for (int32_t expected : heard.tokens) {
    int32_t token = -1;
    HONE_ASSERT_OK(hone_sampler_sample(greedy, logits.data(), logits.size(), nullptr, 0, &token, &error));
    EXPECT_EQ(token, expected);
    logits = step(other, {token});
  }
  hone_sampler_destroy(greedy);
}

TEST_F(APIGenerateTest, EveryEnd) {
  options.max_tokens = 3;
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.end, HONE_END_MAX_TOKENS);
  EXPECT_EQ(result.tokens, 3u);
  std::string text = heard.text;
  EXPECT_EQ(text.size(), 3u);

  options.max_tokens = 0;
  HONE_ASSERT_OK(hone_sequence_trim(session, sequence, 0, &error));
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.end, HONE_END_MODEL);
  EXPECT_EQ(heard.text.substr(0, 3), text);

  HONE_ASSERT_OK(hone_sequence_trim(session, sequence, 0, &error));
  std::string stop = text.substr(1, 2);
  const char *stops[] = {"never this", stop.c_str()};
  options.stops = stops;
  options.stop_count = 2;
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.end, HONE_END_STOP_STRING);
  EXPECT_EQ(heard.text, text.substr(0, 1));
  EXPECT_EQ(result.tokens, 3u);
  options.stop_count = 0;

  HONE_ASSERT_OK(hone_sequence_trim(session, sequence, 0, &error));
  heard.most = 2;
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.end, HONE_END_CALLBACK);
  EXPECT_EQ(result.tokens, 2u);
  EXPECT_EQ(length(sequence), 6u) << "all but the last";
  heard.most = SIZE_MAX;

  openSession(/*sequences=*/2, /*threads=*/2, /*context=*/8);
  sequence = openSequence();
  HONE_ASSERT_OK(generate());
  EXPECT_EQ(result.end, HONE_END_CONTEXT_FULL);
  EXPECT_EQ(result.tokens, 4u);
  EXPECT_EQ(length(sequence), 8u);
}

TEST_F(APIGenerateTest, CancelFromTheCallbackAndFromAnotherThread) {
  struct Cancel {
    hone_session *session;
    int calls;
  } cancel = {session, 0};
  options.callback = [](void *context, int32_t, const char *, size_t) {
    auto *cancel = static_cast<Cancel *>(context);
    if (++cancel->calls == 4)
      std::thread([&] { hone_session_cancel(cancel->session); }).join();
    return 0;
  };
  options.context = &cancel;
  HONE_EXPECT_FAILURE(generate(), "HONE_CANCELLED: the generation was cancelled");
  EXPECT_EQ(result.end, HONE_END_CANCELLED);
  EXPECT_EQ(result.tokens, 4u);
  hone_session_resume(session);
  options.max_tokens = 1;
  HONE_EXPECT_OK(generate());
}

TEST_F(APIGenerateTest, ASessionIsForOneCallAtATime) {
  struct Inner {
    hone_session *session;
    hone_error error;
  } inner = {session, {}};
  options.max_tokens = 1;
  options.callback = [](void *context, int32_t, const char *, size_t) {
    auto *inner = static_cast<Inner *>(context);
    int32_t sequence;
    EXPECT_EQ(hone_sequence_open(inner->session, &sequence, &inner->error), HONE_BUSY);
    return 0;
  };
  options.context = &inner;
  HONE_EXPECT_OK(generate());
  EXPECT_EQ(describe(inner.error), "HONE_BUSY: another call uses this session; a session is for one call at a time");
}

TEST_F(APIGenerateTest, PromptsAreCheckedBeforeAnythingChanges) {
  HONE_EXPECT_FAILURE(generate(""), "HONE_INVALID_ARGUMENT: expected at least one token to go on from, got none");
  HONE_EXPECT_FAILURE(generate(std::string(513, 'a')),
                      "HONE_CONTEXT_FULL: expected at most 512 positions in a sequence, got 513 for sequence 0");
  int32_t bad = stub_vocabulary;
  HONE_EXPECT_FAILURE(hone_generate(session, sequence, &bad, 1, nullptr, nullptr, &error),
                      "HONE_BAD_TOKEN: expected a token below 258, the size of the vocabulary, got 258");
  HONE_EXPECT_FAILURE(hone_generate(session, 9, &bad, 1, nullptr, nullptr, &error),
                      "HONE_BAD_SEQUENCE: expected an open sequence, got 9");
  const char *stops[] = {nullptr};
  options.stops = stops;
  options.stop_count = 1;
  HONE_EXPECT_FAILURE(generate(), "HONE_INVALID_ARGUMENT: expected a text as each stop string, got a null pointer");
  EXPECT_EQ(length(sequence), 0u);
}

TEST_F(APIGenerateTest, MemoryThatRunsOutOnTheWayIsAnError) {
  openSession(/*sequences=*/1, /*threads=*/2, /*context=*/0, /*pageLimit=*/1);
  sequence = openSequence();
  HONE_EXPECT_FAILURE(generate("twelve chars"),
                      "HONE_OUT_OF_MEMORY: KV memory is exhausted: 1 more pages of 16 positions are needed, 0 of 1 are "
                      "free; close a sequence or raise the limit");
  EXPECT_EQ(result.tokens, 5u);
  EXPECT_EQ(length(sequence), 16u);
}

TEST(APISamplerTest, OptionsAreCheckedAndDrawsRepeatable) {
  hone_error error;
  hone_sampler *sampler = nullptr;
  auto create = [&](auto change) {
    hone_sampler_options options = {};
    options.size = sizeof options;
    change(options);
    return hone_sampler_create(&options, &sampler, &error);
  };
  HONE_EXPECT_FAILURE(create([](auto &o) { o.temperature = -1; }),
                      "HONE_INVALID_ARGUMENT: expected 'temperature' from 0 to 100, got -1");
  HONE_EXPECT_FAILURE(create([](auto &o) { o.top_p = 2; }),
                      "HONE_INVALID_ARGUMENT: expected 'top_p' from 0 to 1, got 2");
  HONE_EXPECT_FAILURE(create([](auto &o) { o.min_p = std::nan(""); }),
                      "HONE_INVALID_ARGUMENT: expected 'min_p' from 0 to 1, got nan");
  HONE_EXPECT_FAILURE(create([](auto &o) { o.repeat_penalty = 1000; }),
                      "HONE_INVALID_ARGUMENT: expected 'repeat_penalty' from 0.01 to 100, got 1000");
  EXPECT_EQ(sampler, nullptr);

  std::vector<float> logits = {0, 1, 2, 3};
  std::vector<int32_t> draws[2];
  for (std::vector<int32_t> &list : draws) {
    HONE_ASSERT_OK(create([](auto &o) { o.temperature = 1, o.seed = 5, o.top_k = 3; }));
    for (int i = 0; i < 50; ++i) {
      int32_t token = -1;
      HONE_ASSERT_OK(hone_sampler_sample(sampler, logits.data(), logits.size(), nullptr, 0, &token, &error));
      EXPECT_GE(token, 1);
      list.push_back(token);
    }
    hone_sampler_destroy(sampler);
  }
  EXPECT_EQ(draws[0], draws[1]);

  HONE_ASSERT_OK(create([](auto &o) { o.repeat_penalty = 2; }));
  const int32_t history[] = {3};
  int32_t token = -1;
  HONE_EXPECT_OK(hone_sampler_sample(sampler, logits.data(), logits.size(), history, 1, &token, &error));
  EXPECT_EQ(token, 2);
  logits.assign(4, std::nanf(""));
  HONE_EXPECT_FAILURE(hone_sampler_sample(sampler, logits.data(), logits.size(), nullptr, 0, &token, &error),
                      "HONE_BAD_LIBRARY: expected logits that are numbers, got NaN for every token; the model or its "
                      "compilation is damaged");
  HONE_EXPECT_FAILURE(hone_sampler_sample(sampler, logits.data(), 0, nullptr, 0, &token, &error),
                      "HONE_INVALID_ARGUMENT: expected a vocabulary of 1 to 2,147,483,647 tokens");
  hone_sampler_destroy(sampler);
}
