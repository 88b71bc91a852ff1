//===- GGUFTokenizerTest.cpp - Tokenizers of GGUF files -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Import/GGUFImport.h"
#include "gtest/gtest.h"

using namespace hone;

namespace {
/// A GGUF file without tensors, entry by entry.
class Metadata {
public:
  Metadata &add(const std::string &key, const std::string &value) {
    begin(key, gguf::ValueType::String);
    appendText(value);
    return *this;
  }
  Metadata &add(const std::string &key, uint32_t value) {
    begin(key, gguf::ValueType::U32);
    append(value);
    return *this;
  }
  Metadata &add(const std::string &key, bool value) {
    begin(key, gguf::ValueType::Bool);
    append<uint8_t>(value);
    return *this;
  }
  Metadata &add(const std::string &key, const std::vector<std::string> &values) {
    beginArray(key, gguf::ValueType::String, values.size());
    for (const std::string &value : values)
      appendText(value);
    return *this;
  }
  Metadata &add(const std::string &key, const std::vector<int32_t> &values) {
    beginArray(key, gguf::ValueType::I32, values.size());
    for (int32_t value : values)
      append(value);
    return *this;
  }

  /// Valid as long as this object.
  gguf::File file() {
    // Magic, version 3, no tensors, the number of entries.
    bytes = std::string("GGUF\3\0\0\0", 8) + std::string(8, '\0');
    bytes.append(reinterpret_cast<const char *>(&count), sizeof(count));
    bytes += entries;
    Result<gguf::File> result =
        gguf::File::parse(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), "model.gguf");
    EXPECT_TRUE(bool(result)) << (result ? "" : result.error().message());
    return std::move(*result);
  }

private:
  template <typename T> void append(T value) { entries.append(reinterpret_cast<const char *>(&value), sizeof(T)); }
  void appendText(const std::string &text) {
    append<uint64_t>(text.size());
    entries += text;
  }
  void begin(const std::string &key, gguf::ValueType type) {
    ++count;
    appendText(key);
    append(static_cast<uint32_t>(type));
  }
  void beginArray(const std::string &key, gguf::ValueType element, uint64_t size) {
    begin(key, gguf::ValueType::Array);
    append(static_cast<uint32_t>(element));
    append(size);
  }

  std::string entries, bytes;
  uint64_t count = 0;
};
} // namespace

static Metadata byteLevel(const std::string &pre) {
  Metadata metadata;
  metadata.add("tokenizer.ggml.model", std::string("gpt2"))
      .add("tokenizer.ggml.pre", pre)
      .add("tokenizer.ggml.tokens", std::vector<std::string>{"<|end|>", "a", "b", "ab"})
      .add("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  return metadata;
}

TEST(GGUFTokenizerTest, ModelsWithoutTokenizer) {
  Metadata none, noVocabulary;
  noVocabulary.add("tokenizer.ggml.model", std::string("no_vocab"));
  for (Metadata *metadata : {&none, &noVocabulary}) {
    gguf::File file = metadata->file();
    Result<std::optional<text::TokenizerSource>> source = tokenizerFromGGUF(file);
    ASSERT_TRUE(bool(source));
    EXPECT_FALSE(source->has_value());
  }
}

TEST(GGUFTokenizerTest, AllKeys) {
  Metadata metadata = byteLevel("smollm");
  metadata.add("tokenizer.ggml.token_type", std::vector<int32_t>{3, 1, 1, 1})
      .add("tokenizer.ggml.bos_token_id", 1u)
      .add("tokenizer.ggml.eos_token_id", 0u)
      .add("tokenizer.ggml.unknown_token_id", 2u)
      .add("tokenizer.ggml.padding_token_id", 3u)
      .add("tokenizer.ggml.eot_token_id", 3u)
      .add("tokenizer.ggml.add_bos_token", true)
      .add("tokenizer.ggml.add_space_prefix", true)
      .add("tokenizer.chat_template", std::string("{{ messages }}"));
  gguf::File file = metadata.file();
  Result<std::optional<text::TokenizerSource>> result = tokenizerFromGGUF(file);
  ASSERT_TRUE(bool(result)) << result.error().message();
  const text::TokenizerSource &source = **result;
  EXPECT_EQ(source.model, "gpt2");
  EXPECT_EQ(source.pre, "smollm");
  EXPECT_EQ(source.tokens, std::vector<std::string_view>({"<|end|>", "a", "b", "ab"}));
  EXPECT_EQ(source.tokenTypes, std::vector<int32_t>({3, 1, 1, 1}));
  EXPECT_EQ(source.merges, std::vector<std::string_view>({"a b"}));
  EXPECT_EQ(source.bos, 1u);
  EXPECT_EQ(source.eos, 0u);
  EXPECT_EQ(source.unknown, 2u);
  EXPECT_EQ(source.padding, 3u);
  EXPECT_EQ(source.endTokens, std::vector<uint32_t>({3}));
  EXPECT_TRUE(source.addBos);
  EXPECT_TRUE(source.addSpacePrefix);
  EXPECT_EQ(source.chatTemplate, "{{ messages }}");
}

// Where the file does not say whether BOS comes first, the pre-tokenizer does; what the file says wins.
TEST(GGUFTokenizerTest, DefaultOfAddBos) {
  auto addsBos = [](Metadata metadata) {
    gguf::File file = metadata.file();
    return (**tokenizerFromGGUF(file)).addBos;
  };
  EXPECT_FALSE(addsBos(byteLevel("smollm")));
  EXPECT_TRUE(addsBos(byteLevel("llama-bpe")));
  EXPECT_FALSE(addsBos(byteLevel("llama-bpe").add("tokenizer.ggml.add_bos_token", false)));
}

TEST(GGUFTokenizerTest, Invalid) {
  auto errorOf = [](Metadata metadata) {
    gguf::File file = metadata.file();
    Result<std::optional<text::TokenizerSource>> result = tokenizerFromGGUF(file);
    return result ? "" : result.error().message();
  };
  Metadata noTokens;
  noTokens.add("tokenizer.ggml.model", std::string("gpt2"));
  EXPECT_EQ(errorOf(noTokens).find("model.gguf: expected metadata 'tokenizer.ggml.tokens', got none"), 0u);
  noTokens.add("tokenizer.ggml.tokens", std::vector<std::string>{"a"});
  EXPECT_EQ(errorOf(noTokens).find("model.gguf: expected metadata 'tokenizer.ggml.merges', got none"), 0u);
  EXPECT_EQ(errorOf(byteLevel("smollm").add("tokenizer.ggml.token_type", std::vector<int32_t>{1, -7, 1, 1})),
            "model.gguf: metadata 'tokenizer.ggml.token_type' holds -7, expected 1 to 6");
  EXPECT_EQ(errorOf(byteLevel("smollm").add("tokenizer.ggml.eos_token_id", std::string("end")))
                .find("model.gguf: expected metadata 'tokenizer.ggml.eos_token_id' to be an integer"),
            0u);
}
