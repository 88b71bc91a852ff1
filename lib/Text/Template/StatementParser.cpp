//===- StatementParser.cpp - Statements of a template ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parser.h"

using namespace hone;
using namespace hone::text::jinja;

namespace {
class StatementParser : public ExpressionParser {
public:
  using ExpressionParser::ExpressionParser;

  Result<Block> run() {
    Block block = parseBlock({});
    if (error)
      return std::move(*error);
    return block;
  }

private:
  /// Less than for expressions, which stand inside.
  static constexpr uint32_t maxStatements = 100;

  /// Statements up to the tag of one of `ends`, whose name is next then, or to the end of the template if there are
  /// none.
  Block parseBlock(std::initializer_list<std::string_view> ends) {
    Block block;
    if (++nesting > maxStatements)
      fail("statements nest deeper than " + std::to_string(maxStatements) + " levels");
    while (!error && peek().kind != Token::End) {
      Statement statement;
      statement.line = peek().line;
      if (peek().kind == Token::Data) {
        statement.kind = Statement::Data;
        statement.text = tokens[at++].text;
      } else if (peek().kind == Token::VariableBegin) {
        ++at;
        statement.kind = Statement::Print;
        statement.value = parseTuple();
        expect(Token::VariableEnd, "'}}'");
      } else {
        ++at;
        for (std::string_view end : ends)
          if (peekName(end)) {
            --nesting;
            return block;
          }
        parseTag(statement);
      }
      block.push_back(std::move(statement));
    }
    if (!error && ends.size())
      failExpected("'{% " + std::string(*(ends.end() - 1)) + " %}'");
    --nesting;
    return block;
  }

  void expect(Token::Kind kind, const char *what) {
    if (error)
      return;
    if (peek().kind == kind)
      ++at;
    else
      failExpected(what);
  }
  void endTag() { expect(Token::BlockEnd, "'%}'"); }

  /// Ends the block that `parseBlock` stopped at.
  void endBlock() {
    if (error)
      return;
    ++at;
    endTag();
  }

  void parseTag(Statement &statement) {
    std::string name = expectName("a statement's name");
    if (name == "for")
      parseFor(statement);
    else if (name == "if")
      parseIf(statement);
    else if (name == "set")
      parseSet(statement);
    else if (name == "macro")
      parseMacro(statement);
    else if (name == "generation")
      parseGeneration(statement);
    else if (name == "break" || name == "continue")
      parseLoopControl(statement, name == "break");
    else if (!error)
      error = errorAt(statement.line, "unknown statement '" + name +
                                          "'; known are break, continue, for, generation, "
                                          "if, macro, raw and set");
  }

  /// Names that a value is assigned to: a, b or (a, b).
  std::vector<std::string> parseTargets() {
    bool parenthesized = skipOperator("(");
    std::vector<std::string> names;
    do {
      if (!names.empty() && (peekName("in") || peekOperator("=") || peekOperator(")")))
        break;
      names.push_back(expectName("a name to assign to"));
    } while (!error && skipOperator(","));
    // "a," takes one item apart; an empty second name keeps that apart from "a".
    if (names.size() == 1 && tokens[at - 1].is(Token::Operator, ","))
      fail("unknown construct: unpacking of one item");
    if (parenthesized)
      expectOperator(")");
    return names;
  }

  void parseFor(Statement &statement) {
    statement.kind = Statement::For;
    statement.names = parseTargets();
    if (!skipName("in"))
      failExpected("'in'");
    statement.value = parseTuple(/*conditional=*/false);
    if (skipName("if"))
      statement.condition = parseExpression();
    if (peekName("recursive"))
      fail("unknown construct: 'recursive' of a for statement");
    endTag();
    ++loops;
    statement.body = parseBlock({"else", "endfor"});
    --loops;
    if (!error && skipName("else")) {
      endTag();
      statement.otherwise = parseBlock({"endfor"});
    }
    endBlock();
  }

  void parseIf(Statement &statement) {
    statement.kind = Statement::If;
    statement.condition = parseTuple();
    endTag();
    statement.body = parseBlock({"elif", "else", "endif"});
    if (error)
      return;
    if (peekName("elif")) {
      Statement nested;
      nested.line = peek().line;
      ++at;
      // Each elif is an If in the else of the one before, so a chain of them nests; parseBlock bounds it.
      ++nesting;
      parseIf(nested);
      --nesting;
      statement.otherwise.push_back(std::move(nested));
      return;
    }
    if (skipName("else")) {
      endTag();
      statement.otherwise = parseBlock({"endif"});
    }
    endBlock();
  }

  void parseSet(Statement &statement) {
    statement.names = parseTargets();
    if (statement.names.size() == 1 && skipOperator("."))
      statement.text = expectName("an attribute's name");
    if (skipOperator("=")) {
      statement.kind = Statement::Set;
      statement.value = parseTuple();
      return endTag();
    }
    statement.kind = Statement::SetBlock;
    if (statement.names.size() != 1 || !statement.text.empty())
      return failExpected("'='");
    statement.value = parseFilters(nullptr);
    endTag();
    statement.body = parseBlock({"endset"});
    endBlock();
  }

  void parseMacro(Statement &statement) {
    statement.kind = Statement::Macro;
    statement.text = expectName("the macro's name");
    expectOperator("(");
    while (!error && !peekOperator(")")) {
      statement.names.push_back(expectName("a parameter's name"));
      if (skipOperator("="))
        statement.defaults.push_back(parseExpression());
      else if (!statement.defaults.empty())
        failExpected("a default for '" + statement.names.back() + "'");
      if (!skipOperator(","))
        break;
    }
    expectOperator(")");
    endTag();
    uint32_t outer = loops;
    loops = 0;
    statement.body = parseBlock({"endmacro"});
    loops = outer;
    endBlock();
  }

  void parseGeneration(Statement &statement) {
    statement.kind = Statement::Generation;
    endTag();
    statement.body = parseBlock({"endgeneration"});
    endBlock();
  }

  void parseLoopControl(Statement &statement, bool isBreak) {
    statement.kind = isBreak ? Statement::Break : Statement::Continue;
    if (loops == 0)
      fail(std::string("'") + (isBreak ? "break" : "continue") + "' is outside of a for statement");
    endTag();
  }

  uint32_t loops = 0;
};
} // namespace

Result<Block> hone::text::jinja::parseTemplate(std::string_view source) {
  constexpr size_t maxSize = 1 << 20;
  if (source.size() > maxSize)
    return Error("template: expected at most " + std::to_string(maxSize) + " bytes, got " +
                 std::to_string(source.size()));
  Result<std::vector<Token>> tokens = tokenize(source);
  if (!tokens)
    return tokens.takeError();
  return StatementParser(*tokens).run();
}
