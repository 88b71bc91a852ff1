//===- StreamDecoder.cpp - Text from ids as they arrive -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Unicode.h"
#include "hone/Text/Tokenizer.h"

using namespace hone::text;

std::string StreamDecoder::push(int32_t id) {
  if (skipSpecial && tokenizer->isControl(id))
    return {};
  pending += tokenizer->tokenBytes(id);
  std::string text;
  std::string_view rest = pending;
  while (!rest.empty()) {
    CodePoint point = decodeUTF8(rest);
    if (point.truncated)
      break;
    if (point.value == invalidCodePoint)
      appendUTF8(text, 0xFFFD);
    else
      text += rest.substr(0, point.length);
    rest.remove_prefix(point.length);
  }
  pending.erase(0, pending.size() - rest.size());
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  // A held-back sequence is one maximal subpart.
  if (!pending.empty())
    appendUTF8(text, 0xFFFD);
  pending.clear();
  return text;
}
