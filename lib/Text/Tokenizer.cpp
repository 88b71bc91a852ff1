//===- Tokenizer.cpp - Text to token ids and back -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/Tokenizer.h"

#include "BytePairMerge.h"
#include "PreTokenizer.h"
#include "TokenizerLayout.h"
#include "hone/Text/TokenizerSource.h"

#include <algorithm>

using namespace hone;
using namespace hone::text;
using namespace hone::text::layout;

struct Tokenizer::Scratch {
  std::vector<int32_t> ids;
  std::vector<uint32_t> tokens;
  MergeScratch merging;
  MergeTable merges;
  size_t dropped = 0;
};

static Error malformed(const std::string &what) {
  return Error("tokenizer section: " + what + "; compile the model again with this version of hone");
}

Result<Tokenizer> Tokenizer::load(const uint8_t *data, size_t size) {
  if (size < headerSize || std::memcmp(data, magic, sizeof(magic)) != 0)
    return malformed("expected a serialized tokenizer, got " + std::to_string(size) + " other bytes");
  auto field = [&](Field which) { return read32(data + sizeof(magic) + 4 * which); };
  if (field(FieldVersion) != version)
    return malformed("expected version " + std::to_string(version) + ", got " + std::to_string(field(FieldVersion)));

  Tokenizer result;
  result.tokenCount = field(FieldTokenCount);
  result.preTokenizer = field(FieldPreTokenizer);
  result.mergeCapacity = field(FieldMergeCapacity);
  result.pieceCapacity = field(FieldPieceCapacity);
  result.specialCount = field(FieldSpecialCount);
  if (result.tokenCount == 0 || result.tokenCount > INT32_MAX)
    return malformed("expected 1 to 2147483647 tokens, got " + std::to_string(result.tokenCount));
  if (result.preTokenizer > uint32_t(PreTokenizer::Qwen2))
    return malformed("expected pre-tokenizer 0 to 3, got " + std::to_string(result.preTokenizer));
  if (result.mergeCapacity == 0 || result.pieceCapacity == 0)
    return malformed("expected hash tables with slots, got an empty one");
  uint32_t flags = field(FieldFlags);
  if (flags & ~knownFlags)
    return malformed("expected flags within 3, got " + std::to_string(flags));
  result.wantsBos = flags & AddBos;
  result.spacePrefix = flags & AddSpacePrefix;

  Table sections[sectionCount];
  const uint64_t any = UINT64_MAX;
  const uint64_t expectedSizes[sectionCount] = {4 * (uint64_t(result.tokenCount) + 1),
                                                result.tokenCount,
                                                any,
                                                4 * 256,
                                                uint64_t(mergeSlotSize) * result.mergeCapacity,
                                                4 * uint64_t(result.pieceCapacity),
                                                4 * uint64_t(result.specialCount),
                                                32,
                                                4 * uint64_t(field(FieldEndCount)),
                                                any};
  for (uint32_t i = 0; i < sectionCount; ++i) {
    const uint8_t *entry = data + sizeof(magic) + 4 * fieldCount + 16 * i;
    uint64_t offset = read64(entry), bytes = read64(entry + 8);
    if (offset > size || bytes > size - offset)
      return malformed("expected table " + std::to_string(i) + " within " + std::to_string(size) +
                       " bytes, got offset " + std::to_string(offset) + ", size " + std::to_string(bytes));
    if (expectedSizes[i] != any && bytes != expectedSizes[i])
      return malformed("expected table " + std::to_string(i) + " of " + std::to_string(expectedSizes[i]) +
                       " bytes, got " + std::to_string(bytes));
    sections[i] = {data + offset, size_t(bytes)};
  }
  result.tokenOffsets = sections[TokenOffsets];
  result.tokenTypes = sections[TokenTypes];
  result.tokenText = sections[TokenText];
  result.merges = sections[Merges];
  result.pieces = sections[Pieces];
  result.specials = sections[Specials];
  result.firstBytes = sections[FirstBytes];
  result.templateText = sections[ChatTemplate];

  bool inRange = true;
  auto id = [&](uint32_t value) -> std::optional<int32_t> {
    if (value == none)
      return std::nullopt;
    inRange &= value < result.tokenCount;
    return int32_t(value);
  };
  result.bosId = id(field(FieldBos));
  result.eosId = id(field(FieldEos));
  result.unknownId = id(field(FieldUnknown));
  result.paddingId = id(field(FieldPadding));
  for (size_t i = 0; i < 256; ++i)
    result.byteTokens[i] = id(read32(sections[ByteTokens].data + 4 * i)).value_or(-1);
  for (size_t i = 0; i < sections[EndTokens].size / 4; ++i)
    result.ends.push_back(id(read32(sections[EndTokens].data + 4 * i)).value_or(-1));
  if (!inRange)
    return malformed("expected ids below " + std::to_string(result.tokenCount) + ", got a larger one");
  return result;
}

std::string_view Tokenizer::tokenBytes(int32_t id) const {
  if (id < 0 || uint32_t(id) >= tokenCount)
    return {};
  uint32_t begin = read32(tokenOffsets.data + 4 * size_t(id)), end = read32(tokenOffsets.data + 4 * size_t(id) + 4);
  if (begin > end || end > tokenText.size)
    return {};
  return {reinterpret_cast<const char *>(tokenText.data) + begin, end - begin};
}

bool Tokenizer::isControl(int32_t id) const {
  if (id < 0 || uint32_t(id) >= tokenCount)
    return false;
  auto type = TokenType(tokenTypes.data[id]);
  return type == TokenType::Control || type == TokenType::Unknown;
}

bool Tokenizer::isEnd(int32_t id) const { return std::find(ends.begin(), ends.end(), id) != ends.end(); }

std::string_view Tokenizer::chatTemplate() const {
  return {reinterpret_cast<const char *>(templateText.data), templateText.size};
}

/// The length and id of the longest special token that `text` begins with; 0 if there is none. The tokens are
/// narrowed byte by byte: O(length · log specials).
size_t Tokenizer::matchSpecial(std::string_view text, bool allowControl, int32_t &id) const {
  size_t low = 0, high = specialCount, matched = 0;
  auto token = [&](size_t i) { return int32_t(read32(specials.data + 4 * i)); };
  for (size_t depth = 0; low < high && depth < std::min(text.size(), maxSpecialLength); ++depth) {
    // A token that ends here sorts before those that go on.
    auto byteAt = [&](size_t i) {
      std::string_view bytes = tokenBytes(token(i));
      return depth < bytes.size() ? int(uint8_t(bytes[depth])) : -1;
    };
    auto lowerBound = [&](size_t from, size_t to, int byte) {
      while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (byteAt(middle) < byte)
          from = middle + 1;
        else
          to = middle;
      }
      return from;
    };
    int wanted = uint8_t(text[depth]);
    low = lowerBound(low, high, wanted);
    high = lowerBound(low, high, wanted + 1);
    if (low < high && tokenBytes(token(low)).size() == depth + 1 && (allowControl || !isControl(token(low)))) {
      matched = depth + 1;
      id = token(low);
    }
  }
  return matched;
}

std::optional<int32_t> Tokenizer::specialToken(std::string_view name) const {
  int32_t id;
  if (!name.empty() && matchSpecial(name, /*allowControl=*/true, id) == name.size())
    return id;
  return std::nullopt;
}

std::optional<int32_t> Tokenizer::findPiece(std::string_view piece) const {
  uint32_t slot = slotOf(hashBytes(piece), pieceCapacity);
  for (uint32_t probes = 0; probes < pieceCapacity; ++probes) {
    uint32_t token = read32(pieces.data + 4 * size_t(slot));
    if (token == none)
      return std::nullopt;
    if (token < tokenCount && tokenBytes(int32_t(token)) == piece)
      return int32_t(token);
    if (++slot == pieceCapacity)
      slot = 0;
  }
  return std::nullopt;
}

void Tokenizer::encodePiece(std::string_view piece, Scratch &scratch) const {
  if (std::optional<int32_t> whole = findPiece(piece)) {
    scratch.ids.push_back(*whole);
    return;
  }
  scratch.tokens.clear();
  for (char byte : piece) {
    if (byteTokens[uint8_t(byte)] >= 0)
      scratch.tokens.push_back(uint32_t(byteTokens[uint8_t(byte)]));
    else
      ++scratch.dropped;
  }
  mergeBytePairs(scratch.merges, scratch.tokens, scratch.merging);
  scratch.ids.insert(scratch.ids.end(), scratch.tokens.begin(), scratch.tokens.end());
}

void Tokenizer::encodeSegment(std::string_view segment, Scratch &scratch) const {
  std::string prefixed;
  if (spacePrefix && !segment.empty() && segment.front() != ' ') {
    prefixed = ' ';
    prefixed += segment;
    segment = prefixed;
  }
  PieceSplitter splitter(PreTokenizer{preTokenizer}, segment);
  for (std::string_view piece; splitter.next(piece);)
    encodePiece(piece, scratch);
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, bool allowSpecial, size_t *droppedBytes) const {
  if (text.size() > INT32_MAX)
    return Error("expected a text of at most 2147483647 bytes, got " + std::to_string(text.size()) +
                 "; cut it into parts");
  Scratch scratch;
  scratch.merges = {merges.data, mergeCapacity, tokenCount};
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    uint8_t byte = text[at];
    int32_t id;
    size_t length = 0;
    if (firstBytes.data[byte / 8] >> (byte % 8) & 1)
      length = matchSpecial(text.substr(at), allowSpecial, id);
    if (length == 0) {
      ++at;
      continue;
    }
    encodeSegment(text.substr(begin, at - begin), scratch);
    scratch.ids.push_back(id);
    begin = at += length;
  }
  encodeSegment(text.substr(begin), scratch);
  if (droppedBytes)
    *droppedBytes = scratch.dropped;
  return std::move(scratch.ids);
}

std::string Tokenizer::decode(const std::vector<int32_t> &ids, bool skipSpecial) const {
  std::string text;
  for (int32_t id : ids)
    if (!skipSpecial || !isControl(id))
      text += tokenBytes(id);
  return text;
}
