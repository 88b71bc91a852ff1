//===- TemplateExpectationsTest.cpp - Templates as jinja2 renders them ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/ChatTemplate.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::text;

namespace {
struct Expectation {
  const char *source;
  /// What jinja2 renders; null where it raises.
  const char *text;
};

constexpr Expectation expectations[] = {
#include "TemplateExpectations.inc"
};
} // namespace

/// Those of generate_template_expectations.py.
static ChatInputs conversation() {
  ChatInputs inputs;
  inputs.messages = {
      {"system", "Be brief."}, {"user", " häß €\n"}, {"assistant", "<think>\nhm\n</think>\n\nYes"}, {"user", "Why?"}};
  inputs.addGenerationPrompt = true;
  inputs.bosToken = "<s>";
  inputs.eosToken = "</s>";
  inputs.variables = {{"enable_thinking", false}, {"number", int64_t(3)}};
  std::tm now = {};
  now.tm_year = 125;
  now.tm_mon = 2;
  now.tm_mday = 9;
  now.tm_hour = 17;
  now.tm_min = 5;
  now.tm_sec = 42;
  now.tm_yday = 67;
  inputs.now = now;
  return inputs;
}

TEST(ChatTemplate, RendersAsJinja2Does) {
  for (const Expectation &expectation : expectations) {
    Result<ChatTemplate> parsed = ChatTemplate::parse(expectation.source);
    Result<std::string> text = parsed ? parsed->render(conversation()) : Result<std::string>(parsed.takeError());
    if (!expectation.text)
      EXPECT_FALSE(text) << expectation.source << "\nis refused by jinja2, but gave " << *text;
    else if (!text)
      ADD_FAILURE() << expectation.source << "\nfailed: " << text.error().message();
    else
      EXPECT_EQ(*text, expectation.text) << expectation.source;
  }
}
