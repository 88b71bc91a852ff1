//===- TestProgram.h - Small programs for the tests ------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_UNIT_PACKAGE_TESTPROGRAM_H
#define HONE_TEST_UNIT_PACKAGE_TESTPROGRAM_H

#include "hone/Package/Program.h"

#include <string>
#include <vector>

namespace hone::test {

std::vector<uint8_t> readFile(const std::string &path);
void writeFile(const std::string &path, const std::vector<uint8_t> &bytes);

/// The object of Inputs/model.c.
const std::vector<uint8_t> &modelObject();

/// `bytes` of weights, byte i being `i * 7 + 1`, and a tokenizer of "words".
Payload makePayload(uint64_t bytes);

LinkOptions options();

/// What the test runtime prints for makePayload(bytes).
std::string expectedLine(uint64_t bytes);

/// Writes makePayload(bytes) to `path`.
Status writeTestProgram(const std::string &path, uint64_t bytes, const LinkOptions &options = test::options());

/// Standard output of a shell command, without the last line break; "exit N: " before it if it failed.
std::string shell(const std::string &command);

/// An empty directory of its own for each test, left behind on failure only.
std::string freshDirectory(const std::string &name);

/// The names in a directory, one blank between them, sorted.
std::string namesIn(const std::string &directory);

} // namespace hone::test

#endif // HONE_TEST_UNIT_PACKAGE_TESTPROGRAM_H
