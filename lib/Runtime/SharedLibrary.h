//===- SharedLibrary.h - A compiled model in another file -------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_SHAREDLIBRARY_H
#define HONE_LIB_RUNTIME_SHAREDLIBRARY_H

#include "hone-rt/ABI.h"
#include "hone/Support/Error.h"

namespace hone::rt {

/// A shared library that `hone compile --emit=shared` made, loaded while this object lives.
class SharedLibrary {
public:
  /// Nothing of the file runs before it has been found whole (ProgramCheck.h). Errors begin with `path`.
  static Result<SharedLibrary> open(const std::string &path);

  SharedLibrary() = default;
  SharedLibrary(SharedLibrary &&other) noexcept;
  SharedLibrary &operator=(SharedLibrary &&other) noexcept;
  ~SharedLibrary();

  /// Null for an empty object. Of this ABI and version.
  const hone_library *description() const { return library; }

private:
  void *handle = nullptr;
  const hone_library *library = nullptr;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_SHAREDLIBRARY_H
