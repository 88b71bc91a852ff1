//===- Unicode.h - UTF-8 and character classes ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_UNICODE_H
#define HONE_LIB_TEXT_UNICODE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hone::text {

/// Classes of a code point: \p{L}, \p{N} and \s of Unicode 16.0 as the tokenizers package's regular expressions see
/// them, and `Numeric`: N of Unicode 17.0, as its Digits pre-tokenizer does. A character of none is 0.
enum CharClass : uint8_t { Letter = 1, Number = 2, Space = 4, Numeric = 8 };

/// Stands for a byte sequence that is not UTF-8.
constexpr uint32_t invalidCodePoint = 0xFFFFFFFF;

struct CodePoint {
  uint32_t value;
  /// Bytes it takes, at least 1; for an invalid sequence those of the maximal subpart (Unicode 16.0, 3.9).
  uint8_t length;
  /// Whether the bytes end before an otherwise valid character does.
  bool truncated = false;
};

/// The character at `text[0]`; `text` is not empty.
CodePoint decodeUTF8(std::string_view text);

/// Appends the UTF-8 of a code point; a surrogate or a value over 0x10FFFF gives U+FFFD.
void appendUTF8(std::string &out, uint32_t codePoint);

/// The CharClass bits of a code point; 0 for an invalid one.
uint8_t classOf(uint32_t codePoint);

/// Whether Python's str.isspace() holds: what str.strip() removes.
bool isPythonSpace(uint32_t codePoint);

} // namespace hone::text

#endif // HONE_LIB_TEXT_UNICODE_H
