//===- GGUFDequantizeTest.cpp - GGUF blocks to f32 ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Figures from an independent source; test/Formats/gguf_against_python.py compares many more blocks with it.
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUFTensorType.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

using namespace hone::gguf;

static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// Every f16 that is a number, against its definition: (1 + fraction) * 2^exponent.
TEST(GGUFDequantize, EveryF16) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    uint8_t src[2] = {uint8_t(half), uint8_t(half >> 8)};
    float got;
    dequantizeRow(TensorType::F16, src, &got, 1);
    int exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31 && fraction) {
      EXPECT_TRUE(std::isnan(got)) << half;
      continue;
    }
    float magnitude = exponent == 31  ? INFINITY
                      : exponent == 0 ? std::ldexp(float(fraction), -24)
                                      : std::ldexp(float(fraction + 1024), exponent - 25);
    EXPECT_EQ(bitsOf(got), bitsOf(half & 0x8000 ? -magnitude : magnitude)) << half;
  }
}

TEST(GGUFDequantize, BlockByHand) {
  // Q4_0: d = 0.5 (f16 0x3800); byte 0 holds 0xf for element 16 and 0x1 for element 0.
  uint8_t block[18] = {0x00, 0x38, 0xf1};
  float got[32];
  dequantizeRow(TensorType::Q4_0, block, got, 32);
  EXPECT_EQ(got[0], -3.5f);
  EXPECT_EQ(got[16], 3.5f);
  EXPECT_EQ(got[1], -4.0f);
}

TEST(GGUFDequantize, NoElements) { dequantizeRow(TensorType::F32, nullptr, nullptr, 0); }

namespace {
struct Golden {
  TensorType type;
  /// Where the block's f16 scales are; one exponent bit of each is cleared, so that all results are finite.
  std::vector<int> scales;
  /// FNV-1a over the bytes of the result, as computed by gguf.quants.dequantize of the PyPI package gguf 0.19.0.
  uint64_t hash;
};
} // namespace

TEST(GGUFDequantize, SameBitsAsThePythonPackage) {
  const Golden all[] = {
      {TensorType::F32, {}, 0x4bf5ef316bd27e05},        {TensorType::F16, {}, 0x2f0a4620c4a54b78},
      {TensorType::BF16, {}, 0x974d1f555110edd5},       {TensorType::Q4_0, {0}, 0x0a6f3657e3a02f7b},
      {TensorType::Q4_1, {0, 2}, 0xe397a32d67253578},   {TensorType::Q5_0, {0}, 0x26097b6cebe07bbe},
      {TensorType::Q5_1, {0, 2}, 0xa42b3e48064b24e7},   {TensorType::Q8_0, {0}, 0x65b90583b81b12d3},
      {TensorType::Q2_K, {80, 82}, 0x6d64e2c29179e792}, {TensorType::Q3_K, {108}, 0x6b814048bf06b097},
      {TensorType::Q4_K, {0, 2}, 0x60d110c79f0933fd},   {TensorType::Q5_K, {0, 2}, 0x4c3a445dfe887e0f},
      {TensorType::Q6_K, {208}, 0x9111838ed8eb60d5},
  };
  for (const Golden &golden : all) {
    const TypeTraits &traits = getTraits(golden.type);
    bool plain = traits.blockElements == 1;
    size_t blocks = plain ? 64 : 3;
    std::vector<uint8_t> bytes(blocks * traits.blockBytes);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>((i * i * 7 + i * 37 + 11) >> 3);
    for (size_t block = 0; block < blocks; ++block) {
      uint8_t *begin = bytes.data() + block * traits.blockBytes;
      if (plain)
        begin[traits.blockBytes - 1] &= 0xbf;
      for (int scale : golden.scales)
        begin[scale + 1] &= 0xbf;
    }
    std::vector<float> got(blocks * traits.blockElements);
    dequantizeRow(golden.type, bytes.data(), got.data(), got.size());
    uint64_t hash = 0xcbf29ce484222325;
    const auto *result = reinterpret_cast<const uint8_t *>(got.data());
    for (size_t i = 0; i < got.size() * sizeof(float); ++i)
      hash = (hash ^ result[i]) * 0x100000001b3;
    EXPECT_EQ(hash, golden.hash) << traits.name;
  }
}

TEST(GGUFTensorType, Names) {
  EXPECT_EQ(findTensorType(30), TensorType::BF16);
  EXPECT_EQ(findTensorType(9), std::nullopt);
  EXPECT_EQ(findTensorType(1000), std::nullopt);
  EXPECT_STREQ(findTypeName(12), "Q4_K");
  EXPECT_STREQ(findTypeName(20), "IQ4_NL");
  EXPECT_EQ(findTypeName(1000), nullptr);
}
