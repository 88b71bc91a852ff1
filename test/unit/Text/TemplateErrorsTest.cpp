//===- TemplateErrorsTest.cpp - Each diagnostic of a template -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/ChatTemplate.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::text;

/// The error of a template without its beginning, which names line 1.
static std::string error(const std::string &source) {
  ChatInputs inputs;
  inputs.now = std::tm{};
  Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  Result<std::string> text = parsed ? parsed->render(inputs) : Result<std::string>(parsed.takeError());
  if (text)
    return "none: " + *text;
  const std::string &message = text.error().message(), start = "template line 1: ";
  size_t at = message.find(start);
  return at == std::string::npos ? message : message.substr(at + start.size());
}

/// The error of an expression that is printed.
static std::string printError(const std::string &expression) { return error("{{ " + expression + " }}"); }

TEST(TemplateErrors, Syntax) {
  EXPECT_EQ(error("{# open"), "expected '#}' to end the comment, got the end of the template");
  EXPECT_EQ(error("{% raw %}x"), "expected '{% endraw %}', got the end of the template");
  EXPECT_EQ(error("{{ 1"), "expected '}}' to end the tag, got the end of the template");
  EXPECT_EQ(error("{% if 1"), "expected '%}' to end the tag, got the end of the template");
  EXPECT_EQ(error("{{ 'a"), "expected ' to end the string, got the end of the template");
  EXPECT_EQ(printError("'\\x4g'"), "expected 2 hexadecimal digits after '\\x'");
  EXPECT_EQ(printError("'\\uD'"), "expected 4 hexadecimal digits after '\\u'");
  EXPECT_EQ(printError("1a"), "expected a decimal number, got '1a'");
  EXPECT_EQ(printError(")"), "expected no bracket, got ')'");
  EXPECT_EQ(printError("(]"), "expected ), got ']'");
  EXPECT_EQ(printError("$"), "unknown character '$'");
  EXPECT_EQ(error("{{ }}"), "expected an expression, got the end of the tag");
  EXPECT_EQ(printError("a b"), "expected '}}', got 'b'");
  EXPECT_EQ(printError("a 'b'"), "expected '}}', got a string");
  EXPECT_EQ(printError("[1 2]"), "expected ']', got '2'");
  EXPECT_EQ(printError("{1 2}"), "expected ':', got '2'");
  EXPECT_EQ(printError("f(a b)"), "expected ')', got 'b'");
  EXPECT_EQ(printError("a.'b'"), "expected an attribute's name, got a string");
  EXPECT_EQ(printError("a |"), "expected a filter's name, got the end of the tag");
  EXPECT_EQ(printError("a is"), "expected a test's name, got the end of the tag");
  EXPECT_EQ(printError("f(**a)"), "unknown construct: '**' before an argument");
}

TEST(TemplateErrors, Statements) {
  EXPECT_EQ(error("{% %}"), "expected a statement's name, got the end of the tag");
  EXPECT_EQ(error("{% if x %}"), "expected '{% endif %}', got the end of the template");
  EXPECT_EQ(error("{% for x %}{% endfor %}"), "expected 'in', got the end of the tag");
  EXPECT_EQ(error("{% for 1 in x %}{% endfor %}"), "expected a name to assign to, got '1'");
  EXPECT_EQ(error("{% set x, y %}{% endset %}"), "expected '=', got the end of the tag");
  EXPECT_EQ(error("{% set a.b %}{% endset %}"), "expected '=', got the end of the tag");
  EXPECT_EQ(error("{% set a.1 = 2 %}"), "expected an attribute's name, got '1'");
  EXPECT_EQ(error("{% set (a, b = 2 %}"), "expected ), got '}'");
  EXPECT_EQ(error("{% macro 1() %}{% endmacro %}"), "expected the macro's name, got '1'");
  EXPECT_EQ(error("{% macro f(1) %}{% endmacro %}"), "expected a parameter's name, got '1'");
  EXPECT_EQ(error("{% macro f(a=1, b) %}{% endmacro %}"), "expected a default for 'b', got ')'");
  EXPECT_EQ(error("{% continue %}"), "'continue' is outside of a for statement");
  EXPECT_EQ(error("{% for x in [1] %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}"),
            "'break' is outside of a for statement");
  EXPECT_EQ(error("{% set a, b = [1] %}"), "expected 2 values to assign, got 1");
  EXPECT_EQ(error("{% set a, b = 1 %}"), "expected something to iterate over, got int");
  EXPECT_EQ(error("{% set a.x = 1 %}"), "expected 'a' to be a namespace to set 'x' of, got undefined");
  EXPECT_EQ(error("{% for x in 5 %}{% endfor %}"), "expected something to iterate over, got int");
  EXPECT_EQ(error("{% for a, b in [1] if a %}{% endfor %}"), "expected something to iterate over, got int");
  EXPECT_EQ(error("{% macro m() %}{{ varargs }}{% endmacro %}{{ m() }}"), "unknown construct: 'varargs' of a macro");
  EXPECT_EQ(error("{% macro m() %}{{ kwargs }}{% endmacro %}{{ m() }}"), "unknown construct: 'kwargs' of a macro");
}

TEST(TemplateErrors, Operators) {
  EXPECT_EQ(printError("x + 1"), "'x' is undefined");
  EXPECT_EQ(printError("1 - x"), "'x' is undefined");
  EXPECT_EQ(printError("x < 1"), "'x' is undefined");
  EXPECT_EQ(printError("-x"), "'x' is undefined");
  EXPECT_EQ(printError("x.a"), "'x' is undefined");
  EXPECT_EQ(printError("x[0]"), "'x' is undefined");
  EXPECT_EQ(printError("x[1:]"), "'x' is undefined");
  EXPECT_EQ(printError("[1][5].a"), "value is undefined");
  EXPECT_EQ(printError("1 + 'a'"), "'+' does not apply to int and string");
  EXPECT_EQ(printError("[1] + (1,)"), "'+' does not apply to list and tuple");
  EXPECT_EQ(printError("-'a'"), "'-' does not apply to string");
  EXPECT_EQ(printError("1 / 0"), "division by zero");
  EXPECT_EQ(printError("1.5 % 0"), "division by zero");
  EXPECT_EQ(printError("2 ** 0.5"), "'**' takes a whole exponent between -1100 and 1100");
  EXPECT_EQ(printError("2.0 ** 1101"), "'**' takes a whole exponent between -1100 and 1100");
  EXPECT_EQ(printError("2 ** 63"), "'**' overflows 64 bits");
  EXPECT_EQ(printError("9223372036854775807 * 2"), "'*' overflows 64 bits");
  EXPECT_EQ(printError("-9223372036854775807 - 2"), "'-' overflows 64 bits");
  EXPECT_EQ(printError("(-9223372036854775807 - 1) // -1"), "'//' overflows 64 bits");
  EXPECT_EQ(printError("'a' < 1"), "expected values of one kind to order, got string and int");
  EXPECT_EQ(printError("1 in 'abc'"), "'in' a string expects a string, got int");
  EXPECT_EQ(printError("1 in 2"), "expected something to iterate over, got int");
  EXPECT_EQ(printError("'abc'['a':]"), "expected an integer to slice by, got string");
  EXPECT_EQ(printError("'abc'[::0]"), "expected a step other than zero to slice by");
  EXPECT_EQ(printError("'abc'[::'a']"), "expected a step other than zero to slice by");
  EXPECT_EQ(printError("5[1:]"), "expected a string or list to slice, got int");
  EXPECT_EQ(printError("range"), "expected text, got a function");
  EXPECT_EQ(printError("namespace()"), "expected text, got a namespace");
}

TEST(TemplateErrors, Calls) {
  EXPECT_EQ(printError("f()"), "'f' is undefined");
  EXPECT_EQ(printError("1()"), "a int cannot be called");
  EXPECT_EQ(printError("x.f()"), "'x' is undefined");
  EXPECT_EQ(printError("range()"), "'range' expects one to three integers");
  EXPECT_EQ(printError("range(1, 2, 3, 4)"), "'range' expects one to three integers");
  EXPECT_EQ(printError("range(1, 2, 0)"), "'range' expects a step other than zero");
  EXPECT_EQ(printError("range('a')"), "expected 'bound' to be an integer, got string");
  EXPECT_EQ(printError("dict(1)"), "'dict' expects keyword arguments or a dict");
  EXPECT_EQ(printError("raise_exception()"), "the template refuses the conversation: ");
  EXPECT_EQ(printError("strftime_now(1)"), "expected 'format' to be a string, got int");
  EXPECT_EQ(printError("strftime_now('" + std::string(300, 'x') + "')"),
            "'strftime_now' expects a format that gives 1 to 255 bytes");
  EXPECT_EQ(printError("'a'.split('')"), "'split' expects a separator that is not empty");
  EXPECT_EQ(printError("'a b'.rsplit(none, 1)"), "unknown construct: 'rsplit' by white space with a limit");
  EXPECT_EQ(printError("'a'.replace('', 'b')"), "unknown construct: 'replace' of an empty string");
  EXPECT_EQ(printError("'a'.replace('b')"), "'replace' expects two strings");
  EXPECT_EQ(printError("'a'.find()"), "'find' expects a string");
  EXPECT_EQ(printError("'a'.find(1)"), "expected 'old' to be a string, got int");
  EXPECT_EQ(printError("'a'.startswith(1)"), "expected a string or a tuple of strings to compare with");
  EXPECT_EQ(printError("'a'.startswith(('b', 1))"), "expected a string or a tuple of strings to compare with");
  EXPECT_EQ(printError("{}.get()"), "'get' expects a key");
  EXPECT_EQ(printError("[1].index(2)"), "'index' expects an item of the list");
  EXPECT_EQ(printError("[1].append(2)"), "unknown method 'append' of a list");
  EXPECT_EQ(printError("1.5.x()"), "unknown method 'x' of a float");
}

TEST(TemplateErrors, FiltersAndTests) {
  EXPECT_EQ(printError("5 | length"), "expected something to iterate over, got int");
  EXPECT_EQ(printError("5 | items"), "'items' expects a dict, got int");
  EXPECT_EQ(printError("5 | dictsort"), "'dictsort' expects a dict, got int");
  EXPECT_EQ(printError("5 | sort"), "expected something to iterate over, got int");
  EXPECT_EQ(printError("[1, 'a'] | sort"), "expected values of one kind to order, got string and int");
  EXPECT_EQ(printError("'a' | abs"), "'abs' expects a number, got string");
  EXPECT_EQ(printError("(-9223372036854775807 - 1) | abs"), "'abs' expects a number, got int");
  EXPECT_EQ(printError("12 | indent"), "'indent' expects a string, got int");
  EXPECT_EQ(printError("'a' | replace('a')"), "'replace' expects two strings");
  EXPECT_EQ(printError("'9223372036854775808' | int"), "expected an integer of 64 bits, got '9223372036854775808'");
  EXPECT_EQ(printError("1e19 | int"), "expected an integer of 64 bits");
  EXPECT_EQ(printError("[1] | map"), "'map' expects a filter's name or an attribute");
  EXPECT_EQ(printError("[1] | map('nope')"), "unknown filter 'nope'");
  EXPECT_EQ(printError("[1] | select('nope')"), "unknown test 'nope'");
  EXPECT_EQ(printError("[1] | selectattr"), "'selectattr' expects an attribute");
  EXPECT_EQ(printError("range | tojson"), "expected a value that JSON has, got function");
  EXPECT_EQ(printError("{1: 2} | tojson"), "expected strings as keys of JSON, got int");
  EXPECT_EQ(printError("1 | tojson(separators=(1, 2))"), "expected 'separators' to be two strings");
  EXPECT_EQ(printError("1.5 is odd"), "test 'odd' expects an integer, got float");
  EXPECT_EQ(printError("1 is divisibleby 0"), "test 'divisibleby' expects integers, the second not zero, got int");
  EXPECT_EQ(printError("1 is eq"), "test 'eq' expects an argument");
}

// What goes wrong inside is reported, not what it leads to; nothing after it runs.
TEST(TemplateErrors, TheFirstErrorStays) {
  for (const char *form : {"[E, 1]",
                           "{E: 1}",
                           "(E).a",
                           "(E)[0]",
                           "1[E]",
                           "'a'[E:]",
                           "f(E)",
                           "(E) | upper",
                           "1 | default(E)",
                           "(E) is odd",
                           "1 is eq(E)",
                           "-(E)",
                           "not (E)",
                           "(E) + 1",
                           "1 + (E)",
                           "(E) and 1",
                           "1 or (E)",
                           "1 < (E) < 3",
                           "'a' ~ (E)",
                           "(E) if 1 else 2",
                           "[1, 2] | join(E)",
                           "E in [1]",
                           "range(E)",
                           "[E] | map('upper') | list",
                           "[[1 / 0]] | sort",
                           "'x'.join([E])"})
    if (std::string source = form; source.find('E') != std::string::npos)
      EXPECT_EQ(printError(source.replace(source.find('E'), 1, "1 / 0")),
                source == "1 or (1 / 0)" ? "none: 1" : "division by zero")
          << form;
  EXPECT_EQ(error("{% if 1 / 0 %}{{ missing.x }}{% endif %}"), "division by zero");
  EXPECT_EQ(error("{% for x in [1 / 0] %}{% endfor %}"), "division by zero");
  EXPECT_EQ(error("{% for x in [1] if 1 / 0 %}{% endfor %}"), "division by zero");
  EXPECT_EQ(error("{% set x = 1 / 0 %}{{ missing.x }}"), "division by zero");
  EXPECT_EQ(error("{% set x %}{{ 1 / 0 }}{% endset %}{{ missing.x }}"), "division by zero");
  EXPECT_EQ(error("{% macro f(a=1 / 0) %}{% endmacro %}{{ f() }}{{ missing.x }}"), "division by zero");
}
