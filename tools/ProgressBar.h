//===- ProgressBar.h - A progress bar on a terminal -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_PROGRESSBAR_H
#define HONE_TOOLS_PROGRESSBAR_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <unistd.h>

namespace hone {

/// One line on standard error, drawn at most ten times a second and only on a terminal; nothing elsewhere.
class ProgressBar {
public:
  /// Shows `done` (0 to 1) and what is being done.
  void update(llvm::StringRef what, double done) {
    auto now = std::chrono::steady_clock::now();
    if (!isTerminal || now - drawn < std::chrono::milliseconds(100))
      return;
    drawn = now;
    constexpr int width = 30;
    int filled = static_cast<int>(done * width);
    llvm::errs() << "\r[" << std::string(filled, '#') << std::string(width - filled, ' ') << "] "
                 << static_cast<int>(done * 100) << "% " << what << "\x1b[K";
    llvm::errs().flush();
    visible = true;
  }

  /// Removes the line, so that other output can be written.
  void clear() {
    if (visible)
      llvm::errs() << "\r\x1b[K";
    visible = false;
  }

private:
  bool isTerminal = ::isatty(STDERR_FILENO);
  bool visible = false;
  std::chrono::steady_clock::time_point drawn{};
};

} // namespace hone

#endif // HONE_TOOLS_PROGRESSBAR_H
