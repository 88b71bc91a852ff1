//===- EmulateTilesTest.cpp - AMX on CPUs without it --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulateTiles.h"

#include <array>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

#if defined(__linux__) && defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

using namespace hone;

namespace {

using Configuration = std::array<uint8_t, 64>;

/// Tile 0 holds sums of 2 x 3, tile 1 activations of 2 x 8 bytes, tile 2 weights of 2 x 12 bytes; tile 3 fits none.
Configuration getConfiguration() {
  Configuration bytes = {1};
  const struct { uint8_t rows, rowBytes; } shapes[] = {{2, 12}, {2, 8}, {2, 12}, {5, 16}};
  for (int tile = 0; tile < 4; ++tile) {
    bytes[16 + 2 * tile] = shapes[tile].rowBytes;
    bytes[48 + tile] = shapes[tile].rows;
  }
  return bytes;
}

__attribute__((target("amx-tile"))) void configure(const Configuration &bytes) {
  asm volatile("ldtilecfg (%0)" : : "r"(bytes.data()) : "memory");
}
__attribute__((target("amx-tile"))) void release() { asm volatile("tilerelease" : : : "memory"); }

bool hasTiles() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 24 & 1);
}

class EmulateTiles : public testing::Test {
protected:
  void SetUp() override {
    if (hasTiles())
      GTEST_SKIP() << "this CPU has AMX";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    ASSERT_TRUE(emulateTiles());
  }
};

TEST_F(EmulateTiles, ProductsOfAllSigns) {
  // Rows of memory are further apart than those of the tiles; what lies between stays.
  const uint8_t a[2][16] = {{1, 2, 3, 4, 255, 128, 127, 0}, {5, 0, 0, 0, 0, 0, 0, 200}};
  const uint8_t b[2][32] = {{1, 1, 1, 1, 255, 0, 0, 0, 0, 0, 0, 2}, {1, 0, 0, 0, 0, 255, 0, 0, 0, 0, 1, 250}};
  int32_t sums[4][2][4] = {};
  configure(getConfiguration());
  EXPECT_TRUE(areTilesInUse());
  // The registers are among those that need the bits of the prefix.
  asm volatile("movq %0, %%r12; movq %1, %%r9; movq %2, %%r13; movl $16, %%r14d; movl $8, %%ebx\n"
               "tileloadd (%%r12,%%r14), %%tmm1; tileloaddt1 (%%r9,%%rbx,4), %%tmm2\n"
               "tilezero %%tmm0; tdpbssd %%tmm2, %%tmm1, %%tmm0; tilestored %%tmm0, (%%r13,%%r14)\n"
               "tilezero %%tmm0; tdpbsud %%tmm2, %%tmm1, %%tmm0; tilestored %%tmm0, 32(%%r13,%%rbx,2)\n"
               "tilezero %%tmm0; tdpbusd %%tmm2, %%tmm1, %%tmm0; tilestored %%tmm0, 64(%%r13,%%r14)\n"
               "tdpbuud %%tmm2, %%tmm1, %%tmm0; tilestored %%tmm0, 0x60(%%r13,%%r14)\n"
               :
               : "r"(a), "r"(b), "r"(sums)
               : "memory", "r9", "r12", "r13", "r14", "rbx");
  release();
  EXPECT_FALSE(areTilesInUse());
  // In the order of the manual: signed by signed, signed by unsigned, unsigned by signed; the last adds to the third.
  const int32_t expected[4][2][3] = {
      {{10 - 1, -1 + 128, 8 + 127}, {5, -5, (-56) * (-6)}},
      {{10 - 1, 255 - 128 * 255, 8 + 127}, {5, 5 * 255, -56 * 250}},
      {{10 + 255, -1 - 128, 8 + 127}, {5, -5, 200 * (-6)}},
      {{2 * (10 + 255), -1 - 128 + 255 + 128 * 255, 2 * (8 + 127)}, {10, -5 + 5 * 255, 200 * (-6) + 200 * 250}}};
  for (int kind = 0; kind < 4; ++kind)
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < 3; ++column)
        EXPECT_EQ(sums[kind][row][column], expected[kind][row][column]) << kind << ' ' << row << ' ' << column;
      EXPECT_EQ(sums[kind][row][3], 0);
    }
}

/// sums += a * b for the tiles of a configuration whose rows lie one behind the other in memory.
void multiplyFloats(const Configuration &configuration, const uint16_t *a, const uint16_t *b, float *sums) {
  uint64_t aStride = configuration[18], bStride = configuration[20], sumStride = configuration[16];
  configure(configuration);
  asm volatile("tileloadd (%0,%3), %%tmm1; tileloadd (%1,%4), %%tmm2; tileloadd (%2,%5), %%tmm0\n"
               "tdpbf16ps %%tmm2, %%tmm1, %%tmm0; tilestored %%tmm0, (%2,%5)\n"
               :
               : "r"(a), "r"(b), "r"(sums), "r"(aStride), "r"(bStride), "r"(sumStride)
               : "memory");
  release();
}

float toFloat(uint16_t bf16) {
  uint32_t bits = static_cast<uint32_t>(bf16) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Of a number that has no more than 8 bits.
uint16_t toBF16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

TEST_F(EmulateTiles, ProductsOfFloatsRoundInTheOrderOfTheManual) {
  constexpr int rows = 16, pairs = 16, columns = 16;
  Configuration configuration = {1};
  for (int tile = 0; tile < 3; ++tile) {
    configuration[16 + 2 * tile] = 64;
    configuration[48 + tile] = 16;
  }
  std::mt19937 random(1);
  // From 2^-6 to 2^6, either sign: multiples of 2^-26 below 2^18, whose sums double has without rounding.
  auto fill = [&](auto &numbers) {
    for (uint16_t &number : numbers)
      number = static_cast<uint16_t>(random() % 2 << 15 | (121 + random() % 13) << 7 | random() % 128);
  };
  std::array<uint16_t, rows * 2 * pairs> a;
  std::array<uint16_t, pairs * 2 * columns> b;
  std::array<float, rows * columns> sums, before;
  fill(a);
  fill(b);
  for (float &sum : before)
    sum = static_cast<float>(random() % 20001) - 10000;
  sums = before;
  multiplyFloats(configuration, a.data(), b.data(), sums.data());
  int differences = 0;
  for (int m = 0; m < rows; ++m)
    for (int n = 0; n < columns; ++n) {
      double parts[2] = {}, inOrder = before[m * columns + n];
      for (int k = 0; k < pairs; ++k)
        for (int i = 0; i < 2; ++i) {
          double product = double(toFloat(a[(m * pairs + k) * 2 + i])) * toFloat(b[(k * columns + n) * 2 + i]);
          parts[i] = static_cast<float>(parts[i] + product);
          inOrder = static_cast<float>(inOrder + product);
        }
      double sum = static_cast<float>(parts[0] + parts[1]);
      EXPECT_EQ(sums[m * columns + n], static_cast<float>(before[m * columns + n] + sum)) << m << ' ' << n;
      differences += sums[m * columns + n] != inOrder;
    }
  EXPECT_GT(differences, rows * columns / 4) << "sums in another order, which this test should tell apart";
}

TEST_F(EmulateTiles, FloatsAtTheEndsOfTheirRange) {
  const uint16_t one = toBF16(1), denormal = 1, tiny = toBF16(0x1p-70f), huge = toBF16(0x1p127f), infinite = 0x7f80;
  // For each column: the two pairs of row 0 of the activations, those of the column, and the sum before and after.
  const struct {
    uint16_t a[4], b[4];
    float before, after;
  } cases[] = {
      {{denormal, one, 0, 0}, {huge, one, 0, 0}, 1, 2},                     // denormal operands are zero
      {{0, 0, 0, 0}, {0, 0, 0, 0}, 0x1p-130f, 0},                           // so are sums
      {{tiny, tiny, 0, 0}, {tiny, tiny, 0, 0}, 0x1p-126f, 0x1p-126f},       // and products
      {{toBF16(-1), 0, huge, 0}, {huge, 0, toBF16(2), 0}, 0, 0x1p127f},     // a product beyond f32 that fits once added
      {{huge, 0, huge, 0}, {one, 0, one, 0}, 0, INFINITY},                  // 2^128
      {{infinite, 0, 0, 0}, {0, 0, 0, 0}, 0, NAN},                          // infinity times 0
      {{toBF16(0x1p24f), one, 0, one}, {one, one, 0, one}, 0, 0x1p24f + 2}, // both of a pair have sums of their own
      {{toBF16(0x1p-24f), 0, 0, 0}, {one, 0, 0, 0}, 1, 1},                  // ties go to even
      {{toBF16(0x1p-24f), 0, 0, 0}, {one, 0, 0, 0}, 1 + 0x1p-23f, 1 + 0x1p-22f},
  };
  for (unsigned control : {0x1f80u, 0x7f80u}) { // the default; another rounding, which is not asked for
    for (int number = 0; number < int(std::size(cases)); ++number) {
      const auto &[a, b, before, after] = cases[number];
      uint16_t rows[2][4] = {{a[0], a[1], a[2], a[3]}}, columns[2][6] = {{b[0], b[1]}, {b[2], b[3]}};
      float sums[2][3] = {{before, 0, 3}, {7}};
      _mm_setcsr(control);
      multiplyFloats(getConfiguration(), rows[0], columns[0], sums[0]);
      unsigned left = _mm_getcsr();
      _mm_setcsr(0x1f80);
      EXPECT_EQ(left, control) << "exceptions are not kept";
      EXPECT_EQ(sums[1][0], 7);
      if (std::isnan(after)) { // in each column
        EXPECT_TRUE(std::isnan(sums[0][0])) << number;
        continue;
      }
      EXPECT_EQ(sums[0][0], after) << number;
      EXPECT_EQ(sums[0][2], 3);
    }
  }
}

TEST_F(EmulateTiles, LoadsBesideTheInstructionPointer) {
  asm volatile("ldtilecfg 1f(%%rip)\n"
               ".pushsection .rodata\n"
               "1: .byte 1; .fill 15, 1, 0; .byte 4; .fill 31, 1, 0; .byte 1; .fill 15, 1, 0\n"
               ".popsection\n"
               "tilezero %%tmm0"
               :
               :
               : "memory");
  EXPECT_TRUE(areTilesInUse());
  release();
}

TEST_F(EmulateTiles, NamesMisuse) {
  auto expectEnd = [](auto body, const char *message) {
    EXPECT_EXIT(body(), testing::ExitedWithCode(1), std::string("hone: error: emulated AMX: ") + message);
  };
  expectEnd([] { asm volatile("tilezero %tmm0"); }, "tiles are used without a configuration");
  expectEnd(
      [] {
        configure(getConfiguration());
        asm volatile("tilezero %tmm7");
      },
      "a tile is used that has no shape");
  expectEnd(
      [] {
        configure(getConfiguration());
        asm volatile("tdpbssd %tmm3, %tmm1, %tmm0");
      },
      "TDP: shapes of tiles that do not fit");
  expectEnd(
      [] {
        configure(getConfiguration());
        // Assemblers refuse it: tdpbssd %tmm1, %tmm1, %tmm0.
        asm volatile(".byte 0xc4, 0xe2, 0x73, 0x5e, 0xc1");
      },
      "TDP: the same tile twice");
  expectEnd(
      [] {
        configure(getConfiguration());
        asm volatile("tdpbf16ps %tmm3, %tmm1, %tmm0");
      },
      "TDP: shapes of tiles that do not fit");
  auto expectRefusal = [&](int position, uint8_t value, const char *message) {
    Configuration bytes = getConfiguration();
    bytes[position] = value;
    expectEnd([&] { configure(bytes); }, message);
  };
  expectRefusal(0, 2, "LDTILECFG: unknown palette");
  expectRefusal(1, 1, "LDTILECFG: a start row, or a reserved byte that is not zero");
  expectRefusal(40, 1, "LDTILECFG: a start row, or a reserved byte that is not zero");
  expectRefusal(16, 68, "LDTILECFG: impossible shape of a tile");
  expectRefusal(48, 17, "LDTILECFG: impossible shape of a tile");
  expectRefusal(50, 0, "LDTILECFG: impossible shape of a tile");
}

TEST_F(EmulateTiles, LeavesWhatIsNoAMX) {
  EXPECT_EXIT(asm volatile("ud2"), testing::KilledBySignal(SIGILL), "");
  // Products of f16 are not carried out: tdpfp16ps %tmm2, %tmm1, %tmm0, which older assemblers do not know.
  EXPECT_EXIT(asm volatile(".byte 0xc4, 0xe2, 0x6b, 0x5c, 0xc1"), testing::KilledBySignal(SIGILL), "");
}

} // namespace

#endif
