//===- MappedFile.cpp - A file mapped for reading -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Support/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hone;

Result<MappedFile> MappedFile::open(const std::string &path) {
  // Opening a pipe must not wait for a writer.
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return Error(path + ": cannot be opened: " + std::strerror(errno));
  struct stat status;
  if (::fstat(file, &status) != 0) {
    int reason = errno;
    ::close(file);
    return Error(path + ": cannot be examined: " + std::strerror(reason));
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(file);
    return Error(path + ": expected a regular file, got " +
                 (S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe"));
  }
  size_t bytes = static_cast<size_t>(status.st_size);
  if (bytes == 0) {
    ::close(file);
    return MappedFile(nullptr, 0);
  }
  void *address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  int reason = errno;
  ::close(file);
  if (address == MAP_FAILED)
    return Error(path + ": cannot be mapped: " + std::strerror(reason));
  return MappedFile(static_cast<const uint8_t *>(address), bytes);
}

MappedFile::MappedFile(MappedFile &&other) noexcept : begin(other.begin), bytes(other.bytes) {
  other.begin = nullptr;
  other.bytes = 0;
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

MappedFile::~MappedFile() {
  if (begin)
    ::munmap(const_cast<uint8_t *>(begin), bytes);
}
