//===- IsaLevel.cpp - Which of a program's codes to run -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IsaLevel.h"
#include "Format.h"

#include <algorithm>
#include <cpuid.h>
#include <cstdlib>
#include <iterator>
#include <sys/syscall.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

static const char *const levelNames[] = HONE_ISA_NAMES;

CPUWords rt::readCPUWords() {
  uint32_t eax, ebx, ecx, edx;
  CPUWords words = {};
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx))
    words.leaf1ECX = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    words.leaf7EBX = ebx;
    words.leaf7ECX = ecx;
    words.leaf7EDX = edx;
    uint32_t subleaves = eax;
    if (subleaves >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx))
      words.leaf7Sub1EAX = eax;
  }
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
    words.extended1ECX = ecx;
  if (words.leaf1ECX >> 27 & 1) // OSXSAVE: xgetbv exists.
    __asm__("xgetbv" : "=a"(words.xcr0), "=d"(edx) : "c"(0));
  return words;
}

static bool isSet(uint32_t word, int bit) { return (word >> bit & 1) != 0; }

std::string rt::missingX86Level3(const CPUWords &words) {
  // Without the operating system's saving of the YMM registers the AVX bits promise nothing.
  bool ymm = (words.xcr0 & 6) == 6;
  const struct {
    const char *name;
    bool present;
  } features[] = {
      {"SSE3", isSet(words.leaf1ECX, 0)},        {"SSSE3", isSet(words.leaf1ECX, 9)},
      {"SSE4.1", isSet(words.leaf1ECX, 19)},     {"SSE4.2", isSet(words.leaf1ECX, 20)},
      {"CMPXCHG16B", isSet(words.leaf1ECX, 13)}, {"POPCNT", isSet(words.leaf1ECX, 23)},
      {"MOVBE", isSet(words.leaf1ECX, 22)},      {"LZCNT", isSet(words.extended1ECX, 5)},
      {"AVX", ymm && isSet(words.leaf1ECX, 28)}, {"AVX2", ymm && isSet(words.leaf7EBX, 5)},
      {"FMA", ymm && isSet(words.leaf1ECX, 12)}, {"F16C", ymm && isSet(words.leaf1ECX, 29)},
      {"BMI1", isSet(words.leaf7EBX, 3)},        {"BMI2", isSet(words.leaf7EBX, 8)},
  };
  std::string missing;
  for (const auto &feature : features)
    if (!feature.present)
      missing += (missing.empty() ? "" : ", ") + std::string(feature.name);
  return missing;
}

uint32_t rt::levelsOf(const CPUWords &words) {
  if (!missingX86Level3(words).empty())
    return 0;
  uint32_t levels = 1u << HONE_ISA_X86_64_V3;
  if (isSet(words.leaf7Sub1EAX, 4))
    levels |= 1u << HONE_ISA_AVX_VNNI;
  // F, DQ, CD, BW, VL, VNNI; the system saves masks and the registers' upper halves.
  bool zmm = (words.xcr0 & 0xe6) == 0xe6;
  for (int bit : {16, 17, 28, 30, 31})
    zmm = zmm && isSet(words.leaf7EBX, bit);
  if (!zmm || !isSet(words.leaf7ECX, 11))
    return levels;
  levels |= 1u << HONE_ISA_AVX_512;
  // AMX-BF16, AMX-TILE, AMX-INT8, AVX512-BF16; the system saves the tiles and their configuration.
  bool tiles = (words.xcr0 & 0x60000) == 0x60000 && isSet(words.leaf7Sub1EAX, 5);
  for (int bit : {22, 24, 25})
    tiles = tiles && isSet(words.leaf7EDX, bit);
  return tiles ? levels | 1u << HONE_ISA_AMX : levels;
}

uint32_t rt::hostLevels() {
  // Documentation/arch/x86/xstate.rst: a process asks for the tiles' state before it uses them.
  constexpr long requestPermission = 0x1023, tileData = 18;
  uint32_t levels = levelsOf(readCPUWords());
  if (levels & 1u << HONE_ISA_AMX && ::syscall(SYS_arch_prctl, requestPermission, tileData) != 0)
    levels &= ~(1u << HONE_ISA_AMX);
  return levels;
}

std::string rt::describeLevels(uint32_t levels) {
  std::string text;
  for (unsigned level = 0; level < HONE_ISA_LEVELS; ++level)
    if (levels & 1u << level)
      text += (text.empty() ? "" : ", ") + std::string(levelNames[level]);
  return text;
}

/// Looks `name` up that `source` gave.
static Result<unsigned> findLevel(uint32_t made, uint32_t host, const std::string &name, const char *source) {
  unsigned level = 0;
  while (level < HONE_ISA_LEVELS && name != levelNames[level])
    ++level;
  if (level == HONE_ISA_LEVELS)
    return Error(format("%s: expected one of %s, got '%s'", source, HONE_ISA_LIST, name.c_str()));
  if (!(made & 1u << level))
    return Error(format("%s: expected a level that this program has code for (%s), got '%s'", source,
                        describeLevels(made).c_str(), name.c_str()));
  if (!(host & 1u << level))
    return Error(format("%s: expected a level that this CPU runs (%s), got '%s'", source, describeLevels(host).c_str(),
                        name.c_str()));
  return level;
}

Result<unsigned> rt::chooseLevel(const hone_module &module, uint32_t host, const std::string &wanted) {
  uint32_t made = 0;
  for (unsigned level = 0; level < HONE_ISA_LEVELS; ++level)
    if (module.isa_levels & 1u << level && module.steps[level])
      made |= 1u << level;
  if (made == 0)
    return Error(format("expected code for one of %s, got ISA levels 0x%x; compile the model again with this version "
                        "of hone",
                        HONE_ISA_LIST, module.isa_levels));
  if (host == 0)
    return Error("this program needs an x86-64-v3 CPU (AVX2, FMA, F16C); this one lacks " +
                 missingX86Level3(readCPUWords()) + "; run it on an Intel Haswell, AMD Excavator or later");
  if (!wanted.empty())
    return findLevel(made, host, wanted, "'--isa'");
  if (const char *name = std::getenv("HONE_ISA"); name && *name)
    return findLevel(made, host, name, "HONE_ISA");
  for (unsigned level = HONE_ISA_LEVELS; level-- > 0;)
    if (made & host & 1u << level)
      return level;
  return Error(format("this program has code for %s alone, and this CPU runs %s; compile the model with '--isa %s'",
                      describeLevels(made).c_str(), describeLevels(host).c_str(), levelNames[HONE_ISA_X86_64_V3]));
}
