//===- Program.h - Writing generated programs ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From one relocatable object and the packed weights to one self-contained
// ELF program or shared library.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_PACKAGE_PROGRAM_H
#define HONE_PACKAGE_PROGRAM_H

#include "hone/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hone {

/// What a program holds besides code.
struct Payload {
  /// Size of the weight section; may be 0, and may exceed 4 GiB.
  uint64_t weightBytes = 0;

  /// Writes the weights: `weights` is the section inside the mapped output file, 4096-byte aligned, `bytes` long (that
  /// is, `weightBytes`), zero where nothing is written. Called once, from the thread of the caller; may share the work
  /// among threads. Not called if `weightBytes` is 0.
  std::function<Status(uint8_t *weights, uint64_t bytes)> fillWeights;

  /// What hone::text::Tokenizer::serialize wrote; empty for a model without a tokenizer.
  std::vector<uint8_t> tokenizer;
};

struct LinkOptions {
  /// Holds the start files, the runtime and `inputs.txt`: see findBundle and cmake/HoneRuntimeBundle.cmake.
  std::string bundleDirectory;

  /// A shared library that exports the runtime's C API, instead of a program.
  bool shared = false;

  /// The name by which programs that were linked with the shared library ask for it (DT_SONAME); empty: none.
  std::string soname;

  /// Keeps the symbol table, for profilers and debuggers. Without it the output is what `strip` would leave.
  bool keepSymbols = false;
};

/// The directory of link inputs that belongs to the running executable: `../lib/hone/x86_64-linux-gnu` beside its
/// folder. Fails if that is not there.
Result<std::string> findBundle();

/// Links `object`, which defines `hone_program_module`, with the runtime, adds `payload` and writes the result to
/// `outputPath`, replacing a regular file of that name. The same arguments give the same bytes, wherever and whenever.
///
/// `outputPath` appears complete or not at all: until then the file has no name, or, on file systems without
/// O_TMPFILE, one that LLVM's signal handlers remove (llvm::sys::RemoveFileOnSignal). Space for the whole file is
/// reserved before `fillWeights` is called. Costs 30 to 50 ms and little memory besides the weights; lld runs
/// in-process, one link at a time. Thread-safe.
Status writeProgram(const uint8_t *object, size_t objectBytes, const Payload &payload, const LinkOptions &options,
                    const std::string &outputPath);

} // namespace hone

#endif // HONE_PACKAGE_PROGRAM_H
