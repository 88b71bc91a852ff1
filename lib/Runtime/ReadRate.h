//===- ReadRate.h - How fast this machine reads memory ----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_READRATE_H
#define HONE_LIB_RUNTIME_READRATE_H

#include "Workers.h"

#include <cstddef>

namespace hone::rt {

/// Bytes per second at which the workers read [data, data + bytes) with a plain loop of vector loads, each its own
/// contiguous part: the best of `passes` passes after one that is not counted.
double measureReadRate(Workers &workers, const uint8_t *data, size_t bytes, int passes);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_READRATE_H
