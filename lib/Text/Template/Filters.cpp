//===- Filters.cpp - Filters of a template --------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operations.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace hone::text;
using namespace hone::text::jinja;

const Value *Arguments::get(size_t index, std::string_view name) const {
  if (index < positional.size())
    return &positional[index];
  for (auto &[keyword, value] : keywords)
    if (keyword == name)
      return &value;
  return nullptr;
}

int64_t Arguments::integer(Context &context, size_t index, std::string_view name, int64_t otherwise) const {
  const Value *value = get(index, name);
  if (!value || value->kind == Value::None)
    return otherwise;
  if (!value->isInteger())
    context.fail("expected '" + std::string(name) + "' to be an integer, got " + std::string(kindName(*value)));
  return value->isInteger() ? value->asInteger() : otherwise;
}

bool Arguments::boolean(size_t index, std::string_view name, bool otherwise) const {
  const Value *value = get(index, name);
  return value ? isTrue(*value) : otherwise;
}

std::optional<std::string_view> Arguments::string(Context &context, size_t index, std::string_view name) const {
  const Value *value = get(index, name);
  if (!value || value->kind == Value::None)
    return std::nullopt;
  if (!value->isString()) {
    context.fail("expected '" + std::string(name) + "' to be a string, got " + std::string(kindName(*value)));
    return std::nullopt;
  }
  return std::string_view(*value->string);
}

static Value length(Context &context, const Value &input) {
  if (input.kind == Value::Dict)
    return Value::of(int64_t(input.dict->entries.size()));
  if (input.isString())
    return context.step(input.string->size() / 8) ? Value::of(int64_t(characterOffsets(*input.string).size()) - 1)
                                                  : Value();
  const List *items = toItems(context, input);
  return items ? Value::of(int64_t(items->items.size())) : Value();
}

static Value join(Context &context, const Value &input, const Arguments &arguments) {
  const Value *separator = arguments.get(0, "d");
  std::string between = separator ? toText(context, *separator) : "", out;
  std::optional<std::string_view> attribute = arguments.string(context, 1, "attribute");
  const List *items = toItems(context, input);
  for (size_t i = 0; items && i < items->items.size(); ++i) {
    Value item = items->items[i];
    if (attribute)
      item = getItem(context, item, context.text(std::string(*attribute)));
    std::string text = toText(context, item);
    if (!context.reserve(text.size() + between.size()))
      return {};
    out += (i ? between : "") + text;
  }
  return context.text(std::move(out));
}

static Value indent(Context &context, const std::string &text, const Arguments &arguments) {
  std::string margin;
  if (const Value *width = arguments.get(0, "width"); width && width->isString()) {
    margin = *width->string;
  } else {
    int64_t spaces = arguments.integer(context, 0, "width", 4);
    if (!context.reserve(uint64_t(std::max<int64_t>(spaces, 0))))
      return {};
    margin.assign(size_t(std::max<int64_t>(spaces, 0)), ' ');
  }
  bool first = arguments.boolean(1, "first", false), blank = arguments.boolean(2, "blank", false);
  // Jinja adds the line end so that one at the end of the text is kept.
  std::string terminated = text + "\n", out = first ? margin : "";
  std::vector<std::string_view> lines = splitLines(terminated);
  if (!context.reserve(text.size() + lines.size() * margin.size()))
    return {};
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0)
      out += '\n';
    if (i > 0 && (blank || !lines[i].empty()))
      out += margin;
    out += lines[i];
  }
  return context.text(std::move(out));
}

static Value toNumber(Context &context, const Value &input, const Arguments &arguments, bool wantInteger) {
  const Value *given = arguments.get(0, "default");
  Value otherwise = given ? *given : wantInteger ? Value::of(int64_t(0)) : Value::of(0.0);
  double real = 0;
  if (input.isInteger()) {
    if (wantInteger)
      return Value::of(input.asInteger());
    real = input.asReal();
  } else if (input.kind == Value::Float) {
    real = input.real;
  } else if (input.isString()) {
    std::string text(strip(*input.string, std::nullopt, true, true));
    char *end = nullptr;
    errno = 0;
    long long whole = std::strtoll(text.c_str(), &end, 10);
    if (wantInteger && !text.empty() && *end == 0)
      return errno ? context.fail("expected an integer of 64 bits, got '" + text.substr(0, 60) + "'")
                   : Value::of(int64_t(whole));
    real = std::strtod(text.c_str(), &end);
    bool decimal = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (text.empty() || *end != 0 || !decimal)
      return otherwise;
  } else {
    return otherwise;
  }
  if (!wantInteger)
    return Value::of(real);
  if (!(std::abs(real) < 9e18))
    return std::isfinite(real) ? context.fail("expected an integer of 64 bits") : otherwise;
  return Value::of(int64_t(real));
}

static Value toJSONFilter(Context &context, const Value &input, const Arguments &arguments) {
  JSONStyle style;
  // The order of transformers' own tojson.
  style.ensureASCII = arguments.boolean(0, "ensure_ascii", false);
  if (const Value *indent = arguments.get(1, "indent"); indent && indent->kind != Value::None) {
    style.indent = std::clamp<int64_t>(arguments.integer(context, 1, "indent", 0), 0, 64);
    style.itemSeparator = ",";
  }
  if (const Value *separators = arguments.get(2, "separators"); separators && separators->kind == Value::List) {
    const std::vector<Value> &pair = separators->list->items;
    if (pair.size() != 2 || !pair[0].isString() || !pair[1].isString())
      return context.fail("expected 'separators' to be two strings");
    style.itemSeparator = *pair[0].string;
    style.keySeparator = *pair[1].string;
  }
  style.sortKeys = arguments.boolean(3, "sort_keys", false);
  return context.text(toJSON(context, input, style));
}

/// Jinja's title: upper case after spaces, hyphens and opening brackets.
static std::string title(std::string text) {
  bool start = true;
  for (char &c : text) {
    bool separator = std::string_view("-({[< \t\n\r\v\f").find(c) != std::string_view::npos;
    c = (start && !separator ? toUpper({&c, 1}) : toLower({&c, 1}))[0];
    start = separator;
  }
  return text;
}

/// Filters that take any value.
static std::optional<Value> applyValueFilter(Context &context, std::string_view name, const Value &input,
                                             const Arguments &arguments) {
  if (name == "default" || name == "d") {
    bool useDefault = input.isUndefined() || (arguments.boolean(1, "boolean", false) && !isTrue(input));
    const Value *given = arguments.get(0, "default_value");
    return !useDefault ? input : given ? *given : context.text("");
  }
  if (name == "length" || name == "count")
    return length(context, input);
  if (name == "join")
    return join(context, input, arguments);
  if (name == "tojson")
    return toJSONFilter(context, input, arguments);
  if (name == "int" || name == "float")
    return toNumber(context, input, arguments, name == "int");
  if (name == "abs") {
    if (input.kind == Value::Float)
      return Value::of(std::abs(input.real));
    return input.isInteger() && input.asInteger() != INT64_MIN
               ? Value::of(std::abs(input.asInteger()))
               : context.fail("'abs' expects a number, got " + std::string(kindName(input)));
  }
  if (name == "first" || name == "last" || name == "list" || name == "reverse") {
    const List *items = toItems(context, input);
    if (!items || (items->items.empty() && name != "list" && name != "reverse"))
      return Value();
    if (name == "first" || name == "last")
      return name == "first" ? items->items.front() : items->items.back();
    if (!context.reserve(items->items.size() * sizeof(Value)))
      return Value();
    std::vector<Value> copy = items->items;
    if (name == "list")
      return Value::of(context.list(std::move(copy)));
    std::reverse(copy.begin(), copy.end());
    return input.isString() ? join(context, Value::of(context.list(std::move(copy))), {})
                            : Value::of(context.list(std::move(copy)));
  }
  if (name == "items") {
    if (input.isUndefined())
      return Value::of(context.list());
    return input.kind == Value::Dict ? callMethod(context, input, "items", {})
                                     : context.fail("'items' expects a dict, got " + std::string(kindName(input)));
  }
  return std::nullopt;
}

Value hone::text::jinja::applyFilter(Context &context, std::string_view name, const Value &input,
                                     const Arguments &arguments) {
  if (context.failed())
    return {};
  if (std::optional<Value> result = applyValueFilter(context, name, input, arguments))
    return *result;
  if (std::optional<Value> result = applySequenceFilter(context, name, input, arguments))
    return *result;
  static constexpr std::string_view textFilters[] = {"trim",   "upper", "lower",   "title", "capitalize",
                                                     "string", "safe",  "replace", "indent"};
  if (std::find(std::begin(textFilters), std::end(textFilters), name) == std::end(textFilters))
    return context.fail("unknown filter '" + std::string(name) + "'");
  if (input.isString() && (name == "string" || name == "safe"))
    return input;
  if (!input.isString() && name == "indent")
    return context.fail("'indent' expects a string, got " + std::string(kindName(input)));
  std::string text = toText(context, input);
  if (!context.reserve(text.size()))
    return {};
  if (name == "trim")
    return context.text(std::string(strip(text, arguments.string(context, 0, "chars"), true, true)));
  if (name == "upper")
    return context.text(toUpper(text));
  if (name == "lower")
    return context.text(toLower(text));
  if (name == "title")
    return context.text(title(std::move(text)));
  if (name == "capitalize")
    return context.text(capitalize(text));
  if (name == "indent")
    return indent(context, text, arguments);
  if (name == "replace") {
    std::optional<std::string_view> from = arguments.string(context, 0, "old"),
                                    to = arguments.string(context, 1, "new");
    if (!from || !to)
      return context.fail("'replace' expects two strings");
    return context.text(replaceAll(context, text, *from, *to, arguments.integer(context, 2, "count", -1)));
  }
  return context.text(std::move(text));
}
