//===- TokenizerSerialize.cpp - Builds the tables of a tokenizer ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BytePairMerge.h"
#include "PreTokenizer.h"
#include "TokenizerLayout.h"
#include "Unicode.h"
#include "hone/Text/TokenizerSource.h"

#include <algorithm>
#include <string>
#include <unordered_map>

using namespace hone;
using namespace hone::text;
using namespace hone::text::layout;

namespace {
/// Control tokens that models use to end a turn.
constexpr std::string_view endTokenNames[] = {"<|im_end|>",
                                              "<|endoftext|>",
                                              "<|end_of_text|>",
                                              "<|eot_id|>",
                                              "<|eom_id|>",
                                              "<|end|>",
                                              "</s>",
                                              "<end_of_turn>",
                                              "<|end_of_turn|>",
                                              "<|END_OF_TURN_TOKEN|>",
                                              "<|endofprompt|>",
                                              "<|return|>",
                                              "<|call|>",
                                              "<EOT>",
                                              "_<EOT>",
                                              "<|eot|>",
                                              "<eos>",
                                              "<end_of_utterance>",
                                              "<｜end▁of▁sentence｜>"};

/// A name from the file, for an error message: cut short, and without control characters.
std::string quoted(std::string_view text) {
  constexpr size_t most = 60;
  std::string result = "'";
  for (char c : text.substr(0, most)) {
    if (uint8_t(c) < 0x20 || uint8_t(c) == 0x7F) {
      const char *digits = "0123456789abcdef";
      result += {'\\', 'x', digits[uint8_t(c) >> 4], digits[c & 15]};
    } else {
      result += c;
    }
  }
  return result + (text.size() > most ? "...'" : "'");
}

std::string element(const char *key, size_t index) { return std::string(key) + "[" + std::to_string(index) + "]"; }

/// The byte-level alphabet of GPT-2: printable Latin-1 stands for itself, the other 68 bytes, in order, for U+0100 on.
class ByteAlphabet {
public:
  ByteAlphabet() {
    std::fill(std::begin(bytes), std::end(bytes), -1);
    uint32_t next = 0x100;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      bool printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
      points[byte] = printable ? byte : next++;
      bytes[points[byte]] = int(byte);
    }
  }

  std::string symbol(uint8_t byte) const {
    std::string text;
    appendUTF8(text, points[byte]);
    return text;
  }

  /// The bytes that a token stands for; the token as it is if it is not in the alphabet.
  std::string decode(std::string_view token) const {
    std::string result;
    for (std::string_view rest = token; !rest.empty();) {
      CodePoint point = decodeUTF8(rest);
      if (point.value >= 0x144 || bytes[point.value] < 0)
        return std::string(token);
      result += char(bytes[point.value]);
      rest.remove_prefix(point.length);
    }
    return result;
  }

private:
  uint32_t points[256];
  int bytes[0x144];
};

class Builder {
public:
  explicit Builder(const TokenizerSource &source) : source(source) {}

  Result<std::vector<uint8_t>> run() {
    for (auto step : {&Builder::checkHead, &Builder::readTokens, &Builder::readMerges, &Builder::readIds})
      if (Status failed = (this->*step)())
        return std::move(*failed);
    fillPieces();
    sortSpecials();
    return write();
  }

private:
  Status checkHead() {
    if (source.model != "gpt2")
      return Error("tokenizer.ggml.model: expected 'gpt2' (byte-level BPE), got " + quoted(source.model));
    std::optional<PreTokenizer> found = findPreTokenizer(source.pre);
    if (!found)
      return Error("tokenizer.ggml.pre: expected one of " + supportedPreTokenizers() + ", got " + quoted(source.pre));
    rule = *found;
    if (source.tokens.empty())
      return Error("tokenizer.ggml.tokens: expected at least one token, got none");
    if (source.tokens.size() > INT32_MAX / 2 || source.merges.size() > INT32_MAX / 2)
      return Error("tokenizer.ggml.tokens: expected at most 1073741823 tokens and as many merges, got " +
                   std::to_string(source.tokens.size()) + " and " + std::to_string(source.merges.size()));
    if (!source.tokenTypes.empty() && source.tokenTypes.size() != source.tokens.size())
      return Error("tokenizer.ggml.token_type: expected one type for each of " + std::to_string(source.tokens.size()) +
                   " tokens, got " + std::to_string(source.tokenTypes.size()));
    return std::nullopt;
  }

  bool isSpecial(size_t id) const {
    auto type = TokenType(types[id]);
    return type == TokenType::Control || type == TokenType::UserDefined || type == TokenType::Unknown;
  }

  Status readTokens() {
    types.assign(source.tokens.size(), uint8_t(TokenType::Normal));
    ids.reserve(source.tokens.size());
    offsets.push_back(0);
    for (size_t i = 0; i < source.tokens.size(); ++i) {
      std::string_view token = source.tokens[i];
      if (!source.tokenTypes.empty()) {
        int32_t type = source.tokenTypes[i];
        if (type < 1 || type > 6)
          return Error(element("tokenizer.ggml.token_type", i) + ": expected 1 to 6, got " + std::to_string(type));
        types[i] = uint8_t(type);
      }
      auto [other, isNew] = ids.try_emplace(token, uint32_t(i));
      if (!isNew)
        return Error(element("tokenizer.ggml.tokens", i) + ": expected a token of its own, got " + quoted(token) +
                     " again, which is token " + std::to_string(other->second));
      if (isSpecial(i)) {
        if (token.empty() || token.size() > maxSpecialLength)
          return Error(element("tokenizer.ggml.tokens", i) + ": expected a control token of 1 to " +
                       std::to_string(maxSpecialLength) + " bytes, got " + std::to_string(token.size()));
        specials.push_back(uint32_t(i));
        text += token;
      } else {
        text += alphabet.decode(token);
      }
      if (text.size() > UINT32_MAX - 1)
        return Error(element("tokenizer.ggml.tokens", i) + ": expected less than 4 GiB of tokens in all");
      offsets.push_back(uint32_t(text.size()));
    }
    size_t found = 0;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      auto token = ids.find(alphabet.symbol(uint8_t(byte)));
      byteTokens.push_back(token == ids.end() ? none : token->second);
      found += token != ids.end();
    }
    if (found == 0)
      return Error("tokenizer.ggml.tokens: expected tokens of single bytes, got none; the vocabulary is not of "
                   "byte-level BPE");
    return std::nullopt;
  }

  Status readMerges() {
    mergeCapacity = capacityFor(source.merges.size());
    merges.assign(size_t(mergeCapacity) * 4, none);
    for (size_t rank = 0; rank < source.merges.size(); ++rank) {
      std::string_view merge = source.merges[rank];
      // A merge of a literal space begins with it.
      size_t space = merge.find(' ', 1);
      if (space == std::string_view::npos || space + 1 == merge.size())
        return Error(element("tokenizer.ggml.merges", rank) + ": expected two tokens with a space between, got " +
                     quoted(merge));
      std::string whole(merge.substr(0, space));
      whole += merge.substr(space + 1);
      std::string_view names[3] = {merge.substr(0, space), merge.substr(space + 1), whole};
      uint32_t found[3];
      for (int i = 0; i < 3; ++i) {
        auto token = ids.find(names[i]);
        if (token == ids.end())
          return Error(element("tokenizer.ggml.merges", rank) + ": expected tokens of the vocabulary, got " +
                       quoted(names[i]));
        found[i] = token->second;
      }
      uint32_t slot = slotOf(hashPair(found[0], found[1]), mergeCapacity);
      while (merges[size_t(slot) * 4] != none) {
        const uint32_t *entry = &merges[size_t(slot) * 4];
        if (entry[0] == found[0] && entry[1] == found[1])
          return Error(element("tokenizer.ggml.merges", rank) + ": expected a merge of its own, got " + quoted(merge) +
                       " again, which is merge " + std::to_string(entry[2]));
        if (++slot == mergeCapacity)
          slot = 0;
      }
      uint32_t entry[] = {found[0], found[1], uint32_t(rank), found[2]};
      std::copy(entry, entry + 4, &merges[size_t(slot) * 4]);
    }
    return std::nullopt;
  }

  Status readIds() {
    const std::pair<const char *, std::optional<uint32_t>> named[] = {
        {"tokenizer.ggml.bos_token_id", source.bos},
        {"tokenizer.ggml.eos_token_id", source.eos},
        {"tokenizer.ggml.unknown_token_id", source.unknown},
        {"tokenizer.ggml.padding_token_id", source.padding}};
    auto check = [&](const char *key, uint32_t id) -> Status {
      if (id < source.tokens.size())
        return std::nullopt;
      return Error(std::string(key) + ": expected an id below " + std::to_string(source.tokens.size()) + ", got " +
                   std::to_string(id));
    };
    for (auto &[key, id] : named)
      if (id)
        if (Status failed = check(key, *id))
          return failed;
    if (source.addBos && !source.bos)
      return Error("tokenizer.ggml.add_bos_token: expected tokenizer.ggml.bos_token_id beside it, got none");
    ends = source.endTokens;
    for (uint32_t id : ends)
      if (Status failed = check("end token", id))
        return failed;
    if (source.eos)
      ends.push_back(*source.eos);
    for (std::string_view name : endTokenNames)
      if (auto token = ids.find(name); token != ids.end() && isSpecial(token->second))
        ends.push_back(token->second);
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return std::nullopt;
  }

  std::string_view bytesOf(size_t id) const {
    return std::string_view(text).substr(offsets[id], offsets[id + 1] - offsets[id]);
  }

  /// Lists the tokens that a whole piece of text may become at once: those that merging their own bytes gives, so
  /// that the shortcut changes nothing. Llama 3 takes any token that spells the piece ("ignore_merges").
  void fillPieces() {
    MergeTable table{reinterpret_cast<const uint8_t *>(merges.data()), mergeCapacity, uint32_t(source.tokens.size())};
    MergeScratch scratch;
    std::vector<uint32_t> reachable, tokens;
    for (uint32_t id = 0; id < source.tokens.size(); ++id) {
      std::string_view bytes = bytesOf(id);
      if (isSpecial(id) || types[id] == uint8_t(TokenType::Unused) || bytes.empty())
        continue;
      tokens.clear();
      for (char byte : bytes)
        tokens.push_back(byteTokens[uint8_t(byte)]);
      mergeBytePairs(table, tokens, scratch);
      if (rule == PreTokenizer::Llama3 || (tokens.size() == 1 && tokens[0] == id))
        reachable.push_back(id);
    }
    pieces.assign(capacityFor(reachable.size()), none);
    for (uint32_t id : reachable) {
      uint32_t slot = slotOf(hashBytes(bytesOf(id)), uint32_t(pieces.size()));
      while (pieces[slot] != none)
        if (++slot == pieces.size())
          slot = 0;
      pieces[slot] = id;
    }
  }

  void sortSpecials() {
    std::sort(specials.begin(), specials.end(), [&](uint32_t a, uint32_t b) { return bytesOf(a) < bytesOf(b); });
    firstBytes.assign(32, 0);
    for (uint32_t id : specials) {
      uint8_t byte = bytesOf(id)[0];
      firstBytes[byte / 8] |= uint8_t(1 << byte % 8);
    }
  }

  std::vector<uint8_t> write() const {
    std::vector<uint8_t> out(headerSize);
    std::memcpy(out.data(), magic, sizeof(magic));
    uint32_t flags = (source.addBos ? AddBos : 0) | (source.addSpacePrefix ? AddSpacePrefix : 0);
    const uint32_t fields[fieldCount] = {version,
                                         uint32_t(rule),
                                         flags,
                                         uint32_t(source.tokens.size()),
                                         source.bos.value_or(none),
                                         source.eos.value_or(none),
                                         source.unknown.value_or(none),
                                         source.padding.value_or(none),
                                         mergeCapacity,
                                         uint32_t(pieces.size()),
                                         uint32_t(specials.size()),
                                         uint32_t(ends.size())};
    std::memcpy(out.data() + sizeof(magic), fields, sizeof(fields));
    uint32_t section = 0;
    auto append = [&](const void *data, size_t bytes) {
      out.resize((out.size() + 15) / 16 * 16);
      uint64_t entry[] = {out.size(), bytes};
      std::memcpy(out.data() + sizeof(magic) + sizeof(fields) + sizeof(entry) * section++, entry, sizeof(entry));
      auto *begin = static_cast<const uint8_t *>(data);
      out.insert(out.end(), begin, begin + bytes);
    };
    auto appendWords = [&](const std::vector<uint32_t> &words) { append(words.data(), 4 * words.size()); };
    appendWords(offsets);
    append(types.data(), types.size());
    append(text.data(), text.size());
    appendWords(byteTokens);
    appendWords(merges);
    appendWords(pieces);
    appendWords(specials);
    append(firstBytes.data(), firstBytes.size());
    appendWords(ends);
    append(source.chatTemplate.data(), source.chatTemplate.size());
    return out;
  }

  const TokenizerSource &source;
  ByteAlphabet alphabet;
  PreTokenizer rule = PreTokenizer::GPT2;
  std::unordered_map<std::string_view, uint32_t> ids;
  std::string text;
  std::vector<uint8_t> types, firstBytes;
  std::vector<uint32_t> offsets, byteTokens, merges, pieces, specials, ends;
  uint32_t mergeCapacity = 0;
};
} // namespace

Result<std::vector<uint8_t>> hone::text::serializeTokenizer(const TokenizerSource &source) {
  return Builder(source).run();
}
