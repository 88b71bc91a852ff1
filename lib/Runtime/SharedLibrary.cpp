//===- SharedLibrary.cpp - A compiled model in another file ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedLibrary.h"
#include "Format.h"

#include "hone/Support/ProgramCheck.h"

#include <cstring>
#include <dlfcn.h>

using namespace hone;
using namespace hone::rt;

#ifndef HONE_VERSION
#define HONE_VERSION "unknown"
#endif

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
  if (Status failed = checkProgram(path, ProgramKind::Library))
    return *failed;

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
