//===- hone-run.cpp - Starts a program ----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A generated program carries its own runtime, so running it is starting it. This tool gives the commands of the
// program names beside those of the compiler, and tells a program from any other file.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <elf.h>
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
     "Measures a program beside the limits of the machine.\n\nusage: hone bench PROGRAM [OPTIONS]\n"
     "Example: hone bench ./smollm2 --prompt 512 --generate 128 --threads 2 --runs 5 --json\n"},
};

int fail(const std::string &message) {
  std::fprintf(stderr, "hone: error: %s\n", message.c_str());
  return 1;
}

/// Why the file cannot be started, empty if nothing speaks against it. A program checks itself, but one that is cut
/// inside its code never gets that far.
std::string findFault(const char *path) {
  const char *foreign = "expected a program made by 'hone compile', got another kind of file";
  FILE *file = std::fopen(path, "rbe");
  if (!file)
    return std::string("cannot be opened: ") + std::strerror(errno);
  std::string fault;
  Elf64_Ehdr header;
  if (std::fread(&header, sizeof header, 1, file) != 1 || std::memcmp(header.e_ident, ELFMAG, SELFMAG) ||
      header.e_machine != EM_X86_64 || header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    fault = foreign;
  std::vector<Elf64_Phdr> segments(fault.empty() ? header.e_phnum : 0);
  if (fault.empty() && (std::fseek(file, static_cast<long>(header.e_phoff), SEEK_SET) ||
                        std::fread(segments.data(), sizeof(Elf64_Phdr), segments.size(), file) != segments.size()))
    fault = foreign;
  bool startable = false;
  for (const Elf64_Phdr &segment : segments)
    startable |= segment.p_type == PT_INTERP;
  if (fault.empty() && !startable)
    fault = "expected a program, got a library; compile the model without '--emit=shared', or see docs/library.md";
  std::fseek(file, 0, SEEK_END);
  auto bytes = static_cast<uint64_t>(std::ftell(file));
  for (const Elf64_Phdr &segment : segments)
    if (fault.empty() && segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > bytes)
      fault = "is cut short: expected at least " + std::to_string(segment.p_offset + segment.p_filesz) +
              " bytes, got " + std::to_string(bytes) + "; copy or compile it again";
  std::fclose(file);
  return fault;
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
  // A bare name means a file here, not one on PATH.
  std::string path = argv[2];
  if (path.find('/') == std::string::npos)
    path = "./" + path;
  if (::access(path.c_str(), F_OK) != 0)
    return fail(path + ": " + std::strerror(errno) + "; compile one with 'hone compile MODEL -o " + argv[2] + "'");
  if (std::string fault = findFault(path.c_str()); !fault.empty())
    return fail(path + ": " + fault);
  std::vector<char *> arguments{path.data()};
  if (command->argument)
    arguments.push_back(const_cast<char *>(command->argument));
  arguments.insert(arguments.end(), argv + 3, argv + argc);
  arguments.push_back(nullptr);
  ::execv(path.c_str(), arguments.data());
  return fail(path + ": cannot be started: " + std::strerror(errno));
}
