//===- Methods.cpp - Methods of strings, dicts and lists ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operations.h"

#include "../Unicode.h"

#include <algorithm>

using namespace hone::text;
using namespace hone::text::jinja;

std::string hone::text::jinja::toUpper(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    c = c >= 'a' && c <= 'z' ? char(c - 32) : c;
  return out;
}

std::string hone::text::jinja::toLower(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  return out;
}

std::string hone::text::jinja::capitalize(std::string_view text) {
  return toUpper(text.substr(0, 1)) + toLower(text.substr(text.empty() ? 0 : 1));
}

std::string hone::text::jinja::replaceAll(Context &context, std::string_view text, std::string_view from,
                                          std::string_view to, int64_t count) {
  if (from.empty()) {
    context.fail("unknown construct: 'replace' of an empty string");
    return {};
  }
  std::string out;
  size_t at = 0;
  for (size_t found; count != 0 && (found = text.find(from, at)) != std::string_view::npos; --count) {
    if (!context.reserve(found - at + to.size()))
      return {};
    out += text.substr(at, found - at);
    out += to;
    at = found + from.size();
  }
  out += text.substr(at);
  return out;
}

std::vector<std::string_view> hone::text::jinja::splitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decodeUTF8(text.substr(at, 4));
    uint32_t c = point.value;
    size_t next = at + point.length;
    if ((c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029) {
      lines.push_back(text.substr(begin, at - begin));
      if (c == '\r' && next < text.size() && text[next] == '\n')
        ++next;
      begin = next;
    }
    at = next;
  }
  if (begin < text.size())
    lines.push_back(text.substr(begin));
  return lines;
}

/// str.title(): upper case after anything but a letter.
static std::string title(std::string_view text) {
  std::string out;
  bool inWord = false;
  for (size_t at = 0; at < text.size();) {
    CodePoint point = decodeUTF8(text.substr(at, 4));
    std::string_view character = text.substr(at, point.length);
    out += inWord ? toLower(character) : toUpper(character);
    inWord = classOf(point.value) & Letter;
    at += point.length;
  }
  return out;
}

static Value listOf(Context &context, const std::vector<std::string_view> &parts) {
  std::vector<Value> items;
  for (std::string_view part : parts)
    items.push_back(context.text(std::string(part)));
  return Value::of(context.list(std::move(items)));
}

/// split and rsplit; no separator means runs of white space.
static Value split(Context &context, std::string_view text, const Arguments &arguments, bool fromRight) {
  std::optional<std::string_view> separator = arguments.string(context, 0, "sep");
  int64_t limit = arguments.integer(context, 1, "maxsplit", -1);
  if (separator && separator->empty())
    return context.fail("'split' expects a separator that is not empty");
  if (!context.step(text.size() / 8))
    return {};
  std::vector<std::string_view> parts;
  if (separator) {
    for (; limit != 0; --limit) {
      size_t found = fromRight ? text.rfind(*separator) : text.find(*separator);
      if (found == std::string_view::npos)
        break;
      std::string_view after = text.substr(found + separator->size()), before = text.substr(0, found);
      parts.push_back(fromRight ? after : before);
      text = fromRight ? before : after;
    }
    parts.push_back(text);
  } else if (fromRight && limit >= 0) {
    return context.fail("unknown construct: 'rsplit' by white space with a limit");
  } else {
    for (text = strip(text, std::nullopt, true, false); !text.empty(); text = strip(text, std::nullopt, true, false)) {
      size_t end = 0;
      while (end < text.size()) {
        CodePoint point = decodeUTF8(text.substr(end, 4));
        if (isPythonSpace(point.value))
          break;
        end += point.length;
      }
      if (limit-- == 0) {
        parts.push_back(text);
        break;
      }
      parts.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
    return listOf(context, parts);
  }
  if (fromRight)
    std::reverse(parts.begin(), parts.end());
  return listOf(context, parts);
}

/// startswith and endswith take one string or a tuple of them.
static Value hasAffix(Context &context, std::string_view text, const Arguments &arguments, bool atStart) {
  const Value *given = arguments.get(0, "prefix");
  std::vector<Value> single;
  if (given && given->isString())
    single.push_back(*given);
  const std::vector<Value> *affixes = given && given->kind == Value::List ? &given->list->items : &single;
  if (!given || (single.empty() && affixes == &single))
    return context.fail("expected a string or a tuple of strings to compare with");
  for (const Value &affix : *affixes) {
    if (!affix.isString() || !context.step())
      return context.fail("expected a string or a tuple of strings to compare with");
    size_t size = affix.string->size();
    if (size <= text.size() && text.substr(atStart ? 0 : text.size() - size, size) == *affix.string)
      return Value::of(true);
  }
  return Value::of(false);
}

static int64_t characterIndex(std::string_view text, size_t byte) {
  return byte == std::string_view::npos ? -1 : int64_t(characterOffsets(text.substr(0, byte)).size()) - 1;
}

static std::optional<Value> searchMethod(Context &context, const std::string &text, std::string_view name,
                                         const Arguments &arguments) {
  bool known = false;
  for (std::string_view method : {"find", "rfind", "count", "removeprefix", "removesuffix", "replace"})
    known |= name == method;
  if (!known)
    return std::nullopt;
  std::optional<std::string_view> wanted = arguments.string(context, 0, "old");
  if (!wanted)
    return context.fail("'" + std::string(name) + "' expects a string");
  if (!context.step(text.size() / 8))
    return Value();
  if (name == "find" || name == "rfind")
    return Value::of(characterIndex(text, name == "find" ? text.find(*wanted) : text.rfind(*wanted)));
  if (name == "count") {
    int64_t count = 0;
    if (wanted->empty())
      return Value::of(int64_t(characterOffsets(text).size()));
    for (size_t at = text.find(*wanted); at != std::string::npos; at = text.find(*wanted, at + wanted->size()))
      ++count;
    return Value::of(count);
  }
  if (name == "replace") {
    std::optional<std::string_view> to = arguments.string(context, 1, "new");
    if (!to)
      return context.fail("'replace' expects two strings");
    return context.text(replaceAll(context, text, *wanted, *to, arguments.integer(context, 2, "count", -1)));
  }
  bool prefix = name == "removeprefix";
  bool matches = hasAffix(context, text, arguments, prefix).boolean;
  return context.text(!matches ? text
                      : prefix ? text.substr(wanted->size())
                               : text.substr(0, text.size() - wanted->size()));
}

static Value stringMethod(Context &context, const Value &object, std::string_view name, const Arguments &arguments) {
  const std::string &text = *object.string;
  if (!context.reserve(text.size()))
    return {};
  if (name == "strip" || name == "lstrip" || name == "rstrip")
    return context.text(
        std::string(strip(text, arguments.string(context, 0, "chars"), name != "rstrip", name != "lstrip")));
  if (name == "startswith" || name == "endswith")
    return hasAffix(context, text, arguments, name == "startswith");
  if (name == "split" || name == "rsplit")
    return split(context, text, arguments, name == "rsplit");
  if (name == "splitlines")
    return listOf(context, splitLines(text));
  if (name == "upper")
    return context.text(toUpper(text));
  if (name == "lower")
    return context.text(toLower(text));
  if (name == "title")
    return context.text(title(text));
  if (name == "capitalize")
    return context.text(capitalize(text));
  if (name == "join" && arguments.positional.size() == 1) {
    Arguments separator;
    separator.positional.push_back(object);
    return applyFilter(context, "join", arguments.positional[0], separator);
  }
  if (name == "isdigit" || name == "isspace") {
    bool all = !text.empty();
    for (char c : text)
      all &= name == "isdigit" ? c >= '0' && c <= '9' : isPythonSpace(uint8_t(c));
    return Value::of(all);
  }
  if (std::optional<Value> result = searchMethod(context, text, name, arguments))
    return *result;
  return context.fail("unknown method '" + std::string(name) + "' of a string");
}

static Value dictMethod(Context &context, Dict &dict, std::string_view name, const Arguments &arguments) {
  if (name == "get") {
    const Value *key = arguments.get(0, "key"), *otherwise = arguments.get(1, "default");
    if (!key)
      return context.fail("'get' expects a key");
    Value *found = find(context, dict, *key);
    return found ? *found : otherwise ? *otherwise : Value::none();
  }
  if (name != "items" && name != "keys" && name != "values")
    return context.fail("unknown method '" + std::string(name) + "' of a dict");
  std::vector<Value> out;
  if (!context.step(dict.entries.size()))
    return {};
  for (auto &[key, value] : dict.entries)
    out.push_back(name == "keys"     ? key
                  : name == "values" ? value
                                     : Value::of(context.list({key, value}, /*tuple=*/true)));
  return Value::of(context.list(std::move(out)));
}

Value hone::text::jinja::callMethod(Context &context, const Value &object, std::string_view name,
                                    const Arguments &arguments) {
  if (object.isUndefined())
    return failUndefined(context, object);
  if (object.isString())
    return stringMethod(context, object, name, arguments);
  if (object.kind == Value::Dict)
    return dictMethod(context, *object.dict, name, arguments);
  if (object.kind == Value::Loop && name == "cycle" && !arguments.positional.empty())
    return arguments.positional[object.loop->index % arguments.positional.size()];
  if (object.kind == Value::List && (name == "index" || name == "count") && arguments.positional.size() == 1) {
    int64_t count = 0;
    const std::vector<Value> &items = object.list->items;
    for (size_t i = 0; i < items.size(); ++i) {
      bool same = isEqual(context, items[i], arguments.positional[0]);
      if (same && name == "index")
        return Value::of(int64_t(i));
      count += same;
    }
    return name == "count" ? Value::of(count) : context.fail("'index' expects an item of the list");
  }
  return context.fail("unknown method '" + std::string(name) + "' of a " + std::string(kindName(object)));
}
