//===- ProgramFile.cpp - Reading generated programs -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Package/ProgramFile.h"

#include "ElfImage.h"
#include "hone-rt/ABI.h"
#include "hone/Support/ProgramCheck.h"

using namespace hone;

/// The address that a pointer in the file holds: the link stores it beside the relocation that adds the load address.
template <typename T> static uint64_t addressIn(T *pointer) { return reinterpret_cast<uint64_t>(pointer); }

Result<ProgramFile> ProgramFile::open(const std::string &path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  ProgramFile program(std::move(*file));
  if (Status failed = program.read(path))
    return *failed;
  return program;
}

Status ProgramFile::read(const std::string &path) {
  Result<ElfImage> parsed = ElfImage::parse(file.data(), file.size(), path);
  if (!parsed)
    return parsed.takeError();
  const ElfImage &image = *parsed;
  fileBytes = file.size();
  isShared = !image.segment(PT_INTERP);
  for (const Elf64_Phdr &segment : image.segments())
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X))
      codeBytes += segment.p_filesz;

  auto damaged = [&](const std::string &what) { return Error(path + ": the program is damaged: " + what); };
  uint64_t noteAddress = image.noteAddress(programNoteOwner, programNoteType, sizeof(uint32_t));
  if (noteAddress == 0)
    return Error(path + ": expected a program made by hone, got an ELF file without its note '.note.hone'");
  std::optional<ProgramNote> note = image.valueAt<ProgramNote>(noteAddress);
  if (!note)
    return damaged("its note '.note.hone' is in no loaded segment");
  if (note->version != programNoteVersion)
    return Error(path + ": expected program layout " + std::to_string(programNoteVersion) + ", got " +
                 std::to_string(note->version) + "; compile the model again with this version of hone");
  auto target = [&](size_t field, int64_t distance) { return noteAddress + field + static_cast<uint64_t>(distance); };

  uint64_t moduleAddress = target(offsetof(ProgramNote, module), note->module);
  std::optional<uint32_t> version = image.valueAt<uint32_t>(moduleAddress);
  if (!version)
    return damaged("its module descriptor lies outside the file");
  if (*version != HONE_ABI_VERSION)
    return Error(path + ": expected module ABI " + std::to_string(HONE_ABI_VERSION) + ", got " +
                 std::to_string(*version) + "; compile the model again with this version of hone");
  std::optional<hone_module> module = image.valueAt<hone_module>(moduleAddress);
  if (!module)
    return damaged("its module descriptor lies outside the file");
  abiVersion = module->abi_version;
  isaLevels = module->isa_levels;
  vocabulary = module->vocabulary;
  contextLength = module->context_length;
  maxRows = module->max_rows;
  pagePositions = module->page_positions;
  pageBytes = module->page_bytes;
  arenaBytes = module->arena_bytes;
  workerArenaBytes = module->worker_arena_bytes;
  parameters = module->parameters;
  weightBytesPerToken = module->weight_bytes_per_token;
  std::optional<std::string_view> nameText = image.textAt(addressIn(module->name));
  std::optional<std::string_view> architectureText = image.textAt(addressIn(module->architecture));
  if (!nameText || !architectureText)
    return damaged("its name or architecture is not a text");
  name = *nameText;
  architecture = *architectureText;

  auto section = [&](uint64_t begin, uint64_t end, const char *what, const uint8_t *&data, uint64_t &bytes) -> Status {
    if (begin > end)
      return damaged(std::string("section '") + what + "' ends before it begins");
    bytes = end - begin;
    if (bytes == 0)
      return std::nullopt;
    data = image.at(begin, bytes);
    if (!data)
      return damaged(std::string("section '") + what + "' of " + std::to_string(bytes) + " bytes is not in the file");
    return std::nullopt;
  };
  uint64_t weightsBegin = target(offsetof(ProgramNote, weightsBegin), note->weightsBegin);
  if (Status failed = section(weightsBegin, target(offsetof(ProgramNote, weightsEnd), note->weightsEnd),
                              ".hone.weights", weightData, weightBytes))
    return failed;
  if (weightData)
    weightFileOffset = image.fileOffset(weightsBegin);
  if (Status failed = section(target(offsetof(ProgramNote, tokenizerBegin), note->tokenizerBegin),
                              target(offsetof(ProgramNote, tokenizerEnd), note->tokenizerEnd), ".hone.tokenizer",
                              tokenizerData, tokenizerBytes))
    return failed;

  if (std::optional<ElfImage::Section> kernels = image.section(".hone.text")) {
    kernelAddress = kernels->address;
    kernelData = kernels->data;
    kernelBytes = kernels->bytes;
  }

  uint64_t count = module->weight_count;
  const uint8_t *table = nullptr;
  if (count != 0 && count <= file.size() / sizeof(hone_weight))
    table = image.at(addressIn(module->weights), count * sizeof(hone_weight));
  if (count != 0 && !table)
    return damaged("its table of " + std::to_string(count) + " weights is not in the file");
  weights.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    hone_weight entry;
    std::memcpy(&entry, table + i * sizeof entry, sizeof entry);
    std::optional<std::string_view> weightName = image.textAt(addressIn(entry.name));
    std::optional<std::string_view> encoding = image.textAt(addressIn(entry.encoding));
    if (!weightName || !encoding)
      return damaged("the name or encoding of weight " + std::to_string(i) + " is not a text");
    if (entry.offset % 64 != 0 || entry.offset > weightBytes || entry.bytes > weightBytes - entry.offset)
      return damaged("weight '" + std::string(*weightName) + "' of " + std::to_string(entry.bytes) +
                     " bytes at offset " + std::to_string(entry.offset) + " does not fit into the " +
                     std::to_string(weightBytes) + " bytes of '.hone.weights' at a multiple of 64");
    weights.push_back({*weightName, *encoding, entry.offset, entry.bytes});
  }

  std::optional<ElfImage::Dynamic> dynamic = image.dynamic();
  if (!dynamic)
    return damaged("its dynamic section is not readable");
  minimumGlibc = dynamic->minimumGlibc;
  neededLibraries = std::move(dynamic->neededLibraries);

  // Last, because it cannot say what is wrong.
  ProgramInMemory bytes(file.data(), file.size());
  Result<ProgramHeaders> headers = readProgramHeaders(bytes);
  if (note->digest != 0 && (!headers || digestProgram(*headers, bytes) != note->digest))
    return damaged("its code, tables or tokenizer are not what 'hone compile' wrote; copy or compile it again");
  return std::nullopt;
}
