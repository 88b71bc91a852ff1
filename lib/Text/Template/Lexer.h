//===- Lexer.h - Splits a template into tokens ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_LEXER_H
#define HONE_LIB_TEXT_TEMPLATE_LEXER_H

#include "hone/Support/Error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hone::text::jinja {

struct Token {
  enum Kind { Data, BlockBegin, BlockEnd, VariableBegin, VariableEnd, Name, String, Integer, Float, Operator, End };

  Kind kind;
  uint32_t line;
  /// Data and strings with white space removed and escapes resolved; else as written.
  std::string text;

  bool is(Kind wanted, std::string_view wantedText) const { return kind == wanted && text == wantedText; }
};

/// "template line 3: what".
Error errorAt(uint32_t line, const std::string &what);

/// The tokens of `source`, `End` last, by the rules of Jinja 3.1's lexer with trim_blocks and lstrip_blocks: comments
/// and white space next to tags are gone, {% raw %} is data.
Result<std::vector<Token>> tokenize(std::string_view source);

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_LEXER_H
