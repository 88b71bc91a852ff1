//===- EmulateTilesTest.cpp - AMX on CPUs without it --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulateTiles.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <gtest/gtest.h>

#if defined(__linux__) && defined(__x86_64__)
#include <cpuid.h>

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
    EXPECT_EXIT(body(), testing::ExitedWithCode(1), std::string("hone-check: error: emulated AMX: ") + message);
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
      "TDPB: shapes of tiles that do not fit");
  expectEnd(
      [] {
        configure(getConfiguration());
        // Assemblers refuse it: tdpbssd %tmm1, %tmm1, %tmm0.
        asm volatile(".byte 0xc4, 0xe2, 0x73, 0x5e, 0xc1");
      },
      "TDPB: the same tile twice");
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
  // Products of bf16 are not carried out.
  EXPECT_EXIT(asm volatile("tdpbf16ps %tmm2, %tmm1, %tmm0"), testing::KilledBySignal(SIGILL), "");
}

} // namespace

#endif
