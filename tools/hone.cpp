//===- hone.cpp - The front door: finds the sub-command -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

struct Command {
  const char *name;
  const char *tool; ///< the program that does it, beside this one
  bool keepsName;   ///< whether that program expects the sub-command as its first argument
  const char *summary;
};

constexpr Command commands[] = {
    {"compile", "hone-compile", false, "compile a model to a program"},
    {"inspect", "hone-inspect", false, "show what a model file or a program holds"},
    {"run", "hone-run", true, "run a program with a prompt"},
    {"chat", "hone-run", true, "talk to a program"},
    {"bench", "hone-run", true, "measure a program"},
    {"opt", "hone-opt", false, "run passes on textual IR"},
    {"translate", "hone-translate", false, "a model file to textual IR"},
    {"reduce", "hone-reduce", false, "make a failing module smaller"},
    {"check", "hone-check", false, "run a module that checks itself"},
    {"equiv", "hone-equiv", false, "check passes and kernels by running them"},
};

void printHelp(FILE *stream) {
  std::fputs("hone, an ahead-of-time compiler for transformer models\n\nusage: hone COMMAND [ARGUMENTS]\n\n", stream);
  for (const Command &command : commands)
    std::fprintf(stream, "  %-10s %s\n", command.name, command.summary);
  std::fputs("\n'hone COMMAND --help' shows the options of a command.\n"
             "Example: hone compile SmolLM2-135M-Instruct.Q4_1.gguf -o smollm2 && ./smollm2 chat\n",
             stream);
}

std::string getOwnFolder() {
  char path[PATH_MAX];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0)
    return ".";
  std::string text(path, static_cast<size_t>(length));
  return text.substr(0, text.rfind('/'));
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    printHelp(stderr);
    return 2;
  }
  if (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h") || !std::strcmp(argv[1], "help")) {
    printHelp(stdout);
    return 0;
  }
  if (!std::strcmp(argv[1], "--version")) {
    std::puts("hone " HONE_VERSION);
    return 0;
  }
  for (const Command &command : commands) {
    if (std::strcmp(argv[1], command.name))
      continue;
    std::string tool = getOwnFolder() + "/" + command.tool;
    char **arguments = command.keepsName ? argv : argv + 1;
    arguments[0] = tool.data();
    ::execv(tool.c_str(), arguments);
    std::fprintf(stderr, "hone: error: %s: cannot be started: %s; build or install hone completely\n", tool.c_str(),
                 std::strerror(errno));
    return 1;
  }
  std::fprintf(stderr, "hone: error: unknown command '%s'; 'hone --help' lists the commands\n", argv[1]);
  return 2;
}
