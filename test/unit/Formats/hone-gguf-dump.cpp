//===- hone-gguf-dump.cpp - What the GGUF reader sees, for tests ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// hone-gguf-dump FILE           metadata and tensors as JSON. Each byte of a string is one character of U+0000 to
//                               U+00FF, so that strings that are no UTF-8 survive too.
// hone-gguf-dump FILE TENSOR    the tensor as raw f32, to standard output.
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUF.h"

#include <cstdio>

using namespace hone;
using namespace hone::gguf;

static int fail(const std::string &message) {
  std::fprintf(stderr, "hone-gguf-dump: error: %s\n", message.c_str());
  return 1;
}

static void printString(std::string_view text) {
  std::putchar('"');
  for (unsigned char byte : text)
    std::printf(byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\' ? "\\u%04x" : "%c", byte);
  std::putchar('"');
}

static void printValue(const Value &value) {
  if (auto text = value.toString())
    return printString(*text);
  if (auto number = value.toUnsigned())
    return static_cast<void>(std::printf("%llu", static_cast<unsigned long long>(*number)));
  if (auto number = value.toSigned())
    return static_cast<void>(std::printf("%lld", static_cast<long long>(*number)));
  if (auto number = value.toFloat()) // As text: JSON has no infinities.
    return static_cast<void>(std::printf("{\"float\": \"%.17g\"}", *number));
  if (auto flag = value.toBool())
    return static_cast<void>(std::fputs(*flag ? "true" : "false", stdout));
  std::putchar('[');
  bool first = true;
  for (const Value &element : value.elements()) {
    if (!first)
      std::fputs(", ", stdout);
    first = false;
    printValue(element);
  }
  std::putchar(']');
}

static void printFile(const File &file) {
  std::printf("{\"version\": %u, \"alignment\": %llu, \"metadata\": {", file.version(),
              static_cast<unsigned long long>(file.alignment()));
  const char *separator = "";
  for (const MetadataEntry &entry : file.metadata()) {
    std::printf("%s\n  ", separator);
    separator = ",";
    printString(entry.key);
    std::printf(": {\"type\": \"%s\", \"element\": \"%s\", \"value\": ", getName(entry.value.type()),
                getName(entry.value.elementType()));
    printValue(entry.value);
    std::putchar('}');
  }
  std::fputs("},\n\"tensors\": [", stdout);
  separator = "";
  for (const Tensor &tensor : file.tensors()) {
    std::printf("%s\n  {\"name\": ", separator);
    separator = ",";
    printString(tensor.name);
    std::printf(", \"type\": \"%s\", \"offset\": %llu, \"bytes\": %llu, \"shape\": [", getTraits(tensor.type).name,
                static_cast<unsigned long long>(tensor.offset), static_cast<unsigned long long>(tensor.bytes));
    for (size_t i = 0; i < tensor.shape.size(); ++i)
      std::printf("%s%llu", i ? ", " : "", static_cast<unsigned long long>(tensor.shape[i]));
    std::fputs("]}", stdout);
  }
  std::fputs("]}\n", stdout);
}

static int writeTensor(const Tensor &tensor) {
  size_t row = tensor.shape[0];
  const TypeTraits &traits = getTraits(tensor.type);
  size_t rowBytes = row / traits.blockElements * traits.blockBytes;
  std::vector<float> buffer(row);
  for (uint64_t i = 0; i < tensor.elements() / row; ++i) {
    dequantizeRow(tensor.type, tensor.data + i * rowBytes, buffer.data(), row);
    if (std::fwrite(buffer.data(), sizeof(float), row, stdout) != row)
      return fail("standard output cannot be written");
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3)
    return fail("expected a GGUF file and optionally a tensor's name");
  Result<File> file = File::open(argv[1]);
  if (!file)
    return fail(file.error().message());
  if (argc == 2) {
    printFile(*file);
    return 0;
  }
  const Tensor *tensor = file->findTensor(argv[2]);
  return tensor ? writeTensor(*tensor) : fail(file->name() + ": has no tensor '" + argv[2] + "'");
}
