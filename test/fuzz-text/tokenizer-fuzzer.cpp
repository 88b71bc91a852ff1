//===- tokenizer-fuzzer.cpp - Fuzzes serialized tokenizers ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The input is a serialized tokenizer; a valid one, from `hone-tokenize DUMP --serialize`, is the best seed. A first
// byte that is not of the format's magic makes it a source instead: lines that are tokens or, with a space, merges.

#include "hone/Text/Tokenizer.h"
#include "hone/Text/TokenizerSource.h"

using namespace hone;
using namespace hone::text;

static void use(const Tokenizer &tokenizer, std::string_view text) {
  Result<std::vector<int32_t>> ids = tokenizer.encode(text, true);
  if (!ids)
    return;
  tokenizer.decode(*ids, true);
  StreamDecoder decoder(tokenizer);
  for (int32_t id : *ids)
    decoder.push(id);
  decoder.finish();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  if (size > 0 && data[0] == 'H') {
    if (Result<Tokenizer> tokenizer = Tokenizer::load(data, size))
      use(*tokenizer,
          "The 12 quick's\n\n brown <|im_end|> \xF0\x9F\x98\x80 \xFF aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    return 0;
  }
  TokenizerSource source;
  source.model = "gpt2";
  const char *rules[] = {"smollm", "gpt-2", "llama-bpe", "qwen2"};
  source.pre = rules[size > 0 ? data[0] % 4 : 0];
  for (std::string_view rest = text; !rest.empty();) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find(' ') != std::string_view::npos) {
      source.merges.push_back(line);
    } else {
      source.tokens.push_back(line);
      source.tokenTypes.push_back(line.size() > 3 ? 4 : 1);
    }
  }
  Result<std::vector<uint8_t>> bytes = serializeTokenizer(source);
  if (!bytes)
    return 0;
  // What was serialized always loads.
  Result<Tokenizer> tokenizer = Tokenizer::load(bytes->data(), bytes->size());
  if (!tokenizer)
    __builtin_trap();
  use(*tokenizer, text);
  return 0;
}
