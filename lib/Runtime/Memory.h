//===- Memory.h - Memory straight from the system ---------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_MEMORY_H
#define HONE_LIB_RUNTIME_MEMORY_H

#include "hone/Support/Error.h"

#include <cstdint>

namespace hone::rt {

/// Zeroed memory, given back on destruction; page-aligned, and from 2 MiB on aligned to and advised for huge pages. It
/// takes physical memory on first touch.
class Memory {
public:
  static Result<Memory> allocate(uint64_t bytes);
  Memory() = default;
  Memory(Memory &&other) noexcept;
  Memory &operator=(Memory &&other) noexcept;
  ~Memory();

  uint8_t *data() const { return begin; }
  uint64_t size() const { return bytes; }

private:
  uint8_t *begin = nullptr;
  uint64_t bytes = 0;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_MEMORY_H
