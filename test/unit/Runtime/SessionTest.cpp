//===- SessionTest.cpp - Steps over the rows of a model's sequences -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "StubModel.h"

#include <gtest/gtest.h>
#include <vector>

using namespace hone;
using namespace hone::rt;

namespace {

struct Parts {
  std::unique_ptr<Model> model;
  std::unique_ptr<Workers> workers;
  std::unique_ptr<Session> session;
};

Parts parts(int workers = 2, SessionOptions options = {}) {
  Parts parts;
  parts.model = std::make_unique<Model>(*Model::open(hone_program_module, weightSection()));
  parts.workers = std::move(*Workers::create(workers, 2));
  parts.session = std::move(*Session::create(*parts.model, *parts.workers, options));
  return parts;
}

std::vector<int32_t> tokens(int count, int seed = 1) {
  std::vector<int32_t> list;
  for (int i = 0; i < count; ++i)
    list.push_back((i * 37 + seed * 11) % stub_vocabulary);
  return list;
}

/// What StubModel.h says, without pages, chunks or workers.
std::vector<float> reference(const Model &model, const std::vector<int32_t> &tokens, bool all = false) {
  uint64_t weights = stub_weight_hash(model.weights()), state = 1, result = 3;
  std::vector<float> logits;
  for (size_t p = 0; p < tokens.size(); ++p) {
    state = stub_mix(state, stub_mix(stub_mix(tokens[p], p), weights));
    result = stub_mix(result, stub_mix(state, 2));
    if (all || p + 1 == tokens.size())
      for (int v = 0; v < stub_vocabulary; ++v)
        logits.push_back(stub_logit(result, v));
  }
  return logits;
}

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

} // namespace

TEST(SessionTest, LogitsAreTheSameForAnyChunksAndWorkers) {
  std::vector<int32_t> prompt = tokens(150);
  for (int workers : {1, 2, 3, 5})
    for (uint32_t chunk : {1u, 5u, 16u, 24u, 0u}) {
      SessionOptions options;
      options.rowsPerStep = chunk;
      Parts p = parts(workers, options);
      int32_t sequence = *p.session->memory().open();
      std::vector<Row> rows;
      for (int32_t token : prompt)
        rows.push_back({token, sequence, true});
      std::vector<float> logits(prompt.size() * stub_vocabulary);
      ASSERT_FALSE(p.session->run(rows.data(), rows.size(), logits.data()));
      EXPECT_EQ(logits, reference(*p.model, prompt, true)) << workers << " workers, chunks of " << chunk;
    }
}

TEST(SessionTest, FeedReturnsTheLastLogits) {
  Parts p = parts();
  int32_t sequence = *p.session->memory().open();
  std::vector<float> logits(stub_vocabulary);
  std::vector<int32_t> prompt = tokens(61);
  ASSERT_FALSE(p.session->feed(sequence, prompt.data(), 60, nullptr));
  ASSERT_FALSE(p.session->feed(sequence, prompt.data() + 60, 1, logits.data()));
  EXPECT_EQ(logits, reference(*p.model, prompt));
}

TEST(SessionTest, OnlyWantedRowsGetLogits) {
  Parts p = parts();
  int32_t sequence = *p.session->memory().open();
  std::vector<int32_t> prompt = tokens(70);
  std::vector<Row> rows;
  for (int i = 0; i < 70; ++i)
    rows.push_back({prompt[i], sequence, i == 3 || i == 30 || i == 69});
  std::vector<float> logits(3 * stub_vocabulary), all = reference(*p.model, prompt, true), expected;
  for (int row : {3, 30, 69})
    expected.insert(expected.end(), all.begin() + row * stub_vocabulary, all.begin() + (row + 1) * stub_vocabulary);
  ASSERT_FALSE(p.session->run(rows.data(), rows.size(), logits.data()));
  EXPECT_EQ(logits, expected);
}

TEST(SessionTest, SequencesInOneStepDoNotTouchEachOther) {
  SessionOptions options;
  options.sequences = 3;
  Parts p = parts(2, options);
  std::vector<std::vector<int32_t>> lists = {tokens(50, 1), tokens(33, 2), tokens(21, 3)};
  std::vector<int32_t> open;
  for (int i = 0; i < 3; ++i)
    open.push_back(*p.session->memory().open());
  std::vector<Row> rows;
  std::vector<float> expected;
  for (size_t i = 0; i < 50; ++i)
    for (int s = 0; s < 3; ++s)
      if (i < lists[s].size()) {
        rows.push_back({lists[s][i], open[s], i + 1 == lists[s].size()});
        if (rows.back().logits) {
          std::vector<float> last = reference(*p.model, lists[s]);
          expected.insert(expected.end(), last.begin(), last.end());
        }
      }
  std::vector<float> logits(3 * stub_vocabulary);
  ASSERT_FALSE(p.session->run(rows.data(), rows.size(), logits.data()));
  EXPECT_EQ(logits, expected);
}

TEST(SessionTest, ForksGoTheirOwnWays) {
  SessionOptions options;
  options.sequences = 2;
  Parts p = parts(2, options);
  KVMemory &memory = p.session->memory();
  std::vector<int32_t> prompt = tokens(37), left = tokens(20, 5), right = tokens(20, 6);
  int32_t parent = *memory.open();
  ASSERT_FALSE(p.session->feed(parent, prompt.data(), prompt.size(), nullptr));
  int32_t child = *memory.fork(parent);
  std::vector<float> logits(stub_vocabulary);
  ASSERT_FALSE(p.session->feed(child, right.data(), right.size(), logits.data()));
  EXPECT_EQ(logits, reference(*p.model, joined(prompt, right)));
  ASSERT_FALSE(p.session->feed(parent, left.data(), left.size(), logits.data()));
  EXPECT_EQ(logits, reference(*p.model, joined(prompt, left)));
}

TEST(SessionTest, ATrimmedSequenceContinuesAsIfTheRestHadNotBeen) {
  Parts p = parts();
  int32_t sequence = *p.session->memory().open();
  std::vector<int32_t> prompt = tokens(90), more = tokens(10, 9);
  ASSERT_FALSE(p.session->feed(sequence, prompt.data(), prompt.size(), nullptr));
  p.session->memory().trim(sequence, 41);
  std::vector<float> logits(stub_vocabulary);
  ASSERT_FALSE(p.session->feed(sequence, more.data(), more.size(), logits.data()));
  EXPECT_EQ(logits, reference(*p.model, joined({prompt.begin(), prompt.begin() + 41}, more)));
}

TEST(SessionTest, BadRowsAndFullContextsAreErrorsThatChangeNothing) {
  SessionOptions options;
  options.context = 20;
  Parts p = parts(1, options);
  int32_t sequence = *p.session->memory().open();
  std::vector<int32_t> list = tokens(21);
  Status failed = p.session->feed(sequence, list.data(), 21, nullptr);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(), "expected at most 20 positions in a sequence, got 21");
  EXPECT_EQ(p.session->memory().length(sequence), 0);
  int32_t bad = stub_vocabulary;
  failed = p.session->feed(sequence, &bad, 1, nullptr);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(), "expected a token below 258, the size of the vocabulary, got 258");
  failed = p.session->feed(7, list.data(), 1, nullptr);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(), "expected an open sequence, got 7");
}

TEST(SessionTest, ARunThatFailsForItsSecondSequenceLeavesTheFirstAsItWas) {
  SessionOptions options;
  options.sequences = 2;
  options.pageLimit = 2;
  Parts p = parts(1, options);
  int32_t first = *p.session->memory().open(), second = *p.session->memory().open();
  std::vector<Row> rows(16, Row{1, first, false});
  rows.resize(40, Row{2, second, false});
  ASSERT_TRUE(p.session->run(rows.data(), rows.size(), nullptr));
  EXPECT_EQ(p.session->memory().length(first), 0);
  EXPECT_EQ(p.session->memory().pagesInUse(), 0u);
}

TEST(ModelTest, WhatAModuleStatesIsChecked) {
  auto message = [](auto change) {
    hone_module module = hone_program_module;
    static hone_weight weights[3];
    std::copy(module.weights, module.weights + 3, weights);
    module.weights = weights;
    change(module, weights);
    Result<Model> model = Model::open(module, weightSection());
    return model ? std::string() : model.error().message();
  };
  const std::string again = "; compile the model again with this version of hone";
  EXPECT_EQ(message([](hone_module &, hone_weight *) {}), "");
  EXPECT_EQ(message([](hone_module &m, hone_weight *) { m.abi_version = 3; }), "expected module ABI 2, got 3" + again);
  EXPECT_EQ(message([](hone_module &m, hone_weight *) { m.vocabulary = 0; }),
            "module: expected 'vocabulary' in 1 to 2147483647, got 0" + again);
  EXPECT_EQ(message([](hone_module &m, hone_weight *) { m.worker_arena_bytes = 65; }),
            "module: expected 'worker_arena_bytes' to be a multiple of 64, got 65" + again);
  EXPECT_EQ(message([](hone_module &, hone_weight *w) { w[2].bytes = 65; }),
            "weight 'third.weight': expected bytes 4032 to 4097 inside the weight section of 4096 bytes" + again);
  EXPECT_NE(message([](hone_module &, hone_weight *w) { w[1].offset = ~UINT64_C(0) - 63; }), "");
  EXPECT_NE(message([](hone_module &, hone_weight *w) { w[1].offset = 130; }), "");
  const std::string calls = "module: expected kernel calls that name its kernels and weights, got others" + again;
  EXPECT_EQ(message([](hone_module &m, hone_weight *) { m.kernel_count = 2; }), calls);
  EXPECT_EQ(message([](hone_module &m, hone_weight *) { m.calls = nullptr; }), calls);
  EXPECT_EQ(message([](hone_module &m, hone_weight *) {
              static const hone_call call[] = {{0, 0, 3}};
              m.calls = call;
              m.call_count = 1;
            }),
            calls);
  EXPECT_EQ(message([](hone_module &m, hone_weight *) {
              static const hone_kernel kernel[] = {{"k", HONE_ARITHMETIC_INT8 + 1, 0, 0, 0, 0, 0}};
              m.kernels = kernel;
              m.kernel_count = 1;
              m.call_count = 0;
            }),
            calls);
}
