//===- ProgramTest.cpp - Generated programs run and survive tools ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestProgram.h"

#include "hone/Package/ProgramFile.h"

#include "gtest/gtest.h"

#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <sys/statvfs.h>
#include <thread>

using namespace hone;
using namespace hone::test;
namespace fs = std::filesystem;

static ::testing::AssertionResult succeeded(const Status &status) {
  if (!status)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status->message();
}

/// The weights of the program at `path`, as bytes.
static std::vector<uint8_t> weightsOf(const std::string &path) {
  Result<ProgramFile> program = ProgramFile::open(path);
  if (!program) {
    ADD_FAILURE() << program.error().message();
    return {};
  }
  return std::vector<uint8_t>(program->weightData, program->weightData + program->weightBytes);
}

// The program sees its weights, tokenizer, module and step, at every size around the limits of pages and alignment.
TEST(Program, Runs) {
  std::string path = freshDirectory("runs") + "/program";
  for (uint64_t bytes : {uint64_t(0), uint64_t(1000), uint64_t(4096), uint64_t(4097), uint64_t(1) << 20,
                         (uint64_t(64) << 20) - 1, uint64_t(64) << 20, (uint64_t(64) << 20) + 12345}) {
    SCOPED_TRACE(bytes);
    ASSERT_TRUE(succeeded(writeTestProgram(path, bytes)));
    EXPECT_EQ(shell(path), expectedLine(bytes));
  }
}

TEST(Program, RunsWithoutTokenizer) {
  std::string path = freshDirectory("no-tokenizer") + "/program";
  Payload payload = makePayload(1000);
  payload.tokenizer.clear();
  ASSERT_TRUE(succeeded(writeProgram(modelObject().data(), modelObject().size(), payload, options(), path)));
  EXPECT_NE(shell(path).find("tokenizer ''"), std::string::npos);
}

// What packagers of distributions do to a program leaves its weights and its behaviour alone.
TEST(Program, SurvivesStripAndObjcopy) {
  std::string directory = freshDirectory("strip");
  const std::string tools = HONE_TEST_TOOLS;
  const std::string commands[] = {
      "strip",
      "strip --strip-unneeded",
      "objcopy",
      "objcopy --strip-all",
      tools + "/llvm-strip",
      tools + "/llvm-strip --strip-unneeded",
      tools + "/llvm-objcopy",
      tools + "/llvm-objcopy --strip-all",
      tools + "/llvm-objcopy --strip-sections",
  };
  for (uint64_t bytes : {uint64_t(100000), (uint64_t(64) << 20) + 777}) {
    for (bool keepSymbols : {false, true}) {
      if (bytes > 100000 && !keepSymbols)
        continue; // once is enough for the slow size
      std::string path = directory + "/program";
      LinkOptions linkOptions = options();
      linkOptions.keepSymbols = keepSymbols;
      ASSERT_TRUE(succeeded(writeTestProgram(path, bytes, linkOptions)));
      std::vector<uint8_t> weights = weightsOf(path);
      for (const std::string &command : commands) {
        SCOPED_TRACE(command + " of " + std::to_string(bytes) + (keepSymbols ? " with symbols" : ""));
        std::string copy = directory + "/copy";
        fs::copy_file(path, copy, fs::copy_options::overwrite_existing);
        ASSERT_EQ(shell(command + " " + copy), "");
        EXPECT_EQ(shell(copy), expectedLine(bytes));
        EXPECT_TRUE(weightsOf(copy) == weights);
        if (keepSymbols && command.find("strip") != std::string::npos) {
          EXPECT_LT(fs::file_size(copy), fs::file_size(path));
        }
      }
    }
  }
}

TEST(Program, WeightsAreASection) {
  std::string path = freshDirectory("section") + "/program";
  ASSERT_TRUE(succeeded(writeTestProgram(path, 100000)));
  std::string dump = path + ".weights";
  ASSERT_EQ(shell(std::string(HONE_TEST_TOOLS) + "/llvm-objcopy --dump-section=.hone.weights=" + dump + " " + path +
                  " " + path + ".copy"),
            "");
  EXPECT_TRUE(readFile(dump) == weightsOf(path));
}

TEST(Program, KeepsSymbolsOnlyIfAsked) {
  std::string path = freshDirectory("symbols") + "/program";
  std::string list = std::string(HONE_TEST_TOOLS) + "/llvm-nm " + path + " 2>/dev/null | grep -c hone_weights_begin";
  LinkOptions linkOptions = options();
  linkOptions.keepSymbols = true;
  ASSERT_TRUE(succeeded(writeTestProgram(path, 1000, linkOptions)));
  EXPECT_EQ(shell(list), "1");
  ASSERT_TRUE(succeeded(writeTestProgram(path, 1000)));
  EXPECT_NE(shell(list), "1");
}

// A shared library exports the API and nothing else, and two of them in one process do not mix.
TEST(Program, SharedLibrary) {
  std::string directory = freshDirectory("shared");
  LinkOptions linkOptions = options();
  linkOptions.shared = true;
  auto describe = [&](const std::string &path) -> std::string {
    void *library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!library)
      return ::dlerror();
    auto call = reinterpret_cast<const char *(*)()>(::dlsym(library, "hone_test_describe"));
    return call ? call() : "hone_test_describe is not exported";
  };
  ASSERT_TRUE(succeeded(writeTestProgram(directory + "/a.so", 5000, linkOptions)));
  ASSERT_TRUE(succeeded(writeTestProgram(directory + "/b.so", 70000, linkOptions)));
  EXPECT_EQ(describe(directory + "/a.so"), expectedLine(5000));
  EXPECT_EQ(describe(directory + "/b.so"), expectedLine(70000));
  EXPECT_EQ(shell(std::string(HONE_TEST_TOOLS) + "/llvm-nm --dynamic --defined-only --format=just-symbols " +
                  directory + "/a.so"),
            "hone_test_describe");

  Result<ProgramFile> program = ProgramFile::open(directory + "/a.so");
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_TRUE(program->isShared);
  fs::copy_file(directory + "/a.so", directory + "/stripped.so"); // a.so itself is mapped
  ASSERT_EQ(shell("strip " + directory + "/stripped.so"), "");
  EXPECT_EQ(describe(directory + "/stripped.so"), expectedLine(5000));
}

// Same inputs, same bytes: in one process, after other links, in another folder.
TEST(Program, IsDeterministic) {
  std::string directory = freshDirectory("deterministic");
  fs::create_directory(directory + "/elsewhere");
  for (bool shared : {false, true}) {
    LinkOptions linkOptions = options();
    linkOptions.shared = shared;
    linkOptions.keepSymbols = true;
    ASSERT_TRUE(succeeded(writeTestProgram(directory + "/first", 100000, linkOptions)));
    ASSERT_TRUE(succeeded(writeTestProgram(directory + "/other", 1000, linkOptions)));
    ASSERT_TRUE(succeeded(writeTestProgram(directory + "/elsewhere/second-name", 100000, linkOptions)));
    EXPECT_TRUE(readFile(directory + "/first") == readFile(directory + "/elsewhere/second-name"));
    EXPECT_TRUE(readFile(directory + "/first") != readFile(directory + "/other"));
  }
}

// Paths, names of temporary files and the like must not get in.
TEST(Program, NamesNoPlace) {
  std::string path = freshDirectory("places") + "/program";
  LinkOptions linkOptions = options();
  linkOptions.keepSymbols = true;
  ASSERT_TRUE(succeeded(writeTestProgram(path, 1000, linkOptions)));
  std::vector<uint8_t> bytes = readFile(path);
  std::string text(bytes.begin(), bytes.end());
  for (const char *place : {HONE_TEST_SCRATCH, HONE_TEST_BUNDLE, "/proc/self", ".tmp"})
    EXPECT_EQ(text.find(place), std::string::npos) << place;
}

TEST(Program, ManyThreadsMayWrite) {
  std::string directory = freshDirectory("threads");
  std::vector<std::thread> threads;
  std::vector<Status> results(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] { results[i] = writeTestProgram(directory + "/" + std::to_string(i), 1000 + i); });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(succeeded(results[i]));
    EXPECT_EQ(shell(directory + "/" + std::to_string(i)), expectedLine(1000 + i));
  }
}

// Weights beyond what 32-bit distances reach: the program finds both ends, stripped or not.
TEST(Program, HugeWeights) {
  constexpr uint64_t bytes = 5500000001;
  std::string directory = freshDirectory("huge");
  struct statvfs disk;
  ASSERT_EQ(::statvfs(directory.c_str(), &disk), 0);
  if (disk.f_bavail < 2 * bytes / disk.f_frsize)
    GTEST_SKIP() << "needs " << bytes << " bytes of disk in " << directory;
  std::string path = directory + "/program";
  Payload payload = makePayload(bytes);
  payload.fillWeights = [](uint8_t *weights, uint64_t bytes) -> Status {
    weights[0] = 11;
    weights[bytes - 1] = 22;
    return std::nullopt;
  };
  auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(succeeded(writeProgram(modelObject().data(), modelObject().size(), payload, options(), path)));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  std::string line = shell(path);
  EXPECT_NE(line.find("5500000001 bytes, first 11, last 22,"), std::string::npos) << line;
  EXPECT_NE(line.find("segment yes"), std::string::npos) << line;
  Result<ProgramFile> program = ProgramFile::open(path);
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ(program->weightFileOffset % (2 << 20), 0u);
  EXPECT_EQ(program->weightData[bytes - 1], 22);
  fs::remove_all(directory);
}

// 2.34 is where threads moved into libc; neither the link nor the C++ library may raise that unnoticed.
TEST(Program, NeedsLibcAlone) {
  std::string path = freshDirectory("libc") + "/program";
  ASSERT_TRUE(succeeded(writeTestProgram(path, 1000)));
  Result<ProgramFile> program = ProgramFile::open(path);
  ASSERT_TRUE(program) << program.error().message();
  ASSERT_EQ(program->neededLibraries.size(), 1u);
  EXPECT_EQ(program->neededLibraries[0], "libc.so.6");
  EXPECT_EQ(program->minimumGlibc, "2.34");
}
