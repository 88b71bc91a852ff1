//===- MachineLimits.h - What a machine can do at most ---------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_MACHINELIMITS_H
#define HONE_CODEGEN_X86_MACHINELIMITS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hone::x86 {

/// The instructions that products are made of at one ISA level: those of f32, of bytes, and of 16-bit integers.
enum class Arithmetic { F32, Int8, Int16 };

/// Operations per second (a multiplication and an addition are two) of a plain loop of those instructions on registers,
/// at an ISA level ("x86-64-v3", "avx-vnni", "avx-512"), by all threads together; 0 if this machine lacks the level.
double measurePeak(const std::string &level, Arithmetic arithmetic, int64_t threads, double seconds);

/// Bytes per second that all threads together read.
double measureReadRate(const uint8_t *data, size_t bytes, int64_t threads, double seconds);

/// Seconds from one load to the next that needs its result, all over `bytes` of memory, which it overwrites.
double measureLatency(uint8_t *data, size_t bytes);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_MACHINELIMITS_H
