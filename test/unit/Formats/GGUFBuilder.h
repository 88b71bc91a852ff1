//===- GGUFBuilder.h - GGUF files in memory, right and wrong ---*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_UNIT_FORMATS_GGUFBUILDER_H
#define HONE_TEST_UNIT_FORMATS_GGUFBUILDER_H

#include "hone/Formats/GGUF.h"

#include <string>
#include <vector>

namespace hone::gguf {

/// Appends to a byte string, little-endian; checks nothing, so that tests can write broken files.
class Bytes {
public:
  template <typename T> Bytes &number(T value) {
    data.append(reinterpret_cast<const char *>(&value), sizeof(T));
    return *this;
  }
  Bytes &u32(uint32_t value) { return number(value); }
  Bytes &u64(uint64_t value) { return number(value); }
  Bytes &type(ValueType type) { return u32(static_cast<uint32_t>(type)); }
  Bytes &raw(const std::string &bytes) {
    data += bytes;
    return *this;
  }
  Bytes &string(const std::string &text) { return u64(text.size()).raw(text); }
  Bytes &array(ValueType element, uint64_t count) { return type(element).u64(count); }
  Bytes &padTo(size_t multiple) {
    data.resize((data.size() + multiple - 1) / multiple * multiple);
    return *this;
  }

  std::string data;
};

/// A whole file: metadata entries, tensor descriptions, tensor data.
struct GGUFBuilder {
  uint32_t version = 3;
  std::vector<std::string> entries;
  std::vector<std::string> tensors;
  std::string tensorData;
  size_t alignment = 32;

  /// `payload` is the encoded value.
  GGUFBuilder &entry(const std::string &key, ValueType type, const Bytes &payload) {
    entries.push_back(Bytes().string(key).type(type).raw(payload.data).data);
    return *this;
  }
  GGUFBuilder &tensor(const std::string &name, const std::vector<uint64_t> &shape, uint32_t type, uint64_t offset) {
    Bytes bytes;
    bytes.string(name).u32(static_cast<uint32_t>(shape.size()));
    for (uint64_t dimension : shape)
      bytes.u64(dimension);
    tensors.push_back(bytes.u32(type).u64(offset).data);
    return *this;
  }
  /// Everything but the tensor data and the padding before it.
  std::string header() const {
    Bytes bytes;
    bytes.raw("GGUF").u32(version).u64(tensors.size()).u64(entries.size());
    for (const std::string &entry : entries)
      bytes.raw(entry);
    for (const std::string &tensor : tensors)
      bytes.raw(tensor);
    return bytes.data;
  }
  std::string build() const { return Bytes().raw(header()).padTo(alignment).raw(tensorData).data; }
};

inline Result<File> parse(const std::string &bytes) {
  return File::parse(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), "m.gguf");
}

/// The error of parsing `bytes`, or "" if there is none.
inline std::string parseError(const std::string &bytes) {
  Result<File> file = parse(bytes);
  return file ? "" : file.error().message();
}

} // namespace hone::gguf

#endif // HONE_TEST_UNIT_FORMATS_GGUFBUILDER_H
