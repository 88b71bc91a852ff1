//===- PreTokenizerTest.cpp - Text cut as tokenizers cuts it --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PreTokenizer.h"
#include "Unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace hone::text;

namespace {
struct Expectation {
  const char *rule;
  std::vector<std::string> pieces;
};
} // namespace

TEST(PreTokenizer, CutsAsTokenizersDoes) {
  const Expectation expectations[] = {
#include "PieceExpectations.inc"
  };
  for (const Expectation &expectation : expectations) {
    std::string text;
    for (const std::string &piece : expectation.pieces)
      text += piece;
    std::vector<std::string> pieces;
    PieceSplitter splitter(*findPreTokenizer(expectation.rule), text);
    for (std::string_view piece; splitter.next(piece);)
      pieces.emplace_back(piece);
    EXPECT_EQ(pieces, expectation.pieces) << expectation.rule << ": " << text;
  }
  EXPECT_EQ(findPreTokenizer("gpt-4"), std::nullopt);
}

/// The code point of `text` by the definition of UTF-8, or none: no overlong form, no surrogate, nothing above 10FFFF.
static std::optional<uint32_t> decodeByDefinition(const std::string &text) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t ones = 0;
  while (ones < 8 && (uint8_t(text[0]) << ones & 0x80))
    ++ones;
  size_t length = ones == 0 ? 1 : ones;
  if (ones == 1 || length > 4 || text.size() != length)
    return std::nullopt;
  uint32_t value = uint8_t(text[0]) & (0xFF >> (ones + (ones > 0)));
  for (size_t i = 1; i < length; ++i) {
    if ((uint8_t(text[i]) & 0xC0) != 0x80)
      return std::nullopt;
    value = value * 64 + (uint8_t(text[i]) & 0x3F);
  }
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
    return std::nullopt;
  return value;
}

TEST(Unicode, EveryCodePointReadsBack) {
  for (uint32_t value = 0; value <= 0x110010; ++value) {
    std::string text;
    appendUTF8(text, value);
    bool exists = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
    ASSERT_EQ(decodeByDefinition(text), exists ? value : 0xFFFD) << value;
    CodePoint point = decodeUTF8(text);
    ASSERT_EQ(point.value, exists ? value : 0xFFFD) << value;
    ASSERT_EQ(point.length, text.size()) << value;
  }
}

TEST(Unicode, RefusesWhatIsNotUTF8) {
  // Every two bytes, and every pair of them before two that continue.
  for (uint32_t bytes = 0; bytes < 0x10000; ++bytes) {
    std::string two = {char(bytes >> 8), char(bytes)}, four = two + "\x80\x80";
    for (size_t size : {1, 2, 3, 4}) {
      std::string text = four.substr(0, size);
      std::optional<uint32_t> expected = decodeByDefinition(text);
      CodePoint point = decodeUTF8(text);
      if (expected)
        ASSERT_TRUE(point.value == *expected && point.length == size) << bytes << " " << size;
      else
        ASSERT_TRUE(point.value == invalidCodePoint || point.length < size) << bytes << " " << size;
      // Truncated is what some further bytes would complete, and all of it is held back.
      if (point.truncated)
        ASSERT_EQ(point.length, size) << bytes;
    }
  }
}

TEST(Unicode, ClassifiesCharacters) {
  for (auto [value, classes] : std::initializer_list<std::pair<uint32_t, int>>{{'a', Letter},
                                                                               {0x3B1, Letter},
                                                                               {0x4E00, Letter},
                                                                               {'7', Number | Numeric},
                                                                               {0xBD, Number | Numeric},
                                                                               {0x663, Number | Numeric},
                                                                               {' ', Space},
                                                                               {0x85, Space},
                                                                               {0x3000, Space},
                                                                               {'_', 0},
                                                                               {0x301, 0},
                                                                               {0x1F600, 0},
                                                                               {0x10FFFF, 0},
                                                                               {0x110000, 0}})
    EXPECT_EQ(classOf(value), classes) << value;
  // str.isspace() knows the separators of ASCII, \s does not.
  EXPECT_TRUE(isPythonSpace(0x1C));
  EXPECT_EQ(classOf(0x1C), 0);
  EXPECT_FALSE(isPythonSpace(0x1B));
}
