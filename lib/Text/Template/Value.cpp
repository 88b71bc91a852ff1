//===- Value.cpp - The values of a template -------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Value.h"

#include "../Unicode.h"
#include "Syntax.h"

#include <algorithm>
#include <cmath>

using namespace hone::text;
using namespace hone::text::jinja;

bool Context::step(uint64_t count) {
  steps += count;
  if (steps > maxSteps)
    fail("takes more than " + std::to_string(maxSteps) + " steps");
  return !failed();
}

bool Context::reserve(uint64_t count) {
  bytes += std::min(count, maxBytes + 1);
  if (bytes > maxBytes)
    fail("makes more than " + std::to_string(maxBytes) + " bytes of values");
  return !failed();
}

Value Context::text(std::string value) {
  if (!reserve(value.size() + sizeof(std::string)))
    return {};
  strings.push_back(std::move(value));
  return Value::of(&strings.back());
}

List *Context::list(std::vector<Value> items, bool tuple) {
  reserve(sizeof(List) + items.size() * sizeof(Value));
  lists.push_back({std::move(items), tuple});
  return &lists.back();
}

Dict *Context::dict() {
  reserve(sizeof(Dict));
  dicts.emplace_back();
  return &dicts.back();
}

Loop *Context::loop(const List *items) {
  reserve(sizeof(Loop));
  loops.push_back({items, 0});
  return &loops.back();
}

Value Context::fail(const std::string &what) {
  if (!error)
    error = "template line " + std::to_string(line) + ": " + what;
  return {};
}

std::string_view hone::text::jinja::kindName(const Value &value) {
  static constexpr std::string_view names[] = {"undefined", "none", "bool",      "int",  "float", "string",
                                               "list",      "dict", "namespace", "loop", "macro", "function"};
  return value.kind == Value::List && value.list->tuple ? "tuple" : names[value.kind];
}

bool hone::text::jinja::isTrue(const Value &value) {
  switch (value.kind) {
  case Value::Undefined:
  case Value::None:
    return false;
  case Value::Bool:
    return value.boolean;
  case Value::Int:
    return value.integer != 0;
  case Value::Float:
    return value.real != 0;
  case Value::String:
    return !value.string->empty();
  case Value::List:
    return !value.list->items.empty();
  case Value::Dict:
    return !value.dict->entries.empty();
  default:
    return true;
  }
}

/// Python's repr of a float: the fewest digits that read back, with an exponent below 1e-4 and from 1e16 on. By printf
/// and strtod: std::to_chars would bring 100 KB of tables into every program.
static std::string floatText(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[400]; // Fixed notation of numbers below 1e16.
  int digits = 0;
  do
    std::snprintf(buffer, sizeof buffer, "%.*e", digits, value);
  while (digits++ < 17 && std::strtod(buffer, nullptr) != value);
  std::string_view written(buffer);
  size_t mark = written.find('e');
  int exponent = std::atoi(buffer + mark + 1);
  if (exponent < -4 || exponent >= 16)
    return std::string(written);
  int fraction = digits - 1 - exponent;
  std::snprintf(buffer, sizeof buffer, "%.*f", fraction > 0 ? fraction : 0, value);
  std::string text(buffer);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

static std::string quoted(std::string_view text) {
  bool single = text.find('\'') == std::string_view::npos || text.find('"') != std::string_view::npos;
  char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (char c : text) {
    if (c == quote || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (uint8_t(c) < 0x20 || c == 0x7F)
      out += {'\\', 'x', "0123456789abcdef"[uint8_t(c) >> 4], "0123456789abcdef"[c & 15]};
    else
      out += c;
  }
  return out + quote;
}

std::string hone::text::jinja::toText(Context &context, const Value &value) {
  Nesting nesting(context);
  if (context.failed() || !context.step())
    return {};
  switch (value.kind) {
  case Value::Undefined:
    return "";
  case Value::None:
    return "None";
  case Value::Bool:
    return value.boolean ? "True" : "False";
  case Value::Int:
    return std::to_string(value.integer);
  case Value::Float:
    return floatText(value.real);
  case Value::String:
    return *value.string;
  case Value::List: {
    std::string out = value.list->tuple ? "(" : "[";
    for (const Value &item : value.list->items) {
      if (&item != &value.list->items.front())
        out += ", ";
      out += toRepr(context, item);
      if (!context.reserve(out.size() / value.list->items.size()))
        return {};
    }
    if (value.list->tuple && value.list->items.size() == 1)
      out += ',';
    return out + (value.list->tuple ? ")" : "]");
  }
  case Value::Dict: {
    std::string out = "{";
    for (auto &[key, item] : value.dict->entries) {
      if (out.size() > 1)
        out += ", ";
      out += toRepr(context, key) + ": " + toRepr(context, item);
      if (!context.reserve(out.size() / value.dict->entries.size()))
        return {};
    }
    return out + "}";
  }
  default:
    context.fail("expected text, got a " + std::string(kindName(value)));
    return {};
  }
}

std::string hone::text::jinja::toRepr(Context &context, const Value &value) {
  if (!value.isString())
    return value.isUndefined() ? "Undefined" : toText(context, value);
  return context.reserve(value.string->size()) ? quoted(*value.string) : "";
}

bool hone::text::jinja::isEqual(Context &context, const Value &left, const Value &right) {
  Nesting nesting(context);
  if (context.failed() || !context.step())
    return false;
  if (left.isInteger() && right.isInteger())
    return left.asInteger() == right.asInteger();
  if (left.isNumber() && right.isNumber())
    return left.asReal() == right.asReal();
  if (left.kind != right.kind)
    return false;
  switch (left.kind) {
  case Value::Undefined:
  case Value::None:
    return true;
  case Value::String:
  case Value::Function:
    return context.step(left.string->size() / 64) && *left.string == *right.string;
  case Value::List: {
    const List &a = *left.list, &b = *right.list;
    bool same = a.tuple == b.tuple && a.items.size() == b.items.size();
    for (size_t i = 0; same && i < a.items.size(); ++i)
      same = isEqual(context, a.items[i], b.items[i]);
    return same;
  }
  case Value::Dict: {
    bool same = left.dict->entries.size() == right.dict->entries.size();
    for (auto &[key, item] : left.dict->entries) {
      Value *other = same ? find(context, *right.dict, key) : nullptr;
      same = other && isEqual(context, item, *other);
    }
    return same;
  }
  default:
    return left.dict == right.dict;
  }
}

bool hone::text::jinja::isLess(Context &context, const Value &left, const Value &right) {
  Nesting nesting(context);
  if (context.failed() || !context.step())
    return false;
  if (left.isInteger() && right.isInteger())
    return left.asInteger() < right.asInteger();
  if (left.isNumber() && right.isNumber())
    return left.asReal() < right.asReal();
  if (left.isString() && right.isString())
    return context.step(left.string->size() / 64) && *left.string < *right.string;
  if (left.kind == Value::List && right.kind == Value::List && left.list->tuple == right.list->tuple) {
    const std::vector<Value> &a = left.list->items, &b = right.list->items;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (!isEqual(context, a[i], b[i]))
        return isLess(context, a[i], b[i]);
    return a.size() < b.size();
  }
  context.fail("expected values of one kind to order, got " + std::string(kindName(left)) + " and " +
               std::string(kindName(right)));
  return false;
}

Value *hone::text::jinja::find(Context &context, Dict &dict, const Value &key) {
  for (auto &[name, value] : dict.entries)
    if (isEqual(context, name, key))
      return &value;
  return nullptr;
}

Value *hone::text::jinja::find(Context &context, Dict &dict, std::string_view key) {
  context.step(dict.entries.size() / 8);
  for (auto &[name, value] : dict.entries)
    if (name.isString() && *name.string == key)
      return &value;
  return nullptr;
}

const List *hone::text::jinja::toItems(Context &context, const Value &value) {
  if (value.kind == Value::List)
    return value.list;
  std::vector<Value> items;
  if (value.isString()) {
    std::vector<size_t> offsets = characterOffsets(*value.string);
    if (!context.step(offsets.size()))
      return nullptr;
    for (size_t i = 0; i + 1 < offsets.size(); ++i)
      items.push_back(context.text(value.string->substr(offsets[i], offsets[i + 1] - offsets[i])));
  } else if (value.kind == Value::Dict) {
    for (auto &entry : value.dict->entries)
      items.push_back(entry.first);
  } else if (!value.isUndefined()) {
    context.fail("expected something to iterate over, got " + std::string(kindName(value)));
  }
  return context.failed() ? nullptr : context.list(std::move(items));
}

std::vector<size_t> hone::text::jinja::characterOffsets(std::string_view text) {
  std::vector<size_t> offsets;
  offsets.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size(); at += decodeUTF8(text.substr(at, 4)).length)
    offsets.push_back(at);
  offsets.push_back(text.size());
  return offsets;
}

std::string_view hone::text::jinja::strip(std::string_view text, std::optional<std::string_view> set, bool left,
                                          bool right) {
  auto removable = [&](std::string_view character) {
    return set ? set->find(character) != std::string_view::npos : isPythonSpace(decodeUTF8(character).value);
  };
  while (left && !text.empty()) {
    size_t length = decodeUTF8(text.substr(0, 4)).length;
    if (!removable(text.substr(0, length)))
      break;
    text.remove_prefix(length);
  }
  while (right && !text.empty()) {
    size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 && (uint8_t(text[begin]) & 0xC0) == 0x80)
      --begin;
    if (!removable(text.substr(begin)))
      break;
    text.remove_suffix(text.size() - begin);
  }
  return text;
}
