//===- TokenizerLayout.h - The bytes of a serialized tokenizer --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TOKENIZERLAYOUT_H
#define HONE_LIB_TEXT_TOKENIZERLAYOUT_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace hone::text::layout {

/// Little-endian throughout:
///   magic[8], then u32 fields in the order of `Field`, then `sectionCount` × {u64 offset, u64 size}, then the
///   sections, each at a multiple of 16.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tables are read in place");

constexpr char magic[8] = {'H', 'O', 'N', 'E', 'T', 'O', 'K', '\n'};
constexpr uint32_t version = 1;
constexpr uint32_t none = 0xFFFFFFFF;
/// Longest control or user-defined token: bounds the work per byte of text.
constexpr size_t maxSpecialLength = 1024;

enum Field : uint32_t {
  FieldVersion,
  FieldPreTokenizer,
  FieldFlags,
  FieldTokenCount,
  FieldBos,
  FieldEos,
  FieldUnknown,
  FieldPadding,
  FieldMergeCapacity,
  FieldPieceCapacity,
  FieldSpecialCount,
  FieldEndCount,
  fieldCount
};

enum Flags : uint32_t { AddBos = 1, AddSpacePrefix = 2, knownFlags = 3 };

enum Section : uint32_t {
  /// u32[tokens + 1]: where each token's bytes begin in TokenText.
  TokenOffsets,
  /// u8[tokens]: TokenType.
  TokenTypes,
  /// The bytes that tokens stand for (not the byte-level alphabet), one after the other.
  TokenText,
  /// u32[256]: the token of each single byte, or none.
  ByteTokens,
  /// {u32 left, right, rank, merged}[capacity]: open addressing with linear probing by `slotOf(hashPair)`; `left` of
  /// an empty slot is none.
  Merges,
  /// u32[capacity]: the tokens that a piece of text becomes as a whole, by `slotOf(hashBytes)`; none is empty.
  Pieces,
  /// u32[specials]: control and user-defined tokens, ascending by their bytes.
  Specials,
  /// u8[32]: one bit per byte that a special token begins with.
  FirstBytes,
  /// u32[ends]: tokens that end a turn, ascending.
  EndTokens,
  ChatTemplate,
  sectionCount
};

constexpr size_t headerSize = sizeof(magic) + 4 * fieldCount + 16 * sectionCount;
constexpr size_t mergeSlotSize = 16;

inline uint32_t read32(const uint8_t *from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

inline uint64_t read64(const uint8_t *from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// Slots of a table with `entries`: two thirds full, and never full, so that every search ends.
inline uint32_t capacityFor(size_t entries) { return uint32_t(entries + entries / 2 + 1); }

inline uint32_t slotOf(uint32_t hash, uint32_t capacity) { return uint32_t(uint64_t(hash) * capacity >> 32); }

inline uint32_t hashPair(uint32_t left, uint32_t right) {
  uint64_t mixed = (uint64_t(left) << 32 | right) * 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93;
  return uint32_t(mixed >> 32);
}

inline uint32_t hashBytes(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325 ^ bytes.size();
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  }
  uint64_t tail = 0;
  if (at < bytes.size())
    std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  hash = (hash ^ tail) * 0xD6E8FEB86659FD93;
  return uint32_t((hash ^ hash >> 32) * 0x9E3779B97F4A7C15 >> 32);
}

} // namespace hone::text::layout

#endif // HONE_LIB_TEXT_TOKENIZERLAYOUT_H
