//===- ElfImage.h - Bounds-checked view of an ELF file ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_PACKAGE_ELFIMAGE_H
#define HONE_LIB_PACKAGE_ELFIMAGE_H

#include "hone/Support/Error.h"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <string_view>
#include <vector>

namespace hone {

/// A 64-bit x86 ELF program or shared library in memory, seen through its program headers. Nothing read from it is
/// trusted: what lies outside the bytes is null or nothing. Borrows the bytes.
class ElfImage {
public:
  /// Checks the header and that all segments and the section table lie inside; errors begin with `path`.
  static Result<ElfImage> parse(const uint8_t *data, uint64_t bytes, const std::string &path);

  const std::vector<Elf64_Phdr> &segments() const { return programHeaders; }
  const Elf64_Ehdr &header() const { return fileHeader; }

  /// The segment of the first entry with this type, or null.
  const Elf64_Phdr *segment(uint32_t type) const;

  /// The bytes that the file holds for `[address, address + bytes)` of memory, or null if it does not hold them all.
  const uint8_t *at(uint64_t address, uint64_t bytes) const;

  /// Where `address` lies in the file; call only where `at` gave something.
  uint64_t fileOffset(uint64_t address) const;

  /// The NUL-terminated text at `address`, of less than 4096 bytes; nothing if there is none.
  std::optional<std::string_view> textAt(uint64_t address) const;

  /// A `T` at `address`, whatever its alignment.
  template <typename T> std::optional<T> valueAt(uint64_t address) const {
    const uint8_t *bytes = at(address, sizeof(T));
    if (!bytes)
      return std::nullopt;
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }

  /// The address of the description of the note with this owner and type and at least `bytes` long, or 0.
  uint64_t noteAddress(std::string_view owner, uint32_t type, uint64_t bytes) const;

  /// A loaded section and its content. Section headers are for tools: a program may have lost them.
  struct Section {
    uint64_t address;
    const uint8_t *data;
    uint64_t bytes;
  };
  std::optional<Section> section(std::string_view name) const;

  /// What the dynamic section says that is of interest here.
  struct Dynamic {
    std::vector<std::string_view> neededLibraries;
    std::string minimumGlibc; ///< "2.34"
  };
  std::optional<Dynamic> dynamic() const;

private:
  ElfImage() = default;

  const Elf64_Phdr *holder(uint64_t address, uint64_t bytes) const;
  bool readVersionNeeds(uint64_t address, uint64_t count, uint64_t strings, Dynamic &result) const;

  const uint8_t *data = nullptr;
  uint64_t size = 0;
  Elf64_Ehdr fileHeader;
  std::vector<Elf64_Phdr> programHeaders;
};

} // namespace hone

#endif // HONE_LIB_PACKAGE_ELFIMAGE_H
