//===- hone-render-template.cpp - Renders templates for comparisons -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// usage: hone-render-template, driven by template_against_jinja2.py on standard input.
//
// A request is a list of strings, each u32 length and bytes, little-endian: the template; "1" or "0" for the
// generation prompt; BOS and EOS, each after "1", or "0" alone for none; the date as "YYYY MM DD hh mm ss" or "";
// the number of variables, then name, kind (bool, int, str) and value of each; the number of messages, then role and
// content of each. The answer is u32 success and the text, or the error's message.

#include "hone/Text/ChatTemplate.h"

#include <cstdio>
#include <cstdlib>

using namespace hone;
using namespace hone::text;

static bool readString(std::string &text) {
  uint32_t length;
  if (std::fread(&length, 4, 1, stdin) != 1)
    return false;
  text.resize(length);
  return std::fread(text.data(), 1, length, stdin) == length;
}

static std::string next() {
  std::string text;
  if (!readString(text)) {
    std::fprintf(stderr, "hone-render-template: error: standard input ends within a request\n");
    std::exit(1);
  }
  return text;
}

static void readInputs(ChatInputs &inputs) {
  inputs.addGenerationPrompt = next() == "1";
  if (next() == "1")
    inputs.bosToken = next();
  if (next() == "1")
    inputs.eosToken = next();
  std::tm now = {};
  if (std::sscanf(next().c_str(), "%d %d %d %d %d %d", &now.tm_year, &now.tm_mon, &now.tm_mday, &now.tm_hour,
                  &now.tm_min, &now.tm_sec) == 6) {
    now.tm_year -= 1900;
    now.tm_mon -= 1;
    now.tm_isdst = -1;
    std::tm normalized = now;
    timegm(&normalized);
    inputs.now = normalized;
  }
  for (int count = std::atoi(next().c_str()); count > 0; --count) {
    std::string name = next(), kind = next(), value = next();
    if (kind == "bool")
      inputs.variables.emplace_back(name, value == "1");
    else if (kind == "int")
      inputs.variables.emplace_back(name, int64_t(std::atoll(value.c_str())));
    else
      inputs.variables.emplace_back(name, value);
  }
  for (int count = std::atoi(next().c_str()); count > 0; --count) {
    std::string role = next(), content = next();
    inputs.messages.push_back({role, content});
  }
}

static void answer(bool success, const std::string &text) {
  uint32_t words[] = {success, uint32_t(text.size())};
  std::fwrite(words, 4, 2, stdout);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int main() {
  for (std::string source; readString(source);) {
    ChatInputs inputs;
    readInputs(inputs);
    Result<ChatTemplate> parsed = ChatTemplate::parse(source);
    if (!parsed) {
      answer(false, parsed.error().message());
      continue;
    }
    Result<std::string> text = parsed->render(inputs);
    answer(bool(text), text ? *text : text.error().message());
  }
  return 0;
}
