//===- GGUF.cpp - Reading GGUF model files --------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Views of validated bytes: nothing here checks bounds. GGUFParser.cpp does so before any Value or File is handed out.
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUF.h"

#include "MessageText.h"

#include <algorithm>
#include <cstring>
#include <limits>

using namespace hone;
using namespace hone::gguf;

const char *gguf::getName(ValueType type) {
  static constexpr const char *names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                          "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<uint32_t>(type)];
}

template <typename T> static T load(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

Value::Value(ValueType type, const uint8_t *bytes) : kind(type), element(type), data(bytes) {
  if (type == ValueType::String) {
    count = load<uint64_t>(bytes);
    data = bytes + 8;
  } else if (type == ValueType::Array) {
    element = static_cast<ValueType>(load<uint32_t>(bytes));
    count = load<uint64_t>(bytes + 4);
    data = bytes + 12;
  }
}

namespace {
/// Any integer value: the bits of its 64-bit form, and whether it is below zero.
struct Integer {
  uint64_t bits;
  bool negative;
};
} // namespace

template <typename T> static Integer loadInteger(const uint8_t *data) {
  T value = load<T>(data);
  return {static_cast<uint64_t>(value), value < 0};
}

static std::optional<Integer> toInteger(ValueType type, const uint8_t *data) {
  switch (type) {
  case ValueType::U8:
    return loadInteger<uint8_t>(data);
  case ValueType::I8:
    return loadInteger<int8_t>(data);
  case ValueType::U16:
    return loadInteger<uint16_t>(data);
  case ValueType::I16:
    return loadInteger<int16_t>(data);
  case ValueType::U32:
    return loadInteger<uint32_t>(data);
  case ValueType::I32:
    return loadInteger<int32_t>(data);
  case ValueType::U64:
    return loadInteger<uint64_t>(data);
  case ValueType::I64:
    return loadInteger<int64_t>(data);
  default:
    return std::nullopt;
  }
}

std::optional<uint64_t> Value::toUnsigned() const {
  std::optional<Integer> integer = toInteger(kind, data);
  if (!integer || integer->negative)
    return std::nullopt;
  return integer->bits;
}

std::optional<int64_t> Value::toSigned() const {
  std::optional<Integer> integer = toInteger(kind, data);
  if (!integer || (!integer->negative && integer->bits > uint64_t(std::numeric_limits<int64_t>::max())))
    return std::nullopt;
  return static_cast<int64_t>(integer->bits);
}

std::optional<double> Value::toFloat() const {
  if (kind == ValueType::F32)
    return load<float>(data);
  if (kind == ValueType::F64)
    return load<double>(data);
  return std::nullopt;
}

std::optional<bool> Value::toBool() const {
  if (kind != ValueType::Bool)
    return std::nullopt;
  return *data != 0;
}

std::optional<std::string_view> Value::toString() const {
  if (kind != ValueType::String)
    return std::nullopt;
  return std::string_view(reinterpret_cast<const char *>(data), count);
}

ElementRange Value::elements() const { return {element, data, kind == ValueType::Array ? count : 0}; }

const uint8_t *Value::end() const {
  switch (element) {
  case ValueType::U8:
  case ValueType::I8:
  case ValueType::Bool:
    return data + count;
  case ValueType::U16:
  case ValueType::I16:
    return data + count * 2;
  case ValueType::U32:
  case ValueType::I32:
  case ValueType::F32:
    return data + count * 4;
  case ValueType::U64:
  case ValueType::I64:
  case ValueType::F64:
    return data + count * 8;
  case ValueType::String:
    if (kind == ValueType::String)
      return data + count;
    break;
  case ValueType::Array:
    break;
  }
  const uint8_t *next = data;
  for (uint64_t i = 0; i < count; ++i)
    next = Value(element, next).end();
  return next;
}

uint64_t Tensor::elements() const {
  uint64_t product = 1;
  for (uint64_t dimension : shape)
    product *= dimension;
  return product;
}

Result<File> File::open(const std::string &path) {
  Result<MappedFile> mapping = MappedFile::open(path);
  if (!mapping)
    return mapping.takeError();
  Result<File> file = parse(mapping->data(), mapping->size(), path);
  if (file)
    file->mapping = std::move(*mapping);
  return file;
}

const Value *File::find(std::string_view key) const {
  auto found = std::lower_bound(entriesByKey.begin(), entriesByKey.end(), key,
                                [&](size_t index, std::string_view key) { return entries[index].key < key; });
  if (found == entriesByKey.end() || entries[*found].key != key)
    return nullptr;
  return &entries[*found].value;
}

const Tensor *File::findTensor(std::string_view name) const {
  auto found = std::lower_bound(tensorsByName.begin(), tensorsByName.end(), name,
                                [&](size_t index, std::string_view name) { return tensorList[index].name < name; });
  if (found == tensorsByName.end() || tensorList[*found].name != name)
    return nullptr;
  return &tensorList[*found];
}

Result<const Value *> File::require(std::string_view key) const {
  if (const Value *value = find(key))
    return value;
  return Error(fileName + ": expected metadata " + quoted(key) +
               ", got none; convert the model again with a current converter");
}

/// "i32 -5", "string 'abc'", "array of 3 u32".
static std::string describe(const Value &value) {
  std::string type = getName(value.type());
  if (value.type() == ValueType::Array)
    return type + " of " + grouped(value.size()) + " " + getName(value.elementType());
  if (std::optional<std::string_view> text = value.toString())
    return type + " " + quoted(*text);
  if (std::optional<uint64_t> number = value.toUnsigned())
    return type + " " + grouped(*number);
  if (std::optional<int64_t> number = value.toSigned())
    return type + " -" + grouped(0 - static_cast<uint64_t>(*number));
  return type;
}

Error File::expected(std::string_view key, const std::string &what, const Value &got) const {
  return Error(fileName + ": expected metadata " + quoted(key) + " to be " + what + ", got " + describe(got) +
               "; convert the model again with a current converter");
}

Result<uint32_t> File::getU32(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  std::optional<uint64_t> number = (*value)->toUnsigned();
  if (!number || *number > std::numeric_limits<uint32_t>::max())
    return expected(key, "an integer from 0 to 4,294,967,295", **value);
  return static_cast<uint32_t>(*number);
}

Result<float> File::getF32(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (std::optional<double> number = (*value)->toFloat())
    return static_cast<float>(*number);
  return expected(key, "f32 or f64", **value);
}

Result<bool> File::getBool(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (std::optional<bool> flag = (*value)->toBool())
    return *flag;
  return expected(key, "bool", **value);
}

Result<std::string_view> File::getString(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (std::optional<std::string_view> text = (*value)->toString())
    return *text;
  return expected(key, "string", **value);
}

/// The elements of an array, each through `convert`; none if it is not an array or an element does not convert.
template <typename T, typename Converted>
static std::optional<std::vector<T>> convertElements(const Value &array,
                                                     std::optional<Converted> (Value::*convert)() const) {
  if (array.type() != ValueType::Array)
    return std::nullopt;
  std::vector<T> elements;
  for (const Value &element : array.elements()) {
    std::optional<Converted> converted = (element.*convert)();
    if (!converted)
      return std::nullopt;
    elements.push_back(static_cast<T>(*converted));
  }
  return elements;
}

Result<std::vector<std::string_view>> File::getStrings(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (auto strings = convertElements<std::string_view>(**value, &Value::toString))
    return std::move(*strings);
  return expected(key, "an array of strings", **value);
}

Result<std::vector<int64_t>> File::getInts(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (auto integers = convertElements<int64_t>(**value, &Value::toSigned))
    return std::move(*integers);
  return expected(key, "an array of integers below 2^63", **value);
}

Result<std::vector<float>> File::getFloats(std::string_view key) const {
  Result<const Value *> value = require(key);
  if (!value)
    return value.takeError();
  if (auto floats = convertElements<float>(**value, &Value::toFloat))
    return std::move(*floats);
  return expected(key, "an array of f32 or f64", **value);
}
