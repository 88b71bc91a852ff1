//===- Parser.h - Tokens to the syntax tree ---------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_PARSER_H
#define HONE_LIB_TEXT_TEMPLATE_PARSER_H

#include "Lexer.h"
#include "Syntax.h"

#include <initializer_list>

namespace hone::text::jinja {

/// Reads expressions from a list of tokens. The first error stays; after it every call returns null.
class ExpressionParser {
public:
  /// `tokens` ends with Token::End and outlives the parser.
  explicit ExpressionParser(const std::vector<Token> &tokens) : tokens(tokens) {}

protected:
  static constexpr uint32_t maxNesting = 150;

  /// One expression, or several separated by commas as a tuple. Without `conditional`, a following "if" is left.
  ExpressionPtr parseTuple(bool conditional = true);
  ExpressionPtr parseExpression(bool conditional = true);
  /// The filters that follow, applied to `input` (null for the input of a set block).
  ExpressionPtr parseFilters(ExpressionPtr input);

  const Token &peek() const { return tokens[at]; }
  bool peekOperator(std::string_view text) const { return peek().is(Token::Operator, text); }
  bool peekName(std::string_view text) const { return peek().is(Token::Name, text); }
  bool skipOperator(std::string_view text);
  bool skipName(std::string_view text);
  bool expectOperator(std::string_view text);
  /// The text of a name token; fails and returns "" otherwise.
  std::string expectName(const char *what);
  void fail(const std::string &what);
  /// "expected `what`, got <the next token>".
  void failExpected(const std::string &what);

  const std::vector<Token> &tokens;
  size_t at = 0;
  uint32_t nesting = 0;
  std::optional<Error> error;

private:
  ExpressionPtr make(Expression::Kind kind, std::string name = {});
  /// Adds an operand, which may be null.
  void add(ExpressionPtr &parent, ExpressionPtr operand);
  ExpressionPtr parseLeft(Token::Kind kind, std::initializer_list<std::string_view> operators,
                          ExpressionPtr (ExpressionParser::*next)());
  ExpressionPtr parseConditional();
  ExpressionPtr parseOr();
  ExpressionPtr parseAnd();
  ExpressionPtr parseNot();
  ExpressionPtr parseCompare();
  ExpressionPtr parseSum();
  ExpressionPtr parseConcatenation();
  ExpressionPtr parseProduct();
  ExpressionPtr parsePower();
  ExpressionPtr parseSigned();
  ExpressionPtr parseUnary(bool withFilters);
  ExpressionPtr parsePrimary();
  ExpressionPtr parseNumber();
  ExpressionPtr parseDict();
  ExpressionPtr parseList();
  ExpressionPtr parsePostfix(ExpressionPtr object);
  ExpressionPtr parseSubscript(ExpressionPtr object);
  ExpressionPtr parseTest(ExpressionPtr input);
  void parseArguments(ExpressionPtr &call);
};

/// The statements of a template.
Result<Block> parseTemplate(std::string_view source);

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_PARSER_H
