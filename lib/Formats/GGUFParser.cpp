//===- GGUFParser.cpp - Validating GGUF model files -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pass over untrusted bytes. Memory grows with what was read, never with what the file claims.
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUF.h"

#include "MessageText.h"

#include <algorithm>
#include <cstring>
#include <limits>

using namespace hone;
using namespace hone::gguf;

namespace hone::gguf {

class Parser {
public:
  Parser(const uint8_t *data, size_t size, std::string name) : data(data), size(size) {
    file.fileName = std::move(name);
    file.fileBytes = size;
  }

  Status parse();
  File take() { return std::move(file); }

private:
  Status parseHeader();
  Status parseMetadata();
  Status parseEntry();
  Status skipValue(ValueType type, unsigned depth);
  Status skipArray(unsigned depth);
  Status readAlignment();
  Status parseTensors();
  Status parseTensor();
  Status parseShape(Tensor &tensor);
  Status parseType(Tensor &tensor);
  Status measureTensor(Tensor &tensor) const;
  Status placeTensors();
  Status indexTensors();

  uint64_t remaining() const { return size - position; }
  /// Makes sure of `bytes` more bytes at `position`.
  Status need(uint64_t bytes) const;
  /// Makes sure that `count` items of at least `minimum` bytes each may follow.
  Status checkCount(uint64_t count, uint64_t minimum, const std::string &items) const;
  template <typename T> Status read(T &value);
  /// A text preceded by its length of 1 to `limit` bytes.
  Status readName(std::string_view &name, uint64_t limit);
  Status readValueType(ValueType &type);

  Error error(const std::string &text) const { return Error(file.fileName + ": " + text); }
  std::string describe(const Tensor &tensor) const { return "tensor " + quoted(tensor.name); }

  const uint8_t *data;
  size_t size;
  size_t position = 0;
  /// What is being read, for errors.
  std::string where = "the header";
  uint64_t entryCount = 0;
  uint64_t tensorCount = 0;
  File file;
};

} // namespace hone::gguf

static constexpr const char *fetchAgain = "; the file is truncated or damaged, fetch it again";
static constexpr const char *convertAgain = "; the file is damaged, fetch it again or convert the model again";

Result<File> File::parse(const uint8_t *data, size_t size, std::string name) {
  Parser parser(data, size, std::move(name));
  if (Status failed = parser.parse())
    return *failed;
  return parser.take();
}

Status Parser::parse() {
  if (Status failed = parseHeader())
    return failed;
  if (Status failed = parseMetadata())
    return failed;
  if (Status failed = readAlignment())
    return failed;
  if (Status failed = parseTensors())
    return failed;
  if (Status failed = placeTensors())
    return failed;
  return indexTensors();
}

Status Parser::need(uint64_t bytes) const {
  if (bytes <= remaining())
    return std::nullopt;
  return error(where + " needs " + grouped(bytes) + (bytes == 1 ? " byte" : " bytes") + " at byte " +
               grouped(position) + " but the file has " + grouped(size) + fetchAgain);
}

Status Parser::checkCount(uint64_t count, uint64_t minimum, const std::string &items) const {
  uint64_t most = remaining() / minimum;
  if (count <= most)
    return std::nullopt;
  return error(where + " claims " + grouped(count) + " " + items + " but the rest of the file holds at most " +
               grouped(most) + fetchAgain);
}

template <typename T> Status Parser::read(T &value) {
  if (Status failed = need(sizeof(T)))
    return failed;
  std::memcpy(&value, data + position, sizeof(T));
  position += sizeof(T);
  return std::nullopt;
}

Status Parser::readName(std::string_view &name, uint64_t limit) {
  uint64_t length;
  if (Status failed = read(length))
    return failed;
  if (length == 0 || length > limit)
    return error(where + " has a name of " + grouped(length) + " bytes, expected 1 to " + grouped(limit) +
                 convertAgain);
  if (Status failed = need(length))
    return failed;
  name = {reinterpret_cast<const char *>(data + position), static_cast<size_t>(length)};
  position += length;
  return std::nullopt;
}

Status Parser::readValueType(ValueType &type) {
  uint32_t id;
  if (Status failed = read(id))
    return failed;
  if (id > static_cast<uint32_t>(ValueType::F64))
    return error(where + " has the unknown value type " + grouped(id) + ", expected 0 to 12" + convertAgain);
  type = static_cast<ValueType>(id);
  return std::nullopt;
}

Status Parser::parseHeader() {
  if (size == 0)
    return error("expected a GGUF file, got an empty file; fetch it again");
  std::string_view start(reinterpret_cast<const char *>(data), std::min<size_t>(size, 12));
  if (start == "version http")
    return error("expected a GGUF file, got a Git LFS pointer; fetch the file itself with 'git lfs pull'");
  if (start.substr(0, 4) != "GGUF")
    return error("expected a GGUF file, which begins with 'GGUF', got " + quoted(start.substr(0, 4)) +
                 "; convert the model to GGUF");
  position = 4;
  uint32_t version;
  if (Status failed = read(version))
    return failed;
  if (version == 1)
    return error("expected GGUF version 2 or 3, got 1; convert the model again with a current converter");
  // The specification has no mark for the byte order: a small number read in the wrong order is a large one.
  if (version != 0 && (version & 0xffff) == 0)
    return error("expected little-endian GGUF, got big-endian; convert it with gguf_convert_endian.py of llama.cpp");
  if (version != 2 && version != 3)
    return error("expected GGUF version 2 or 3, got " + grouped(version) +
                 "; update hone, or convert the model to version 3");
  file.formatVersion = version;
  if (Status failed = read(tensorCount))
    return failed;
  return read(entryCount);
}

Status Parser::parseMetadata() {
  // An entry is at least a key (length and one byte), a type and a one-byte value.
  if (Status failed = checkCount(entryCount, 8 + 1 + 4 + 1, "metadata entries"))
    return failed;
  for (uint64_t i = 0; i < entryCount; ++i) {
    where = "metadata entry " + grouped(i + 1) + " of " + grouped(entryCount);
    if (Status failed = parseEntry())
      return failed;
  }

  auto &order = file.entriesByKey;
  for (size_t i = 0; i < file.entries.size(); ++i)
    order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return file.entries[a].key < file.entries[b].key; });
  for (size_t i = 1; i < order.size(); ++i)
    if (file.entries[order[i - 1]].key == file.entries[order[i]].key)
      return error("metadata " + quoted(file.entries[order[i]].key) + " occurs twice" + convertAgain);
  return std::nullopt;
}

Status Parser::parseEntry() {
  std::string_view key;
  if (Status failed = readName(key, 65535))
    return failed;
  where = "metadata " + quoted(key);
  ValueType type;
  if (Status failed = readValueType(type))
    return failed;
  const uint8_t *bytes = data + position;
  if (Status failed = skipValue(type, 0))
    return failed;
  file.entries.push_back({key, Value(type, bytes)});
  return std::nullopt;
}

static unsigned fixedBytes(ValueType type) {
  static constexpr unsigned bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return bytes[static_cast<uint32_t>(type)];
}

Status Parser::skipValue(ValueType type, unsigned depth) {
  if (type == ValueType::Array)
    return skipArray(depth + 1);
  uint64_t bytes = fixedBytes(type);
  if (type == ValueType::String)
    if (Status failed = read(bytes))
      return failed;
  if (Status failed = need(bytes))
    return failed;
  if (type == ValueType::Bool && data[position] > 1)
    return error(where + " has a bool of value " + grouped(data[position]) + ", expected 0 or 1" + convertAgain);
  position += bytes;
  return std::nullopt;
}

Status Parser::skipArray(unsigned depth) {
  // Bounds the recursion; models use one level.
  constexpr unsigned maxDepth = 8;
  if (depth > maxDepth)
    return error(where + " nests arrays more than " + grouped(maxDepth) + " deep" + convertAgain);
  ValueType element;
  if (Status failed = readValueType(element))
    return failed;
  uint64_t count;
  if (Status failed = read(count))
    return failed;
  uint64_t fixed = fixedBytes(element);
  uint64_t minimum = fixed ? fixed : element == ValueType::String ? 8 : 12;
  if (Status failed = checkCount(count, minimum, std::string("elements of type ") + getName(element)))
    return failed;
  if (fixed && element != ValueType::Bool) {
    position += count * fixed;
    return std::nullopt;
  }
  for (uint64_t i = 0; i < count; ++i)
    if (Status failed = skipValue(element, depth))
      return failed;
  return std::nullopt;
}

Status Parser::readAlignment() {
  const Value *value = file.find("general.alignment");
  if (!value)
    return std::nullopt;
  constexpr uint32_t least = 8, most = 1 << 20;
  Result<uint32_t> alignment = file.getU32("general.alignment");
  if (!alignment)
    return alignment.takeError();
  if (*alignment < least || *alignment > most || (*alignment & (*alignment - 1)))
    return error("expected metadata 'general.alignment' to be a power of two from " + grouped(least) + " to " +
                 grouped(most) + ", got " + grouped(*alignment) + convertAgain);
  file.tensorAlignment = *alignment;
  return std::nullopt;
}

Status Parser::parseTensors() {
  where = "the header";
  // A tensor is at least a name (length and one byte), a rank, one dimension, a type and an offset.
  if (Status failed = checkCount(tensorCount, 8 + 1 + 4 + 8 + 4 + 8, "tensors"))
    return failed;
  for (uint64_t i = 0; i < tensorCount; ++i) {
    where = "tensor " + grouped(i + 1) + " of " + grouped(tensorCount);
    if (Status failed = parseTensor())
      return failed;
  }
  return std::nullopt;
}

Status Parser::parseTensor() {
  // ggml allows 63 bytes, programs built with a larger limit write more.
  std::string_view name;
  if (Status failed = readName(name, 1024))
    return failed;
  Tensor tensor;
  tensor.name = std::string(name);
  where = "the description of " + describe(tensor);
  if (Status failed = parseShape(tensor))
    return failed;
  if (Status failed = parseType(tensor))
    return failed;
  if (Status failed = read(tensor.offset))
    return failed;
  if (tensor.offset % file.tensorAlignment)
    return error(describe(tensor) + " has offset " + grouped(tensor.offset) + ", expected a multiple of " +
                 grouped(file.tensorAlignment) + convertAgain);
  if (Status failed = measureTensor(tensor))
    return failed;
  file.tensorList.push_back(std::move(tensor));
  return std::nullopt;
}

Status Parser::parseShape(Tensor &tensor) {
  uint32_t rank;
  if (Status failed = read(rank))
    return failed;
  if (rank < 1 || rank > 4)
    return error(describe(tensor) + " has " + grouped(rank) + " dimensions, expected 1 to 4" + convertAgain);
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t dimension;
    if (Status failed = read(dimension))
      return failed;
    if (dimension == 0)
      return error(describe(tensor) + " has no elements: dimension " + grouped(i) + " is 0" + convertAgain);
    tensor.shape.push_back(dimension);
  }
  return std::nullopt;
}

Status Parser::parseType(Tensor &tensor) {
  uint32_t id;
  if (Status failed = read(id))
    return failed;
  if (std::optional<TensorType> type = findTensorType(id)) {
    tensor.type = *type;
    return std::nullopt;
  }
  if (const char *name = findTypeName(id))
    return error(describe(tensor) + " has the unsupported type " + name + " (ggml type " + grouped(id) +
                 "); quantize the model to one of " + listTensorTypes());
  return error(describe(tensor) + " has the unknown ggml type " + grouped(id) +
               "; update hone, or quantize the model to one of " + listTensorTypes());
}

Status Parser::measureTensor(Tensor &tensor) const {
  const TypeTraits &traits = getTraits(tensor.type);
  if (tensor.shape[0] % traits.blockElements)
    return error(describe(tensor) + " has rows of " + grouped(tensor.shape[0]) + " elements, expected a multiple of " +
                 grouped(traits.blockElements) + " for type " + traits.name + convertAgain);
  uint64_t elements = 1;
  bool overflows = false;
  for (uint64_t dimension : tensor.shape)
    overflows |= __builtin_mul_overflow(elements, dimension, &elements);
  // Elements too, so that consumers can count bits and f32 bytes of them in 64 bits.
  overflows |= elements > std::numeric_limits<uint64_t>::max() / 64;
  if (overflows)
    return error(describe(tensor) + " has more elements than 64 bits can address" + convertAgain);
  tensor.bytes = elements / traits.blockElements * traits.blockBytes;
  return std::nullopt;
}

Status Parser::placeTensors() {
  uint64_t alignment = file.tensorAlignment;
  uint64_t start = (position + alignment - 1) / alignment * alignment;
  for (Tensor &tensor : file.tensorList) {
    uint64_t end;
    if (__builtin_add_overflow(start, tensor.offset, &tensor.offset) ||
        __builtin_add_overflow(tensor.offset, tensor.bytes, &end))
      end = std::numeric_limits<uint64_t>::max();
    if (end > size)
      return error(describe(tensor) + " ends at byte " + grouped(end) + " but the file has " + grouped(size) +
                   "; the file is truncated, fetch it again");
    tensor.data = data + tensor.offset;
  }

  std::vector<const Tensor *> order;
  for (const Tensor &tensor : file.tensorList)
    order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const Tensor *a, const Tensor *b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    uint64_t distance = order[i]->offset - order[i - 1]->offset, bytes = order[i - 1]->bytes;
    if (distance < bytes)
      return error(describe(*order[i - 1]) + " and " + describe(*order[i]) + " overlap at byte " +
                   grouped(order[i]->offset) + convertAgain);
    // Writers leave nothing between tensors but padding: such a tensor was written with another type or shape.
    if (distance - bytes >= alignment)
      return error(describe(*order[i - 1]) + " has " + grouped(bytes) + " bytes of the " + grouped(distance) +
                   " before " + describe(*order[i]) + ": its type or shape is not the one that was written" +
                   convertAgain);
  }
  return std::nullopt;
}

Status Parser::indexTensors() {
  auto &order = file.tensorsByName;
  for (size_t i = 0; i < file.tensorList.size(); ++i)
    order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return file.tensorList[a].name < file.tensorList[b].name; });
  for (size_t i = 1; i < order.size(); ++i)
    if (file.tensorList[order[i - 1]].name == file.tensorList[order[i]].name)
      return error(describe(file.tensorList[order[i]]) + " occurs twice" + convertAgain);
  return std::nullopt;
}
