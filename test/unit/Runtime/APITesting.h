//===- APITesting.h - What the tests of the C API share ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_UNIT_RUNTIME_APITESTING_H
#define HONE_TEST_UNIT_RUNTIME_APITESTING_H

#include "StubModel.h"
#include "hone-rt/hone.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace hone::test {

/// The status and text of an error, as "HONE_BAD_TOKEN: expected ...".
inline std::string describe(const hone_error &error) {
  return std::string(hone_status_name(error.status)) + ": " + error.message;
}

/// Whether a call that got `error` succeeded and wrote that there.
#define HONE_EXPECT_OK(call) EXPECT_EQ(call, HONE_OK) << error.message
#define HONE_ASSERT_OK(call) ASSERT_EQ(call, HONE_OK) << error.message
/// That a call fails with this status and text, in both places.
#define HONE_EXPECT_FAILURE(call, expected)                                                                            \
  do {                                                                                                                 \
    hone_status status = call;                                                                                         \
    EXPECT_EQ(status, error.status);                                                                                   \
    EXPECT_EQ(hone::test::describe(error), expected);                                                                  \
  } while (0)

/// The stub model, without a tokenizer, and a session.
class APITest : public ::testing::Test {
protected:
  ~APITest() override {
    hone_session_close(session);
    hone_model_close(model);
  }

  void openSession(uint32_t sequences = 1, uint32_t threads = 2, uint32_t context = 0, uint64_t pageLimit = 0) {
    hone_session_close(session);
    if (!model)
      HONE_ASSERT_OK(hone_model_open(nullptr, &model, &error));
    hone_session_options options = {};
    options.size = sizeof options;
    options.threads = threads;
    options.sequences = sequences;
    options.context = context;
    options.page_limit = pageLimit;
    HONE_ASSERT_OK(hone_session_open(model, &options, &session, &error));
  }

  int32_t openSequence() {
    int32_t sequence = -1;
    HONE_EXPECT_OK(hone_sequence_open(session, &sequence, &error));
    return sequence;
  }

  uint32_t length(int32_t sequence) {
    uint32_t value = ~0u;
    HONE_EXPECT_OK(hone_sequence_length(session, sequence, &value, &error));
    return value;
  }

  uint64_t pagesInUse() {
    hone_session_info info = {};
    info.size = sizeof info;
    HONE_EXPECT_OK(hone_session_get_info(session, &info, &error));
    return info.pages_in_use;
  }

  /// Appends tokens, each with its logits.
  std::vector<float> step(int32_t sequence, const std::vector<int32_t> &tokens) {
    std::vector<hone_row> rows;
    for (int32_t token : tokens)
      rows.push_back({sequence, token, HONE_NEXT_POSITION, 1});
    std::vector<float> logits(rows.size() * stub_vocabulary);
    HONE_EXPECT_OK(hone_session_step(session, rows.data(), rows.size(), logits.data(), rows.size(), &error));
    return logits;
  }

  hone_model *model = nullptr;
  hone_session *session = nullptr;
  hone_error error = {};
};

inline std::vector<int32_t> someTokens(int count, int seed = 1) {
  std::vector<int32_t> list;
  for (int i = 0; i < count; ++i)
    list.push_back((i * 37 + seed * 11) % stub_vocabulary);
  return list;
}

} // namespace hone::test

#endif // HONE_TEST_UNIT_RUNTIME_APITESTING_H
