//===- OutputFile.cpp - A file that appears whole -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputFile.h"
#include "Console.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

OutputFile::~OutputFile() {
  if (file >= 0)
    ::close(file);
  if (file >= 0 && !temporary.empty())
    ::unlink(temporary.c_str());
}

Status OutputFile::open() {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    file = S_ISDIR(status.st_mode) ? -1 : ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (S_ISDIR(status.st_mode))
      errno = EISDIR;
  } else {
    temporary = path + ".XXXXXX";
    file = ::mkostemp(temporary.data(), O_CLOEXEC);
  }
  if (file < 0)
    return Error(path + ": cannot be written: " + std::strerror(errno));
  return {};
}

Status OutputFile::write(std::string_view bytes) { return writeAll(file, bytes, path.c_str()); }

Status OutputFile::commit() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  bool ok = temporary.empty() || ::fchmod(file, 0666 & ~mask) == 0;
  ok &= ::close(file) == 0;
  file = -1;
  ok = ok && (temporary.empty() || ::rename(temporary.c_str(), path.c_str()) == 0);
  if (ok)
    return {};
  Error failed(path + ": cannot be written: " + std::strerror(errno));
  if (!temporary.empty())
    ::unlink(temporary.c_str());
  return failed;
}
