//===- PreTokenizer.h - Cutting text into the pieces that BPE merges -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_PRETOKENIZER_H
#define HONE_LIB_TEXT_PRETOKENIZER_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace hone::text {

/// The rules, stored by number in serialized tokenizers: never renumber.
///   GPT2    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///   SmolLM  every numeric character alone, and GPT2 between them
///   Llama3  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
///           |\s*[\r\n]+|\s+(?!\S)|\s+
///   Qwen2   Llama3 with \p{N} for \p{N}{1,3}
/// Written by hand rather than given to a regex library: nothing is compiled at start-up, and the classes are those
/// of the Unicode version that the tokenizers package has.
enum class PreTokenizer : uint32_t { GPT2 = 0, SmolLM = 1, Llama3 = 2, Qwen2 = 3 };

/// The rule that a GGUF file calls `name`.
std::optional<PreTokenizer> findPreTokenizer(std::string_view name);

/// Cuts `text` into pieces, each at least one byte, whose concatenation is `text`. O(n) over all pieces.
class PieceSplitter {
public:
  PieceSplitter(PreTokenizer rule, std::string_view text) : rule(rule), rest(text) {}

  /// Takes the next piece; false at the end.
  bool next(std::string_view &piece);

private:
  size_t nextOfRun();

  PreTokenizer rule;
  std::string_view rest;
  /// SmolLM: bytes of `rest` before the next numeric character.
  size_t run = 0;
};

} // namespace hone::text

#endif // HONE_LIB_TEXT_PRETOKENIZER_H
