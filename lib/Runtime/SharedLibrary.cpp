//===- SharedLibrary.cpp - A compiled model in another file ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedLibrary.h"
#include "Format.h"
#include "Model.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

#ifndef HONE_VERSION
#define HONE_VERSION "unknown"
#endif

static bool readAt(int file, uint64_t offset, void *bytes, size_t count) {
  return ::pread(file, bytes, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
}

/// Whether a note segment holds the note that the packager writes: owner "hone", type 1.
static bool hasOwnNote(int file, const Elf64_Phdr &segment) {
  std::vector<char> bytes(segment.p_filesz <= 65536 ? segment.p_filesz : 0);
  if (!readAt(file, segment.p_offset, bytes.data(), bytes.size()))
    return false;
  auto padded = [](uint64_t value) { return (value + 3) / 4 * 4; };
  Elf64_Nhdr note;
  for (uint64_t at = 0; at + sizeof note <= bytes.size();) {
    std::memcpy(&note, &bytes[at], sizeof note);
    uint64_t name = at + sizeof note;
    if (note.n_type == 1 && note.n_namesz == 5 && name + 5 <= bytes.size() && !std::memcmp(&bytes[name], "hone", 5))
      return true;
    at = padded(name + note.n_namesz) + padded(note.n_descsz);
  }
  return false;
}

static Status checkFile(int file) {
  static const char foreign[] = "expected a library made by 'hone compile --emit=shared', got another kind of file";
  struct stat status;
  Elf64_Ehdr header;
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || !readAt(file, 0, &header, sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_machine != EM_X86_64 || header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    return Error(foreign);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!readAt(file, header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr)))
    return Error(foreign);
  bool own = false, program = false;
  for (const Elf64_Phdr &segment : segments) {
    own |= segment.p_type == PT_NOTE && hasOwnNote(file, segment);
    program |= segment.p_type == PT_INTERP;
  }
  if (!own)
    return Error(foreign);
  if (program)
    return Error("expected a library, got a program; compile the model with '--emit=shared'");
  return checkProgramSize(segments.data(), segments.size(), static_cast<uint64_t>(status.st_size));
}

static Status checkVersion(const hone_library &library) {
  static const char again[] = "compile the model again with this version of hone";
  if (library.abi_version != HONE_ABI_VERSION)
    return Error(format("expected module ABI %u, got %u; %s", HONE_ABI_VERSION, library.abi_version, again));
  if (std::strcmp(library.version, HONE_VERSION) != 0)
    return Error(
        format("expected a library of hone %s, got one of hone %.40s; %s", HONE_VERSION, library.version, again));
  return {};
}

Result<SharedLibrary> SharedLibrary::open(const std::string &path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return Error(path + ": cannot be opened: " + std::strerror(errno));
  Status failed = checkFile(file);
  ::close(file);
  if (failed)
    return Error(path + ": " + failed->message());

  // A bare name means a file here, not one that the loader searches for.
  SharedLibrary library;
  library.handle = ::dlopen((path.find('/') == std::string::npos ? "./" + path : path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library.handle)
    return Error(path + ": cannot be loaded: " + ::dlerror());
  using Describe = const hone_library *();
  auto *describe = reinterpret_cast<Describe *>(::dlsym(library.handle, "hone_library_description"));
  if (!describe)
    return Error(path + ": expected the function 'hone_library_description', got none; compile the model again with "
                        "this version of hone");
  library.library = describe();
  if (Status other = checkVersion(*library.library))
    return Error(path + ": " + other->message());
  return library;
}

SharedLibrary::SharedLibrary(SharedLibrary &&other) noexcept : handle(other.handle), library(other.library) {
  other.handle = nullptr;
  other.library = nullptr;
}

SharedLibrary &SharedLibrary::operator=(SharedLibrary &&other) noexcept {
  std::swap(handle, other.handle);
  std::swap(library, other.library);
  return *this;
}

SharedLibrary::~SharedLibrary() {
  if (handle)
    ::dlclose(handle);
}
