//===- ProgramFileTest.cpp - Reading programs, good and hostile -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestProgram.h"

#include "hone-rt/ABI.h"
#include "hone/Package/ProgramFile.h"

#include "gtest/gtest.h"

#include <cstring>
#include <fcntl.h>
#include <random>
#include <unistd.h>

using namespace hone;
using namespace hone::test;

/// Opens `bytes` as a file; the message if that fails, else "opened".
static std::string openBytes(const std::string &path, const std::vector<uint8_t> &bytes) {
  writeFile(path, bytes);
  Result<ProgramFile> program = ProgramFile::open(path);
  if (program)
    return "opened";
  EXPECT_EQ(program.error().message().find('\n'), std::string::npos);
  EXPECT_EQ(program.error().message().find(path + ": "), 0u) << program.error().message();
  return program.error().message().substr(path.size() + 2);
}

TEST(ProgramFile, ReadsBack) {
  std::string path = freshDirectory("reads-back") + "/program";
  ASSERT_FALSE(writeTestProgram(path, 1000));
  Result<ProgramFile> program = ProgramFile::open(path);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ(program->abiVersion, uint32_t(HONE_ABI_VERSION));
  EXPECT_EQ(program->isaLevels, 1u << HONE_ISA_X86_64_V3);
  EXPECT_EQ(program->name, "A test");
  EXPECT_EQ(program->architecture, "llama");
  EXPECT_EQ(program->vocabulary, 11u);
  EXPECT_EQ(program->contextLength, 12u);
  EXPECT_EQ(program->maxRows, 13u);
  EXPECT_EQ(program->pagePositions, 14u);
  EXPECT_EQ(program->pageBytes, 15u);
  EXPECT_EQ(program->arenaBytes, 16u);
  EXPECT_EQ(program->workerArenaBytes, 64u);
  EXPECT_EQ(program->parameters, 17u);
  EXPECT_EQ(program->weightBytesPerToken, 18u);
  ASSERT_EQ(program->weights.size(), 2u);
  EXPECT_EQ(program->weights[0].name, "blk.0.attn_q.weight");
  EXPECT_EQ(program->weights[0].encoding, "q4_1, panel = <8x32>");
  EXPECT_EQ(program->weights[1].name, "output.weight");
  EXPECT_EQ(program->weights[1].offset, 128u);
  EXPECT_EQ(program->weights[1].bytes, 872u);
  ASSERT_EQ(program->weightBytes, 1000u);
  EXPECT_EQ(program->weightData[999], uint8_t(999 * 7 + 1));
  EXPECT_EQ(program->weightFileOffset % 4096, 0u);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(program->tokenizerData), program->tokenizerBytes), "words");
  EXPECT_FALSE(program->isShared);
  EXPECT_GT(program->codeBytes, 0u);
  EXPECT_EQ(program->fileBytes, readFile(path).size());
}

TEST(ProgramFile, RefusesForeignFiles) {
  std::string path = freshDirectory("foreign") + "/file";
  EXPECT_EQ(openBytes(path, {}), "expected a program made by hone, got an empty file");
  EXPECT_EQ(openBytes(path, {'h', 'e', 'l', 'l', 'o'}), "expected a program made by hone, got a file that is not ELF");
  EXPECT_EQ(openBytes(path, {'G', 'G', 'U', 'F', 3}),
            "expected a program made by hone, got a GGUF model; compile it first: hone compile " + path);
  EXPECT_EQ(openBytes(path, modelObject()),
            "expected a program made by hone, got an ELF file of type 1, not a program or shared library");
  EXPECT_EQ(openBytes(path, readFile("/proc/self/exe")),
            "expected a program made by hone, got an ELF file without its note '.note.hone'");
  Result<ProgramFile> directory = ProgramFile::open("/");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message(), "/: expected a regular file, got a directory");
}

// Cut anywhere, a program is refused.
TEST(ProgramFile, RefusesTruncation) {
  std::string path = freshDirectory("truncated") + "/program";
  ASSERT_FALSE(writeTestProgram(path, 10000));
  const size_t size = readFile(path).size(), edge = 4096;
  for (size_t length = size - 1; length != 0; length -= length > size - edge || length <= edge ? 1 : 41) {
    ASSERT_EQ(::truncate(path.c_str(), length), 0);
    Result<ProgramFile> program = ProgramFile::open(path);
    ASSERT_FALSE(program) << "cut to " << length << " of " << size;
  }
}

// Any byte changed: an error or a program, never a crash or a view outside the file. Run it under the sanitizers.
TEST(ProgramFile, SurvivesDamage) {
  std::string path = freshDirectory("damaged") + "/program";
  ASSERT_FALSE(writeTestProgram(path, 1000));
  const std::vector<uint8_t> bytes = readFile(path);
  std::vector<size_t> places;
  for (size_t i = 0; i < 4096; ++i)
    places.push_back(i);
  std::mt19937 random(1);
  for (int i = 0; i < 4000; ++i)
    places.push_back(random() % bytes.size());
  int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  unsigned opened = 0;
  for (size_t place : places) {
    uint8_t changed = bytes[place] ^ (1 + random() % 255);
    ASSERT_EQ(::pwrite(file, &changed, 1, place), 1);
    {
      Result<ProgramFile> program = ProgramFile::open(path);
      if (program) {
        unsigned sum = ++opened;
        for (uint64_t i = 0; i < program->weightBytes; ++i)
          sum += program->weightData[i];
        for (const ProgramWeight &weight : program->weights)
          for (char letter : weight.name)
            sum += letter;
        volatile unsigned used = sum;
        (void)used;
      }
    }
    ASSERT_EQ(::pwrite(file, &bytes[place], 1, place), 1);
  }
  ::close(file);
  EXPECT_GT(opened, 0u);
  EXPECT_LT(opened, places.size());
}

/// A program whose module descriptor `change` has altered; it is found by its ABI version and ISA levels.
static std::string openWithModule(const std::string &path, const std::vector<uint8_t> &bytes,
                                  void (*change)(hone_module &)) {
  std::vector<uint8_t> changed = bytes;
  hone_module module;
  for (size_t at = 0; at + sizeof module <= changed.size(); at += 8) {
    std::memcpy(&module, changed.data() + at, sizeof module);
    if (module.abi_version == HONE_ABI_VERSION && module.vocabulary == 11 && module.context_length == 12) {
      change(module);
      std::memcpy(changed.data() + at, &module, sizeof module);
      return openBytes(path, changed);
    }
  }
  return "no module found";
}

TEST(ProgramFile, ChecksTheModule) {
  std::string path = freshDirectory("module") + "/program";
  ASSERT_FALSE(writeTestProgram(path, 1000));
  std::vector<uint8_t> bytes = readFile(path);
  std::string current = std::to_string(HONE_ABI_VERSION), other = std::to_string(HONE_ABI_VERSION + 1);
  EXPECT_EQ(openWithModule(path, bytes, [](hone_module &) {}), "opened");
  EXPECT_EQ(openWithModule(path, bytes, [](hone_module &module) { module.abi_version = HONE_ABI_VERSION + 1; }),
            "expected module ABI " + current + ", got " + other +
                "; compile the model again with this version of hone");
  EXPECT_EQ(openWithModule(path, bytes, [](hone_module &module) { module.weight_count = uint64_t(1) << 60; }),
            "the program is damaged: its table of 1152921504606846976 weights is not in the file");
  EXPECT_EQ(openWithModule(path, bytes, [](hone_module &module) { module.weights = nullptr; }),
            "the program is damaged: the name or encoding of weight 0 is not a text");
  EXPECT_EQ(openWithModule(path, bytes, [](hone_module &module) { module.name = reinterpret_cast<char *>(-1); }),
            "the program is damaged: its name or architecture is not a text");
}

// A smaller weight section than the table of weights needs.
TEST(ProgramFile, ChecksTheWeights) {
  std::string path = freshDirectory("weights") + "/program";
  ASSERT_FALSE(writeTestProgram(path, 900));
  EXPECT_EQ(openBytes(path, readFile(path)),
            "the program is damaged: weight 'output.weight' of 872 bytes at offset 128 does not fit into the 900 bytes "
            "of '.hone.weights' at a multiple of 64");
}
