//===- ProgramCheck.h - Whether a program is whole, before it runs -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A damaged program or library can end in the loader, or anywhere else, by a
// signal. Who is about to start or load one asks here first.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_PROGRAMCHECK_H
#define HONE_SUPPORT_PROGRAMCHECK_H

#include "hone/Support/Error.h"
#include "hone/Support/ProgramNote.h"

#include <cstddef>
#include <cstdint>
#include <elf.h>
#include <vector>

namespace hone {

/// Where the bytes of a program come from.
class ProgramBytes {
public:
  virtual ~ProgramBytes() = default;
  /// Copies `[offset, offset + count)`; false if the program does not have them all.
  virtual bool read(uint64_t offset, void *bytes, size_t count) const = 0;
};

/// A program in memory.
class ProgramInMemory : public ProgramBytes {
public:
  ProgramInMemory(const uint8_t *data, uint64_t size) : data(data), size(size) {}
  bool read(uint64_t offset, void *bytes, size_t count) const override;

private:
  const uint8_t *data;
  uint64_t size;
};

/// An ELF file's headers, and the note that marks it as made by hone.
struct ProgramHeaders {
  Elf64_Ehdr file;
  std::vector<Elf64_Phdr> segments;
  uint64_t noteAddress = 0;  ///< 0: there is none
  uint64_t noteOffset = 0;   ///< in the file
  ProgramNote note = {};     ///< of another layout it may be shorter: the rest is 0
  uint64_t weightsBegin = 0; ///< address

  /// Whether it is started, not loaded.
  bool isProgram() const;
};

/// Fails with what the bytes are instead of a 64-bit x86 program or library, such as "a file that is not ELF".
Result<ProgramHeaders> readProgramHeaders(const ProgramBytes &bytes);

/// A number that tells whether the program is the one that was written: damage outside the weights changes it. It
/// notices damage, not malice. Covers what `strip` and `objcopy` leave alone: the fields of the headers that loading
/// depends on and the loaded bytes before the weights, save the headers and the number itself. Those are about 3 MB,
/// read once. Nothing if the file lacks some of them.
std::optional<uint64_t> digestProgram(const ProgramHeaders &headers, const ProgramBytes &bytes);

/// An error if a file of `fileBytes` is shorter than these program headers say.
Status checkProgramSize(const Elf64_Phdr *segments, size_t count, uint64_t fileBytes);

enum class ProgramKind { Program, Library };

/// Fails, in one line, unless the file is a program, or library, that is as `hone compile` wrote it. Weights are not
/// read. Does not map the file, so that one that shrinks meanwhile is an error and no signal.
Status checkProgram(const std::string &path, ProgramKind kind);

} // namespace hone

#endif // HONE_SUPPORT_PROGRAMCHECK_H
