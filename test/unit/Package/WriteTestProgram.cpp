//===- WriteTestProgram.cpp - One program, under bad conditions -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hone-write-test-program PATH BYTES plain|nobody|SIGNAL|cut:N: as the caller,
// as a user without rights, raising a signal while the weights are written, or
// with the first N bytes of the object.
//
//===----------------------------------------------------------------------===//

#include "TestProgram.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace hone;

/// Under the address sanitizer: lld leaks where it gives up on an input.
extern "C" const char *__asan_default_options() { return "detect_leaks=0"; }

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  std::string how = argv[3];
  std::vector<uint8_t> object = test::modelObject();
  Payload payload = test::makePayload(std::strtoull(argv[2], nullptr, 10));
  if (how == "nobody") {
    if (::geteuid() == 0 && ::seteuid(65534) != 0)
      return 2;
  } else if (how.substr(0, 4) == "cut:") {
    object.resize(std::min(object.size(), static_cast<size_t>(std::atoi(how.c_str() + 4))));
  } else if (how != "plain") {
    payload.fillWeights = [&](uint8_t *, uint64_t) -> Status {
      ::raise(std::atoi(how.c_str()));
      return std::nullopt;
    };
  }
  if (Status failed = writeProgram(object.data(), object.size(), payload, test::options(), argv[1])) {
    std::printf("%s\n", failed->message().c_str());
    return 1;
  }
  return 0;
}
