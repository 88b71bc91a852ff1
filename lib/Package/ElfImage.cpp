//===- ElfImage.cpp - Bounds-checked view of an ELF file ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElfImage.h"

#include <cstdlib>

using namespace hone;

namespace {
constexpr uint16_t maxSegments = 256; // bounds the work on hostile files; programs of hone have about 14
constexpr uint64_t maxText = 4096;
constexpr uint64_t maxTableEntries = 65536;
} // namespace

static bool inside(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

Result<ElfImage> ElfImage::parse(const uint8_t *data, uint64_t bytes, const std::string &path) {
  auto foreign = [&](const std::string &found) {
    return Error(path + ": expected a program made by hone, got " + found);
  };
  if (bytes >= 4 && std::memcmp(data, "GGUF", 4) == 0)
    return foreign("a GGUF model; compile it first: hone compile " + path);
  if (bytes < SELFMAG || std::memcmp(data, ELFMAG, SELFMAG) != 0)
    return foreign(bytes == 0 ? "an empty file" : "a file that is not ELF");

  ElfImage image;
  image.data = data;
  image.size = bytes;
  if (bytes < sizeof(Elf64_Ehdr))
    return Error(path + ": the file is truncated: expected an ELF header of " + std::to_string(sizeof(Elf64_Ehdr)) +
                 " bytes, got " + std::to_string(bytes));
  Elf64_Ehdr &header = image.fileHeader;
  std::memcpy(&header, data, sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
    return foreign("an ELF file for another machine (number " + std::to_string(header.e_machine) + ")");
  if (header.e_type != ET_DYN)
    return foreign("an ELF file of type " + std::to_string(header.e_type) + ", not a program or shared library");
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > maxSegments)
    return foreign("an ELF file with " + std::to_string(header.e_phnum) + " program headers of " +
                   std::to_string(header.e_phentsize) + " bytes");

  auto truncated = [&](const std::string &what, uint64_t offset, uint64_t length) {
    return Error(path + ": the file is truncated or damaged: " + what + " of " + std::to_string(length) +
                 " bytes at offset " + std::to_string(offset) + " does not fit into " + std::to_string(bytes) +
                 " bytes");
  };
  uint64_t tableBytes = uint64_t(header.e_phnum) * sizeof(Elf64_Phdr);
  if (!inside(header.e_phoff, tableBytes, bytes))
    return truncated("the program header table", header.e_phoff, tableBytes);
  image.programHeaders.resize(header.e_phnum);
  std::memcpy(image.programHeaders.data(), data + header.e_phoff, tableBytes);
  for (const Elf64_Phdr &segment : image.programHeaders)
    if (!inside(segment.p_offset, segment.p_filesz, bytes))
      return truncated("a segment", segment.p_offset, segment.p_filesz);
  uint64_t sectionBytes = uint64_t(header.e_shnum) * header.e_shentsize;
  if (header.e_shoff != 0 && !inside(header.e_shoff, sectionBytes, bytes))
    return truncated("the section header table", header.e_shoff, sectionBytes);
  return image;
}

const Elf64_Phdr *ElfImage::segment(uint32_t type) const {
  for (const Elf64_Phdr &segment : programHeaders)
    if (segment.p_type == type)
      return &segment;
  return nullptr;
}

const Elf64_Phdr *ElfImage::holder(uint64_t address, uint64_t bytes) const {
  for (const Elf64_Phdr &segment : programHeaders)
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        inside(address - segment.p_vaddr, bytes, segment.p_filesz))
      return &segment;
  return nullptr;
}

const uint8_t *ElfImage::at(uint64_t address, uint64_t bytes) const {
  const Elf64_Phdr *segment = holder(address, bytes);
  return segment ? data + segment->p_offset + (address - segment->p_vaddr) : nullptr;
}

uint64_t ElfImage::fileOffset(uint64_t address) const {
  const Elf64_Phdr *segment = holder(address, 0);
  assert(segment && "address is not in the file");
  return segment->p_offset + (address - segment->p_vaddr);
}

std::optional<std::string_view> ElfImage::textAt(uint64_t address) const {
  const Elf64_Phdr *segment = holder(address, 1);
  if (!segment)
    return std::nullopt;
  uint64_t skipped = address - segment->p_vaddr;
  const char *begin = reinterpret_cast<const char *>(data + segment->p_offset + skipped);
  uint64_t most = std::min(segment->p_filesz - skipped, maxText);
  const void *end = std::memchr(begin, 0, most);
  if (!end)
    return std::nullopt;
  return std::string_view(begin, static_cast<const char *>(end) - begin);
}

uint64_t ElfImage::noteAddress(std::string_view owner, uint32_t type, uint64_t bytes) const {
  for (const Elf64_Phdr &segment : programHeaders) {
    if (segment.p_type != PT_NOTE)
      continue;
    uint64_t align = segment.p_align == 8 ? 8 : 4;
    auto padded = [&](uint64_t value) { return (value + align - 1) / align * align; };
    uint64_t cursor = 0;
    while (inside(cursor, sizeof(Elf64_Nhdr), segment.p_filesz)) {
      Elf64_Nhdr note;
      std::memcpy(&note, data + segment.p_offset + cursor, sizeof note);
      uint64_t nameAt = cursor + sizeof note;
      uint64_t descriptionAt = padded(nameAt + note.n_namesz);
      if (!inside(nameAt, note.n_namesz, segment.p_filesz) || !inside(descriptionAt, note.n_descsz, segment.p_filesz))
        break;
      const char *name = reinterpret_cast<const char *>(data + segment.p_offset + nameAt);
      bool matches = note.n_namesz == owner.size() + 1 && std::memcmp(name, owner.data(), owner.size()) == 0;
      if (matches && note.n_type == type && note.n_descsz >= bytes)
        return segment.p_vaddr + descriptionAt;
      cursor = padded(descriptionAt + note.n_descsz);
    }
  }
  return 0;
}

/// Whether "2.9" is older than "2.34".
static bool isOlder(const std::string &left, const std::string &right) {
  const char *a = left.c_str(), *b = right.c_str();
  while (*a && *b) {
    char *endA, *endB;
    unsigned long x = std::strtoul(a, &endA, 10), y = std::strtoul(b, &endB, 10);
    if (x != y)
      return x < y;
    a = *endA == '.' ? endA + 1 : "";
    b = *endB == '.' ? endB + 1 : "";
  }
  return !*a && *b;
}

bool ElfImage::readVersionNeeds(uint64_t address, uint64_t count, uint64_t strings, Dynamic &result) const {
  constexpr std::string_view prefix = "GLIBC_";
  if (count > maxTableEntries)
    return false;
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<Elf64_Verneed> need = valueAt<Elf64_Verneed>(address);
    if (!need)
      return false;
    uint64_t auxiliary = address + need->vn_aux;
    for (unsigned j = 0; j < need->vn_cnt; ++j) {
      std::optional<Elf64_Vernaux> version = valueAt<Elf64_Vernaux>(auxiliary);
      if (!version)
        return false;
      std::optional<std::string_view> name = textAt(strings + version->vna_name);
      if (!name)
        return false;
      if (name->substr(0, prefix.size()) == prefix) {
        std::string number(name->substr(prefix.size()));
        if (number[0] >= '0' && number[0] <= '9' && isOlder(result.minimumGlibc, number))
          result.minimumGlibc = number;
      }
      if (version->vna_next == 0)
        break;
      auxiliary += version->vna_next;
    }
    if (need->vn_next == 0)
      break;
    address += need->vn_next;
  }
  return true;
}

std::optional<ElfImage::Section> ElfImage::section(std::string_view name) const {
  // `parse` checked that the table lies inside the file.
  auto header = [&](unsigned index) {
    Elf64_Shdr section;
    std::memcpy(&section, data + fileHeader.e_shoff + index * sizeof section, sizeof section);
    return section;
  };
  if (fileHeader.e_shstrndx >= fileHeader.e_shnum)
    return std::nullopt;
  Elf64_Shdr names = header(fileHeader.e_shstrndx);
  for (unsigned i = 0; i < fileHeader.e_shnum; ++i) {
    Elf64_Shdr section = header(i);
    uint64_t at = names.sh_offset + section.sh_name;
    if (at < names.sh_offset || at > size || size - at <= name.size() ||
        std::memcmp(data + at, name.data(), name.size()) != 0 || data[at + name.size()] != 0)
      continue;
    const uint8_t *content = this->at(section.sh_addr, section.sh_size);
    if (content)
      return Section{section.sh_addr, content, section.sh_size};
  }
  return std::nullopt;
}

std::optional<ElfImage::Dynamic> ElfImage::dynamic() const {
  const Elf64_Phdr *segment = this->segment(PT_DYNAMIC);
  if (!segment)
    return std::nullopt;
  std::vector<uint64_t> needed;
  uint64_t strings = 0, versions = 0, versionCount = 0;
  uint64_t entries = std::min(segment->p_filesz / sizeof(Elf64_Dyn), maxTableEntries);
  for (uint64_t i = 0; i < entries; ++i) {
    Elf64_Dyn entry;
    std::memcpy(&entry, data + segment->p_offset + i * sizeof entry, sizeof entry);
    if (entry.d_tag == DT_NULL)
      break;
    if (entry.d_tag == DT_NEEDED)
      needed.push_back(entry.d_un.d_val);
    else if (entry.d_tag == DT_STRTAB)
      strings = entry.d_un.d_ptr;
    else if (entry.d_tag == DT_VERNEED)
      versions = entry.d_un.d_ptr;
    else if (entry.d_tag == DT_VERNEEDNUM)
      versionCount = entry.d_un.d_val;
  }
  Dynamic result;
  for (uint64_t offset : needed) {
    std::optional<std::string_view> name = textAt(strings + offset);
    if (!name)
      return std::nullopt;
    result.neededLibraries.push_back(*name);
  }
  if (!readVersionNeeds(versions, versionCount, strings, result))
    return std::nullopt;
  return result;
}
