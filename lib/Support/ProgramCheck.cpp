//===- ProgramCheck.cpp - Whether a program is whole, before it runs ------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Support/ProgramCheck.h"
#include "hone/Support/NumberText.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace hone;

namespace {

constexpr uint16_t maxSegments = 256; // programs of hone have about 14
constexpr uint64_t maxNoteBytes = 65536;
/// Bounds the work on hostile files: what a program has besides weights is a few MB.
constexpr uint64_t maxDigestBytes = uint64_t(1) << 30;

/// An open file.
class ProgramInFile : public ProgramBytes {
public:
  explicit ProgramInFile(int file) : file(file) {}
  ~ProgramInFile() override { ::close(file); }
  bool read(uint64_t offset, void *bytes, size_t count) const override {
    return offset <= INT64_MAX &&
           ::pread(file, bytes, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
  }

private:
  int file;
};

/// XXH3 of what is added, in its order.
class Digest {
public:
  Digest() { XXH3_64bits_reset(&state); }
  void add(const void *bytes, size_t count) { XXH3_64bits_update(&state, bytes, count); }
  void add(uint64_t value) { add(&value, sizeof value); }
  uint64_t finish() const { return XXH3_64bits_digest(&state); }

private:
  XXH3_state_t state;
};

} // namespace

bool ProgramInMemory::read(uint64_t offset, void *bytes, size_t count) const {
  if (offset > size || count > size - offset)
    return false;
  std::memcpy(bytes, data + offset, count);
  return true;
}

bool ProgramHeaders::isProgram() const {
  return std::any_of(segments.begin(), segments.end(),
                     [](const Elf64_Phdr &segment) { return segment.p_type == PT_INTERP; });
}

/// Looks for hone's note in a segment of notes.
static void findNote(const Elf64_Phdr &segment, const ProgramBytes &bytes, ProgramHeaders &headers) {
  std::vector<uint8_t> notes(segment.p_filesz <= maxNoteBytes ? segment.p_filesz : 0);
  if (!bytes.read(segment.p_offset, notes.data(), notes.size()))
    return;
  auto padded = [](uint64_t value) { return (value + 3) / 4 * 4; };
  Elf64_Nhdr note;
  for (uint64_t at = 0; at + sizeof note <= notes.size();) {
    std::memcpy(&note, &notes[at], sizeof note);
    uint64_t name = at + sizeof note, description = padded(name + note.n_namesz);
    if (note.n_type == programNoteType && note.n_namesz == sizeof programNoteOwner && description < notes.size() &&
        std::memcmp(&notes[name], programNoteOwner, sizeof programNoteOwner) == 0) {
      headers.noteAddress = segment.p_vaddr + description;
      headers.noteOffset = segment.p_offset + description;
      std::memcpy(&headers.note, &notes[description],
                  std::min<uint64_t>({sizeof(ProgramNote), note.n_descsz, notes.size() - description}));
      headers.weightsBegin =
          headers.noteAddress + offsetof(ProgramNote, weightsBegin) + static_cast<uint64_t>(headers.note.weightsBegin);
      return;
    }
    at = padded(description + note.n_descsz);
  }
}

Result<ProgramHeaders> hone::readProgramHeaders(const ProgramBytes &bytes) {
  ProgramHeaders headers;
  Elf64_Ehdr &file = headers.file;
  char magic[SELFMAG] = {};
  if (!bytes.read(0, magic, 1))
    return Error("an empty file");
  if (bytes.read(0, magic, sizeof magic) && std::memcmp(magic, "GGUF", sizeof magic) == 0)
    return Error("a GGUF model; compile it first with 'hone compile'");
  if (std::memcmp(magic, ELFMAG, SELFMAG) != 0)
    return Error("a file that is not ELF");
  if (!bytes.read(0, &file, sizeof file))
    return Error("an ELF file that is cut short inside its header");
  if (file.e_ident[EI_CLASS] != ELFCLASS64 || file.e_ident[EI_DATA] != ELFDATA2LSB || file.e_machine != EM_X86_64)
    return Error("an ELF file for another machine (number " + std::to_string(file.e_machine) + ")");
  if (file.e_type != ET_DYN)
    return Error("an ELF file of type " + std::to_string(file.e_type));
  if (file.e_phentsize != sizeof(Elf64_Phdr) || file.e_phnum == 0 || file.e_phnum > maxSegments)
    return Error("an ELF file with " + std::to_string(file.e_phnum) + " program headers of " +
                 std::to_string(file.e_phentsize) + " bytes");
  headers.segments.resize(file.e_phnum);
  if (!bytes.read(file.e_phoff, headers.segments.data(), file.e_phnum * sizeof(Elf64_Phdr)))
    return Error("an ELF file that is cut short inside its program headers");
  for (const Elf64_Phdr &segment : headers.segments)
    if (segment.p_type == PT_NOTE && headers.noteAddress == 0)
      findNote(segment, bytes, headers);
  return headers;
}

std::optional<uint64_t> hone::digestProgram(const ProgramHeaders &headers, const ProgramBytes &bytes) {
  const Elf64_Ehdr &file = headers.file;
  Digest digest;
  for (uint64_t value : {file.e_entry, file.e_phoff, Elf64_Off(file.e_phnum)})
    digest.add(value);
  for (const Elf64_Phdr &segment : headers.segments)
    for (uint64_t value : {Elf64_Xword(segment.p_type), Elf64_Xword(segment.p_flags), segment.p_vaddr, segment.p_filesz,
                           segment.p_memsz})
      digest.add(value);

  const uint64_t headersEnd = file.e_phoff + headers.segments.size() * sizeof(Elf64_Phdr);
  const uint64_t digestAt = headers.noteOffset + offsetof(ProgramNote, digest);
  std::vector<uint8_t> buffer(1 << 16);
  uint64_t total = 0;
  for (const Elf64_Phdr &segment : headers.segments) {
    if (segment.p_type != PT_LOAD || segment.p_vaddr > headers.weightsBegin)
      continue;
    uint64_t count = std::min(segment.p_filesz, headers.weightsBegin - segment.p_vaddr);
    for (uint64_t done = segment.p_offset == 0 ? headersEnd : 0; done < count; done += buffer.size()) {
      size_t part = std::min<uint64_t>(buffer.size(), count - done);
      uint64_t at = segment.p_offset + done;
      if ((total += part) > maxDigestBytes || !bytes.read(at, buffer.data(), part))
        return std::nullopt;
      for (uint64_t i = 0; i < sizeof(uint64_t); ++i)
        if (digestAt + i >= at && digestAt + i < at + part)
          buffer[digestAt + i - at] = 0;
      digest.add(buffer.data(), part);
    }
  }
  return std::max<uint64_t>(digest.finish(), 1);
}

Status hone::checkProgramSize(const Elf64_Phdr *segments, size_t count, uint64_t fileBytes) {
  uint64_t expected = 0;
  for (size_t i = 0; i < count; ++i)
    if (segments[i].p_type == PT_LOAD && segments[i].p_offset <= UINT64_MAX - segments[i].p_filesz)
      expected = std::max(expected, segments[i].p_offset + segments[i].p_filesz);
  if (fileBytes < expected)
    return Error("the file is cut short: expected at least " + grouped(expected) + " bytes, got " + grouped(fileBytes) +
                 "; copy or compile it again");
  return {};
}

static Status checkBytes(const ProgramBytes &bytes, uint64_t fileBytes, ProgramKind kind) {
  bool wantsProgram = kind == ProgramKind::Program;
  const std::string expected = wantsProgram ? "expected a program made by 'hone compile', got "
                                            : "expected a library made by 'hone compile --emit=shared', got ";
  Result<ProgramHeaders> headers = readProgramHeaders(bytes);
  if (!headers)
    return Error(expected + headers.error().message());
  if (Status cut = checkProgramSize(headers->segments.data(), headers->segments.size(), fileBytes))
    return cut;
  if (headers->noteAddress == 0)
    return Error(expected + "an ELF file without the note of hone");
  const ProgramNote &note = headers->note;
  if (note.version != programNoteVersion)
    return Error("expected program layout " + std::to_string(programNoteVersion) + ", got " +
                 std::to_string(note.version) + "; compile the model again with this version of hone");
  if (wantsProgram && !headers->isProgram())
    return Error(
        "expected a program, got a library; compile the model without '--emit=shared', or see docs/library.md");
  if (!wantsProgram && headers->isProgram())
    return Error("expected a library, got a program; compile the model with '--emit=shared'");
  if (note.digest != 0 && note.digest != digestProgram(*headers, bytes))
    return Error(
        "the file is damaged: its code, tables or tokenizer are not what 'hone compile' wrote; copy or compile "
        "it again");
  return {};
}

Status hone::checkProgram(const std::string &path, ProgramKind kind) {
  // Opening a pipe must not wait for a writer.
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return Error(path + ": cannot be opened: " + std::strerror(errno));
  ProgramInFile bytes(file);
  struct stat status;
  if (::fstat(file, &status) != 0)
    return Error(path + ": cannot be examined: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return Error(path + ": expected a regular file, got " +
                 (S_ISDIR(status.st_mode) ? "a directory" : "a device or pipe"));
  if (Status failed = checkBytes(bytes, static_cast<uint64_t>(status.st_size), kind))
    return Error(path + ": " + failed->message());
  return {};
}
