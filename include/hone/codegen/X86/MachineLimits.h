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

namespace hone::x86 {

/// Bytes per second that all threads together read.
double measureReadRate(const uint8_t *data, size_t bytes, int64_t threads, double seconds);

/// Seconds from one load to the next that needs its result, all over `bytes` of memory, which it overwrites.
double measureLatency(uint8_t *data, size_t bytes);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_MACHINELIMITS_H
