//===- StopStrings.h - Stop strings in streamed text ------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_STOPSTRINGS_H
#define HONE_LIB_RUNTIME_STOPSTRINGS_H

#include <string>
#include <string_view>
#include <vector>

namespace hone::rt {

/// Passes text through until a stop string is complete in it, wherever the pieces were cut. Text that may be the
/// beginning of a stop string is held back until that is decided.
class StopStrings {
public:
  /// Empty strings are ignored.
  explicit StopStrings(std::vector<std::string> stops);

  /// The text that is now known to stand before any stop string; nothing once `found`.
  std::string push(std::string_view text);

  /// What was held back, when no more text comes.
  std::string finish();

  bool found() const { return done; }

private:
  std::vector<std::string> stops;
  std::string held;
  bool done = false;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_STOPSTRINGS_H
