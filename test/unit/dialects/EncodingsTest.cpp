//===- EncodingsTest.cpp - Tests of the byte layouts of weights -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is expected is written here again from the description of the formats (docs/gguf.md and ggml-common.h of the
// ggml project), element by element; f16 is converted by llvm::APFloat.
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/APFloat.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

using namespace hone::llm;

namespace {

using Bytes = std::vector<uint8_t>;
struct Shape {
  int64_t rows;
  int64_t columns;
};

uint16_t u16At(const uint8_t *bytes) { return bytes[0] | bytes[1] << 8; }
uint32_t u32At(const uint8_t *bytes) { return u16At(bytes) | static_cast<uint32_t>(u16At(bytes + 2)) << 16; }

float apFloat(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToFloat();
}
float f16At(const uint8_t *bytes) { return apFloat(llvm::APFloat::IEEEhalf(), u16At(bytes)); }
float bf16At(const uint8_t *bytes) { return apFloat(llvm::APFloat::BFloat(), u16At(bytes)); }

/// Element `i` of a block of a K-quant in the model file: dequantize_row_q2_K and its kin of ggml-quants.c.
float fileElementOfKQuant(Scheme scheme, const uint8_t *block, int i) {
  // 64 bytes of pairs of bits: 32 bytes for each half, of which each byte serves 4 elements.
  auto pair = [&](int offset) { return block[offset + (i / 128) * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3; };
  // 128 bytes of nibbles, where 32 bytes serve 64 elements.
  auto nibble = [&](int offset) { return block[offset + (i / 64) * 32 + i % 32] >> (i / 32 % 2 ? 4 : 0) & 15; };
  switch (scheme) {
  case Scheme::Q2_K: {
    uint8_t factors = block[i / 16];
    float scale = f16At(block + 80) * static_cast<float>(factors & 15);
    float minimum = f16At(block + 82) * static_cast<float>(factors >> 4);
    float product = scale * static_cast<float>(pair(16));
    return product - minimum;
  }
  case Scheme::Q3_K: {
    // kmask1 and kmask2 of the reference, which unpacks four words at a time.
    const uint32_t words[3] = {u32At(block + 96), u32At(block + 100), u32At(block + 104)};
    const uint32_t nibbles = 0x0f0f0f0f, pairs = 0x03030303;
    const uint32_t unpacked[4] = {(words[0] & nibbles) | (words[2] & pairs) << 4,
                                  (words[1] & nibbles) | (words[2] >> 2 & pairs) << 4,
                                  (words[0] >> 4 & nibbles) | (words[2] >> 4 & pairs) << 4,
                                  (words[1] >> 4 & nibbles) | (words[2] >> 6 & pairs) << 4};
    int factor = static_cast<int>(unpacked[i / 64] >> (8 * (i / 16 % 4)) & 63) - 32;
    float scale = f16At(block + 108) * static_cast<float>(factor);
    return scale * static_cast<float>(pair(32) - (block[i % 32] >> (i / 32) & 1 ? 0 : 4));
  }
  case Scheme::Q4_K:
  case Scheme::Q5_K: {
    const uint8_t *packed = block + 4;
    int j = i / 32;
    int factor = j < 4 ? packed[j] & 63 : (packed[j + 4] & 15) | (packed[j - 4] >> 6 << 4);
    int minimumFactor = j < 4 ? packed[j + 4] & 63 : packed[j + 4] >> 4 | (packed[j] >> 6 << 4);
    int q = nibble(scheme == Scheme::Q4_K ? 16 : 48);
    if (scheme == Scheme::Q5_K)
      q += block[16 + i % 32] >> j & 1 ? 16 : 0;
    float scale = f16At(block) * static_cast<float>(factor);
    float minimum = f16At(block + 2) * static_cast<float>(minimumFactor);
    float product = scale * static_cast<float>(q);
    return product - minimum;
  }
  default: {
    // ql, qh: 64 and 32 bytes for each half; the first 64 elements are low nibbles.
    int low = block[(i / 128) * 64 + i % 64] >> (i % 128 < 64 ? 0 : 4) & 15;
    float scale = f16At(block + 208) * static_cast<float>(static_cast<int8_t>(block[192 + i / 16]));
    return scale * static_cast<float>((low | pair(128) << 4) - 32);
  }
  }
}

/// Element `i` of a block in the model file.
float fileElement(Scheme scheme, const uint8_t *block, int i) {
  auto nibble = [&](int offset) { return i < 16 ? block[offset + i] & 15 : block[offset + i - 16] >> 4; };
  auto fifthBit = [&](int offset) { return static_cast<int>(u32At(block + offset) >> i & 1) * 16; };
  switch (scheme) {
  case Scheme::F32: {
    uint32_t bits = u32At(block);
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  }
  case Scheme::F16:
    return f16At(block);
  case Scheme::BF16:
    return bf16At(block);
  case Scheme::Q4_0:
    return f16At(block) * static_cast<float>(nibble(2) - 8);
  case Scheme::Q4_1: {
    float product = f16At(block) * static_cast<float>(nibble(4));
    return product + f16At(block + 2);
  }
  case Scheme::Q5_0:
    return f16At(block) * static_cast<float>(nibble(6) + fifthBit(2) - 16);
  case Scheme::Q5_1: {
    float product = f16At(block) * static_cast<float>(nibble(8) + fifthBit(4));
    return product + f16At(block + 2);
  }
  case Scheme::Q8_0:
    return f16At(block) * static_cast<float>(static_cast<int8_t>(block[2 + i]));
  default:
    return fileElementOfKQuant(scheme, block, i);
  }
}

/// Elements and bytes of a block in the model file.
std::pair<int64_t, int64_t> blockSizes(Scheme scheme) {
  switch (scheme) {
  case Scheme::F32:
    return {1, 4};
  case Scheme::F16:
  case Scheme::BF16:
    return {1, 2};
  case Scheme::Q4_0:
    return {32, 18};
  case Scheme::Q4_1:
    return {32, 20};
  case Scheme::Q5_0:
    return {32, 22};
  case Scheme::Q5_1:
    return {32, 24};
  case Scheme::Q8_0:
    return {32, 34};
  case Scheme::Q2_K:
    return {256, 84};
  case Scheme::Q3_K:
    return {256, 110};
  case Scheme::Q4_K:
    return {256, 144};
  case Scheme::Q5_K:
    return {256, 176};
  case Scheme::Q6_K:
    return {256, 210};
  }
  return {};
}

std::vector<float> fileRow(Scheme scheme, Shape shape, const Bytes &source, int64_t row) {
  auto [elements, bytes] = blockSizes(scheme);
  std::vector<float> values;
  for (int64_t column = 0; column < shape.columns; ++column) {
    int64_t block = row * (shape.columns / elements) + column / elements;
    values.push_back(fileElement(scheme, source.data() + block * bytes, column % elements));
  }
  return values;
}

Bytes randomBytes(size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  for (uint8_t &byte : bytes)
    byte = generator();
  return bytes;
}

/// Equal bits; any NaN equals any other, because the payload is unspecified.
void expectSameBits(const std::vector<float> &expected, const std::vector<float> &actual, const std::string &what) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::isnan(expected[i]) && std::isnan(actual[i]))
      continue;
    uint32_t expectedBits, actualBits;
    std::memcpy(&expectedBits, &expected[i], 4);
    std::memcpy(&actualBits, &actual[i], 4);
    ASSERT_EQ(expectedBits, actualBits) << what << ", column " << i << ": expected " << expected[i] << ", got "
                                        << actual[i];
  }
}

const Scheme kSchemes[] = {Scheme::F32,  Scheme::F16,  Scheme::BF16, Scheme::Q4_0, Scheme::Q4_1,
                           Scheme::Q5_0, Scheme::Q5_1, Scheme::Q8_0, Scheme::Q2_K, Scheme::Q3_K,
                           Scheme::Q4_K, Scheme::Q5_K, Scheme::Q6_K};
const Scheme kKQuants[] = {Scheme::Q2_K, Scheme::Q3_K, Scheme::Q4_K, Scheme::Q5_K, Scheme::Q6_K};

/// Columns of a tile of 32, or of a block of a K-quant.
int64_t tileColumns(Scheme scheme) { return std::max<int64_t>(blockSizes(scheme).first, 32); }

class EncodingsTest : public ::testing::Test {
protected:
  EncodingsTest() { context.loadDialect<LLMDialect>(); }

  StoredAttr file(Scheme scheme) { return StoredAttr::get(&context, scheme); }
  StoredAttr packed(Scheme scheme, int64_t rows, int64_t columns) {
    return StoredAttr::get(&context, scheme, PanelAttr::get(&context, rows, columns));
  }

  static Bytes pack(StoredAttr encoding, Shape shape, const Bytes &source) {
    // Not zero before, so that padding has to be written.
    Bytes target(encoding.getStoredBytes({shape.rows, shape.columns}), 0xA5);
    encoding.pack({shape.rows, shape.columns}, source, target);
    return target;
  }

  /// One block of one row, and its tile.
  Bytes packBlock(Scheme scheme, int64_t panelRows, const Bytes &block) {
    int64_t columns = tileColumns(scheme);
    return pack(packed(scheme, panelRows, columns), {1, columns}, block);
  }

  void expectUnpacked(StoredAttr encoding, Shape shape, const Bytes &stored, const Bytes &source) {
    for (int64_t row = 0; row < shape.rows; ++row) {
      std::vector<float> values(shape.columns, -1.0f);
      encoding.unpackRow({shape.rows, shape.columns}, stored, row, values);
      expectSameBits(fileRow(encoding.getScheme(), shape, source, row), values,
                     stringifyScheme(encoding.getScheme()).str() + ", row " + std::to_string(row));
    }
  }

  mlir::MLIRContext context;
};

TEST_F(EncodingsTest, FileOrder) {
  for (Scheme scheme : kSchemes) {
    for (Shape shape : {Shape{1, 1}, Shape{3, 3}, Shape{17, 2}}) {
      shape.columns *= tileColumns(scheme);
      auto [elements, bytes] = blockSizes(scheme);
      Bytes source = randomBytes(shape.rows * shape.columns / elements * bytes, 1);
      ASSERT_EQ(file(scheme).getStoredBytes({shape.rows, shape.columns}), static_cast<int64_t>(source.size()));
      expectUnpacked(file(scheme), shape, source, source);
      EXPECT_EQ(pack(file(scheme), shape, source), source);
    }
  }
}

TEST_F(EncodingsTest, PanelsOfAnyShape) {
  for (Scheme scheme : kSchemes) {
    auto [elements, bytes] = blockSizes(scheme);
    int64_t columns = tileColumns(scheme);
    for (Shape shape : {Shape{8, 1}, Shape{16, 3}, Shape{1, 1}, Shape{13, 2}, Shape{7, 5}}) {
      shape.columns *= columns;
      Bytes source = randomBytes(shape.rows * shape.columns / elements * bytes, 2);
      for (int64_t rows : {1, 3, 8, 16})
        expectUnpacked(packed(scheme, rows, columns), shape, pack(packed(scheme, rows, columns), shape, source),
                       source);
    }
  }
}

/// Each byte of a block takes each of its values, so that each factor meets each integer.
TEST_F(EncodingsTest, EveryByteOfAKQuant) {
  for (Scheme scheme : kKQuants) {
    auto [elements, bytes] = blockSizes(scheme);
    Bytes source;
    for (int block = 0; block < 256; ++block) {
      for (int64_t i = 0; i < bytes; ++i)
        source.push_back(static_cast<uint8_t>(block + 7 * i));
    }
    Shape shape{4, 64 * elements};
    expectUnpacked(file(scheme), shape, source, source);
    expectUnpacked(packed(scheme, 8, elements), shape, pack(packed(scheme, 8, elements), shape, source), source);
  }
}

TEST_F(EncodingsTest, PlainTilesOfAnyWidth) {
  for (Scheme scheme : {Scheme::F32, Scheme::F16, Scheme::BF16}) {
    for (Shape shape : {Shape{1, 1}, Shape{5, 33}, Shape{9, 7}}) {
      Bytes source = randomBytes(shape.rows * shape.columns * blockSizes(scheme).second, 3);
      for (int64_t columns : {1, 4, 32, 100}) {
        StoredAttr encoding = packed(scheme, 4, columns);
        expectUnpacked(encoding, shape, pack(encoding, shape, source), source);
      }
    }
  }
}

TEST_F(EncodingsTest, EveryHalf) {
  std::vector<float> expected;
  Bytes source;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    source.push_back(bits & 0xff);
    source.push_back(bits >> 8);
    expected.push_back(f16At(&source[2 * bits]));
  }
  std::vector<float> values(expected.size());
  file(Scheme::F16).unpackRow({1, 0x10000}, source, 0, values);
  expectSameBits(expected, values, "f16");
}

/// A scheme without a minimum adds nothing, so that -0 stays -0.
TEST_F(EncodingsTest, NegativeZero) {
  Bytes block(18, 0x88);            // q - 8 = 0
  block[0] = 0x00, block[1] = 0xbc; // d = -1
  std::vector<float> values(32);
  file(Scheme::Q4_0).unpackRow({1, 32}, block, 0, values);
  EXPECT_EQ(values[0], 0.0f);
  EXPECT_TRUE(std::signbit(values[0]));

  Bytes kQuant(210, 0);                   // q - 32 = -32
  kQuant[192] = 0, kQuant[193] = 1;       // s = 0, 1
  kQuant[208] = 0x00, kQuant[209] = 0x3c; // d = 1
  values.resize(256);
  file(Scheme::Q6_K).unpackRow({1, 256}, kQuant, 0, values);
  EXPECT_EQ(values[0], 0.0f);
  EXPECT_TRUE(std::signbit(values[0]));
  EXPECT_EQ(values[16], -32.0f);
}

//===----------------------------------------------------------------------===//
// Where each byte lies
//===----------------------------------------------------------------------===//

TEST_F(EncodingsTest, TileLayouts) {
  struct Expected {
    Scheme scheme;
    int64_t scale, min, highBits, quants, bytes;
  };
  struct ExpectedKQuant {
    Scheme scheme;
    int64_t min, subScale, subMin, highBits, quants, partBytes, bytes;
  };
  // With 8 rows of 32 columns.
  for (Expected expected : {Expected{Scheme::F32, -1, -1, -1, 0, 1024}, Expected{Scheme::F16, -1, -1, -1, 0, 512},
                            Expected{Scheme::BF16, -1, -1, -1, 0, 512}, Expected{Scheme::Q4_0, 0, -1, -1, 16, 144},
                            Expected{Scheme::Q4_1, 0, 16, -1, 32, 160}, Expected{Scheme::Q5_0, 0, -1, 16, 48, 176},
                            Expected{Scheme::Q5_1, 0, 16, 32, 64, 192}, Expected{Scheme::Q8_0, 0, -1, -1, 16, 272}}) {
    TileLayout layout = getTileLayout(packed(expected.scheme, 8, 32));
    SCOPED_TRACE(stringifyScheme(expected.scheme).str());
    EXPECT_EQ(layout.rows, 8);
    EXPECT_EQ(layout.columns, 32);
    EXPECT_EQ(layout.scaleOffset, expected.scale);
    EXPECT_EQ(layout.minOffset, expected.min);
    EXPECT_EQ(layout.highBitsOffset, expected.highBits);
    EXPECT_EQ(layout.quantsOffset, expected.quants);
    EXPECT_EQ(layout.bytes, expected.bytes);
    EXPECT_EQ(layout.subScaleOffset, -1);
    EXPECT_EQ(layout.subMinOffset, -1);
  }
  // With 8 rows of 256 columns: d, m, s, t, and 8 parts.
  for (ExpectedKQuant expected : {ExpectedKQuant{Scheme::Q2_K, 16, 32, 32, -1, 160, 64, 672},
                                  ExpectedKQuant{Scheme::Q3_K, -1, 16, -1, 144, 176, 96, 912},
                                  ExpectedKQuant{Scheme::Q4_K, 16, 32, 96, -1, 160, 128, 1184},
                                  ExpectedKQuant{Scheme::Q5_K, 16, 32, 96, 160, 192, 160, 1440},
                                  ExpectedKQuant{Scheme::Q6_K, -1, 16, -1, 144, 208, 192, 1680}}) {
    TileLayout layout = getTileLayout(packed(expected.scheme, 8, 256));
    SCOPED_TRACE(stringifyScheme(expected.scheme).str());
    EXPECT_EQ(layout.columns, 256);
    EXPECT_EQ(layout.scaleOffset, 0);
    EXPECT_EQ(layout.minOffset, expected.min);
    EXPECT_EQ(layout.subScaleOffset, expected.subScale);
    EXPECT_EQ(layout.subMinOffset, expected.subMin);
    EXPECT_EQ(layout.highBitsOffset, expected.highBits);
    EXPECT_EQ(layout.quantsOffset, expected.quants);
    EXPECT_EQ(layout.partBytes, expected.partBytes);
    EXPECT_EQ(layout.bytes, expected.bytes);
  }
}

TEST_F(EncodingsTest, FourBitTile) {
  // Element i is i % 16 in the first half and 15 - i % 16 in the second; d and m are recognisable bytes.
  Bytes block = {0x11, 0x12, 0x21, 0x22};
  for (int i = 0; i < 16; ++i)
    block.push_back(i | (15 - i) << 4);
  Bytes tile = packBlock(Scheme::Q4_1, 2, block);
  EXPECT_EQ(tile, (Bytes{
                      0x11, 0x12, 0,    0,                // d of both rows; the second is padding
                      0x21, 0x22, 0,    0,                // m
                      0x40, 0x51, 0x62, 0x73, 0, 0, 0, 0, // columns 0 to 3 low, 4 to 7 high
                      0xc8, 0xd9, 0xea, 0xfb, 0, 0, 0, 0, // 8 to 11, 12 to 15
                      0xbf, 0xae, 0x9d, 0x8c, 0, 0, 0, 0, // 16 to 19, 20 to 23
                      0x37, 0x26, 0x15, 0x04, 0, 0, 0, 0, // 24 to 27, 28 to 31
                  }));
}

TEST_F(EncodingsTest, FifthBits) {
  for (int column = 0; column < 32; ++column) {
    Bytes block(22, 0);
    block[2 + column / 8] = 1 << column % 8;
    Bytes tile = packBlock(Scheme::Q5_0, 2, block);
    Bytes expected(44, 0);
    // d of 2 rows, then the word of row 0: column 4 t + j is bit 8 j + t.
    expected[4 + column % 4] = 1 << column / 4;
    EXPECT_EQ(tile, expected) << "column " << column;
  }
}

/// Low nibbles and high pairs of a row of Q6_K in a panel of 2 rows, one column after another.
TEST_F(EncodingsTest, SixBitTile) {
  for (int column = 0; column < 256; ++column) {
    Bytes block(210, 0);
    block[column / 128 * 64 + column % 64] = 13 << (column / 64 % 2 * 4);
    block[128 + column / 128 * 32 + column % 32] = 2 << (column / 32 % 4 * 2);
    // d of 2 rows, 16 factors of 2 rows, then 8 parts of 2 vectors of pairs and 4 of nibbles, each of 8 bytes.
    Bytes expected(4 + 32 + 8 * 48, 0);
    int inPart = column % 32;
    uint8_t *part = &expected[36 + column / 32 * 48];
    part[inPart / 16 * 8 + inPart % 4] = 2 << (inPart / 4 % 4 * 2);
    part[16 + inPart / 8 * 8 + inPart % 4] = 13 << (inPart / 4 % 2 * 4);
    EXPECT_EQ(packBlock(Scheme::Q6_K, 2, block), expected) << "column " << column;
  }
}

/// Pairs and third bits of Q3_K.
TEST_F(EncodingsTest, ThreeBitTile) {
  for (int column = 0; column < 256; ++column) {
    Bytes block(110, 0);
    block[column % 32] = 1 << column / 32;
    block[32 + column / 128 * 32 + column % 32] = 3 << (column / 32 % 4 * 2);
    Bytes tile = packBlock(Scheme::Q3_K, 2, block);
    Bytes expected(4 + 32 + 8 * 24, 0);
    for (int i = 0; i < 16; ++i)
      expected[4 + 2 * i] = static_cast<uint8_t>(-32); // of a factor that the file stores as 0
    int inPart = column % 32;
    uint8_t *part = &expected[36 + column / 32 * 24];
    part[inPart % 4] = 1 << inPart / 4;
    part[8 + inPart / 16 * 8 + inPart % 4] = 3 << (inPart / 4 % 4 * 2);
    EXPECT_EQ(tile, expected) << "column " << column;
  }
}

/// The factors of a row follow d and m, one byte each; those of Q2_K share theirs.
TEST_F(EncodingsTest, FactorsOfSubBlocks) {
  Bytes block(144, 0);
  block[0] = 0x11, block[1] = 0x12, block[2] = 0x21, block[3] = 0x22;
  // Factors 0 to 3 whole, with the top bits of 4 to 7 above them.
  for (int i = 0; i < 4; ++i) {
    block[4 + i] = (10 + i) | (i << 6);
    block[8 + i] = (20 + i) | ((3 - i) << 6);
    block[12 + i] = (5 + i) | (9 + i) << 4;
  }
  Bytes tile = packBlock(Scheme::Q4_K, 1, block);
  EXPECT_EQ(Bytes(tile.begin(), tile.begin() + 20),
            (Bytes{0x11, 0x12, 0x21, 0x22,                                   // d, m
                   10,   11,   12,   13,   5,      6 + 16,  7 + 32,  8 + 48, // s
                   20,   21,   22,   23,   9 + 48, 10 + 32, 11 + 16, 12}));  // t

  Bytes pairs(84, 0);
  for (int i = 0; i < 16; ++i)
    pairs[i] = 17 * i;
  tile = packBlock(Scheme::Q2_K, 1, pairs);
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(tile[4 + i], 17 * i);
}

TEST_F(EncodingsTest, EightBitTile) {
  Bytes block = {0x11, 0x12};
  for (int i = 0; i < 32; ++i)
    block.push_back(100 + i);
  Bytes tile = packBlock(Scheme::Q8_0, 2, block);
  ASSERT_EQ(tile.size(), 4u + 64u);
  EXPECT_EQ(Bytes(tile.begin(), tile.begin() + 4), (Bytes{0x11, 0x12, 0, 0}));
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(tile[4 + i / 4 * 8 + i % 4], 100 + i);
    EXPECT_EQ(tile[4 + i / 4 * 8 + 4 + i % 4], 0);
  }
}

TEST_F(EncodingsTest, PlainTile) {
  // 3 rows and 3 columns in tiles of 2 x 2: rows and columns beyond the last are zero.
  auto half = [](uint8_t value) { return Bytes{value, 0x3c}; };
  Bytes source;
  for (uint8_t i = 1; i <= 9; ++i)
    for (uint8_t byte : half(i))
      source.push_back(byte);
  Bytes expected;
  for (uint8_t i : {1, 4, 2, 5, 3, 6, 0, 0, 7, 0, 8, 0, 9, 0, 0, 0})
    for (uint8_t byte : i ? half(i) : Bytes{0, 0})
      expected.push_back(byte);
  EXPECT_EQ(pack(packed(Scheme::F16, 2, 2), {3, 3}, source), expected);
}

/// Panels follow each other, and in a panel its tiles.
TEST_F(EncodingsTest, OrderOfTiles) {
  Bytes source;
  for (int row = 0; row < 4; ++row)
    for (int block = 0; block < 2; ++block) {
      Bytes bytes(34, 16 * row + block);
      source.insert(source.end(), bytes.begin(), bytes.end());
    }
  Bytes target = pack(packed(Scheme::Q8_0, 2, 32), {4, 64}, source);
  ASSERT_EQ(target.size(), 4u * 68u);
  for (int panel = 0; panel < 2; ++panel)
    for (int tile = 0; tile < 2; ++tile)
      for (int row = 0; row < 2; ++row)
        EXPECT_EQ(target[(2 * panel + tile) * 68 + 2 * row], 16 * (2 * panel + row) + tile);
}

//===----------------------------------------------------------------------===//
// Encoding of exact numbers
//===----------------------------------------------------------------------===//

/// Numbers that hold the extremes of each block, sub-block and of the factors are encoded exactly; others are refused.
TEST_F(EncodingsTest, EncodeExactly) {
  std::mt19937 random(4);
  for (Scheme scheme : kKQuants) {
    const SchemeTraits &traits = getSchemeTraits(scheme);
    const int largest = (1 << traits.elementBits) - 1;
    const int largestFactor = (1 << (traits.subScaleBits - traits.hasSignedSubScales)) - 1;
    std::vector<float> values;
    for (int64_t sub = 0; sub < 2 * traits.getSubBlocks(); ++sub) {
      // The largest factors come first in each block, and zero is one of them.
      bool isFirst = sub % traits.getSubBlocks() == 0;
      float scale = isFirst ? largestFactor : random() % (largestFactor + 1);
      float minimum = !traits.hasMin ? 0 : isFirst ? largestFactor : random() % (largestFactor + 1);
      for (int64_t i = 0; i < traits.subBlockElements; ++i) {
        int q = i == 0 ? 0 : i == 1 ? largest : random() % (largest + 1);
        values.push_back(scale / 64 * static_cast<float>(q - traits.zeroPoint) - minimum / 8);
      }
    }
    Bytes target(2 * traits.blockBytes, 0xA5);
    SCOPED_TRACE(stringifyScheme(scheme).str());
    ASSERT_TRUE(succeeded(encodeExactly(file(scheme), {1, 512}, values, target)));
    EXPECT_EQ(fileRow(scheme, {1, 512}, target, 0), values);
    values[300] += 0.001f;
    EXPECT_TRUE(failed(encodeExactly(file(scheme), {1, 512}, values, target)));
  }
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

TEST_F(EncodingsTest, ElementTypesMatchTheTraits) {
  for (unsigned i = 0; i <= getMaxEnumValForScheme(); ++i) {
    Scheme scheme = static_cast<Scheme>(i);
    const SchemeTraits &traits = getSchemeTraits(scheme);
    EXPECT_EQ(getSchemeElementType(&context, scheme).getIntOrFloatBitWidth(), traits.elementBits);
    EXPECT_EQ(traits.blockElements, blockSizes(scheme).first);
    EXPECT_EQ(traits.blockBytes, blockSizes(scheme).second);
    EXPECT_EQ(traits.isPlain, traits.blockElements == 1);
  }
}

TEST_F(EncodingsTest, EncodingsOfTypes) {
  mlir::Type i8 = mlir::IntegerType::get(&context, 8), f32 = mlir::Float32Type::get(&context);
  auto stored = mlir::RankedTensorType::get({9, 64}, i8, packed(Scheme::Q8_0, 8, 32));
  auto blocked =
      mlir::RankedTensorType::get({9, 64}, mlir::IntegerType::get(&context, 16), BlockedAttr::get(&context, 32));
  auto plain = mlir::RankedTensorType::get({64}, f32);
  EXPECT_EQ(getStored(stored), packed(Scheme::Q8_0, 8, 32));
  EXPECT_FALSE(getBlocked(stored));
  EXPECT_EQ(getBlocked(blocked).getColumns(), 32);
  EXPECT_EQ(getBlockLayout(blocked)->bytes(), 64 + 4 + 4 + 4);
  EXPECT_EQ(getBlockLayout(blocked)->largest(), 32767);
  EXPECT_EQ(getPrecision(blocked), Precision::Int16);
  auto bytes = mlir::RankedTensorType::get({9, 64}, i8, BlockedAttr::get(&context, 32));
  EXPECT_EQ(getBlockLayout(bytes)->bytes(), 32 + 4 + 4 + 4);
  EXPECT_EQ(getBlockLayout(bytes)->largest(), 127);
  EXPECT_EQ(getBlockLayout(bytes)->getSlot(5), 5);
  EXPECT_EQ(getPrecision(bytes), Precision::Int8);
  EXPECT_FALSE(getBlockLayout(stored));
  EXPECT_FALSE(getStored(plain));
  EXPECT_FALSE(getStored(f32));
  EXPECT_FALSE(getStored(mlir::Type()));
  EXPECT_EQ(getWeightBytes(stored), 2 * 2 * 272);
  EXPECT_EQ(getWeightBytes(plain), 256);
}

} // namespace
