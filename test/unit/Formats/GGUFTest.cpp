//===- GGUFTest.cpp - Reading well-formed GGUF files ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFBuilder.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace hone;
using namespace hone::gguf;

/// One key for each value type, arrays of strings, of numbers and of arrays, and two tensors.
static GGUFBuilder sample() {
  GGUFBuilder builder;
  builder.entry("u8", ValueType::U8, Bytes().number<uint8_t>(200))
      .entry("i8", ValueType::I8, Bytes().number<int8_t>(-100))
      .entry("u16", ValueType::U16, Bytes().number<uint16_t>(60000))
      .entry("i16", ValueType::I16, Bytes().number<int16_t>(-30000))
      .entry("u32", ValueType::U32, Bytes().u32(4000000000))
      .entry("i32", ValueType::I32, Bytes().number<int32_t>(-2000000000))
      .entry("u64", ValueType::U64, Bytes().u64(~0ull))
      .entry("i64", ValueType::I64, Bytes().number<int64_t>(INT64_MIN))
      .entry("f32", ValueType::F32, Bytes().number(1.5f))
      .entry("f64", ValueType::F64, Bytes().number(0.1))
      .entry("yes", ValueType::Bool, Bytes().raw("\1"))
      .entry("no", ValueType::Bool, Bytes().raw(std::string(1, '\0')))
      .entry("text", ValueType::String, Bytes().string("hello"))
      .entry("words", ValueType::Array, Bytes().array(ValueType::String, 3).string("a").string("").string("ccc"))
      .entry("numbers", ValueType::Array, Bytes().array(ValueType::I32, 3).u32(1).u32(~0u).u32(3))
      .entry("bytes", ValueType::Array, Bytes().array(ValueType::U8, 2).raw("\1\2"))
      .entry("shorts", ValueType::Array, Bytes().array(ValueType::I16, 1).number<int16_t>(-2))
      .entry("longs", ValueType::Array, Bytes().array(ValueType::U64, 1).u64(5))
      .entry("floats", ValueType::Array, Bytes().array(ValueType::F32, 2).number(0.5f).number(-2.0f))
      .entry("flags", ValueType::Array, Bytes().array(ValueType::Bool, 1).raw("\1"))
      .entry("none", ValueType::Array, Bytes().array(ValueType::String, 0))
      .entry("nested", ValueType::Array,
             Bytes()
                 .array(ValueType::Array, 2)
                 .array(ValueType::U8, 2)
                 .raw("\1\2")
                 .array(ValueType::String, 1)
                 .string("end"))
      .entry("last", ValueType::U8, Bytes().raw("\1"));
  builder.tensor("b.weight", {32, 2}, 2, 0).tensor("a.bias", {3}, 0, 64);
  builder.tensorData = std::string(64 + 12, '\1');
  return builder;
}

TEST(GGUF, ReadsEveryValueType) {
  std::string bytes = sample().build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->version(), 3u);
  EXPECT_EQ(file->alignment(), 32u);
  EXPECT_EQ(file->totalBytes(), bytes.size());
  EXPECT_EQ(file->name(), "m.gguf");
  EXPECT_EQ(file->metadata().size(), 23u);
  EXPECT_EQ(file->metadata()[0].key, "u8");

  EXPECT_EQ(file->find("u8")->toUnsigned(), 200u);
  EXPECT_EQ(file->find("i8")->toSigned(), -100);
  EXPECT_EQ(file->find("u16")->toUnsigned(), 60000u);
  EXPECT_EQ(file->find("i16")->toSigned(), -30000);
  EXPECT_EQ(file->find("u32")->toSigned(), 4000000000);
  EXPECT_EQ(file->find("i32")->toSigned(), -2000000000);
  EXPECT_EQ(file->find("u64")->toUnsigned(), ~0ull);
  EXPECT_EQ(file->find("i64")->toSigned(), INT64_MIN);
  EXPECT_EQ(file->find("f32")->toFloat(), 1.5);
  EXPECT_EQ(file->find("f64")->toFloat(), 0.1);
  EXPECT_EQ(file->find("yes")->toBool(), true);
  EXPECT_EQ(file->find("no")->toBool(), false);
  EXPECT_EQ(file->find("text")->toString(), "hello");
  EXPECT_EQ(file->find("text")->size(), 5u);
  EXPECT_EQ(file->find("absent"), nullptr);

  // What a value is not.
  EXPECT_EQ(file->find("i8")->toUnsigned(), std::nullopt);
  EXPECT_EQ(file->find("u64")->toSigned(), std::nullopt);
  EXPECT_EQ(file->find("text")->toSigned(), std::nullopt);
  EXPECT_EQ(file->find("u8")->toFloat(), std::nullopt);
  EXPECT_EQ(file->find("u8")->toBool(), std::nullopt);
  EXPECT_EQ(file->find("u8")->toString(), std::nullopt);
  for (const Value &element : file->find("text")->elements())
    FAIL() << "a string has no elements, got one of type " << getName(element.type());
}

TEST(GGUF, ReadsArrays) {
  std::string bytes = sample().build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  const Value &nested = *file->find("nested");
  EXPECT_EQ(nested.size(), 2u);
  EXPECT_EQ(nested.elementType(), ValueType::Array);
  std::vector<Value> rows;
  for (const Value &row : nested.elements())
    rows.push_back(row);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ((*rows[0].elements().begin()).toUnsigned(), 1u);
  EXPECT_EQ((*rows[1].elements().begin()).toString(), "end");

  // Each value ends where the next entry's key begins: its length, its text, a type, the payload.
  for (size_t i = 0; i + 1 < file->metadata().size(); ++i) {
    const uint8_t *nextKey = reinterpret_cast<const uint8_t *>(file->metadata()[i + 1].key.data());
    EXPECT_EQ(file->metadata()[i].value.end() + 8, nextKey) << file->metadata()[i].key;
  }
}

TEST(GGUF, TypedGetters) {
  std::string bytes = sample().build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(*file->getU32("u8"), 200u);
  EXPECT_EQ(*file->getU32("u32"), 4000000000u);
  EXPECT_EQ(*file->getF32("f32"), 1.5f);
  EXPECT_EQ(*file->getF32("f64"), 0.1f);
  EXPECT_EQ(*file->getBool("yes"), true);
  EXPECT_EQ(*file->getString("text"), "hello");
  EXPECT_EQ(*file->getStrings("words"), (std::vector<std::string_view>{"a", "", "ccc"}));
  EXPECT_EQ(*file->getStrings("none"), std::vector<std::string_view>{});
  EXPECT_EQ(*file->getInts("numbers"), (std::vector<int64_t>{1, -1, 3}));
  EXPECT_EQ(*file->getFloats("floats"), (std::vector<float>{0.5f, -2.0f}));
}

TEST(GGUF, Tensors) {
  std::string bytes = sample().build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->tensors().size(), 2u);
  const Tensor &weight = file->tensors()[0];
  EXPECT_EQ(weight.name, "b.weight");
  EXPECT_EQ(weight.type, TensorType::Q4_0);
  EXPECT_EQ(weight.shape, (std::vector<uint64_t>{32, 2}));
  EXPECT_EQ(weight.elements(), 64u);
  EXPECT_EQ(weight.bytes, 36u);
  EXPECT_EQ(weight.offset, bytes.size() - 76);
  EXPECT_EQ(weight.data, reinterpret_cast<const uint8_t *>(bytes.data()) + weight.offset);
  EXPECT_EQ(file->findTensor("b.weight"), &weight);
  EXPECT_EQ(file->findTensor("a.bias"), &file->tensors()[1]);
  EXPECT_EQ(file->findTensor("c"), nullptr);
}

// Version 2 has the same layout as version 3.
TEST(GGUF, Version2) {
  GGUFBuilder builder = sample();
  builder.version = 2;
  std::string bytes = builder.build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->version(), 2u);
  EXPECT_EQ(file->tensors().size(), 2u);
}

TEST(GGUF, Alignment) {
  GGUFBuilder builder;
  builder.alignment = 256;
  builder.entry("general.alignment", ValueType::U32, Bytes().u32(256)).tensor("t", {1}, 0, 256);
  builder.tensorData = std::string(260, '\0');
  std::string bytes = builder.build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->alignment(), 256u);
  EXPECT_EQ(file->tensors()[0].offset, 512u);
}

// A file of metadata alone (a vocabulary) need not be padded.
TEST(GGUF, NoTensors) {
  EXPECT_EQ(parseError(GGUFBuilder().entry("k", ValueType::U8, Bytes().raw("x")).header()), "");
  EXPECT_EQ(parseError(GGUFBuilder().header()), "");
}

TEST(GGUF, LongNameOfTensor) {
  GGUFBuilder builder;
  builder.tensor(std::string(1024, 'n'), {1}, 0, 0).tensorData = std::string(4, '\0');
  EXPECT_EQ(parseError(builder.build()), "");
}

TEST(GGUF, OpenedFileOutlivesMoves) {
  std::string path = testing::TempDir() + "hone-gguf-" + std::to_string(::getpid()) + ".gguf";
  std::string bytes = sample().build();
  std::ofstream(path, std::ios::binary) << bytes;
  Result<File> opened = File::open(path);
  std::remove(path.c_str());
  ASSERT_TRUE(opened) << opened.error().message();
  std::string_view text = *opened->getString("text");
  const uint8_t *data = opened->tensors()[0].data;
  File first = std::move(*opened);
  File second = std::move(first);
  EXPECT_EQ(second.name(), path);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(second.findTensor("b.weight")->data, data);
  EXPECT_EQ(data[35], 1);
}

TEST(GGUF, OpenReportsThePath) {
  Result<File> absent = File::open("/nonexistent/m.gguf");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message().find("/nonexistent/m.gguf: "), 0u) << absent.error().message();

  std::string path = testing::TempDir() + "hone-gguf-" + std::to_string(::getpid()) + ".empty";
  std::ofstream(path, std::ios::binary).flush();
  Result<File> empty = File::open(path);
  std::remove(path.c_str());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message(), path + ": expected a GGUF file, got an empty file; fetch it again");
}
