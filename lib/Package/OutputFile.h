//===- OutputFile.h - A file that appears complete or not at all *- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_PACKAGE_OUTPUTFILE_H
#define HONE_LIB_PACKAGE_OUTPUTFILE_H

#include "hone/Support/Error.h"

#include <cstdint>
#include <string>

namespace hone {

/// A new executable file on its way to `path`. It has no name until `publish` (O_TMPFILE); where the file system lacks
/// that, a unique name beside `path`, removed on destruction and by LLVM's signal handlers. Errors begin with `path`.
class OutputFile {
public:
  /// Fails if `path` exists and is not a regular file, or if its directory takes no new file.
  static Result<OutputFile> create(const std::string &path);

  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// A name beside `path` that no other thread or process uses. Nothing is made there.
  std::string uniqueName() const;

  /// Makes the file `bytes` long and takes all its space from the disk now, so that writing to a mapping cannot fail.
  Status reserve(uint64_t bytes);

  /// `offset` and `bytes` inside what was reserved.
  Status write(uint64_t offset, const void *data, uint64_t bytes);

  /// Maps a part of the file for writing; `offset` is a multiple of 4096. Ended by `unmap`.
  Result<uint8_t *> map(uint64_t offset, uint64_t bytes);
  void unmap(uint8_t *mapped, uint64_t bytes);

  /// Gives the file its name, in place of what had it.
  Status publish();

private:
  OutputFile(std::string path, int file) : path(std::move(path)), file(file) {}

  Error failure(const std::string &what, int reason) const;

  std::string path;
  int file;
  std::string temporary; ///< the name before `publish`, where one was needed
};

} // namespace hone

#endif // HONE_LIB_PACKAGE_OUTPUTFILE_H
