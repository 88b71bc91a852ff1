//===- APISessionTest.cpp - The C API: sessions, sequences, steps ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "APITesting.h"

#include <cstring>

using namespace hone::test;

TEST_F(APITest, SessionOptionsAreChecked) {
  openSession();
  hone_session *other = nullptr;
  auto open = [&](auto change) {
    hone_session_options options = {};
    options.size = sizeof options;
    change(options);
    return hone_session_open(model, &options, &other, &error);
  };
  HONE_EXPECT_FAILURE(open([](auto &o) { o.threads = 1025; }),
                      "HONE_INVALID_ARGUMENT: expected 'threads' of at most 1,024, got 1,025");
  HONE_EXPECT_FAILURE(open([](auto &o) { o.context = 513; }),
                      "HONE_INVALID_ARGUMENT: expected 'context' of at most 512, got 513");
  HONE_EXPECT_FAILURE(open([](auto &o) { o.sequences = 65537; }),
                      "HONE_INVALID_ARGUMENT: expected 'sequences' of at most 65,536, got 65,537");
  HONE_EXPECT_FAILURE(open([](auto &o) { o.huge_pages = 2; }),
                      "HONE_INVALID_ARGUMENT: expected 'huge_pages' of at most 1, got 2");
  HONE_EXPECT_FAILURE(open([](auto &o) { o.page_limit = UINT64_C(1) << 31; }),
                      "HONE_INVALID_ARGUMENT: expected 'page_limit' of at most 2,147,483,647, got 2,147,483,648");
  EXPECT_EQ(other, nullptr);
  HONE_EXPECT_FAILURE(hone_session_open(nullptr, nullptr, &other, &error),
                      "HONE_INVALID_ARGUMENT: expected a model and a place for the session, got a null pointer");
  HONE_EXPECT_FAILURE(hone_sequence_open(nullptr, nullptr, &error),
                      "HONE_INVALID_ARGUMENT: expected a session, got a null pointer");
}

TEST_F(APITest, SessionInfo) {
  openSession(/*sequences=*/3, /*threads=*/2, /*context=*/100);
  hone_session_info info = {};
  info.size = sizeof info;
  HONE_EXPECT_OK(hone_session_get_info(session, &info, &error));
  EXPECT_EQ(info.threads, 2u);
  EXPECT_EQ(info.context, 100u);
  EXPECT_EQ(info.sequences, 3u);
  EXPECT_EQ(info.step_rows, uint32_t(stub_max_rows));
  EXPECT_EQ(info.page_limit, 21u);
  EXPECT_EQ(info.pages_in_use, 0u);
}

TEST_F(APITest, SequencesAreLimitedAndNumbered) {
  openSession(/*sequences=*/2);
  int32_t first = openSequence(), second = openSequence(), third = -7;
  HONE_EXPECT_FAILURE(hone_sequence_open(session, &third, &error),
                      "HONE_TOO_MANY_SEQUENCES: expected at most 2 sequences at one time; close one first");
  HONE_EXPECT_FAILURE(hone_sequence_fork(session, first, &third, &error),
                      "HONE_TOO_MANY_SEQUENCES: expected at most 2 sequences at one time; close one first");
  EXPECT_EQ(third, -7);
  HONE_EXPECT_OK(hone_sequence_close(session, first, &error));
  uint32_t length;
  const std::string closed = "HONE_BAD_SEQUENCE: expected an open sequence, got 0";
  HONE_EXPECT_FAILURE(hone_sequence_close(session, first, &error), closed);
  HONE_EXPECT_FAILURE(hone_sequence_fork(session, first, &third, &error), closed);
  HONE_EXPECT_FAILURE(hone_sequence_trim(session, first, 0, &error), closed);
  HONE_EXPECT_FAILURE(hone_sequence_length(session, first, &length, &error), closed);
  HONE_EXPECT_FAILURE(hone_sequence_close(session, -1, &error), "HONE_BAD_SEQUENCE: expected an open sequence, got -1");
  HONE_EXPECT_OK(hone_sequence_fork(session, second, &third, &error));
  EXPECT_EQ(third, first) << "numbers are used again";
}

TEST_F(APITest, RowsAreCheckedBeforeAnythingChanges) {
  openSession(/*sequences=*/2, /*threads=*/2, /*context=*/30);
  int32_t sequence = openSequence();
  step(sequence, someTokens(5));
  float logits[stub_vocabulary];
  auto run = [&](std::vector<hone_row> rows) {
    return hone_session_step(session, rows.data(), rows.size(), logits, 1, &error);
  };
  const int32_t next = HONE_NEXT_POSITION;
  HONE_EXPECT_FAILURE(run({{sequence, 1, next, 0}, {sequence, stub_vocabulary, next, 0}}),
                      "HONE_BAD_TOKEN: expected a token below 258, the size of the vocabulary, got 258");
  HONE_EXPECT_FAILURE(run({{sequence, -1, next, 0}}),
                      "HONE_BAD_TOKEN: expected a token below 258, the size of the vocabulary, got -1");
  HONE_EXPECT_FAILURE(run({{sequence, 1, next, 0}, {7, 1, next, 0}}),
                      "HONE_BAD_SEQUENCE: expected an open sequence, got 7");
  HONE_EXPECT_FAILURE(run({{sequence, 1, 5, 0}, {sequence, 1, 7, 0}}),
                      "HONE_BAD_POSITION: row 1: expected position 6, where sequence 0 goes on, got 7");
  HONE_EXPECT_FAILURE(run({{sequence, 1, 4, 0}}),
                      "HONE_BAD_POSITION: row 0: expected position 5, where sequence 0 goes on, got 4");
  HONE_EXPECT_FAILURE(
      run(std::vector<hone_row>(26, hone_row{sequence, 1, next, 0})),
      "HONE_CONTEXT_FULL: row 25: expected at most 30 positions in a sequence, got one more for sequence "
      "0");
  HONE_EXPECT_FAILURE(run({{sequence, 1, next, 1}, {sequence, 1, next, 1}}),
                      "HONE_BUFFER_TOO_SMALL: expected room for the logits of 2 rows, got it for 1");
  HONE_EXPECT_FAILURE(hone_session_step(session, nullptr, 1, nullptr, 0, &error),
                      "HONE_INVALID_ARGUMENT: expected rows, and room for logits, got a null pointer");
  HONE_EXPECT_FAILURE(hone_sequence_trim(session, sequence, 6, &error),
                      "HONE_BAD_POSITION: expected at most 5, the length of sequence 0, got 6");
  EXPECT_EQ(length(sequence), 5u);
  HONE_EXPECT_OK(hone_session_step(session, nullptr, 0, nullptr, 0, &error));
  HONE_EXPECT_OK(run({{sequence, 1, 5, 0}, {sequence, 2, 6, 1}}));
  EXPECT_EQ(length(sequence), 7u);
}

TEST_F(APITest, ExhaustedPagesAreAnErrorThatChangesNothing) {
  openSession(/*sequences=*/2, /*threads=*/2, /*context=*/0, /*pageLimit=*/3);
  int32_t first = openSequence(), second = openSequence();
  step(first, someTokens(10));
  // More rows than one step takes: the first part has run when memory runs out.
  std::vector<hone_row> rows(24, hone_row{first, 1, HONE_NEXT_POSITION, 0});
  rows.resize(44, hone_row{second, 1, HONE_NEXT_POSITION, 0});
  HONE_EXPECT_FAILURE(hone_session_step(session, rows.data(), rows.size(), nullptr, 0, &error),
                      "HONE_OUT_OF_MEMORY: KV memory is exhausted: 2 more pages of 16 positions are needed, 0 of 3 are "
                      "free; close a sequence or raise the limit");
  EXPECT_EQ(length(first), 10u);
  EXPECT_EQ(length(second), 0u);
  EXPECT_EQ(pagesInUse(), 1u);
}

// Alone or with others, in one piece or token by token, with any number of threads.
TEST_F(APITest, LogitsDependOnTheTokensAlone) {
  std::vector<std::vector<int32_t>> lists = {someTokens(50, 1), someTokens(33, 2), someTokens(1, 3), someTokens(77, 4)};
  std::vector<std::vector<float>> alone;
  openSession(/*sequences=*/4, /*threads=*/1);
  for (const std::vector<int32_t> &list : lists)
    alone.push_back(step(openSequence(), list));
  for (uint32_t threads : {1u, 2u, 4u}) {
    openSession(/*sequences=*/4, threads);
    std::vector<hone_row> rows;
    std::vector<float> expected;
    for (int sequence = 0; sequence < 4; ++sequence)
      openSequence();
    for (size_t position = 0; position < 77; ++position)
      for (int sequence = 0; sequence < 4; ++sequence)
        if (position < lists[sequence].size()) {
          rows.push_back({sequence, lists[sequence][position], static_cast<int32_t>(position), 1});
          auto row = alone[sequence].begin() + static_cast<std::ptrdiff_t>(position * stub_vocabulary);
          expected.insert(expected.end(), row, row + stub_vocabulary);
        }
    std::vector<float> logits(rows.size() * stub_vocabulary);
    HONE_EXPECT_OK(hone_session_step(session, rows.data(), rows.size(), logits.data(), rows.size(), &error));
    EXPECT_EQ(logits, expected) << threads;

    HONE_EXPECT_OK(hone_sequence_trim(session, 0, 0, &error));
    std::vector<float> single;
    for (int32_t token : lists[0]) {
      std::vector<float> one = step(0, {token});
      single.insert(single.end(), one.begin(), one.end());
    }
    EXPECT_EQ(single, alone[0]);
  }
}

TEST_F(APITest, AForkSharesPagesAndGoesItsOwnWay) {
  openSession(/*sequences=*/3);
  std::vector<int32_t> prompt = someTokens(40), left = someTokens(9, 5), right = someTokens(9, 6);
  int32_t parent = openSequence(), fork = -1, fresh = -1;
  step(parent, prompt);
  EXPECT_EQ(pagesInUse(), 3u);
  HONE_ASSERT_OK(hone_sequence_fork(session, parent, &fork, &error));
  EXPECT_EQ(pagesInUse(), 3u);
  EXPECT_EQ(length(fork), 40u);
  std::vector<float> leftLogits = step(parent, left);
  EXPECT_EQ(pagesInUse(), 5u) << "the page that both would write to, and a new one";
  std::vector<float> rightLogits = step(fork, right);
  fresh = openSequence();
  step(fresh, prompt);
  EXPECT_EQ(step(fresh, right), rightLogits);
  HONE_EXPECT_OK(hone_sequence_trim(session, fresh, 40, &error));
  EXPECT_EQ(step(fresh, left), leftLogits);
}

TEST_F(APITest, ACancelledStepLeavesItsSequencesAsTheyWere) {
  openSession();
  int32_t sequence = openSequence();
  step(sequence, someTokens(3));
  hone_session_cancel(session);
  hone_row row = {sequence, 1, HONE_NEXT_POSITION, 0};
  for (int i = 0; i < 2; ++i)
    HONE_EXPECT_FAILURE(hone_session_step(session, &row, 1, nullptr, 0, &error),
                        "HONE_CANCELLED: the step was cancelled");
  EXPECT_EQ(length(sequence), 3u);
  hone_session_resume(session);
  HONE_EXPECT_OK(hone_session_step(session, &row, 1, nullptr, 0, &error));
  EXPECT_EQ(length(sequence), 4u);
}

TEST_F(APITest, LongMessagesAreCut) {
  std::string path;
  for (int i = 0; i < 300; ++i)
    path += "\xc3\xa4";
  EXPECT_EQ(hone_model_open(("x" + path).c_str(), &model, &error), HONE_NOT_FOUND);
  EXPECT_EQ(std::strlen(error.message), sizeof error.message - 1);
  EXPECT_EQ(hone_model_open(path.c_str(), &model, &error), HONE_NOT_FOUND);
  EXPECT_EQ(std::strlen(error.message), sizeof error.message - 2) << "not within a character";
}
