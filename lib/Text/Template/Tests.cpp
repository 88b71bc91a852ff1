//===- Tests.cpp - Tests of a template: x is ... --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operations.h"

#include <algorithm>

using namespace hone::text::jinja;

static bool failKind(Context &context, std::string_view name, const char *expected, const Value &input) {
  context.fail("test '" + std::string(name) + "' expects " + expected + ", got " + std::string(kindName(input)));
  return false;
}

/// Tests that compare with an argument; the operator they stand for.
static std::optional<std::string_view> comparison(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> operators[] = {
      {"eq", "=="},      {"equalto", "=="}, {"==", "=="}, {"ne", "!="},        {"!=", "!="}, {"lt", "<"},
      {"lessthan", "<"}, {"<", "<"},        {"le", "<="}, {"<=", "<="},        {"gt", ">"},  {">", ">"},
      {"ge", ">="},      {">=", ">="},      {"in", "in"}, {"greaterthan", ">"}};
  for (auto &[test, op] : operators)
    if (test == name)
      return op;
  return std::nullopt;
}

bool hone::text::jinja::applyTest(Context &context, std::string_view name, const Value &input,
                                  const Arguments &arguments) {
  if (context.failed())
    return false;
  if (name == "defined")
    return !input.isUndefined();
  if (name == "undefined")
    return input.isUndefined();
  if (name == "none")
    return input.kind == Value::None;
  if (name == "string")
    return input.isString();
  if (name == "mapping")
    return input.kind == Value::Dict;
  if (name == "iterable" || name == "sequence")
    return input.isString() || input.kind == Value::List || input.kind == Value::Dict || input.isUndefined();
  if (name == "number")
    return input.isNumber();
  if (name == "integer")
    return input.kind == Value::Int;
  if (name == "float")
    return input.kind == Value::Float;
  if (name == "boolean")
    return input.kind == Value::Bool;
  if (name == "true" || name == "false")
    return input.kind == Value::Bool && input.boolean == (name == "true");
  if (name == "callable")
    return input.kind == Value::Macro || input.kind == Value::Function || input.isUndefined();
  if (name == "odd" || name == "even") {
    if (!input.isInteger())
      return failKind(context, name, "an integer", input);
    return (input.asInteger() % 2 != 0) == (name == "odd");
  }
  if (name == "upper" || name == "lower") {
    std::string text = toText(context, input);
    bool letters = std::any_of(text.begin(), text.end(), [](char c) { return toUpper({&c, 1}) != toLower({&c, 1}); });
    return letters && text == (name == "upper" ? toUpper(text) : toLower(text));
  }
  std::optional<std::string_view> op = comparison(name);
  if (!op && name != "divisibleby" && name != "sameas") {
    context.fail("unknown test '" + std::string(name) + "'");
    return false;
  }
  const Value *other = arguments.get(0, "other");
  if (!other) {
    context.fail("test '" + std::string(name) + "' expects an argument");
    return false;
  }
  if (op)
    return compare(context, *op, input, *other);
  if (name == "sameas") {
    if (input.kind == Value::List || input.kind == Value::Dict)
      return input.kind == other->kind && input.list == other->list;
    return input.kind == other->kind && isEqual(context, input, *other);
  }
  if (!input.isInteger() || !other->isInteger() || other->asInteger() == 0)
    return failKind(context, name, "integers, the second not zero", input);
  return other->asInteger() == -1 || input.asInteger() % other->asInteger() == 0;
}
