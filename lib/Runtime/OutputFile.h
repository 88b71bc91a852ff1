//===- OutputFile.h - A file that appears whole -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_OUTPUTFILE_H
#define HONE_LIB_RUNTIME_OUTPUTFILE_H

#include "hone/Support/Error.h"

#include <string_view>

namespace hone::rt {

/// A file that appears under its name only when it is whole. What is not a regular file (such as /dev/stdout) is
/// written to directly.
class OutputFile {
public:
  explicit OutputFile(const std::string &path) : path(path) {}
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  ~OutputFile();

  Status open();
  Status write(std::string_view bytes);
  Status commit();

private:
  std::string path, temporary;
  int file = -1;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_OUTPUTFILE_H
