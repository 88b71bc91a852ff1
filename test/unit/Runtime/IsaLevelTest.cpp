//===- IsaLevelTest.cpp - Which of a program's codes to run ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IsaLevel.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace hone;
using namespace hone::rt;

namespace {

// Register values of a Zen 3 under Linux, and what of a Sapphire Rapids goes beyond it; single bits are cleared below
// (AMD64 manual, volume 3, appendix E; Intel's manual, volume 2, CPUID).
constexpr CPUWords zen3 = {0xfef83203, 0x219c91a9, 0x0040069c, 0, 0, 0x00400223 | 1 << 5, 7};
constexpr uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;

CPUWords sapphireRapids() {
  CPUWords words = zen3;
  words.leaf7EBX |= avx512;
  words.leaf7ECX |= 1u << 11;
  words.leaf7EDX |= 1u << 22 | 1u << 24 | 1u << 25;
  words.leaf7Sub1EAX |= 1u << 4 | 1u << 5;
  words.xcr0 = 0x600e7;
  return words;
}

void step(const hone_step *, int32_t, int32_t) {}

hone_module makeModule(uint32_t levels) {
  hone_module module = {};
  module.isa_levels = levels;
  for (unsigned level = 0; level < HONE_ISA_LEVELS; ++level)
    module.steps[level] = levels & 1u << level ? step : nullptr;
  return module;
}

constexpr uint32_t v3 = 1u << HONE_ISA_X86_64_V3, vnni = 1u << HONE_ISA_AVX_VNNI, zmm = 1u << HONE_ISA_AVX_512,
                   amx = 1u << HONE_ISA_AMX;

std::string messageOf(const Result<unsigned> &result) { return result ? "" : result.error().message(); }

} // namespace

TEST(IsaLevelTest, MissingFeaturesAreNamed) {
  EXPECT_EQ(missingX86Level3(zen3), "");
  CPUWords words = zen3;
  words.leaf7EBX &= ~(1u << 5);
  EXPECT_EQ(missingX86Level3(words), "AVX2");
  EXPECT_EQ(levelsOf(words), 0u);
  words = zen3;
  words.leaf1ECX &= ~(1u << 12);
  EXPECT_EQ(missingX86Level3(words), "FMA");
  words = sapphireRapids();
  words.xcr0 = 3;
  EXPECT_EQ(missingX86Level3(words), "AVX, AVX2, FMA, F16C") << "YMM registers not saved";
  EXPECT_EQ(levelsOf(words), 0u);
}

TEST(IsaLevelTest, LevelsNeedTheirFeaturesAndTheSystem) {
  EXPECT_EQ(levelsOf(zen3), v3);
  EXPECT_EQ(levelsOf(sapphireRapids()), v3 | vnni | zmm | amx);
  CPUWords words = sapphireRapids();
  words.xcr0 = 0xe7;
  EXPECT_EQ(levelsOf(words), v3 | vnni | zmm) << "tiles not saved";
  words.xcr0 = 7;
  EXPECT_EQ(levelsOf(words), v3 | vnni) << "ZMM registers not saved";
  words = sapphireRapids();
  words.leaf7ECX &= ~(1u << 11);
  EXPECT_EQ(levelsOf(words), v3 | vnni) << "AVX-512 without VNNI";
  for (int bit : {22, 24, 25}) {
    words = sapphireRapids();
    words.leaf7EDX &= ~(1u << bit);
    EXPECT_EQ(levelsOf(words), v3 | vnni | zmm);
  }
  words = sapphireRapids();
  words.leaf7Sub1EAX = 0;
  EXPECT_EQ(levelsOf(words), v3 | zmm) << "neither AVX-VNNI nor AVX512-BF16";
}

TEST(IsaLevelTest, TheHighestCommonLevelIsChosen) {
  ::unsetenv("HONE_ISA");
  EXPECT_EQ(*chooseLevel(makeModule(v3 | vnni | zmm | amx), v3 | zmm, ""), unsigned{HONE_ISA_AVX_512});
  EXPECT_EQ(*chooseLevel(makeModule(v3 | vnni), v3 | zmm, ""), unsigned{HONE_ISA_X86_64_V3});
  EXPECT_EQ(*chooseLevel(makeModule(v3 | vnni | zmm), v3 | zmm, "x86-64-v3"), unsigned{HONE_ISA_X86_64_V3});
}

TEST(IsaLevelTest, TheEnvironmentChoosesWhereNoOptionDoes) {
  ::setenv("HONE_ISA", "x86-64-v3", 1);
  EXPECT_EQ(*chooseLevel(makeModule(v3 | zmm), v3 | zmm, ""), unsigned{HONE_ISA_X86_64_V3});
  EXPECT_EQ(*chooseLevel(makeModule(v3 | zmm), v3 | zmm, "avx-512"), unsigned{HONE_ISA_AVX_512});
  ::setenv("HONE_ISA", "sse", 1);
  EXPECT_EQ(messageOf(chooseLevel(makeModule(v3 | zmm), v3 | zmm, "")),
            "HONE_ISA: expected one of x86-64-v3, avx-vnni, avx-512, amx, got 'sse'");
  ::unsetenv("HONE_ISA");
}

TEST(IsaLevelTest, WhatCannotRunIsRefusedInOneLine) {
  ::unsetenv("HONE_ISA");
  EXPECT_EQ(messageOf(chooseLevel(makeModule(v3 | zmm), v3, "amx")),
            "'--isa': expected a level that this program has code for (x86-64-v3, avx-512), got 'amx'");
  EXPECT_EQ(messageOf(chooseLevel(makeModule(v3 | zmm), v3, "avx-512")),
            "'--isa': expected a level that this CPU runs (x86-64-v3), got 'avx-512'");
  EXPECT_EQ(messageOf(chooseLevel(makeModule(zmm), v3, "")),
            "this program has code for avx-512 alone, and this CPU runs x86-64-v3; compile the model with '--isa "
            "x86-64-v3'");
  EXPECT_NE(messageOf(chooseLevel(makeModule(v3), 0, "")).find("this program needs an x86-64-v3 CPU (AVX2, FMA, F16C)"),
            std::string::npos);
  hone_module module = makeModule(v3);
  module.isa_levels = 1u << 9;
  EXPECT_EQ(messageOf(chooseLevel(module, v3, "")),
            "expected code for one of x86-64-v3, avx-vnni, avx-512, amx, got ISA levels 0x200; compile the model again "
            "with this version of hone");
}
