//===- CommandLine.h - Parsing that all of hone's CLI11 tools share --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_COMMANDLINE_H
#define HONE_TOOLS_COMMANDLINE_H

#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

namespace hone {

/// An option whose value is one of `words`; anything else is an error that lists them.
template <typename T>
void addChoice(CLI::App &app, const std::string &name, T &value, const std::string &description,
               const std::vector<std::pair<std::string, T>> &words) {
  std::string list;
  for (const auto &word : words)
    list += (list.empty() ? "" : ", ") + word.first;
  CLI::callback_t parse = [&value, words, list, name](const CLI::results_t &results) {
    for (const auto &word : words)
      if (word.first == results.front()) {
        value = word.second;
        return true;
      }
    throw CLI::ValidationError("expected one of " + list + " after " + name + ", got '" + results.front() + "'");
  };
  app.add_option(name, std::move(parse), description)->option_text("{" + list + "}");
}

/// Parses the command line. Returns the status to exit with, or nothing to go on: 0 after --help, 2 after one line that
/// says what is wrong.
inline std::optional<int> parseCommandLine(CLI::App &app, int argc, char **argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    llvm::errs() << "hone: error: " << error.what() << "; '" << app.get_name() << " --help' lists the options\n";
    return 2;
  }
  return std::nullopt;
}

} // namespace hone

#endif // HONE_TOOLS_COMMANDLINE_H
