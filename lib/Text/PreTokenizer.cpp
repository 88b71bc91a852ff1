//===- PreTokenizer.cpp - Cutting text into the pieces that BPE merges ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PreTokenizer.h"

#include "Unicode.h"
#include "hone/Text/TokenizerSource.h"

#include <string>

using namespace hone::text;

namespace {
struct NamedRule {
  std::string_view name;
  PreTokenizer rule;
};
constexpr NamedRule namedRules[] = {
    {"gpt-2", PreTokenizer::GPT2},
    {"phi-2", PreTokenizer::GPT2},
    {"smollm", PreTokenizer::SmolLM},
    {"starcoder", PreTokenizer::SmolLM},
    {"refact", PreTokenizer::SmolLM},
    {"codeshell", PreTokenizer::SmolLM},
    {"llama-bpe", PreTokenizer::Llama3},
    {"llama3", PreTokenizer::Llama3},
    {"llama-v3", PreTokenizer::Llama3},
    {"qwen2", PreTokenizer::Qwen2},
    {"deepseek-r1-qwen", PreTokenizer::Qwen2},
};

/// The character at `text[at]`, by class; at the end `length` is 0 and the class none.
struct Char {
  uint32_t value;
  uint8_t classes;
  uint8_t length;

  bool isOther() const { return length && !(classes & (Letter | Number | Space)); }
  bool isNewline() const { return length && (value == '\n' || value == '\r'); }
};

Char charAt(std::string_view text, size_t at) {
  if (at >= text.size())
    return {0, 0, 0};
  uint8_t byte = text[at];
  if (byte < 0x80)
    return {byte, classOf(byte), 1};
  CodePoint point = decodeUTF8(text.substr(at, 4));
  return {point.value, classOf(point.value), point.length};
}

/// The end of the characters of class `wanted` from `at` on, at most `limit` of them.
size_t skip(std::string_view text, size_t at, uint8_t wanted, size_t limit = SIZE_MAX) {
  for (Char c = charAt(text, at); (c.classes & wanted) && limit; --limit) {
    at += c.length;
    c = charAt(text, at);
  }
  return at;
}

size_t skipOther(std::string_view text, size_t at) {
  for (Char c = charAt(text, at); c.isOther(); c = charAt(text, at))
    at += c.length;
  return at;
}

/// \s+(?!\S)|\s+ at 0, where white space stands: all of it if it ends the text or is one character, else all but
/// the last character.
size_t spacePiece(std::string_view text) {
  size_t at = 0, last = 0;
  for (Char c = charAt(text, 0); c.classes & Space; c = charAt(text, at)) {
    last = at;
    at += c.length;
  }
  return at == text.size() || last == 0 ? at : last;
}

/// The length of 's|'t|'re|'ve|'m|'ll|'d at 0, or 0.
size_t contraction(std::string_view text, bool anyCase) {
  if (text[0] != '\'')
    return 0;
  auto letter = [&](size_t at) -> char {
    if (at >= text.size())
      return 0;
    return anyCase && text[at] >= 'A' && text[at] <= 'Z' ? char(text[at] + 32) : text[at];
  };
  char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd')
    return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
    return 3;
  // The long s folds to s.
  return anyCase && text.substr(1, 2) == "\u017F" ? 3 : 0;
}

size_t gpt2Piece(std::string_view text) {
  if (size_t length = contraction(text, /*anyCase=*/false))
    return length;
  size_t start = text[0] == ' ' && text.size() > 1 ? 1 : 0;
  Char c = charAt(text, start);
  if (c.classes & Letter)
    return skip(text, start + c.length, Letter);
  if (c.classes & Number)
    return skip(text, start + c.length, Number);
  if (c.isOther())
    return skipOther(text, start + c.length);
  return spacePiece(text);
}

size_t llama3Piece(std::string_view text, size_t maxDigits) {
  if (size_t length = contraction(text, /*anyCase=*/true))
    return length;
  Char c = charAt(text, 0), following = charAt(text, c.length);
  if (c.classes & Letter)
    return skip(text, c.length, Letter);
  if (!(c.classes & Number) && !c.isNewline() && (following.classes & Letter))
    return skip(text, size_t(c.length) + following.length, Letter);
  if (c.classes & Number)
    return skip(text, 0, Number, maxDigits);
  if (c.isOther() || (c.value == ' ' && following.isOther())) {
    size_t at = skipOther(text, c.length);
    while (charAt(text, at).isNewline())
      ++at;
    return at;
  }
  size_t afterNewline = 0, at = 0;
  for (; c.classes & Space; c = charAt(text, at)) {
    at += c.length;
    if (c.isNewline())
      afterNewline = at;
  }
  return afterNewline ? afterNewline : spacePiece(text);
}
} // namespace

std::optional<PreTokenizer> hone::text::findPreTokenizer(std::string_view name) {
  for (const NamedRule &rule : namedRules)
    if (rule.name == name)
      return rule.rule;
  return std::nullopt;
}

std::string hone::text::supportedPreTokenizers() {
  std::string names;
  for (const NamedRule &rule : namedRules) {
    if (!names.empty())
      names += ", ";
    names += rule.name;
  }
  return names;
}

/// The length of SmolLM's next piece: a numeric character, or a GPT2 piece of the text up to the next one (whose
/// look-ahead sees the end of the text there).
size_t PieceSplitter::nextOfRun() {
  if (run == 0) {
    if (Char c = charAt(rest, 0); c.classes & Numeric)
      return c.length;
    for (Char c = charAt(rest, 0); c.length && !(c.classes & Numeric); c = charAt(rest, run))
      run += c.length;
  }
  size_t length = gpt2Piece(rest.substr(0, run));
  run -= length;
  return length;
}

bool PieceSplitter::next(std::string_view &piece) {
  if (rest.empty())
    return false;
  size_t length = 0;
  switch (rule) {
  case PreTokenizer::GPT2:
    length = gpt2Piece(rest);
    break;
  case PreTokenizer::SmolLM:
    length = nextOfRun();
    break;
  case PreTokenizer::Llama3:
    length = llama3Piece(rest, 3);
    break;
  case PreTokenizer::Qwen2:
    length = llama3Piece(rest, 1);
    break;
  }
  piece = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}
