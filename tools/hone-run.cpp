//===- hone-run.cpp - Starts a program ----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A generated program carries its own runtime, so running it is starting it. This tool gives the commands of the
// program names beside those of the compiler, and tells a program from any other file.

#include "hone/Support/ProgramCheck.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

struct Command {
  const char *name;
  const char *argument; ///< what the program is told first, or null
  const char *help;
};

constexpr Command commands[] = {
    {"run", nullptr,
     "Runs a program: one answer to a prompt.\n\nusage: hone run PROGRAM --prompt TEXT [OPTIONS]\n"
     "Example: hone run ./smollm2 --prompt 'Why is the sky blue?'\n"},
    {"chat", "chat",
     "Talks to a program.\n\nusage: hone chat PROGRAM [OPTIONS]\nExample: hone chat ./smollm2 --temperature 0.2\n"},
    {"bench", "bench",
     "Measures a program beside the limits of the machine, kernel by kernel, or two programs side by side.\n\n"
     "usage: hone bench PROGRAM [OPTIONS]\n       hone bench --compare PROGRAM OTHER [OPTIONS]\n"
     "Example: hone bench ./smollm2 --prompt 512 --generate 128 --depth 0,4096 --threads 1,2\n"
     "Example: hone bench ./smollm2 --profile=trace.json\n"},
};

int fail(const std::string &message) {
  std::fprintf(stderr, "hone: error: %s\n", message.c_str());
  return 1;
}

/// Checks the program `name` and gives its path. A program checks itself, but one that is damaged may never get that
/// far.
int findProgram(const std::string &name, std::string &path) {
  // A bare name means a file here, not one on PATH.
  path = name.find('/') == std::string::npos ? "./" + name : name;
  if (::access(path.c_str(), F_OK) != 0)
    return fail(path + ": " + std::strerror(errno) + "; compile one with 'hone compile MODEL -o " + name + "'");
  if (hone::Status failed = hone::checkProgram(path, hone::ProgramKind::Program))
    return fail(failed->message());
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  const Command *command = nullptr;
  for (const Command &candidate : commands)
    if (argc > 1 && !std::strcmp(argv[1], candidate.name))
      command = &candidate;
  if (!command) {
    std::fputs("usage: hone run|chat|bench PROGRAM [OPTIONS]\n", stderr);
    return 2;
  }
  bool asksHelp = argc > 2 && (!std::strcmp(argv[2], "--help") || !std::strcmp(argv[2], "-h"));
  if (argc < 3 || asksHelp) {
    std::fputs(command->help, asksHelp ? stdout : stderr);
    std::fprintf(asksHelp ? stdout : stderr, "'PROGRAM %s%s--help' shows the options.\n",
                 command->argument ? command->argument : "", command->argument ? " " : "");
    return asksHelp ? 0 : 2;
  }
  // Of two programs the first measures both.
  bool compares = !std::strcmp(command->name, "bench") && !std::strcmp(argv[2], "--compare");
  if (compares && argc < 5) {
    fail("'--compare' expects two programs after it");
    return 2;
  }
  std::string path, other;
  if (int status = findProgram(argv[compares ? 3 : 2], path))
    return status;
  if (compares)
    if (int status = findProgram(argv[4], other))
      return status;
  std::vector<char *> arguments{path.data()};
  if (command->argument)
    arguments.push_back(const_cast<char *>(command->argument));
  char compare[] = "--compare";
  if (compares)
    arguments.insert(arguments.end(), {compare, other.data()});
  arguments.insert(arguments.end(), argv + (compares ? 5 : 3), argv + argc);
  arguments.push_back(nullptr);
  ::execv(path.c_str(), arguments.data());
  return fail(path + ": cannot be started: " + std::strerror(errno));
}
