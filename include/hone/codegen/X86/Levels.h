//===- Levels.h - What the ISA levels of x86-64 offer ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_LEVELS_H
#define HONE_CODEGEN_X86_LEVELS_H

#include "hone-rt/ABI.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace hone::x86 {

/// Levels in the order of their strength. Each has what the ones before have, but AVX512, which has no AVX-VNNI: its
/// own VNNI is the same on vectors of any length.
enum class Level : unsigned {
  V3 = HONE_ISA_X86_64_V3,
  AVXVNNI = HONE_ISA_AVX_VNNI,
  AVX512 = HONE_ISA_AVX_512,
  AMX = HONE_ISA_AMX,
};

llvm::StringRef getLevelName(Level level);
std::optional<Level> findLevel(llvm::StringRef name);

/// The level of the kernel that an op stands in, or of a function; V3 where nothing is said.
Level getLevel(mlir::Operation *op);

/// Whether products of bytes and of 16-bit integers are added to 32-bit sums in one instruction.
inline bool hasVNNI(Level level) { return level != Level::V3; }
/// Whether there are 32 registers of 512 bits.
inline bool hasAVX512(Level level) { return level >= Level::AVX512; }

/// How LLVM calls it.
struct LevelTarget {
  llvm::StringLiteral processor, features;
};
LevelTarget getTarget(Level level);

/// The levels whose code this machine runs, the highest last; none on a machine below x86-64-v3.
llvm::SmallVector<Level> getHostLevels();

/// From here on, for all threads, AMX is among the host's levels if it has AVX512: for processes that carry out what
/// the CPU refuses.
void assumeEmulatedTiles();

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_LEVELS_H
