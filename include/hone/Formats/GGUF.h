//===- GGUF.h - Reading GGUF model files -----------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GGUF versions 2 and 3, little-endian, as specified in docs/gguf.md of the ggml project.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_FORMATS_GGUF_H
#define HONE_FORMATS_GGUF_H

#include "hone/Formats/GGUFTensorType.h"
#include "hone/Support/Error.h"
#include "hone/Support/MappedFile.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::gguf {

/// Types of metadata values; the numbers are those of the file.
enum class ValueType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

/// "u8", "string", ...
const char *getName(ValueType type);

class ElementRange;

/// One metadata value: a view of validated bytes of the file, cheap to copy, valid as long as the file's bytes are.
class Value {
public:
  /// `bytes` is where a valid value of `type` begins.
  Value(ValueType type, const uint8_t *bytes);

  ValueType type() const { return kind; }
  /// Elements of an array, bytes of a string, 1 for all else.
  uint64_t size() const { return count; }
  /// Of an array; of all else the type itself.
  ValueType elementType() const { return element; }

  /// The value, if it has any integer type and fits the result's.
  std::optional<uint64_t> toUnsigned() const;
  std::optional<int64_t> toSigned() const;
  /// The value of an f32 or f64.
  std::optional<double> toFloat() const;
  std::optional<bool> toBool() const;
  std::optional<std::string_view> toString() const;

  /// What an array holds (arrays nest), in order; empty for all else.
  ElementRange elements() const;
  /// The first byte behind the value. O(1), except O(bytes) for arrays of strings or of arrays.
  const uint8_t *end() const;

private:
  ValueType kind;
  ValueType element;
  uint64_t count = 1;
  /// The payload: behind the length of a string, behind type and count of an array.
  const uint8_t *data;
};

/// Decodes elements while going through them, so that a large array costs no memory.
class ElementRange {
public:
  class Iterator {
  public:
    Iterator(ValueType type, const uint8_t *next, uint64_t index) : type(type), next(next), index(index) {}
    Value operator*() const { return Value(type, next); }
    Iterator &operator++() {
      next = Value(type, next).end();
      ++index;
      return *this;
    }
    bool operator!=(const Iterator &other) const { return index != other.index; }

  private:
    ValueType type;
    const uint8_t *next;
    uint64_t index;
  };

  ElementRange(ValueType type, const uint8_t *data, uint64_t count) : type(type), data(data), count(count) {}
  Iterator begin() const { return {type, data, 0}; }
  Iterator end() const { return {type, nullptr, count}; }

private:
  ValueType type;
  const uint8_t *data;
  uint64_t count;
};

struct MetadataEntry {
  std::string_view key;
  Value value;
};

/// A tensor whose data lies wholly within the file and overlaps no other.
struct Tensor {
  std::string name;
  TensorType type = TensorType::F32;
  /// 1 to 4 dimensions in GGUF's order, innermost first (ne[0] is the length of a row): the reverse of PyTorch's.
  std::vector<uint64_t> shape;
  /// Of the first byte, from the start of the file.
  uint64_t offset = 0;
  uint64_t bytes = 0;
  const uint8_t *data = nullptr;

  uint64_t elements() const;
};

/// A validated GGUF file. Only the index (names, shapes, positions) is in memory; values and tensors are views of the
/// file's bytes, which stay where they are when the File moves. Immutable, so safe to read from several threads.
class File {
public:
  /// Maps and validates a file: O(metadata), the tensors are not touched. Errors begin with "PATH: ".
  static Result<File> open(const std::string &path);
  /// Validates bytes that the caller keeps alive. `name` stands for the path in errors.
  static Result<File> parse(const uint8_t *data, size_t size, std::string name);

  /// The path, or the name given to `parse`.
  const std::string &name() const { return fileName; }
  /// 2 or 3.
  uint32_t version() const { return formatVersion; }
  /// Of each tensor's offset; a power of two.
  uint64_t alignment() const { return tensorAlignment; }
  /// Of the whole file.
  uint64_t totalBytes() const { return fileBytes; }

  /// All metadata in the file's order.
  const std::vector<MetadataEntry> &metadata() const { return entries; }
  /// The value under `key`, or null. O(log n).
  const Value *find(std::string_view key) const;

  /// The value under `key`, or an error that names file, key, and what was expected and found. Integers may be stored
  /// in any integer type that holds the value, floats in f32 or f64 (rounded to f32).
  Result<uint32_t> getU32(std::string_view key) const;
  Result<float> getF32(std::string_view key) const;
  Result<bool> getBool(std::string_view key) const;
  Result<std::string_view> getString(std::string_view key) const;
  Result<std::vector<std::string_view>> getStrings(std::string_view key) const;
  Result<std::vector<int64_t>> getInts(std::string_view key) const;
  Result<std::vector<float>> getFloats(std::string_view key) const;

  /// All tensors in the file's order.
  const std::vector<Tensor> &tensors() const { return tensorList; }
  /// The tensor of that name, or null. O(log n).
  const Tensor *findTensor(std::string_view name) const;

private:
  friend class Parser;
  File() = default;

  Result<const Value *> require(std::string_view key) const;
  Error expected(std::string_view key, const std::string &what, const Value &got) const;

  std::optional<MappedFile> mapping;
  std::string fileName;
  uint64_t fileBytes = 0;
  uint32_t formatVersion = 0;
  uint64_t tensorAlignment = 32;
  std::vector<MetadataEntry> entries;
  std::vector<Tensor> tensorList;
  /// Positions in `entries` and `tensorList`, sorted by name.
  std::vector<size_t> entriesByKey;
  std::vector<size_t> tensorsByName;
};

} // namespace hone::gguf

#endif // HONE_FORMATS_GGUF_H
