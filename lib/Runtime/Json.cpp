//===- Json.cpp - A writer of JSON ----------------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"
#include "Format.h"

using namespace hone;
using namespace hone::rt;

/// The length of the UTF-8 character that begins `text`, 0 if none does.
static size_t characterLength(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  size_t length = lead < 0x80                   ? 1
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
  if (length > text.size())
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) >= 0xa0) || (lead == 0xf0 && byte(1) < 0x90) ||
      (lead == 0xf4 && byte(1) >= 0x90))
    return 0;
  return length;
}

void JsonWriter::quote(std::string_view value) {
  text += '"';
  while (!value.empty()) {
    size_t length = characterLength(value);
    if (length == 0) {
      text += "\xef\xbf\xbd";
      length = 1;
    } else if (value[0] == '"' || value[0] == '\\') {
      text += '\\';
      text += value[0];
    } else if (static_cast<unsigned char>(value[0]) < ' ') {
      text += format("\\u%04x", value[0]);
    } else {
      text += value.substr(0, length);
    }
    value.remove_prefix(length);
  }
  text += '"';
}

void JsonWriter::newLine() {
  if (depth <= lineDepth)
    text += '\n' + std::string(depth * 2, ' ');
}

void JsonWriter::item(std::string_view key) {
  if (!first)
    text += depth > lineDepth ? ", " : ",";
  if (depth > 0)
    newLine();
  first = false;
  if (!key.empty()) {
    quote(key);
    text += ": ";
  }
}

void JsonWriter::open(std::string_view key, char bracket) {
  item(key);
  text += bracket;
  ++depth;
  first = true;
}

void JsonWriter::close(char bracket) {
  --depth;
  // Where members stand on one line, so does the bracket.
  if (!first && depth < lineDepth)
    newLine();
  text += bracket;
  first = false;
}

void JsonWriter::string(std::string_view key, std::string_view value) {
  item(key);
  quote(value);
}

void JsonWriter::whole(std::string_view key, uint64_t value) {
  item(key);
  text += format("%llu", static_cast<unsigned long long>(value));
}

void JsonWriter::real(std::string_view key, double value, int decimals) {
  item(key);
  text += value - value == 0 ? format("%.*f", decimals, value) : "null";
}

void JsonWriter::boolean(std::string_view key, bool value) {
  item(key);
  text += value ? "true" : "false";
}

std::string JsonWriter::take() {
  text += '\n';
  return std::move(text);
}
