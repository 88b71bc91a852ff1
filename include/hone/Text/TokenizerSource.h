//===- TokenizerSource.h - A tokenizer as model files describe it -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEXT_TOKENIZERSOURCE_H
#define HONE_TEXT_TOKENIZERSOURCE_H

#include "hone/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hone::text {

/// Token types as GGUF numbers them (tokenizer.ggml.token_type).
enum class TokenType : uint8_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

/// A tokenizer in the terms of GGUF's `tokenizer.*` keys. Views memory that the caller keeps alive until
/// `serializeTokenizer` returns. Nothing in it is trusted.
struct TokenizerSource {
  /// tokenizer.ggml.model: only "gpt2" (byte-level byte-pair encoding) is known.
  std::string_view model;
  /// tokenizer.ggml.pre: how text is cut into pieces before merging; see `supportedPreTokenizers`.
  std::string_view pre;
  /// Normal tokens in the byte-level alphabet ("Ġthe" for " the"), the others as they stand in text.
  std::vector<std::string_view> tokens;
  /// One of TokenType per token; empty if all are normal.
  std::vector<int32_t> tokenTypes;
  /// "left right" in order of rank.
  std::vector<std::string_view> merges;
  std::optional<uint32_t> bos, eos, unknown, padding;
  /// Tokens besides `eos` that end a turn, such as tokenizer.ggml.eot_token_id. Control tokens with the usual names
  /// (<|im_end|>, <|eot_id|>, </s>, ...) are found without being listed.
  std::vector<uint32_t> endTokens;
  bool addBos = false;
  bool addSpacePrefix = false;
  std::string_view chatTemplate;
};

/// Names of the pre-tokenizers that `TokenizerSource::pre` may take, separated by ", ".
std::string supportedPreTokenizers();

/// Validates `source` and writes the bytes that `Tokenizer::load` reads, hash tables included. Equal sources give
/// equal bytes. O(total bytes of the source · log): about 0.1 s for 49,152 tokens. Belongs to the compiler's side:
/// a program that only loads does not link it.
Result<std::vector<uint8_t>> serializeTokenizer(const TokenizerSource &source);

} // namespace hone::text

#endif // HONE_TEXT_TOKENIZERSOURCE_H
