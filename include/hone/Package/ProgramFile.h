//===- ProgramFile.h - Reading generated programs --------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_PACKAGE_PROGRAMFILE_H
#define HONE_PACKAGE_PROGRAMFILE_H

#include "hone/Support/MappedFile.h"

#include <string_view>
#include <vector>

namespace hone {

/// One packed weight of a program.
struct ProgramWeight {
  std::string_view name;     ///< as in the model file
  std::string_view encoding; ///< as the compiler prints it
  uint64_t offset;           ///< from the start of the weight section, a multiple of 64
  uint64_t bytes;
};

/// A program or shared library made by hone, read without running it. Finds everything through the program headers and
/// the `.note.hone` note, so that it also works on stripped files. All views point into the mapped file and live as
/// long as this object; every offset has been checked. Movable, not copyable.
class ProgramFile {
public:
  /// Fails with one line that begins with `path` if the file is not made by hone, is damaged or truncated, or has
  /// another ABI version. O(segments + weights).
  static Result<ProgramFile> open(const std::string &path);

  uint32_t abiVersion = 0;
  uint32_t isaLevels = 0; ///< HONE_ISA_* of hone-rt/ABI.h
  std::string_view name;
  std::string_view architecture;
  uint32_t vocabulary = 0;
  uint32_t contextLength = 0;
  uint32_t maxRows = 0;
  uint32_t pagePositions = 0;
  uint64_t pageBytes = 0;
  uint64_t arenaBytes = 0;
  uint64_t workerArenaBytes = 0;
  uint64_t parameters = 0;
  uint64_t weightBytesPerToken = 0;
  std::vector<ProgramWeight> weights;

  /// The weight section; null and 0 for a program without weights.
  const uint8_t *weightData = nullptr;
  uint64_t weightBytes = 0;
  /// Where the weight section lies in the file, a multiple of 4096; of 2 MiB if the section has at least 64 MiB.
  uint64_t weightFileOffset = 0;

  /// What hone::text::Tokenizer::serialize wrote; null and 0 without a tokenizer.
  const uint8_t *tokenizerData = nullptr;
  uint64_t tokenizerBytes = 0;

  /// The code of the model's kernels (section `.hone.text`); null and 0 in a file without section headers.
  uint64_t kernelAddress = 0;
  const uint8_t *kernelData = nullptr;
  uint64_t kernelBytes = 0;

  bool isShared = false;  ///< a shared library, not a program
  uint64_t codeBytes = 0; ///< executable segments
  uint64_t fileBytes = 0;

  /// The oldest glibc that the program runs on, as "2.34": the newest of the symbol versions that it needs.
  std::string minimumGlibc;
  /// Shared libraries that it needs: "libc.so.6".
  std::vector<std::string_view> neededLibraries;

private:
  explicit ProgramFile(MappedFile file) : file(std::move(file)) {}

  Status read(const std::string &path);

  MappedFile file;
};

} // namespace hone

#endif // HONE_PACKAGE_PROGRAMFILE_H
