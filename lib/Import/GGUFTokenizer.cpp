//===- GGUFTokenizer.cpp - The tokenizer of a GGUF file -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Import/GGUFImport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace hone;

/// Optional keys: absent keeps `target` as it is.
static Status readOptional(const gguf::File &file, const char *key, std::string_view &target) {
  if (!file.find(key))
    return std::nullopt;
  Result<std::string_view> value = file.getString(key);
  if (!value)
    return value.takeError();
  target = *value;
  return std::nullopt;
}

static Status readOptional(const gguf::File &file, const char *key, bool &target) {
  if (!file.find(key))
    return std::nullopt;
  Result<bool> value = file.getBool(key);
  if (!value)
    return value.takeError();
  target = *value;
  return std::nullopt;
}

static Status readOptional(const gguf::File &file, const char *key, std::optional<uint32_t> &target) {
  if (!file.find(key))
    return std::nullopt;
  Result<uint32_t> value = file.getU32(key);
  if (!value)
    return value.takeError();
  target = *value;
  return std::nullopt;
}

/// Files of before `add_bos_token` leave it to the pre-tokenizer; so does llama.cpp.
static bool addsBosByDefault(llvm::StringRef pre) {
  return llvm::is_contained({"llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral"}, pre);
}

static Status readTables(const gguf::File &file, text::TokenizerSource &source) {
  Result<std::vector<std::string_view>> tokens = file.getStrings("tokenizer.ggml.tokens");
  if (!tokens)
    return tokens.takeError();
  source.tokens = std::move(*tokens);
  // Without merges, byte-level BPE would spell every word byte by byte.
  if (source.model == "gpt2" || file.find("tokenizer.ggml.merges")) {
    Result<std::vector<std::string_view>> merges = file.getStrings("tokenizer.ggml.merges");
    if (!merges)
      return merges.takeError();
    source.merges = std::move(*merges);
  }
  if (!file.find("tokenizer.ggml.token_type"))
    return std::nullopt;
  Result<std::vector<int64_t>> types = file.getInts("tokenizer.ggml.token_type");
  if (!types)
    return types.takeError();
  for (int64_t type : *types) {
    if (type < 0 || type > UINT8_MAX)
      return Error(file.name() + ": metadata 'tokenizer.ggml.token_type' holds " + std::to_string(type) +
                   ", expected 1 to 6");
    source.tokenTypes.push_back(static_cast<int32_t>(type));
  }
  return std::nullopt;
}

static Status readTokenIds(const gguf::File &file, text::TokenizerSource &source) {
  const std::pair<const char *, std::optional<uint32_t> &> ids[] = {
      {"tokenizer.ggml.bos_token_id", source.bos},
      {"tokenizer.ggml.eos_token_id", source.eos},
      {"tokenizer.ggml.unknown_token_id", source.unknown},
      {"tokenizer.ggml.padding_token_id", source.padding},
  };
  for (const auto &[key, target] : ids)
    if (Status failed = readOptional(file, key, target))
      return failed;
  for (const char *key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    std::optional<uint32_t> id;
    if (Status failed = readOptional(file, key, id))
      return failed;
    if (id)
      source.endTokens.push_back(*id);
  }
  return std::nullopt;
}

Result<std::optional<text::TokenizerSource>> hone::tokenizerFromGGUF(const gguf::File &file) {
  text::TokenizerSource source;
  if (Status failed = readOptional(file, "tokenizer.ggml.model", source.model))
    return *failed;
  // "no_vocab" is what llama.cpp's converter writes for a model that takes token ids.
  if (source.model.empty() || source.model == "none" || source.model == "no_vocab")
    return std::optional<text::TokenizerSource>();
  if (Status failed = readOptional(file, "tokenizer.ggml.pre", source.pre))
    return *failed;
  if (Status failed = readTables(file, source))
    return *failed;
  if (Status failed = readTokenIds(file, source))
    return *failed;
  source.addBos = addsBosByDefault(source.pre);
  if (Status failed = readOptional(file, "tokenizer.ggml.add_bos_token", source.addBos))
    return *failed;
  if (Status failed = readOptional(file, "tokenizer.ggml.add_space_prefix", source.addSpacePrefix))
    return *failed;
  if (Status failed = readOptional(file, "tokenizer.chat_template", source.chatTemplate))
    return *failed;
  return std::optional<text::TokenizerSource>(std::move(source));
}
