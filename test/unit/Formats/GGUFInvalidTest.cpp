//===- GGUFInvalidTest.cpp - Each diagnostic of the GGUF reader -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFBuilder.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::gguf;

static const std::string fetch = "; the file is truncated or damaged, fetch it again";
static const std::string damaged = "; the file is damaged, fetch it again or convert the model again";
static const std::string convert = "; convert the model again with a current converter";
static const std::string allTypes = "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, BF16";

static std::string header(uint32_t version, uint64_t tensors, uint64_t entries) {
  return Bytes().raw("GGUF").u32(version).u64(tensors).u64(entries).data;
}

/// The error of a file whose only metadata is `key` with this value.
static std::string entryError(ValueType type, const Bytes &payload, const std::string &key = "key") {
  return parseError(GGUFBuilder().entry(key, type, payload).build());
}

/// The error of a file with this tensor and `dataBytes` bytes of tensor data.
static std::string tensorError(const std::vector<uint64_t> &shape, uint32_t type = 0, uint64_t offset = 0,
                               size_t dataBytes = 64, const std::string &name = "t") {
  GGUFBuilder builder;
  builder.tensor(name, shape, type, offset).tensorData = std::string(dataBytes, '\0');
  return parseError(builder.build());
}

TEST(GGUFInvalid, NotGGUF) {
  EXPECT_EQ(parseError(""), "m.gguf: expected a GGUF file, got an empty file; fetch it again");
  EXPECT_EQ(parseError("version https://git-lfs.github.com/spec/v1\n"),
            "m.gguf: expected a GGUF file, got a Git LFS pointer; fetch the file itself with 'git lfs pull'");
  EXPECT_EQ(parseError("PK\3\4xxxxxxxxxxxxxxxxxxxxxx"),
            "m.gguf: expected a GGUF file, which begins with 'GGUF', got 'PK\\x03\\x04'; convert the model to GGUF");
  EXPECT_EQ(parseError("GG"),
            "m.gguf: expected a GGUF file, which begins with 'GGUF', got 'GG'; convert the model to GGUF");
}

TEST(GGUFInvalid, Version) {
  EXPECT_EQ(parseError(header(1, 0, 0)), "m.gguf: expected GGUF version 2 or 3, got 1" + convert);
  EXPECT_EQ(parseError(header(3u << 24, 0, 0)), "m.gguf: expected little-endian GGUF, got big-endian; convert it with "
                                                "gguf_convert_endian.py of llama.cpp");
  for (uint32_t version : {0u, 4u})
    EXPECT_EQ(parseError(header(version, 0, 0)), "m.gguf: expected GGUF version 2 or 3, got " +
                                                     std::to_string(version) +
                                                     "; update hone, or convert the model to version 3");
}

TEST(GGUFInvalid, CountsBeyondTheFile) {
  EXPECT_EQ(parseError(header(3, 0, ~0ull)), "m.gguf: the header claims 18,446,744,073,709,551,615 metadata entries "
                                             "but the rest of the file holds at most 0" +
                                                 fetch);
  EXPECT_EQ(parseError(header(3, 3, 0) + std::string(80, 'x')),
            "m.gguf: the header claims 3 tensors but the rest of the file holds at most 2" + fetch);
  EXPECT_EQ(entryError(ValueType::Array, Bytes().array(ValueType::U32, 1ull << 62)),
            "m.gguf: metadata 'key' claims 4,611,686,018,427,387,904 elements of type u32 but the rest of the file "
            "holds at most 3" +
                fetch);
  EXPECT_EQ(entryError(ValueType::Array, Bytes().array(ValueType::String, 3)),
            "m.gguf: metadata 'key' claims 3 elements of type string but the rest of the file holds at most 1" + fetch);
  EXPECT_EQ(entryError(ValueType::Array, Bytes().array(ValueType::Array, 3)),
            "m.gguf: metadata 'key' claims 3 elements of type array but the rest of the file holds at most 1" + fetch);
}

TEST(GGUFInvalid, Truncated) {
  EXPECT_EQ(parseError("GGUF\3"), "m.gguf: the header needs 4 bytes at byte 4 but the file has 5" + fetch);
  EXPECT_EQ(parseError(header(3, 0, 1) + Bytes().u64(9).raw("abcdef").data),
            "m.gguf: metadata entry 1 of 1 needs 9 bytes at byte 32 but the file has 38" + fetch);
  EXPECT_EQ(parseError(header(3, 0, 1) + Bytes().u64(5).raw("abcdef").data),
            "m.gguf: metadata 'abcde' needs 4 bytes at byte 37 but the file has 38" + fetch);
  std::string bytes = GGUFBuilder().entry("key", ValueType::String, Bytes().string("text")).header();
  EXPECT_EQ(parseError(bytes.substr(0, bytes.size() - 1)),
            "m.gguf: metadata 'key' needs 4 bytes at byte 47 but the file has 50" + fetch);
  bytes = GGUFBuilder().tensor("tensor", {1}, 0, 0).header();
  EXPECT_EQ(parseError(bytes.substr(0, bytes.size() - 4)),
            "m.gguf: the description of tensor 'tensor' needs 8 bytes at byte 54 but the file has 58" + fetch);
  bytes = GGUFBuilder().entry("flag", ValueType::Bool, Bytes()).header();
  EXPECT_EQ(parseError(bytes), "m.gguf: metadata 'flag' needs 1 byte at byte 40 but the file has 40" + fetch);
}

// Whatever byte a download stopped at, there is an error, and no read beyond the end (seen by sanitizers).
TEST(GGUFInvalid, TruncatedAnywhere) {
  GGUFBuilder builder;
  builder.entry("general.alignment", ValueType::U32, Bytes().u32(32))
      .entry("s", ValueType::Array, Bytes().array(ValueType::String, 2).string("ab").string("c"))
      .entry("n", ValueType::Array, Bytes().array(ValueType::Array, 1).array(ValueType::Bool, 1).raw("\1"))
      .tensor("t", {4, 2}, 0, 0)
      .tensor("a tensor whose name is longer than the rest of it", {32}, 8, 32);
  builder.tensorData = std::string(32 + 34, '\0');
  std::string bytes = builder.build();
  ASSERT_EQ(parseError(bytes), "");
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own, so that reading beyond it is seen.
    std::vector<uint8_t> part(bytes.begin(), bytes.begin() + size);
    Result<File> file = File::parse(part.data(), part.size(), "m.gguf");
    EXPECT_FALSE(file) << size << " bytes";
  }
}

TEST(GGUFInvalid, MetadataKeys) {
  EXPECT_EQ(entryError(ValueType::U8, Bytes().raw("x"), ""),
            "m.gguf: metadata entry 1 of 1 has a name of 0 bytes, expected 1 to 65,535" + damaged);
  EXPECT_EQ(entryError(ValueType::U8, Bytes().raw("x"), std::string(65536, 'k')),
            "m.gguf: metadata entry 1 of 1 has a name of 65,536 bytes, expected 1 to 65,535" + damaged);
  GGUFBuilder twice;
  twice.entry("k", ValueType::U8, Bytes().raw("x")).entry("j", ValueType::U8, Bytes().raw("x"));
  twice.entry("k", ValueType::U8, Bytes().raw("y"));
  EXPECT_EQ(parseError(twice.build()), "m.gguf: metadata 'k' occurs twice" + damaged);
}

// A name from the file neither moves the cursor nor floods the screen.
TEST(GGUFInvalid, HostileNames) {
  EXPECT_EQ(entryError(static_cast<ValueType>(13), Bytes(), "a\n\x1b[2J\\\xe2\x80\xae"),
            "m.gguf: metadata 'a\\x0a\\x1b[2J\\x5c\\xe2\\x80\\xae' has the unknown value type 13, expected 0 to 12" +
                damaged);
  EXPECT_EQ(entryError(static_cast<ValueType>(~0u), Bytes(), std::string(1000, 'k')),
            "m.gguf: metadata '" + std::string(64, 'k') +
                "...' has the unknown value type 4,294,967,295, expected 0 to 12" + damaged);
}

TEST(GGUFInvalid, MetadataValues) {
  EXPECT_EQ(entryError(ValueType::Bool, Bytes().raw("\2")),
            "m.gguf: metadata 'key' has a bool of value 2, expected 0 or 1" + damaged);
  EXPECT_EQ(entryError(ValueType::Array, Bytes().array(ValueType::Bool, 2).raw("\1\3")),
            "m.gguf: metadata 'key' has a bool of value 3, expected 0 or 1" + damaged);
  EXPECT_EQ(entryError(ValueType::Array, Bytes().u32(13).u64(0)),
            "m.gguf: metadata 'key' has the unknown value type 13, expected 0 to 12" + damaged);
}

TEST(GGUFInvalid, NestedTooDeep) {
  for (int depth : {8, 9}) {
    Bytes payload;
    for (int i = 1; i < depth; ++i)
      payload.array(ValueType::Array, 1);
    payload.array(ValueType::U8, 0);
    EXPECT_EQ(entryError(ValueType::Array, payload),
              depth == 8 ? "" : "m.gguf: metadata 'key' nests arrays more than 8 deep" + damaged);
  }
}

TEST(GGUFInvalid, Alignment) {
  for (const auto &[alignment, text] : {std::pair(0u, "0"), {4u, "4"}, {48u, "48"}, {1u << 21, "2,097,152"}})
    EXPECT_EQ(entryError(ValueType::U32, Bytes().u32(alignment), "general.alignment"),
              std::string("m.gguf: expected metadata 'general.alignment' to be a power of two from 8 to 1,048,576, "
                          "got ") +
                  text + damaged);
  EXPECT_EQ(entryError(ValueType::String, Bytes().string("32"), "general.alignment"),
            "m.gguf: expected metadata 'general.alignment' to be an integer from 0 to 4,294,967,295, got string '32'" +
                convert);
}

TEST(GGUFInvalid, TensorDescriptions) {
  EXPECT_EQ(tensorError({1}, 0, 0, 64, ""),
            "m.gguf: tensor 1 of 1 has a name of 0 bytes, expected 1 to 1,024" + damaged);
  EXPECT_EQ(tensorError({1}, 0, 0, 64, std::string(1025, 'n')),
            "m.gguf: tensor 1 of 1 has a name of 1,025 bytes, expected 1 to 1,024" + damaged);
  EXPECT_EQ(tensorError({}), "m.gguf: tensor 't' has 0 dimensions, expected 1 to 4" + damaged);
  EXPECT_EQ(tensorError({1, 1, 1, 1, 1}), "m.gguf: tensor 't' has 5 dimensions, expected 1 to 4" + damaged);
  EXPECT_EQ(tensorError({4, 0}), "m.gguf: tensor 't' has no elements: dimension 1 is 0" + damaged);
  EXPECT_EQ(tensorError({33}, 8),
            "m.gguf: tensor 't' has rows of 33 elements, expected a multiple of 32 for type Q8_0" + damaged);
  std::string overflow = "m.gguf: tensor 't' has more elements than 64 bits can address" + damaged;
  EXPECT_EQ(tensorError({1ull << 32, 1ull << 32}), overflow);
  EXPECT_EQ(tensorError({1ull << 59}), overflow);
  GGUFBuilder twice;
  twice.tensor("t", {1}, 0, 0).tensor("u", {1}, 0, 32).tensor("t", {1}, 0, 64).tensorData = std::string(68, '\0');
  EXPECT_EQ(parseError(twice.build()), "m.gguf: tensor 't' occurs twice" + damaged);
}

TEST(GGUFInvalid, TensorTypes) {
  EXPECT_EQ(tensorError({32}, 39), "m.gguf: tensor 't' has the unsupported type MXFP4 (ggml type 39); quantize the "
                                   "model to one of " +
                                       allTypes);
  EXPECT_EQ(tensorError({32}, 9), "m.gguf: tensor 't' has the unsupported type Q8_1 (ggml type 9); quantize the model "
                                  "to one of " +
                                      allTypes);
  EXPECT_EQ(tensorError({32}, 1234), "m.gguf: tensor 't' has the unknown ggml type 1,234; update hone, or quantize the "
                                     "model to one of " +
                                         allTypes);
}

TEST(GGUFInvalid, TensorData) {
  EXPECT_EQ(tensorError({1}, 0, 16), "m.gguf: tensor 't' has offset 16, expected a multiple of 32" + damaged);
  EXPECT_EQ(tensorError({1000000}), "m.gguf: tensor 't' ends at byte 4,000,064 but the file has 128; the file is "
                                    "truncated, fetch it again");
  std::string beyond = "m.gguf: tensor 't' ends at byte 18,446,744,073,709,551,615 but the file has 128; the file is "
                       "truncated, fetch it again";
  EXPECT_EQ(tensorError({1}, 0, ~0ull - 31), beyond) << "the offset overflows";
  EXPECT_EQ(tensorError({64}, 0, ~0ull - 127), beyond) << "the end overflows";
  GGUFBuilder overlap;
  overlap.tensor("second", {1}, 0, 32).tensor("first", {9}, 0, 0).tensorData = std::string(64, '\0');
  EXPECT_EQ(parseError(overlap.build()), "m.gguf: tensor 'first' and tensor 'second' overlap at byte 160" + damaged);
  GGUFBuilder gap;
  gap.tensor("second", {1}, 0, 64).tensor("first", {8}, 0, 0).tensorData = std::string(96, '\0');
  EXPECT_EQ(parseError(gap.build()),
            "m.gguf: tensor 'first' has 32 bytes of the 64 before tensor 'second': its type or "
            "shape is not the one that was written" +
                damaged);
}

TEST(GGUFInvalid, Getters) {
  GGUFBuilder builder;
  builder.entry("text", ValueType::String, Bytes().string("a\tb"))
      .entry("negative", ValueType::I32, Bytes().number<int32_t>(-1234))
      .entry("least", ValueType::I64, Bytes().number<int64_t>(INT64_MIN))
      .entry("large", ValueType::U64, Bytes().u64(1ull << 32))
      .entry("float", ValueType::F32, Bytes().number(1.0f))
      .entry("huge", ValueType::Array, Bytes().array(ValueType::U64, 1).u64(~0ull));
  std::string bytes = builder.build();
  Result<File> file = parse(bytes);
  ASSERT_TRUE(file) << file.error().message();

  std::string absent = "m.gguf: expected metadata 'absent', got none" + convert;
  EXPECT_EQ(file->getU32("absent").error().message(), absent);
  EXPECT_EQ(file->getF32("absent").error().message(), absent);
  EXPECT_EQ(file->getBool("absent").error().message(), absent);
  EXPECT_EQ(file->getString("absent").error().message(), absent);
  EXPECT_EQ(file->getStrings("absent").error().message(), absent);
  EXPECT_EQ(file->getInts("absent").error().message(), absent);
  EXPECT_EQ(file->getFloats("absent").error().message(), absent);

  auto wrong = [](const std::string &key, const std::string &expected, const std::string &got) {
    return "m.gguf: expected metadata '" + key + "' to be " + expected + ", got " + got + convert;
  };
  std::string u32 = "an integer from 0 to 4,294,967,295";
  EXPECT_EQ(file->getU32("text").error().message(), wrong("text", u32, "string 'a\\x09b'"));
  EXPECT_EQ(file->getU32("negative").error().message(), wrong("negative", u32, "i32 -1,234"));
  EXPECT_EQ(file->getU32("least").error().message(), wrong("least", u32, "i64 -9,223,372,036,854,775,808"));
  EXPECT_EQ(file->getU32("large").error().message(), wrong("large", u32, "u64 4,294,967,296"));
  EXPECT_EQ(file->getF32("large").error().message(), wrong("large", "f32 or f64", "u64 4,294,967,296"));
  EXPECT_EQ(file->getBool("float").error().message(), wrong("float", "bool", "f32"));
  EXPECT_EQ(file->getString("float").error().message(), wrong("float", "string", "f32"));
  EXPECT_EQ(file->getStrings("text").error().message(), wrong("text", "an array of strings", "string 'a\\x09b'"));
  EXPECT_EQ(file->getStrings("huge").error().message(), wrong("huge", "an array of strings", "array of 1 u64"));
  EXPECT_EQ(file->getInts("huge").error().message(),
            wrong("huge", "an array of integers below 2^63", "array of 1 u64"));
  EXPECT_EQ(file->getFloats("huge").error().message(), wrong("huge", "an array of f32 or f64", "array of 1 u64"));
}
