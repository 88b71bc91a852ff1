//===- TestProgram.cpp - Small programs for the tests ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestProgram.h"

#include "hone/Support/MappedFile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>

using namespace hone;
namespace fs = std::filesystem;

std::vector<uint8_t> test::readFile(const std::string &path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file) {
    std::fprintf(stderr, "%s\n", file.error().message().c_str());
    std::abort();
  }
  return std::vector<uint8_t>(file->data(), file->data() + file->size());
}

void test::writeFile(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::FILE *file = std::fopen(path.c_str(), "wb");
  if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fclose(file) != 0)
    std::abort();
}

const std::vector<uint8_t> &test::modelObject() {
  static const std::vector<uint8_t> object = readFile(HONE_TEST_MODEL_OBJECT);
  return object;
}

static uint8_t weightByte(uint64_t i) { return static_cast<uint8_t>(i * 7 + 1); }

Payload test::makePayload(uint64_t bytes) {
  Payload payload;
  payload.weightBytes = bytes;
  payload.fillWeights = [](uint8_t *weights, uint64_t bytes) -> Status {
    for (uint64_t i = 0; i < bytes; ++i)
      weights[i] = weightByte(i);
    return std::nullopt;
  };
  for (char letter : std::string("words"))
    payload.tokenizer.push_back(letter);
  return payload;
}

LinkOptions test::options() {
  LinkOptions options;
  options.bundleDirectory = HONE_TEST_BUNDLE;
  return options;
}

std::string test::expectedLine(uint64_t bytes) {
  unsigned sum = 0;
  for (uint64_t i = 0; i < bytes; i += 4093)
    sum = sum * 31 + weightByte(i);
  int first = bytes ? weightByte(0) : -1, last = bytes ? weightByte(bytes - 1) : -1;
  return "A test: " + std::to_string(bytes) + " bytes, first " + std::to_string(first) + ", last " +
         std::to_string(last) + ", sum " + std::to_string(sum) + ", tokenizer 'words', segment yes, logits " +
         (bytes ? "3 3" : "0 0") + ", page 0";
}

Status test::writeTestProgram(const std::string &path, uint64_t bytes, const LinkOptions &options) {
  return writeProgram(modelObject().data(), modelObject().size(), makePayload(bytes), options, path);
}

std::string test::shell(const std::string &command) {
  std::FILE *pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe)
    return "cannot start";
  std::string output;
  char buffer[4096];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, pipe))
    output.append(buffer, count);
  int status = ::pclose(pipe);
  if (!output.empty() && output.back() == '\n')
    output.pop_back();
  if (status != 0)
    output = "exit " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1) + ": " + output;
  return output;
}

std::string test::freshDirectory(const std::string &name) {
  fs::path directory = fs::path(HONE_TEST_SCRATCH) / name;
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  fs::create_directories(directory, ignored);
  return directory.string();
}

std::string test::namesIn(const std::string &directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry &entry : fs::directory_iterator(directory, ignored))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : " ") + name;
  return text;
}
