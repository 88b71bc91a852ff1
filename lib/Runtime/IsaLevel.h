//===- IsaLevel.h - Which of a program's codes to run -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_ISALEVEL_H
#define HONE_LIB_RUNTIME_ISALEVEL_H

#include "hone-rt/ABI.h"
#include "hone/Support/Error.h"

#include <string>

namespace hone::rt {

/// Words of cpuid (leaf, subleaf) and the low half of XCR0, which is 0 where the operating system does not set it.
struct CPUWords {
  uint32_t leaf1ECX, leaf7EBX, leaf7ECX, leaf7EDX, leaf7Sub1EAX, extended1ECX, xcr0;
};

/// Those of this CPU. Takes only cpuid and xgetbv.
CPUWords readCPUWords();

/// What of x86-64-v3 and the levels below it is missing, as "AVX2, FMA"; empty if all is there.
std::string missingX86Level3(const CPUWords &words);

/// Bits of the levels (1 << HONE_ISA_*) whose instructions are there.
uint32_t levelsOf(const CPUWords &words);

/// Those of this machine. AMX is among them if Linux grants the process its tiles.
uint32_t hostLevels();

/// "x86-64-v3, avx-512" for bits of levels.
std::string describeLevels(uint32_t levels);

/// The level whose code to run, before any such code: the one that is named `wanted`, or else by HONE_ISA in the
/// environment, or else the highest that is in `host` and the program has code for.
Result<unsigned> chooseLevel(const hone_module &module, uint32_t host, const std::string &wanted);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_ISALEVEL_H
