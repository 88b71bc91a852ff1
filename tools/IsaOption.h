//===- IsaOption.h - The option that names ISA levels ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_ISAOPTION_H
#define HONE_TOOLS_ISAOPTION_H

#include "CommandLine.h"
#include "hone-rt/ABI.h"

namespace hone {

/// Names of ISA levels, with commas between them.
inline void addIsaOption(CLI::App &app, std::vector<std::string> &levels, const std::string &description) {
  app.add_option("--isa", levels, description)
      ->option_text("LEVEL,...")
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>(HONE_ISA_NAMES)));
}

} // namespace hone

#endif // HONE_TOOLS_ISAOPTION_H
