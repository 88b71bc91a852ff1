//===- GGUFDequantize.cpp - GGUF blocks to f32 ----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per block layout. In the comments d and m are f16, q and the scales small integers. Each float operation
// rounds to f32. Only the last one of each formula ever does: the products before it fit the 24 bits of an f32.
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUFTensorType.h"

#include "hone/Support/Half.h"

#include <cassert>
#include <cstring>

using namespace hone;
using namespace hone::gguf;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF is read where the host has its byte order");

static uint16_t loadU16(const uint8_t *src) { return static_cast<uint16_t>(src[0] | src[1] << 8); }

static float loadF16(const uint8_t *src) { return floatFromHalf(loadU16(src)); }

/// Element `i` of 32 in 16 bytes: the low nibbles come first.
static int nibble(const uint8_t *quants, int i) { return quants[i % 16] >> (i / 16 * 4) & 15; }

/// Bit `i` of 32.
static int bit(const uint8_t *bits, int i) { return bits[i / 8] >> (i % 8) & 1; }

/// {d, q[16]}: d * (q - 8).
static void dequantizeQ4_0(const uint8_t *src, float *dst) {
  float d = loadF16(src);
  for (int i = 0; i < 32; ++i)
    dst[i] = d * static_cast<float>(nibble(src + 2, i) - 8);
}

/// {d, m, q[16]}: d * q + m.
static void dequantizeQ4_1(const uint8_t *src, float *dst) {
  float d = loadF16(src), m = loadF16(src + 2);
  for (int i = 0; i < 32; ++i)
    dst[i] = d * static_cast<float>(nibble(src + 4, i)) + m;
}

/// {d, high bits[4], q[16]}: d * (q - 16).
static void dequantizeQ5_0(const uint8_t *src, float *dst) {
  float d = loadF16(src);
  for (int i = 0; i < 32; ++i)
    dst[i] = d * static_cast<float>((nibble(src + 6, i) | bit(src + 2, i) << 4) - 16);
}

/// {d, m, high bits[4], q[16]}: d * q + m.
static void dequantizeQ5_1(const uint8_t *src, float *dst) {
  float d = loadF16(src), m = loadF16(src + 2);
  for (int i = 0; i < 32; ++i)
    dst[i] = d * static_cast<float>(nibble(src + 8, i) | bit(src + 4, i) << 4) + m;
}

/// {d, i8 q[32]}: d * q.
static void dequantizeQ8_0(const uint8_t *src, float *dst) {
  float d = loadF16(src);
  for (int i = 0; i < 32; ++i)
    dst[i] = d * static_cast<float>(static_cast<int8_t>(src[2 + i]));
}

/// Element `i` of 256 in 64 bytes: each 32 bytes hold four runs of 32, the lowest bits first.
static int pair(const uint8_t *quants, int i) { return quants[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3; }

/// {4-bit scale and minimum[16], q[64], d, m}: (d * scale) * q - m * minimum, per 16.
static void dequantizeQ2_K(const uint8_t *src, float *dst) {
  float d = loadF16(src + 80), m = loadF16(src + 82);
  for (int group = 0; group < 16; ++group) {
    float scale = d * static_cast<float>(src[group] & 15);
    float minimum = m * static_cast<float>(src[group] >> 4);
    for (int i = group * 16; i < group * 16 + 16; ++i)
      dst[i] = scale * static_cast<float>(pair(src + 16, i)) - minimum;
  }
}

/// {high bits[32], q[64], 6-bit scale[16] in 12 bytes, d}: (d * (scale - 32)) * (q - 4), per 16.
static void dequantizeQ3_K(const uint8_t *src, float *dst) {
  const uint8_t *scales = src + 96;
  float d = loadF16(src + 108);
  for (int group = 0; group < 16; ++group) {
    int low = scales[group % 8] >> (group / 8 * 4) & 15;
    int high = scales[8 + group % 4] >> (group / 4 * 2) & 3;
    float scale = d * static_cast<float>((low | high << 4) - 32);
    for (int i = group * 16; i < group * 16 + 16; ++i) {
      int highBit = src[i % 32] >> (i / 32) & 1;
      dst[i] = scale * static_cast<float>((pair(src + 32, i) | highBit << 2) - 4);
    }
  }
}

/// Scale and minimum of group `i` of 8, 6 bits each in 12 bytes: groups 0 to 3 lie whole in bytes 0 to 7, whose two top
/// bits complete groups 4 to 7 in bytes 8 to 11.
static void unpackScale(const uint8_t *scales, int i, int &scale, int &minimum) {
  if (i < 4) {
    scale = scales[i] & 63;
    minimum = scales[i + 4] & 63;
    return;
  }
  scale = (scales[i + 4] & 15) | (scales[i - 4] >> 6) << 4;
  minimum = scales[i + 4] >> 4 | (scales[i] >> 6) << 4;
}

/// {d, m, 6-bit scale and minimum[8] in 12 bytes, q[128]}: (d * scale) * q - m * minimum, per 32.
static void dequantizeQ4_K(const uint8_t *src, float *dst) {
  float d = loadF16(src), m = loadF16(src + 2);
  for (int group = 0; group < 8; ++group) {
    int scale, minimum;
    unpackScale(src + 4, group, scale, minimum);
    float groupScale = d * static_cast<float>(scale), groupMinimum = m * static_cast<float>(minimum);
    const uint8_t *quants = src + 16 + group / 2 * 32;
    for (int i = 0; i < 32; ++i)
      dst[group * 32 + i] = groupScale * static_cast<float>(quants[i] >> (group % 2 * 4) & 15) - groupMinimum;
  }
}

/// {d, m, 6-bit scale and minimum[8] in 12 bytes, high bits[32], q[128]}: as Q4_K with a fifth bit.
static void dequantizeQ5_K(const uint8_t *src, float *dst) {
  float d = loadF16(src), m = loadF16(src + 2);
  for (int group = 0; group < 8; ++group) {
    int scale, minimum;
    unpackScale(src + 4, group, scale, minimum);
    float groupScale = d * static_cast<float>(scale), groupMinimum = m * static_cast<float>(minimum);
    const uint8_t *quants = src + 48 + group / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      int low = quants[i] >> (group % 2 * 4) & 15;
      int high = src[16 + i] >> group & 1;
      dst[group * 32 + i] = groupScale * static_cast<float>(low | high << 4) - groupMinimum;
    }
  }
}

/// {low nibbles[128], high pairs[64], i8 scale[16], d}: (d * scale) * (q - 32), per 16.
static void dequantizeQ6_K(const uint8_t *src, float *dst) {
  float d = loadF16(src + 208);
  for (int group = 0; group < 16; ++group) {
    float scale = d * static_cast<float>(static_cast<int8_t>(src[192 + group]));
    for (int i = group * 16; i < group * 16 + 16; ++i) {
      int low = src[i / 128 * 64 + i % 64] >> (i / 64 % 2 * 4) & 15;
      dst[i] = scale * static_cast<float>((low | pair(src + 128, i) << 4) - 32);
    }
  }
}

template <void (*dequantizeBlock)(const uint8_t *, float *)>
static void forEachBlock(const TypeTraits &traits, const uint8_t *src, float *dst, size_t elements) {
  for (size_t i = 0; i < elements; i += traits.blockElements, src += traits.blockBytes)
    dequantizeBlock(src, dst + i);
}

void gguf::dequantizeRow(TensorType type, const uint8_t *src, float *dst, size_t elements) {
  const TypeTraits &traits = getTraits(type);
  assert(elements % traits.blockElements == 0 && "expected whole blocks");
  switch (type) {
  case TensorType::F32:
    if (elements)
      std::memcpy(dst, src, elements * sizeof(float));
    return;
  case TensorType::F16:
    for (size_t i = 0; i < elements; ++i)
      dst[i] = loadF16(src + 2 * i);
    return;
  case TensorType::BF16:
    for (size_t i = 0; i < elements; ++i)
      dst[i] = floatFromBFloat(loadU16(src + 2 * i));
    return;
  case TensorType::Q4_0:
    return forEachBlock<dequantizeQ4_0>(traits, src, dst, elements);
  case TensorType::Q4_1:
    return forEachBlock<dequantizeQ4_1>(traits, src, dst, elements);
  case TensorType::Q5_0:
    return forEachBlock<dequantizeQ5_0>(traits, src, dst, elements);
  case TensorType::Q5_1:
    return forEachBlock<dequantizeQ5_1>(traits, src, dst, elements);
  case TensorType::Q8_0:
    return forEachBlock<dequantizeQ8_0>(traits, src, dst, elements);
  case TensorType::Q2_K:
    return forEachBlock<dequantizeQ2_K>(traits, src, dst, elements);
  case TensorType::Q3_K:
    return forEachBlock<dequantizeQ3_K>(traits, src, dst, elements);
  case TensorType::Q4_K:
    return forEachBlock<dequantizeQ4_K>(traits, src, dst, elements);
  case TensorType::Q5_K:
    return forEachBlock<dequantizeQ5_K>(traits, src, dst, elements);
  case TensorType::Q6_K:
    return forEachBlock<dequantizeQ6_K>(traits, src, dst, elements);
  }
}
