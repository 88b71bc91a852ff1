//===- SectionObject.cpp - The packager's own link input ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SectionObject.h"

#include "hone/Support/ProgramNote.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <elf.h>
#include <string>

using namespace hone;

namespace {

/// Indices into the section header table, in its order.
enum SectionIndex : uint16_t {
  Null,
  Weights,
  Tokenizer,
  Note,
  Interp,
  Bss,
  NoteRelocations,
  Symbols,
  Names,
  NoStack,
  Count
};

/// Indices into the symbol table, in its order.
enum SymbolIndex : uint32_t { NoSymbol, WeightsBegin, WeightsEnd, TokenizerBegin, TokenizerEnd, Module, SymbolCount };

/// Lays out the file: the header, the contents of the sections in their order, the section headers.
class ObjectWriter {
public:
  ObjectWriter() : bytes(sizeof(Elf64_Ehdr)) { names.push_back('\0'); }

  uint32_t addName(const char *name) {
    uint32_t offset = names.size();
    names.append(name).push_back('\0');
    return offset;
  }

  Elf64_Shdr &addSection(SectionIndex index, const char *name, uint32_t type, uint64_t flags, uint64_t align) {
    Elf64_Shdr &section = sections[index];
    section.sh_name = addName(name);
    section.sh_type = type;
    section.sh_flags = flags;
    section.sh_addralign = align;
    return section;
  }

  void addContent(SectionIndex index, const void *content, size_t length) {
    Elf64_Shdr &section = sections[index];
    align(section.sh_addralign);
    section.sh_offset = bytes.size();
    section.sh_size = length;
    const uint8_t *begin = static_cast<const uint8_t *>(content);
    bytes.insert(bytes.end(), begin, begin + length);
  }

  std::vector<uint8_t> finish() {
    addContent(Names, names.data(), names.size());
    align(8);
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shoff = bytes.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = Count;
    header.e_shstrndx = Names;
    std::memcpy(bytes.data(), &header, sizeof header);
    const uint8_t *table = reinterpret_cast<const uint8_t *>(sections);
    bytes.insert(bytes.end(), table, table + sizeof sections);
    return std::move(bytes);
  }

private:
  void align(uint64_t alignment) { bytes.resize((bytes.size() + alignment - 1) / alignment * alignment); }

  std::vector<uint8_t> bytes;
  std::string names;
  Elf64_Shdr sections[Count] = {};
};

} // namespace

std::vector<uint8_t> hone::makeSectionObject(uint64_t weightBytes, uint64_t weightAlignment,
                                             const std::vector<uint8_t> &tokenizer) {
  ObjectWriter writer;
  writer.addSection(Weights, ".hone.weights", SHT_NOBITS, SHF_ALLOC, weightAlignment).sh_size =
      std::max<uint64_t>(weightBytes, 1);
  writer.addSection(Tokenizer, ".hone.tokenizer", SHT_PROGBITS, SHF_ALLOC, 64);
  writer.addContent(Tokenizer, tokenizer.data(), tokenizer.size());

  struct {
    Elf64_Nhdr header;
    char owner[8];
    ProgramNote description;
  } note = {
      {sizeof programNoteOwner, sizeof(ProgramNote), programNoteType}, {}, {programNoteVersion, 0, 0, 0, 0, 0, 0, 0}};
  // Four-byte alignment, as for most notes; without padding of the fields after the 12 bytes of the header.
  std::memcpy(note.owner, programNoteOwner, sizeof programNoteOwner);
  std::vector<uint8_t> content;
  auto append = [&](const void *from, size_t length) {
    const uint8_t *begin = static_cast<const uint8_t *>(from);
    content.insert(content.end(), begin, begin + length);
  };
  append(&note.header, sizeof note.header);
  append(note.owner, sizeof note.owner);
  uint64_t descriptionAt = content.size();
  append(&note.description, sizeof note.description);
  writer.addSection(Note, ".note.hone", SHT_NOTE, SHF_ALLOC, 4);
  writer.addContent(Note, content.data(), content.size());

  writer.addSection(Interp, ".hone.interp", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 1);
  writer.addContent(Interp, nullptr, 0);

  // The linker script places the weights after the output section `.bss`, so there must be one, used or not.
  constexpr uint64_t retain = 1u << 21; // SHF_GNU_RETAIN
  writer.addSection(Bss, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | retain, 8).sh_size = 8;

  Elf64_Rela relocations[] = {
      {descriptionAt + offsetof(ProgramNote, module), ELF64_R_INFO(Module, R_X86_64_PC64), 0},
      {descriptionAt + offsetof(ProgramNote, weightsBegin), ELF64_R_INFO(WeightsBegin, R_X86_64_PC64), 0},
      {descriptionAt + offsetof(ProgramNote, weightsEnd), ELF64_R_INFO(WeightsEnd, R_X86_64_PC64), 0},
      {descriptionAt + offsetof(ProgramNote, tokenizerBegin), ELF64_R_INFO(TokenizerBegin, R_X86_64_PC64), 0},
      {descriptionAt + offsetof(ProgramNote, tokenizerEnd), ELF64_R_INFO(TokenizerEnd, R_X86_64_PC64), 0},
  };
  Elf64_Shdr &relocationSection = writer.addSection(NoteRelocations, ".rela.note.hone", SHT_RELA, SHF_INFO_LINK, 8);
  relocationSection.sh_link = Symbols;
  relocationSection.sh_info = Note;
  relocationSection.sh_entsize = sizeof(Elf64_Rela);
  writer.addContent(NoteRelocations, relocations, sizeof relocations);

  Elf64_Sym symbols[SymbolCount] = {};
  auto define = [&](SymbolIndex index, const char *name, SectionIndex section, uint64_t value) {
    symbols[index] = {writer.addName(name), ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), STV_HIDDEN, section, value, 0};
  };
  define(WeightsBegin, "hone_weights_begin", Weights, 0);
  define(WeightsEnd, "hone_weights_end", Weights, weightBytes);
  define(TokenizerBegin, "hone_tokenizer_begin", Tokenizer, 0);
  define(TokenizerEnd, "hone_tokenizer_end", Tokenizer, tokenizer.size());
  define(Module, "hone_program_module", Null, 0);
  Elf64_Shdr &symbolSection = writer.addSection(Symbols, ".symtab", SHT_SYMTAB, 0, 8);
  symbolSection.sh_link = Names;
  symbolSection.sh_info = 1; // the first symbol that is not local
  symbolSection.sh_entsize = sizeof(Elf64_Sym);
  writer.addContent(Symbols, symbols, sizeof symbols);

  writer.addSection(NoStack, ".note.GNU-stack", SHT_PROGBITS, 0, 1);
  writer.addSection(Names, ".strtab", SHT_STRTAB, 0, 1);
  return writer.finish();
}
