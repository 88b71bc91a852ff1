//===- OutputTest.cpp - Failures leave one line and no file ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestProgram.h"

#include "gtest/gtest.h"

#include <csignal>
#include <filesystem>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace hone;
using namespace hone::test;
namespace fs = std::filesystem;

/// The message of a write that is expected to fail; checks that it is one line.
static std::string failureOf(const Status &status) {
  if (!status)
    return "no failure";
  EXPECT_EQ(status->message().find('\n'), std::string::npos) << status->message();
  return status->message();
}

/// What the program of WriteTestProgram.cpp prints when `prefix` runs before it in a shell.
static std::string writeInChild(const std::string &prefix, const std::string &path, uint64_t bytes,
                                const std::string &how) {
  return shell(prefix + HONE_TEST_WRITER " " + path + " " + std::to_string(bytes) + " " + how);
}

TEST(Output, Directory) {
  std::string directory = freshDirectory("is-directory");
  EXPECT_EQ(failureOf(writeTestProgram(directory, 1000)),
            directory + ": expected the name of an output file, got a directory; add a file name");
  EXPECT_EQ(failureOf(writeTestProgram(directory + "/new/", 1000)),
            directory + "/new/: expected the name of an output file, got a directory; add a file name");
}

TEST(Output, Device) {
  EXPECT_EQ(failureOf(writeTestProgram("/dev/null", 1000)),
            "/dev/null: expected the name of an output file, got a device or pipe");
}

TEST(Output, EmptyName) {
  EXPECT_EQ(failureOf(writeTestProgram("", 1000)), "expected the name of an output file, got an empty one");
}

TEST(Output, MissingDirectory) {
  std::string directory = freshDirectory("missing") + "/no";
  EXPECT_EQ(failureOf(writeTestProgram(directory + "/program", 1000)),
            directory + "/program: cannot be created in '" + directory +
                "': No such file or directory; make the directory first");
}

TEST(Output, UnwritableDirectory) {
  std::string directory = freshDirectory("unwritable");
  fs::permissions(directory,
                  fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(writeInChild("", directory + "/program", 1000, "nobody"),
            "exit 1: " + directory + "/program: cannot be created in '" + directory +
                "': Permission denied; choose another place with -o");
  EXPECT_EQ(namesIn(directory), "");
}

// A file that is there is replaced only by a complete one.
TEST(Output, ReplacesOnSuccessOnly) {
  std::string directory = freshDirectory("replaces");
  std::string path = directory + "/program";
  writeFile(path, {1, 2, 3});
  Payload payload = makePayload(1000);
  payload.fillWeights = [](uint8_t *, uint64_t) -> Status { return Error("model.gguf: tensor 'x' is damaged"); };
  EXPECT_EQ(failureOf(writeProgram(modelObject().data(), modelObject().size(), payload, options(), path)),
            "model.gguf: tensor 'x' is damaged");
  EXPECT_EQ(readFile(path).size(), 3u);
  EXPECT_EQ(namesIn(directory), "program");
  EXPECT_EQ(failureOf(writeTestProgram(path, 1000)), "no failure");
  EXPECT_EQ(shell(path), expectedLine(1000));
  EXPECT_EQ(namesIn(directory), "program");
}

TEST(Output, ModeFollowsTheMask) {
  std::string path = freshDirectory("mode") + "/program";
  for (mode_t mask : {0022, 0077}) {
    mode_t before = ::umask(mask);
    EXPECT_EQ(failureOf(writeTestProgram(path, 1000)), "no failure");
    ::umask(before);
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0777 & ~mask);
  }
}

TEST(Output, FileSizeLimit) {
  std::string directory = freshDirectory("limit");
  // Too little for the inputs of the link, for its output, and for the weights. One unit is 512 or 1024 bytes.
  std::string message;
  for (const char *limit : {"1", "20"}) {
    message = writeInChild("ulimit -f " + std::string(limit) + "; ", directory + "/program", 8 << 20, "plain");
    EXPECT_EQ(message.find("exit 1: " + directory + "/program: cannot link the program: "), 0u) << message;
    EXPECT_NE(message.find("File too large"), std::string::npos) << message;
    EXPECT_EQ(namesIn(directory), "");
  }
  message = writeInChild("ulimit -f 2048; ", directory + "/program", 8 << 20, "plain");
  EXPECT_NE(message.find("exit 1: " + directory + "/program: cannot reserve 8,"), std::string::npos) << message;
  EXPECT_NE(message.find(" bytes: files are limited to 1,048,576 bytes here (see ulimit -f)"), std::string::npos)
      << message;
  EXPECT_EQ(namesIn(directory), "");
}

TEST(Output, FullDisk) {
  std::string directory = freshDirectory("full");
  if (::mount("none", directory.c_str(), "tmpfs", 0, "size=4m") != 0)
    GTEST_SKIP() << "mounting a small tmpfs is not allowed here";
  std::string message = failureOf(writeTestProgram(directory + "/program", 98400000));
  EXPECT_NE(message.find(directory + "/program: cannot reserve 100,"), std::string::npos) << message;
  EXPECT_NE(message.find(" bytes: No space left on device; free some space or choose another place with -o"),
            std::string::npos)
      << message;
  EXPECT_EQ(namesIn(directory), "");
  ::umount(directory.c_str());
}

// Killed in the middle of the longest phase, in ways that can and cannot be caught: nothing stays.
TEST(Output, KilledWhileFilling) {
  std::string directory = freshDirectory("killed");
  for (int signal : {SIGINT, SIGTERM, SIGKILL}) {
    std::string output = writeInChild("", directory + "/program", 1 << 20, std::to_string(signal));
    EXPECT_NE(output.find("exit " + std::to_string(128 + signal)), std::string::npos) << output;
    EXPECT_EQ(namesIn(directory), "");
  }
}

// Where every file has a name, that of an unfinished one goes away too, unless the process is killed outright.
TEST(Output, FileSystemWithoutUnnamedFiles) {
  std::string directory = freshDirectory("named"), path = directory + "/program";
  const std::string preload = "LD_PRELOAD=" HONE_TEST_NO_TMPFILE " ";
  EXPECT_EQ(writeInChild(preload, path, 100000, "plain"), "");
  EXPECT_EQ(shell(path), expectedLine(100000));
  EXPECT_EQ(namesIn(directory), "program");
  std::string output = writeInChild(preload, path, 1 << 20, std::to_string(SIGTERM));
  EXPECT_NE(output.find("exit " + std::to_string(128 + SIGTERM)), std::string::npos) << output;
  EXPECT_EQ(namesIn(directory), "program");
  EXPECT_EQ(
      writeInChild(preload, path, uint64_t(1) << 45, "plain").find("exit 1: " + path + ": cannot reserve 35,184,3"),
      0u);
  EXPECT_EQ(namesIn(directory), "program");
}

// What lld reports becomes one line, and is not printed.
TEST(Link, ObjectWithoutModule) {
  std::string directory = freshDirectory("no-module");
  std::string source = directory + "/empty.s", object = directory + "/empty.o";
  writeFile(source, {});
  ASSERT_EQ(shell(std::string(HONE_TEST_TOOLS) + "/llvm-mc --filetype=obj --triple=x86_64-linux-gnu " + source +
                  " -o " + object),
            "");
  std::vector<uint8_t> bytes = readFile(object);
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  std::string message =
      failureOf(writeProgram(bytes.data(), bytes.size(), makePayload(1000), options(), directory + "/program"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr() + ::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(message.find(directory + "/program: cannot link the program: undefined hidden symbol: hone_program_module"),
            0u)
      << message;
  EXPECT_EQ(namesIn(directory), "empty.o empty.s");
}

TEST(Link, NotAnObject) {
  std::string directory = freshDirectory("not-an-object");
  std::vector<uint8_t> bytes(100, 'x');
  std::string message =
      failureOf(writeProgram(bytes.data(), bytes.size(), makePayload(1000), options(), directory + "/program"));
  EXPECT_NE(message.find("cannot link the program: the compiled model"), std::string::npos) << message;
  EXPECT_EQ(namesIn(directory), "");
}

// A damaged object, on which lld gives up, ends in an error.
TEST(Link, TruncatedObject) {
  std::string directory = freshDirectory("truncated-object"), path = directory + "/program";
  for (size_t length = 0; length < modelObject().size(); length += 397) {
    std::string message = writeInChild("", path, 1000, "cut:" + std::to_string(length));
    EXPECT_EQ(message.find("exit 1: " + path + ": cannot link the program: "), 0u) << length << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(namesIn(directory), "");
  }
}

TEST(Link, MissingBundle) {
  std::string directory = freshDirectory("no-bundle");
  LinkOptions linkOptions = options();
  linkOptions.bundleDirectory = directory;
  std::string message = failureOf(writeTestProgram(directory + "/program", 1000, linkOptions));
  EXPECT_NE(message.find("/inputs.txt: cannot be opened: No such file or directory; hone's own link inputs are missing "
                         "or damaged: install hone again"),
            std::string::npos)
      << message;
  EXPECT_EQ(namesIn(directory), "");
}

TEST(Link, SharedLibraryWithoutExports) {
  std::string directory = freshDirectory("no-exports");
  writeFile(directory + "/inputs.txt", {});
  LinkOptions linkOptions = options();
  linkOptions.bundleDirectory = directory;
  linkOptions.shared = true;
  EXPECT_EQ(failureOf(writeTestProgram(directory + "/model.so", 1000, linkOptions)),
            directory +
                "/model.so: cannot link a shared library: the runtime of this hone exports no functions; make a "
                "program instead");
}

TEST(Link, DamagedBundle) {
  std::string directory = freshDirectory("damaged-bundle");
  LinkOptions linkOptions = options();
  linkOptions.bundleDirectory = directory;
  std::string text = "runtime libHoneRuntime.a\nlibrary x\n";
  writeFile(directory + "/inputs.txt", std::vector<uint8_t>(text.begin(), text.end()));
  EXPECT_EQ(
      failureOf(writeTestProgram(directory + "/program", 1000, linkOptions)),
      directory + "/program: " + directory +
          "/inputs.txt: expected 'runtime', 'archive', 'shared', 'loader' or 'export' and a name, got 'library x'");
  text = "runtime libHoneRuntime.a\n";
  writeFile(directory + "/inputs.txt", std::vector<uint8_t>(text.begin(), text.end()));
  std::string message = failureOf(writeTestProgram(directory + "/program", 1000, linkOptions));
  EXPECT_NE(message.find("cannot link the program: cannot open " + directory), std::string::npos) << message;
  EXPECT_EQ(namesIn(directory), "inputs.txt");
}
