//===- MessageText.cpp - What a file holds, made fit to print -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MessageText.h"

using namespace hone;

std::string hone::quoted(std::string_view text) {
  constexpr size_t limit = 64;
  constexpr const char *hexDigits = "0123456789abcdef";
  std::string result = "'";
  for (unsigned char byte : text.substr(0, limit)) {
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      result += static_cast<char>(byte);
      continue;
    }
    result += "\\x";
    result += hexDigits[byte >> 4];
    result += hexDigits[byte & 15];
  }
  if (text.size() > limit)
    result += "...";
  return result + "'";
}
