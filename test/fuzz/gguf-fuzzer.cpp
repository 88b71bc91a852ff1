//===- gguf-fuzzer.cpp - The GGUF reader on arbitrary bytes ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// make_gguf_seeds.py DIRECTORY && gguf-fuzzer -max_len=4096 DIRECTORY
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUF.h"

#include <algorithm>
#include <cstdlib>

using namespace hone;
using namespace hone::gguf;

static void require(bool condition) {
  if (!condition)
    std::abort();
}

/// Visits all that a value holds and returns where it ends.
static const uint8_t *visit(const Value &value) {
  (void)value.toUnsigned();
  (void)value.toSigned();
  (void)value.toFloat();
  (void)value.toBool();
  if (std::optional<std::string_view> text = value.toString())
    for (char c : *text) {
      volatile char sink = c;
      (void)sink;
    }
  const uint8_t *end = value.end();
  for (const Value &element : value.elements())
    require(visit(element) <= end);
  return end;
}

/// Touches the whole tensor, a limited number of blocks at a time.
static void visit(const Tensor &tensor) {
  const TypeTraits &traits = getTraits(tensor.type);
  float buffer[256];
  size_t blocks = tensor.elements() / traits.blockElements;
  require(blocks * traits.blockBytes == tensor.bytes);
  for (size_t i = 0; i < blocks; ++i)
    dequantizeRow(tensor.type, tensor.data + i * traits.blockBytes, buffer, traits.blockElements);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Result<File> file = File::parse(data, size, "fuzz.gguf");
  if (!file) {
    // One printable line.
    for (char c : file.error().message())
      require(c >= 0x20 && c < 0x7f);
    return 0;
  }
  for (const MetadataEntry &entry : file->metadata()) {
    require(visit(entry.value) <= data + size);
    require(file->find(entry.key) == &entry.value);
    (void)file->getU32(entry.key);
    (void)file->getF32(entry.key);
    (void)file->getBool(entry.key);
    (void)file->getString(entry.key);
    (void)file->getStrings(entry.key);
    (void)file->getInts(entry.key);
    (void)file->getFloats(entry.key);
  }
  for (const Tensor &tensor : file->tensors()) {
    require(tensor.offset <= size && tensor.bytes <= size - tensor.offset);
    require(file->findTensor(tensor.name) == &tensor);
    visit(tensor);
  }
  return 0;
}
