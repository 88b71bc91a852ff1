//===- TokenizerTest.cpp - Tests of tokenizers ----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/Tokenizer.h"
#include "hone/Text/TokenizerSource.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

using namespace hone;
using namespace hone::text;

namespace {
/// A vocabulary with a token for most bytes, a few merges, and special tokens. Owns what its source views.
struct Fixture {
  std::vector<std::string> tokens, merges;
  TokenizerSource source;

  Fixture() {
    for (char c = '!'; c <= '~'; ++c)
      tokens.push_back(std::string(1, c));
    // Bytes 20, 0A, F0, 9F, 98, 80, C3, A9 in the byte-level alphabet.
    for (const char *symbol : {"Ġ", "Ċ", "ð", "Ł", "ĺ", "Ģ", "Ã", "©"})
      tokens.push_back(symbol);
    merges = {"t h", "th e", "Ġ the", "a a", "aa aa", "Ġ Ġ", "' s"};
    for (const char *merged : {"th", "the", "Ġthe", "aa", "aaaa", "ĠĠ", "'s"})
      tokens.push_back(merged);
    source.model = "gpt2";
    source.pre = "smollm";
    addToken("<|im_end|>", 3);
    addToken("<|im_end|>x", 4);
    addToken("<|im", 3);
  }

  void addToken(const std::string &token, int32_t type) {
    types.resize(tokens.size(), 1);
    types.push_back(type);
    tokens.push_back(token);
  }

  const TokenizerSource &refresh() {
    source.tokens.assign(tokens.begin(), tokens.end());
    source.merges.assign(merges.begin(), merges.end());
    source.tokenTypes = types;
    return source;
  }

  int32_t id(const std::string &token) const {
    return int32_t(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
  }

  std::string error() {
    Result<std::vector<uint8_t>> bytes = serializeTokenizer(refresh());
    return bytes ? "" : bytes.error().message();
  }

  Tokenizer load() {
    bytes = *serializeTokenizer(refresh());
    return *Tokenizer::load(bytes.data(), bytes.size());
  }

  std::vector<int32_t> types;
  std::vector<uint8_t> bytes;
};

using Ids = std::vector<int32_t>;
} // namespace

TEST(Tokenizer, MergesByRankWithinPieces) {
  Fixture f;
  Tokenizer t = f.load();
  EXPECT_EQ(*t.encode("the the", true), (Ids{f.id("the"), f.id("Ġthe")}));
  EXPECT_EQ(*t.encode("aaaaaa", true), (Ids{f.id("aaaa"), f.id("aa")}));
  EXPECT_EQ(*t.encode("it's", true), (Ids{f.id("i"), f.id("t"), f.id("'s")}));
  // The look-ahead of \s+(?!\S) sees the end of the text before a digit.
  EXPECT_EQ(*t.encode("a  1", true), (Ids{f.id("a"), f.id("ĠĠ"), f.id("1")}));
  EXPECT_EQ(*t.encode("a  b", true), (Ids{f.id("a"), f.id("Ġ"), f.id("Ġ"), f.id("b")}));
  EXPECT_TRUE(t.encode("", true)->empty());
}

TEST(Tokenizer, TakesTheLongestSpecialToken) {
  Fixture f;
  Tokenizer t = f.load();
  EXPECT_EQ(*t.encode("a<|im_end|>b", true), (Ids{f.id("a"), f.id("<|im_end|>"), f.id("b")}));
  EXPECT_EQ(*t.encode("<|im_end|>x<|im_", true), (Ids{f.id("<|im_end|>x"), f.id("<|im"), f.id("_")}));
  // Without control tokens a user-defined one is still recognised.
  EXPECT_EQ(*t.encode("<|im_end|>x", false), (Ids{f.id("<|im_end|>x")}));
  EXPECT_EQ(t.encode("<|im_end|>", false)->size(), 10u);
  EXPECT_EQ(t.specialToken("<|im"), f.id("<|im"));
  EXPECT_EQ(t.specialToken("<|im_"), std::nullopt);
  EXPECT_EQ(t.specialToken(""), std::nullopt);
}

TEST(Tokenizer, KnowsItsTokens) {
  Fixture f;
  f.source.eos = 3;
  f.source.bos = 4;
  f.source.endTokens = {5};
  f.source.addBos = true;
  f.source.chatTemplate = "{{ messages }}";
  Tokenizer t = f.load();
  EXPECT_EQ(t.endTokens(), (Ids{3, 5, f.id("<|im_end|>")}));
  EXPECT_TRUE(t.isEnd(5));
  EXPECT_FALSE(t.isEnd(4));
  EXPECT_TRUE(t.isControl(f.id("<|im")));
  EXPECT_FALSE(t.isControl(f.id("<|im_end|>x")));
  EXPECT_FALSE(t.isControl(-1));
  EXPECT_EQ(t.tokenBytes(f.id("Ġthe")), " the");
  EXPECT_EQ(t.tokenBytes(1 << 20), "");
  EXPECT_EQ(t.tokenBytes(-1), "");
  EXPECT_EQ(t.bos(), 4);
  EXPECT_EQ(t.padding(), std::nullopt);
  EXPECT_TRUE(t.addBos());
  EXPECT_EQ(t.chatTemplate(), "{{ messages }}");
  EXPECT_EQ(t.vocabularySize(), f.tokens.size());
}

TEST(Tokenizer, EncodesAnyBytes) {
  Fixture f;
  Tokenizer t = f.load();
  size_t dropped = 0;
  Result<Ids> ids = t.encode("a\xF0\x9Fz\x80\x01", true, &dropped);
  EXPECT_EQ(t.decode(*ids), "a\xF0\x9Fz\x80");
  EXPECT_EQ(dropped, 1u);
}

TEST(Tokenizer, PrefixesASpace) {
  Fixture f;
  f.source.addSpacePrefix = true;
  Tokenizer t = f.load();
  EXPECT_EQ(*t.encode("the", true), (Ids{f.id("Ġthe")}));
  EXPECT_EQ(*t.encode(" the", true), (Ids{f.id("Ġthe")}));
}

TEST(Tokenizer, LongPiecesTakeNoQuadraticTime) {
  Fixture f;
  Tokenizer t = f.load();
  Result<Ids> ids = t.encode(std::string(1 << 20, 'a'), true);
  EXPECT_EQ(ids->size(), size_t(1 << 18));
  EXPECT_EQ(t.decode(*ids), std::string(1 << 20, 'a'));
  EXPECT_EQ(t.encode(std::string(1 << 20, '<'), true)->size(), size_t(1 << 20));
}

TEST(Tokenizer, KeepsWhatIsNotInTheAlphabet) {
  Fixture f;
  f.addToken("日本", 1);
  Tokenizer t = f.load();
  EXPECT_EQ(t.tokenBytes(f.id("日本")), "日本");
  // Its bytes have no tokens to merge.
  size_t dropped = 0;
  EXPECT_TRUE(t.encode("日本", true, &dropped)->empty());
  EXPECT_EQ(dropped, 6u);
}

TEST(Tokenizer, FindsAllInTablesOfAnySize) {
  Fixture f;
  for (char upper = 'A'; upper <= 'Z'; ++upper)
    for (char lower = 'a'; lower <= 'j'; ++lower) {
      f.merges.push_back({upper, ' ', lower});
      f.addToken({upper, lower}, 1);
      Tokenizer t = f.load();
      for (size_t id = f.tokens.size() - (upper - 'A' + 1); id < f.tokens.size(); ++id)
        if (f.types[id] == 1 && f.tokens[id].size() == 2)
          ASSERT_EQ(*t.encode(f.tokens[id] + f.tokens[id], true), (Ids{int32_t(id), int32_t(id)})) << f.tokens[id];
    }
}

TEST(Tokenizer, RefusesATextTooLong) {
  Fixture f;
  Tokenizer t = f.load();
  // Refused by its size alone.
  Result<Ids> ids = t.encode({"x", size_t(INT32_MAX) + 1}, true);
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().message(), "expected a text of at most 2147483647 bytes, got 2147483648; cut it into parts");
}

TEST(Tokenizer, EqualSourcesGiveEqualBytes) {
  Fixture a, b;
  EXPECT_EQ(*serializeTokenizer(a.refresh()), *serializeTokenizer(b.refresh()));
}

TEST(StreamDecoder, HoldsBackPartsOfCharacters) {
  Fixture f;
  Tokenizer t = f.load();
  StreamDecoder decoder(t);
  EXPECT_EQ(decoder.push(f.id("ð")), "");
  EXPECT_EQ(decoder.push(f.id("Ł")), "");
  EXPECT_EQ(decoder.push(f.id("ĺ")), "");
  EXPECT_EQ(decoder.push(f.id("Ģ")), "😀");
  EXPECT_EQ(decoder.push(f.id("<|im_end|>")), "");
  EXPECT_EQ(decoder.push(f.id("ð")), "");
  EXPECT_EQ(decoder.push(f.id("Ł")), "");
  // The first two bytes are one maximal invalid sequence.
  EXPECT_EQ(decoder.push(f.id("a")), "\uFFFDa");
  EXPECT_EQ(decoder.push(f.id("Ģ")), "\uFFFD");
  EXPECT_EQ(decoder.push(f.id("Ã")), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_EQ(StreamDecoder(t, false).push(f.id("<|im_end|>")), "<|im_end|>");
}

TEST(TokenizerSource, RefusesWhatIsWrong) {
  auto error = [](auto change) {
    Fixture f;
    change(f);
    return f.error();
  };
  EXPECT_EQ(error([](Fixture &) {}), "");
  EXPECT_EQ(error([](Fixture &f) { f.source.model = "llama\n"; }),
            "tokenizer.ggml.model: expected 'gpt2' (byte-level BPE), got 'llama\\x0a'");
  EXPECT_EQ(
      error([](Fixture &f) { f.source.pre = "other"; }),
      "tokenizer.ggml.pre: expected one of gpt-2, phi-2, smollm, starcoder, refact, codeshell, llama-bpe, llama3, "
      "llama-v3, qwen2, deepseek-r1-qwen, got 'other'");
  EXPECT_EQ(error([](Fixture &f) { f.tokens.clear(), f.types.clear(), f.merges.clear(); }),
            "tokenizer.ggml.tokens: expected at least one token, got none");
  EXPECT_EQ(
      error([](Fixture &f) { f.tokens = {"<a>"}, f.types.clear(), f.merges.clear(); }),
      "tokenizer.ggml.tokens: expected tokens of single bytes, got none; the vocabulary is not of byte-level BPE");
  EXPECT_EQ(error([](Fixture &f) { f.types.pop_back(); }),
            "tokenizer.ggml.token_type: expected one type for each of 112 tokens, got 111");
  EXPECT_EQ(error([](Fixture &f) { f.types[2] = 7; }), "tokenizer.ggml.token_type[2]: expected 1 to 6, got 7");
  EXPECT_EQ(error([](Fixture &f) { f.tokens[5] = "!"; }),
            "tokenizer.ggml.tokens[5]: expected a token of its own, got '!' again, which is token 0");
  EXPECT_EQ(error([](Fixture &f) { f.addToken("", 3); }),
            "tokenizer.ggml.tokens[112]: expected a control token of 1 to 1024 bytes, got 0");
  EXPECT_EQ(error([](Fixture &f) { f.addToken(std::string(1025, 'x'), 4); }),
            "tokenizer.ggml.tokens[112]: expected a control token of 1 to 1024 bytes, got 1025");
  for (const char *merge : {"", " ", "a", "a ", " a"})
    EXPECT_EQ(error([&](Fixture &f) { f.merges[1] = merge; }),
              "tokenizer.ggml.merges[1]: expected two tokens with a space between, got '" + std::string(merge) + "'");
  EXPECT_EQ(error([](Fixture &f) { f.merges[1] = "t zz"; }),
            "tokenizer.ggml.merges[1]: expected tokens of the vocabulary, got 'zz'");
  EXPECT_EQ(error([](Fixture &f) { f.merges[1] = "t t"; }),
            "tokenizer.ggml.merges[1]: expected tokens of the vocabulary, got 'tt'");
  EXPECT_EQ(error([](Fixture &f) { f.merges[1] = "t h"; }),
            "tokenizer.ggml.merges[1]: expected a merge of its own, got 't h' again, which is merge 0");
  EXPECT_EQ(error([](Fixture &f) { f.source.eos = 112; }),
            "tokenizer.ggml.eos_token_id: expected an id below 112, got 112");
  EXPECT_EQ(error([](Fixture &f) { f.source.endTokens = {~0u}; }),
            "end token: expected an id below 112, got 4294967295");
  EXPECT_EQ(error([](Fixture &f) { f.source.addBos = true; }),
            "tokenizer.ggml.add_bos_token: expected tokenizer.ggml.bos_token_id beside it, got none");
}

TEST(Tokenizer, LoadRefusesDamage) {
  Fixture f;
  std::vector<uint8_t> bytes = *serializeTokenizer(f.refresh());
  auto error = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> damaged = bytes;
    damaged[at] = value;
    Result<Tokenizer> t = Tokenizer::load(damaged.data(), damaged.size());
    return t ? std::string() : t.error().message();
  };
  const std::string start = "tokenizer section: expected ", end = "; compile the model again with this version of hone";
  EXPECT_EQ(error(0, 'h'),
            start + "a serialized tokenizer, got " + std::to_string(bytes.size()) + " other bytes" + end);
  EXPECT_EQ(error(8, 9), start + "version 1, got 9" + end);
  EXPECT_EQ(error(12, 9), start + "pre-tokenizer 0 to 3, got 9" + end);
  EXPECT_EQ(error(16, 0xFF), start + "flags within 3, got 255" + end);
  EXPECT_EQ(error(23, 0xFF), start + "1 to 2147483647 tokens, got 4278190192" + end);
  EXPECT_EQ(error(40, 0), start + "hash tables with slots, got an empty one" + end);
  EXPECT_EQ(error(24, 0), start + "ids below 112, got a larger one" + end);
  EXPECT_NE(error(20, 1).find("expected table 0 of 8 bytes, got 452"), std::string::npos);
  EXPECT_NE(error(63, 0xFF).find("expected table 0 within "), std::string::npos);
  for (size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(Tokenizer::load(bytes.data(), size)) << size;
}

TEST(Tokenizer, SearchOfAFullTableEnds) {
  Fixture f;
  std::vector<uint8_t> bytes = *serializeTokenizer(f.refresh());
  // Merges and pieces, which end a search by an empty slot, made full of token 0.
  for (size_t table : {4, 5}) {
    uint64_t entry[2];
    std::memcpy(entry, bytes.data() + 56 + 16 * table, sizeof(entry));
    std::memset(bytes.data() + entry[0], 0, entry[1]);
  }
  Result<Tokenizer> t = Tokenizer::load(bytes.data(), bytes.size());
  ASSERT_TRUE(t) << t.error().message();
  EXPECT_EQ(*t->encode("the", true), (Ids{f.id("t"), f.id("h"), f.id("e")}));
}

TEST(Tokenizer, DamagedTablesDoNoHarm) {
  Fixture f;
  std::vector<uint8_t> bytes = *serializeTokenizer(f.refresh());
  uint32_t state = 1;
  for (int run = 0; run < 3000; ++run) {
    std::vector<uint8_t> damaged = bytes;
    for (int i = 0; i < 8; ++i) {
      state = state * 1664525 + 1013904223;
      damaged[(state >> 8) % damaged.size()] = uint8_t(state >> 3);
    }
    Result<Tokenizer> t = Tokenizer::load(damaged.data(), damaged.size());
    if (!t)
      continue;
    Result<Ids> ids = t->encode("the aaaa<|im_end|>x's 12  \n the" + std::string(50, 'a'), true);
    ASSERT_TRUE(ids);
    t->decode(*ids);
  }
}
