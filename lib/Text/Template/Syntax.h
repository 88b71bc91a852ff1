//===- Syntax.h - The syntax tree of a template -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_SYNTAX_H
#define HONE_LIB_TEXT_TEMPLATE_SYNTAX_H

#include "Value.h"

#include <memory>
#include <string>
#include <vector>

namespace hone::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum Kind {
    /// `constant`; a string's text is `name`.
    Constant,
    Name,
    /// Operands: items; of Dict: key, value, key, value.
    List,
    Tuple,
    Dict,
    /// Operands: object. `name` is the attribute.
    Attribute,
    /// Operands: object, index.
    Subscript,
    /// Operands: object, start, stop, step; absent ones are null.
    Slice,
    /// Operands: callee, arguments. The last `keywords.size()` arguments are by keyword.
    Call,
    /// Operands: input, arguments. `name` is the filter or test.
    Filter,
    Test,
    /// Operands: the value. `name` is "-", "+" or "not".
    Unary,
    /// Operands: left, right. `name` is the operator, "and", "or", "in" or "not in".
    Binary,
    /// Operands: the parts of a ~ b ~ c.
    Concatenate,
    /// Operands: a, b, c of a < b < c; `keywords` are the operators between them.
    Compare,
    /// Operands: value, condition, value otherwise (null if absent).
    Conditional
  };

  Kind kind;
  uint32_t line;
  /// Levels of expressions below and including this one.
  uint32_t depth = 1;
  std::string name;
  Value constant;
  std::vector<ExpressionPtr> operands;
  std::vector<std::string> keywords;
};

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum Kind {
    /// `text`.
    Data,
    /// `value`.
    Print,
    /// `names` take the items of `value`, filtered by `condition`; `body`, or `otherwise` if there was no item.
    For,
    /// `condition`, `body`, `otherwise`; an elif is an If in `otherwise`.
    If,
    /// `names` or the attribute `text` of `names[0]` take `value`.
    Set,
    /// `names[0]` takes the output of `body`, through the filters of `value` if any, whose innermost input is null.
    SetBlock,
    /// `text` is the name, `names` the parameters; the last ones have `defaults`.
    Macro,
    /// {% generation %}: `body`.
    Generation,
    Break,
    Continue
  };

  Kind kind;
  uint32_t line;
  std::string text;
  std::vector<std::string> names;
  ExpressionPtr value, condition;
  std::vector<ExpressionPtr> defaults;
  Block body, otherwise;
};

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_SYNTAX_H
