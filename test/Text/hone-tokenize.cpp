//===- hone-tokenize.cpp - Tokenizes lines for comparisons with peers -----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// usage: hone-tokenize DUMP                 answers requests on standard input
//        hone-tokenize DUMP --serialize OUT  writes the serialized tokenizer
//        hone-tokenize DUMP --bench TEXT     prints load time and encoding throughput
//
// DUMP holds a TokenizerSource as tokenizer_against_hf.py writes it: strings as u32 length and bytes, little-endian.
// A request is u32 length, u8 allowSpecial and the text; the answer is u32 count and ids, u32 dropped bytes, and the
// decoded text as a string. StreamDecoder's text follows as another string.

#include "hone/Support/MappedFile.h"
#include "hone/Text/Tokenizer.h"
#include "hone/Text/TokenizerSource.h"

#include <chrono>
#include <cstdio>
#include <cstring>

using namespace hone;
using namespace hone::text;

namespace {
class DumpReader {
public:
  explicit DumpReader(const MappedFile &file) : at(file.data()), end(at + file.size()) {}

  uint32_t word() {
    uint32_t value = 0;
    if (need(4)) {
      std::memcpy(&value, at, 4);
      at += 4;
    }
    return value;
  }

  std::string_view string() {
    uint32_t length = word();
    if (!need(length))
      return {};
    std::string_view text(reinterpret_cast<const char *>(at), length);
    at += length;
    return text;
  }

  std::optional<uint32_t> id() {
    uint32_t value = word();
    return value == 0xFFFFFFFF ? std::nullopt : std::optional<uint32_t>(value);
  }

  bool whole = true;

private:
  bool need(size_t bytes) { return whole = whole && size_t(end - at) >= bytes; }

  const uint8_t *at, *end;
};

std::optional<TokenizerSource> readSource(const MappedFile &file) {
  DumpReader in(file);
  TokenizerSource source;
  source.model = in.string();
  source.pre = in.string();
  for (uint32_t count = in.word(); count && in.whole; --count)
    source.tokens.push_back(in.string());
  for (uint32_t count = in.word(); count && in.whole; --count)
    source.tokenTypes.push_back(int32_t(in.word()));
  for (uint32_t count = in.word(); count && in.whole; --count)
    source.merges.push_back(in.string());
  source.bos = in.id();
  source.eos = in.id();
  source.unknown = in.id();
  source.padding = in.id();
  source.addBos = in.word();
  source.addSpacePrefix = in.word();
  source.chatTemplate = in.string();
  return in.whole ? std::optional(source) : std::nullopt;
}

int fail(const std::string &message) {
  std::fprintf(stderr, "hone-tokenize: error: %s\n", message.c_str());
  return 1;
}

void put(uint32_t word) { std::fwrite(&word, 4, 1, stdout); }
void put(const std::string &text) {
  put(uint32_t(text.size()));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int answer(const Tokenizer &tokenizer) {
  uint32_t length;
  uint8_t allowSpecial;
  std::string text;
  while (std::fread(&length, 4, 1, stdin) == 1 && std::fread(&allowSpecial, 1, 1, stdin) == 1) {
    text.resize(length);
    if (std::fread(text.data(), 1, length, stdin) != length)
      return fail("standard input ends within a text");
    size_t dropped = 0;
    Result<std::vector<int32_t>> ids = tokenizer.encode(text, allowSpecial, &dropped);
    if (!ids)
      return fail(ids.error().message());
    put(uint32_t(ids->size()));
    std::fwrite(ids->data(), 4, ids->size(), stdout);
    put(uint32_t(dropped));
    put(tokenizer.decode(*ids));
    StreamDecoder decoder(tokenizer, /*skipSpecial=*/false);
    std::string streamed;
    for (int32_t id : *ids)
      streamed += decoder.push(id);
    put(streamed + decoder.finish());
    std::fflush(stdout);
  }
  return 0;
}

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int bench(const Tokenizer &tokenizer, double loadTime, const char *path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file)
    return fail(file.error().message());
  std::string_view text(reinterpret_cast<const char *>(file->data()), file->size());
  double best = 1e9;
  size_t count = 0;
  for (int run = 0; run < 5; ++run) {
    double start = seconds();
    Result<std::vector<int32_t>> ids = tokenizer.encode(text, true);
    best = std::min(best, seconds() - start);
    if (!ids)
      return fail(ids.error().message());
    count = ids->size();
  }
  std::printf("load: %.1f us\nencode: %zu bytes, %zu tokens, %.4f s, %.1f MB/s\n", loadTime * 1e6, text.size(), count,
              best, double(text.size()) / best / 1e6);
  return 0;
}
} // namespace

int main(int argc, char **argv) {
  if (argc != 2 && argc != 4)
    return fail("expected DUMP [--serialize OUT | --bench TEXT]");
  Result<MappedFile> file = MappedFile::open(argv[1]);
  if (!file)
    return fail(file.error().message());
  std::optional<TokenizerSource> source = readSource(*file);
  if (!source)
    return fail(std::string(argv[1]) + ": truncated");
  Result<std::vector<uint8_t>> bytes = serializeTokenizer(*source);
  if (!bytes)
    return fail(bytes.error().message());
  double start = seconds();
  Result<Tokenizer> tokenizer = Tokenizer::load(bytes->data(), bytes->size());
  double loadTime = seconds() - start;
  if (!tokenizer)
    return fail(tokenizer.error().message());
  if (argc == 2)
    return answer(*tokenizer);
  if (std::strcmp(argv[2], "--bench") == 0)
    return bench(*tokenizer, loadTime, argv[3]);
  if (std::strcmp(argv[2], "--serialize") != 0)
    return fail(std::string("expected --serialize or --bench, got ") + argv[2]);
  std::FILE *out = std::fopen(argv[3], "wb");
  if (!out || std::fwrite(bytes->data(), 1, bytes->size(), out) != bytes->size() || std::fclose(out) != 0)
    return fail(std::string(argv[3]) + ": cannot be written");
  return 0;
}
