//===- OutputFile.cpp - A file that appears complete or not at all --------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputFile.h"

#include "hone/Support/NumberText.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace hone;

static std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error OutputFile::failure(const std::string &what, int reason) const {
  return Error(path + ": " + what + ": " + std::strerror(reason));
}

Result<OutputFile> OutputFile::create(const std::string &path) {
  if (path.empty())
    return Error("expected the name of an output file, got an empty one");
  struct stat status;
  bool exists = ::stat(path.c_str(), &status) == 0;
  if (path.back() == '/' || (exists && S_ISDIR(status.st_mode)))
    return Error(path + ": expected the name of an output file, got a directory; add a file name");
  if (exists && !S_ISREG(status.st_mode))
    return Error(path + ": expected the name of an output file, got a device or pipe");

  std::string directory = directoryOf(path);
  constexpr mode_t mode = 0777; // less the umask, as for any compiler's output
  OutputFile output(path, ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (output.file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    std::string name = output.uniqueName();
    llvm::sys::RemoveFileOnSignal(name);
    output.file = ::open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
    if (output.file >= 0)
      output.temporary = name;
    else
      llvm::sys::DontRemoveFileOnSignal(name);
  }
  if (output.file < 0) {
    int reason = errno;
    return Error(path + ": cannot be created in '" + directory + "': " + std::strerror(reason) +
                 (reason == ENOENT ? "; make the directory first" : "; choose another place with -o"));
  }
  return output;
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path(std::move(other.path)), file(std::exchange(other.file, -1)),
      temporary(std::exchange(other.temporary, std::string())) {}

OutputFile::~OutputFile() {
  if (file >= 0)
    ::close(file);
  if (!temporary.empty()) {
    ::unlink(temporary.c_str());
    llvm::sys::DontRemoveFileOnSignal(temporary);
  }
}

std::string OutputFile::uniqueName() const {
  static std::atomic<unsigned> counter{0};
  size_t slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  std::string name;
  do {
    name = directory + ".hone-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
  } while (::access(name.c_str(), F_OK) == 0);
  return name;
}

Status OutputFile::reserve(uint64_t bytes) {
  auto refuse = [&](const std::string &reason) {
    return Error(path + ": cannot reserve " + grouped(bytes) + " bytes: " + reason);
  };
  auto noSpace = [&] {
    return refuse(std::string(std::strerror(ENOSPC)) + "; free some space or choose another place with -o");
  };
  // Asked first, because going beyond this limit ends the process.
  struct rlimit limit;
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur)
    return refuse("files are limited to " + grouped(limit.rlim_cur) + " bytes here (see ulimit -f)");

  int status;
  do {
    status = ::fallocate(file, 0, 0, static_cast<off_t>(bytes));
  } while (status != 0 && errno == EINTR);
  if (status == 0)
    return std::nullopt;
  if (errno == ENOSPC)
    return noSpace();
  if (errno != EOPNOTSUPP && errno != ENOSYS)
    return refuse(std::strerror(errno));
  struct statvfs disk;
  if (::fstatvfs(file, &disk) == 0 && bytes / disk.f_frsize >= disk.f_bavail)
    return noSpace();
  if (::ftruncate(file, static_cast<off_t>(bytes)) != 0)
    return refuse(std::strerror(errno));
  return std::nullopt;
}

Status OutputFile::write(uint64_t offset, const void *data, uint64_t bytes) {
  const char *cursor = static_cast<const char *>(data);
  while (bytes != 0) {
    ssize_t written = ::pwrite(file, cursor, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return failure("cannot be written", written < 0 ? errno : ENOSPC);
    cursor += written;
    offset += written;
    bytes -= written;
  }
  return std::nullopt;
}

Result<uint8_t *> OutputFile::map(uint64_t offset, uint64_t bytes) {
  void *mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, static_cast<off_t>(offset));
  if (mapped == MAP_FAILED)
    return failure("cannot be mapped for writing", errno);
  return static_cast<uint8_t *>(mapped);
}

void OutputFile::unmap(uint8_t *mapped, uint64_t bytes) { ::munmap(mapped, bytes); }

Status OutputFile::publish() {
  if (temporary.empty()) {
    std::string name = uniqueName();
    std::string source = "/proc/self/fd/" + std::to_string(file);
    llvm::sys::RemoveFileOnSignal(name);
    if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      int reason = errno;
      llvm::sys::DontRemoveFileOnSignal(name);
      return failure("cannot be given its name", reason);
    }
    temporary = name;
  }
  // A program still open for writing cannot be started.
  if (::close(std::exchange(file, -1)) != 0)
    return failure("cannot be written", errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return failure("cannot be replaced", errno);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return std::nullopt;
}
