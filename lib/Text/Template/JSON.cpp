//===- JSON.cpp - Values as JSON ------------------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Value.h"

#include "../Unicode.h"

#include <algorithm>

using namespace hone::text;
using namespace hone::text::jinja;

namespace {
class Writer {
public:
  Writer(Context &context, const JSONStyle &style) : context(context), style(style) {}

  std::string out;

  void write(const Value &value, int64_t level) {
    Nesting nesting(context);
    if (context.failed() || !context.step())
      return;
    size_t before = out.size();
    switch (value.kind) {
    case Value::None:
      out += "null";
      break;
    case Value::Bool:
      out += value.boolean ? "true" : "false";
      break;
    case Value::Int:
    case Value::Float:
      out += number(value);
      break;
    case Value::String:
      writeString(*value.string);
      break;
    case Value::List:
      writeList(*value.list, level);
      break;
    case Value::Dict:
      writeDict(*value.dict, level);
      break;
    default:
      context.fail("expected a value that JSON has, got " + std::string(kindName(value)));
    }
    context.reserve(out.size() - before);
  }

private:
  std::string number(const Value &value) {
    std::string text = toText(context, value);
    return text == "nan" ? "NaN" : text == "inf" ? "Infinity" : text == "-inf" ? "-Infinity" : text;
  }

  void newLine(int64_t level) {
    if (style.indent && context.reserve(uint64_t(*style.indent * level))) {
      out += '\n';
      out.append(size_t(*style.indent * level), ' ');
    }
  }

  void writeList(const List &list, int64_t level) {
    out += '[';
    for (size_t i = 0; i < list.items.size() && !context.failed(); ++i) {
      if (i > 0)
        out += style.itemSeparator;
      newLine(level + 1);
      write(list.items[i], level + 1);
    }
    if (!list.items.empty())
      newLine(level);
    out += ']';
  }

  void writeDict(const Dict &dict, int64_t level) {
    std::vector<std::pair<Value, Value>> entries = dict.entries;
    for (auto &[key, value] : entries)
      if (!key.isString()) {
        context.fail("expected strings as keys of JSON, got " + std::string(kindName(key)));
        return;
      }
    if (style.sortKeys)
      std::sort(entries.begin(), entries.end(),
                [](auto &left, auto &right) { return *left.first.string < *right.first.string; });
    out += '{';
    for (size_t i = 0; i < entries.size() && !context.failed(); ++i) {
      if (i > 0)
        out += style.itemSeparator;
      newLine(level + 1);
      writeString(*entries[i].first.string);
      out += style.keySeparator;
      write(entries[i].second, level + 1);
    }
    if (!entries.empty())
      newLine(level);
    out += '}';
  }

  void writeUnit(uint32_t unit) {
    const char *digits = "0123456789abcdef";
    out += {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
  }

  void writeString(std::string_view text) {
    out += '"';
    for (size_t at = 0; at < text.size();) {
      CodePoint point = decodeUTF8(text.substr(at, 4));
      constexpr std::string_view escaped = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
      size_t escape = point.value < 0x80 ? escaped.find(char(point.value)) : std::string_view::npos;
      if (escape != std::string_view::npos)
        out += {'\\', letters[escape]};
      else if (point.value < 0x20)
        writeUnit(point.value);
      else if (point.value < 0x80 || !style.ensureASCII)
        out += text.substr(at, point.length);
      else if (point.value < 0x10000 || point.value == invalidCodePoint)
        writeUnit(std::min<uint32_t>(point.value, 0xFFFD));
      else {
        writeUnit(0xD800 + ((point.value - 0x10000) >> 10));
        writeUnit(0xDC00 + ((point.value - 0x10000) & 0x3FF));
      }
      at += point.length;
    }
    out += '"';
  }

  Context &context;
  const JSONStyle &style;
};
} // namespace

std::string hone::text::jinja::toJSON(Context &context, const Value &value, const JSONStyle &style) {
  Writer writer(context, style);
  writer.write(value, 0);
  return std::move(writer.out);
}
