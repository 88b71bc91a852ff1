//===- Tokenizer.h - Text to token ids and back -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEXT_TOKENIZER_H
#define HONE_TEXT_TOKENIZER_H

#include "hone/Support/Error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::text {

/// A byte-level BPE tokenizer that reads its tables where they lie (the format is in lib/Text/TokenizerLayout.h).
/// Cheap to copy; all members are const and thread-safe. Ids equal those of Hugging Face's `tokenizers` for the
/// pre-tokenizers named by `supportedPreTokenizers`; no Unicode normalization is applied (Qwen2's NFC is left out).
class Tokenizer {
public:
  /// Views [data, data + size), written by `serializeTokenizer`; the memory outlives the tokenizer. O(1): checks the
  /// header and the bounds of the tables; what lies inside them is checked on access, so hostile bytes give an error
  /// here or wrong ids later, never an access out of bounds. No alignment is needed.
  static Result<Tokenizer> load(const uint8_t *data, size_t size);

  /// The ids of `text`, without BOS (see `addBos`). Control tokens in the text become their ids if `allowSpecial`,
  /// else they are ordinary text; user-defined tokens are always recognised. Text may be any bytes: an invalid UTF-8
  /// sequence is cut like U+FFFD but encoded as the bytes that stand there. A byte that the vocabulary has no token
  /// for is dropped, as `tokenizers` and llama.cpp do; `droppedBytes` counts them. O(n log n).
  Result<std::vector<int32_t>> encode(std::string_view text, bool allowSpecial, size_t *droppedBytes = nullptr) const;

  /// The exact bytes of `ids`, which need not be valid UTF-8; control tokens are left out if `skipSpecial`. Ids out
  /// of range give nothing.
  std::string decode(const std::vector<int32_t> &ids, bool skipSpecial = false) const;

  /// The bytes of one token; empty for an id out of range.
  std::string_view tokenBytes(int32_t id) const;

  /// The id of a control or user-defined token such as "<|im_start|>".
  std::optional<int32_t> specialToken(std::string_view name) const;

  /// Whether the token steers the model rather than being text (control and unknown tokens).
  bool isControl(int32_t id) const;

  size_t vocabularySize() const { return tokenCount; }
  std::optional<int32_t> bos() const { return bosId; }
  std::optional<int32_t> eos() const { return eosId; }
  std::optional<int32_t> unknown() const { return unknownId; }
  std::optional<int32_t> padding() const { return paddingId; }
  /// Whether the model expects `bos` before a text.
  bool addBos() const { return wantsBos; }
  /// Tokens that end a turn, ascending: eos, those the source named, and control tokens with the usual names.
  const std::vector<int32_t> &endTokens() const { return ends; }
  bool isEnd(int32_t id) const;
  /// The model's Jinja template for conversations; empty if it has none.
  std::string_view chatTemplate() const;

private:
  struct Scratch;
  struct Table {
    const uint8_t *data = nullptr;
    size_t size = 0;
  };

  Tokenizer() = default;
  void encodeSegment(std::string_view segment, Scratch &scratch) const;
  void encodePiece(std::string_view piece, Scratch &scratch) const;
  size_t matchSpecial(std::string_view text, bool allowControl, int32_t &id) const;
  std::optional<int32_t> findPiece(std::string_view piece) const;

  uint32_t tokenCount = 0;
  uint32_t preTokenizer = 0;
  uint32_t mergeCapacity = 0, pieceCapacity = 0, specialCount = 0;
  bool wantsBos = false, spacePrefix = false;
  std::optional<int32_t> bosId, eosId, unknownId, paddingId;
  std::vector<int32_t> ends;
  Table tokenOffsets, tokenTypes, tokenText, merges, pieces, specials, firstBytes, templateText;
  std::array<int32_t, 256> byteTokens = {};
};

/// Turns ids into text as they arrive. What it returns is always valid UTF-8: a character that spans tokens is held
/// back until it is whole, and bytes that cannot become a character give U+FFFD, one per maximal invalid sequence.
/// Refers to its tokenizer. Not thread-safe.
class StreamDecoder {
public:
  explicit StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial = true)
      : tokenizer(&tokenizer), skipSpecial(skipSpecial) {}

  /// The text that `id` completes, perhaps none.
  std::string push(int32_t id);

  /// What was held back, as U+FFFD; the decoder is then as new.
  std::string finish();

private:
  const Tokenizer *tokenizer;
  bool skipSpecial;
  std::string pending;
};

} // namespace hone::text

#endif // HONE_TEXT_TOKENIZER_H
