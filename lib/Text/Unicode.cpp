//===- Unicode.cpp - UTF-8 and character classes --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Unicode.h"

#include <algorithm>
#include <iterator>

using namespace hone::text;

namespace {
/// First code point << 8 | classes, ascending; each range ends where the next begins.
constexpr uint32_t ranges[] = {
#include "UnicodeRanges.inc"
};

struct ASCIIClasses {
  uint8_t of[128] = {};
  constexpr ASCIIClasses() {
    for (int c = 0; c < 128; ++c) {
      if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        of[c] = Letter;
      else if (c >= '0' && c <= '9')
        of[c] = Number | Numeric;
      else if (c == ' ' || (c >= 9 && c <= 13))
        of[c] = Space;
    }
  }
};
constexpr ASCIIClasses ascii;
} // namespace

CodePoint hone::text::decodeUTF8(std::string_view text) {
  uint8_t lead = text[0];
  if (lead < 0x80)
    return {lead, 1};
  // Limits of the second byte depend on the lead (Unicode 16.0, table 3-7); later bytes are 80..BF.
  unsigned length = lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 1;
  if (length == 1)
    return {invalidCodePoint, 1};
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  uint32_t value = lead & (0xFF >> (length + 1));
  for (unsigned i = 1; i < length; ++i) {
    if (i == text.size())
      return {invalidCodePoint, uint8_t(i), /*truncated=*/true};
    uint8_t byte = text[i];
    if (byte < low || byte > high)
      return {invalidCodePoint, uint8_t(i)};
    value = value << 6 | (byte & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {value, uint8_t(length)};
}

void hone::text::appendUTF8(std::string &out, uint32_t codePoint) {
  if (codePoint > 0x10FFFF || (codePoint >= 0xD800 && codePoint <= 0xDFFF))
    codePoint = 0xFFFD;
  if (codePoint < 0x80) {
    out += char(codePoint);
    return;
  }
  if (codePoint < 0x800) {
    out += char(0xC0 | codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      out += char(0xE0 | codePoint >> 12);
    } else {
      out += char(0xF0 | codePoint >> 18);
      out += char(0x80 | (codePoint >> 12 & 0x3F));
    }
    out += char(0x80 | (codePoint >> 6 & 0x3F));
  }
  out += char(0x80 | (codePoint & 0x3F));
}

uint8_t hone::text::classOf(uint32_t codePoint) {
  if (codePoint < 128)
    return ascii.of[codePoint];
  if (codePoint > 0x10FFFF)
    return 0;
  const uint32_t *next = std::upper_bound(std::begin(ranges), std::end(ranges), codePoint << 8 | 0xFF);
  return uint8_t(next[-1]);
}

bool hone::text::isPythonSpace(uint32_t codePoint) {
  return (codePoint >= 0x1C && codePoint <= 0x1F) || (classOf(codePoint) & Space);
}
