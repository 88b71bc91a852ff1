//===- WriteStubTokenizer.cpp - Writes the stub model's tokenizer section -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/TokenizerSource.h"

#include <cstdio>
#include <string>

/// One token per byte, in the byte-level alphabet (Radford et al. 2019): printable bytes are themselves, the others the
/// characters from U+0100 on, in order.
static std::string byteToken(int byte, int &next) {
  bool itself = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  int code = itself ? byte : next++;
  if (code < 0x80)
    return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
}

int main(int argumentCount, char **arguments) {
  if (argumentCount != 2)
    return 2;
  std::vector<std::string> texts;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte)
    texts.push_back(byteToken(byte, next));
  texts.push_back("<|im_start|>");
  texts.push_back("<|im_end|>");
  hone::text::TokenizerSource source;
  source.model = "gpt2";
  source.pre = "gpt-2";
  source.tokens.assign(texts.begin(), texts.end());
  source.tokenTypes.assign(256, static_cast<int32_t>(hone::text::TokenType::Normal));
  source.tokenTypes.resize(258, static_cast<int32_t>(hone::text::TokenType::Control));
  source.eos = 257;
  source.chatTemplate =
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
      "'<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ "
      "'<|im_start|>assistant\\n' }}{% endif %}";
  hone::Result<std::vector<uint8_t>> bytes = hone::text::serializeTokenizer(source);
  if (!bytes) {
    std::fprintf(stderr, "error: %s\n", bytes.error().message().c_str());
    return 1;
  }
  std::FILE *file = std::fopen(arguments[1], "wb");
  bool ok = file && std::fwrite(bytes->data(), 1, bytes->size(), file) == bytes->size();
  ok = file && std::fclose(file) == 0 && ok;
  return ok ? 0 : 1;
}
