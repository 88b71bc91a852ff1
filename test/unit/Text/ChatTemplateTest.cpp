//===- ChatTemplateTest.cpp - Tests of chat templates ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/ChatTemplate.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::text;

static std::string render(std::string_view source, const ChatInputs &inputs = {}) {
  Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  if (!parsed)
    return "parse: " + parsed.error().message();
  Result<std::string> text = parsed->render(inputs);
  return text ? *text : "render: " + text.error().message();
}

TEST(ChatTemplate, RendersAConversation) {
  ChatInputs inputs;
  inputs.messages = {{"system", "Be brief."}, {"user", " Hi "}};
  inputs.bosToken = "<s>";
  inputs.variables = {{"n", int64_t(3)}, {"flag", true}, {"name", std::string("x")}};
  EXPECT_EQ(render("{{ bos_token }}{% for m in messages %}\n<{{ m.role }}>{{ m['content'] | trim }}\n{% endfor %}\n"
                   "{{ n + 1 }}{{ flag }}{{ name }}{{ eos_token is defined }}{{ tools is none }}",
                   inputs),
            "<s><system>Be brief.\n<user>Hi\n4TruexFalseTrue");
}

TEST(ChatTemplate, HasADateOnlyIfGiven) {
  const char *source = "{{ strftime_now('%d %b %Y') if strftime_now is defined else 'none' }}";
  EXPECT_EQ(render(source), "none");
  ChatInputs inputs;
  std::tm now = {};
  now.tm_year = 125;
  now.tm_mday = 9;
  inputs.now = now;
  EXPECT_EQ(render(source, inputs), "09 Jan 2025");
  EXPECT_EQ(render("{{ strftime_now('') }}", inputs), "render: chat template line 1: 'strftime_now' expects a format");
}

TEST(ChatTemplate, NamesLineAndConstruct) {
  EXPECT_EQ(render("a\n{% include 'x' %}"), "parse: template line 2: unknown statement 'include'; known are break, "
                                            "continue, for, generation, if, macro, raw and set");
  EXPECT_EQ(render("\n\n{{ x | nope }}"), "render: chat template line 3: unknown filter 'nope'");
  EXPECT_EQ(render("{{ x is nope }}"), "render: chat template line 1: unknown test 'nope'");
  EXPECT_EQ(render("{{ 'a'.nope() }}"), "render: chat template line 1: unknown method 'nope' of a string");
  EXPECT_EQ(render("{{ {}.nope() }}"), "render: chat template line 1: unknown method 'nope' of a dict");
  EXPECT_EQ(render("{{ {}.items }}"),
            "render: chat template line 1: unknown construct: method 'items' that is not called");
  EXPECT_EQ(render("{{ '%s' % 1 }}"),
            "render: chat template line 1: unknown construct: formatting of a string with '%'");
  EXPECT_EQ(render("{% for x in y recursive %}{% endfor %}"),
            "parse: template line 1: unknown construct: 'recursive' of a for statement");
  EXPECT_EQ(render("{{ f(*x) }}"), "parse: template line 1: unknown construct: '*' before an argument");
  EXPECT_EQ(render("{% set a, = x %}"), "parse: template line 1: unknown construct: unpacking of one item");
  EXPECT_EQ(render("{% break %}"), "parse: template line 1: 'break' is outside of a for statement");
  EXPECT_EQ(render("{{ 1 ? 2 }}"), "parse: template line 1: unknown character '?'");
  EXPECT_EQ(render("{{ 99999999999999999999 }}"),
            "parse: template line 1: expected an integer of 64 bits, got 99999999999999999999");
  EXPECT_EQ(render("{{ 9223372036854775807 + 1 }}"), "render: chat template line 1: '+' overflows 64 bits");
  EXPECT_EQ(render("{{ raise_exception('no system role') }}"),
            "render: chat template line 1: the template refuses the conversation: no system role");
  EXPECT_EQ(render("{{ f(a=1, 2) }}"), "parse: template line 1: expected a keyword argument after another");
  EXPECT_EQ(render("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}"),
            "render: chat template line 1: macro 'f' expects at most 1 arguments, got 2");
  EXPECT_EQ(render("{% macro f(a) %}{% endmacro %}{{ f(b=2) }}"),
            "render: chat template line 1: macro 'f' has no parameter 'b'");
}

TEST(ChatTemplate, BoundsHostileTemplates) {
  auto repeated = [](std::string_view text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i)
      result += text;
    return result;
  };
  const std::string deep = "statements nest deeper than 100 levels",
                    deepExpression = "expression nests deeper than 150 levels";
  auto has = [](const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; };
  const std::pair<const char *, const char *> nested[] = {{"(", ")"},   {"[", "]"},     {"{1: ", "}"},
                                                          {"not ", ""}, {"- ", ""},     {"a[", "]"},
                                                          {"f(", ")"},  {"1 - (", ")"}, {"x|f(", ")"}};
  for (auto &[opening, closing] : nested)
    EXPECT_TRUE(has(render("{{ " + repeated(opening, 9999) + "1" + repeated(closing, 9999) + " }}"), deepExpression))
        << opening;
  EXPECT_TRUE(has(render("{{ a" + repeated(".a", 50000) + " }}"), deepExpression));
  EXPECT_TRUE(has(render("{{ a" + repeated("|f", 50000) + " }}"), deepExpression));
  EXPECT_TRUE(has(render("{{ 1" + repeated("+1", 50000) + " }}"), deepExpression));
  EXPECT_TRUE(has(render("{{ 1" + repeated(" if 1 else 1", 5000) + " }}"), deepExpression));
  EXPECT_TRUE(has(render(repeated("{% if x %}", 50000)), deep));
  EXPECT_TRUE(has(render("{% if x %}" + repeated("{% elif x %}", 50000)), deep));
  EXPECT_TRUE(has(render(std::string((1 << 20) + 1, ' ')), "expected at most 1048576 bytes, got 1048577"));

  EXPECT_EQ(render("{{ range(5, -5, -3) | list }}{{ range(5, 5) | list }}"), "[5, 2, -1, -4][]");

  const std::string steps = "takes more than 20000000 steps", bytes = "makes more than 268435456 bytes of values";
  EXPECT_TRUE(has(render("{{ range(1000000000000) }}"), "makes a range of 1000000000000 items"));
  EXPECT_TRUE(has(render("{% set r = range(10000) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}"), steps));
  EXPECT_TRUE(has(
      render("{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"), bytes));
  EXPECT_TRUE(has(render("{{ 'ab' * 9999999999 }}"), bytes));
  EXPECT_TRUE(has(render("{{ [1] * 9223372036854775807 }}"), bytes));
  EXPECT_TRUE(has(render("{{ 'a' | indent(99999999999) }}"), bytes));
  EXPECT_TRUE(has(render("{% set x = 'a' * 1000000 %}{% for i in range(100) %}{{ x }}{% endfor %}"),
                  "writes more than 67108864 bytes"));
  EXPECT_TRUE(
      has(render("{% set n = namespace(l=[]) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}"),
          "nests deeper than 400 levels"));
  EXPECT_TRUE(has(render("{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}"
                         "{{ n.l | tojson }}"),
                  "more than"));
  EXPECT_TRUE(has(render("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "nests deeper than 400 levels"));
  EXPECT_TRUE(has(render("{% set n = namespace() %}{% set n.n = [n] %}{{ n.n == n.n }}{{ n.n }}"),
                  "expected text, got a namespace"));
}

TEST(ChatTemplate, SurvivesDamage) {
  const std::string source =
      "{%- for m in messages if m.role in ['user'] %}{{ m['content'][1:-1] | trim ~ \"\\u20ac\" }}"
      "{% set a.b = {'x': 1.5}.get('x', -2) %}{% raw %}{{{% endraw %}{# c #}{%+ endfor -%} x";
  uint32_t state = 1;
  for (int run = 0; run < 20000; ++run) {
    std::string damaged = source;
    for (int i = 0; i < 3; ++i) {
      state = state * 1664525 + 1013904223;
      size_t at = (state >> 8) % damaged.size();
      if (state & 64)
        damaged.erase(at, 1 + state % 5);
      else
        damaged.insert(at, 1, "{}%#-'\"[]().|~\\\n\xFF"[(state >> 3) % 17]);
    }
    ChatInputs inputs;
    inputs.messages = {{"user", "häß"}};
    render(damaged, inputs);
  }
}
