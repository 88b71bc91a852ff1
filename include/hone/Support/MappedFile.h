//===- MappedFile.h - A file mapped for reading ----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_MAPPEDFILE_H
#define HONE_SUPPORT_MAPPEDFILE_H

#include "hone/Support/Error.h"

#include <cstddef>
#include <cstdint>

namespace hone {

/// A whole file, mapped read-only and unmapped on destruction. Pages are read on first touch, so opening is O(1).
/// An empty file gives a null `data()`. Movable, not copyable. A file that another process truncates while it is
/// mapped faults on access, as with any mapping.
class MappedFile {
public:
  /// Fails with "PATH: <reason>" if the path cannot be opened or is not a regular file.
  static Result<MappedFile> open(const std::string &path);

  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  const uint8_t *data() const { return begin; }
  size_t size() const { return bytes; }

private:
  MappedFile(const uint8_t *begin, size_t bytes) : begin(begin), bytes(bytes) {}

  const uint8_t *begin = nullptr;
  size_t bytes = 0;
};

} // namespace hone

#endif // HONE_SUPPORT_MAPPEDFILE_H
