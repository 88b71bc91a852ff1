//===- Program.cpp - Writing generated programs ---------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Package/Program.h"

#include "Link.h"
#include "OutputFile.h"
#include "SectionObject.h"

#include "hone/Support/ProgramCheck.h"

#include <cstring>
#include <elf.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

using namespace hone;

namespace {
constexpr uint64_t pageBytes = 4096;
constexpr uint64_t hugePageBytes = 2 << 20;
/// From here on the weights start at a multiple of 2 MiB, in the file and in memory, so that huge pages can map them;
/// below, the padding of up to 2 MiB would be felt in the size of the file.
constexpr uint64_t hugePageThreshold = 64 << 20;
/// Half of what a process can map.
constexpr uint64_t maxWeightBytes = uint64_t(1) << 46;
} // namespace

static uint64_t roundUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// Turns the reserved section of a linked file into one with content: `[offset, offset + bytes)` of the file becomes
/// the weights, and what lld wrote behind (symbols, section headers; nothing that is loaded) moves by `shift`.
/// Returns `offset`, or nothing if the layout is not what link() asks for.
static std::optional<uint64_t> openWeightSection(std::vector<uint8_t> &linked, uint64_t bytes, uint64_t shift) {
  auto headerAt = [&](uint64_t offset) { return linked.data() + offset; };
  Elf64_Ehdr file;
  if (linked.size() < sizeof file)
    return std::nullopt;
  std::memcpy(&file, linked.data(), sizeof file);

  // The last PT_LOAD is the reserved one; nothing of it is in the file yet.
  uint64_t lastAt = 0;
  Elf64_Phdr last = {};
  for (unsigned i = 0; i < file.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t at = file.e_phoff + i * sizeof segment;
    std::memcpy(&segment, headerAt(at), sizeof segment);
    if (segment.p_type == PT_LOAD && segment.p_vaddr >= last.p_vaddr) {
      last = segment;
      lastAt = at;
    }
  }
  uint64_t offset = last.p_offset;
  if (last.p_filesz != 0 || last.p_memsz != bytes || last.p_flags != PF_R || offset > linked.size() ||
      offset % pageBytes != 0 || (last.p_vaddr - offset) % last.p_align != 0)
    return std::nullopt;
  last.p_filesz = bytes;
  std::memcpy(headerAt(lastAt), &last, sizeof last);

  for (unsigned i = 0; i < file.e_shnum; ++i) {
    Elf64_Shdr section;
    uint64_t at = file.e_shoff + i * sizeof section;
    std::memcpy(&section, headerAt(at), sizeof section);
    if ((section.sh_flags & SHF_ALLOC) && section.sh_addr == last.p_vaddr && section.sh_size == bytes) {
      section.sh_type = SHT_PROGBITS;
      section.sh_offset = offset;
    } else if (!(section.sh_flags & SHF_ALLOC) && section.sh_offset >= offset) {
      section.sh_offset += shift;
    } else if (section.sh_type != SHT_NOBITS && section.sh_offset + section.sh_size > offset) {
      return std::nullopt;
    }
    std::memcpy(headerAt(at), &section, sizeof section);
  }
  file.e_shoff += shift;
  std::memcpy(linked.data(), &file, sizeof file);
  return offset;
}

/// Writes down, in its note, what the file must go on looking like. The weights begin at `offset`.
static bool stateDigest(std::vector<uint8_t> &linked, uint64_t offset) {
  ProgramInMemory bytes(linked.data(), offset);
  Result<ProgramHeaders> headers = readProgramHeaders(bytes);
  if (!headers || headers->noteAddress == 0)
    return false;
  std::optional<uint64_t> digest = digestProgram(*headers, bytes);
  if (digest)
    std::memcpy(linked.data() + headers->noteOffset + offsetof(ProgramNote, digest), &*digest, sizeof *digest);
  return digest.has_value();
}

Result<std::string> hone::findBundle() {
  std::string path(4096, '\0');
  ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0 || static_cast<size_t>(length) == path.size())
    return Error("cannot find hone's own folder through /proc/self/exe");
  path.resize(length);
  for (int i = 0; i < 2; ++i)
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  path += "/lib/hone/x86_64-linux-gnu";
  struct stat status;
  if (::stat((path + "/inputs.txt").c_str(), &status) != 0)
    return Error(path + ": expected hone's link inputs here, got none; build the target 'hone-runtime-bundle' or "
                        "install hone again");
  return path;
}

Status hone::writeProgram(const uint8_t *object, size_t objectBytes, const Payload &payload, const LinkOptions &options,
                          const std::string &outputPath) {
  if (payload.weightBytes > maxWeightBytes)
    return Error(outputPath + ": cannot hold " + std::to_string(payload.weightBytes) + " bytes of weights");
  Result<OutputFile> created = OutputFile::create(outputPath);
  if (!created)
    return created.takeError();
  OutputFile &output = *created;

  uint64_t alignment = payload.weightBytes >= hugePageThreshold ? hugePageBytes : pageBytes;
  std::vector<uint8_t> sections = makeSectionObject(payload.weightBytes, alignment, payload.tokenizer);
  Result<std::vector<uint8_t>> linked = link(object, objectBytes, sections, options, output.uniqueName());
  if (!linked)
    return Error(outputPath + ": " + linked.error().message());

  uint64_t sectionBytes = std::max<uint64_t>(payload.weightBytes, 1);
  uint64_t shift = roundUp(sectionBytes, pageBytes);
  std::optional<uint64_t> offset = openWeightSection(*linked, sectionBytes, shift);
  if (!offset || !stateDigest(*linked, *offset))
    return Error(outputPath + ": the linker laid out section '.hone.weights' in an unexpected way");

  if (Status failed = output.reserve(linked->size() + shift))
    return failed;
  if (Status failed = output.write(0, linked->data(), *offset))
    return failed;
  if (Status failed = output.write(*offset + shift, linked->data() + *offset, linked->size() - *offset))
    return failed;
  if (payload.weightBytes != 0) {
    Result<uint8_t *> mapped = output.map(*offset, payload.weightBytes);
    if (!mapped)
      return mapped.takeError();
    Status failed = payload.fillWeights(*mapped, payload.weightBytes);
    output.unmap(*mapped, payload.weightBytes);
    if (failed)
      return failed;
  }
  return output.publish();
}
