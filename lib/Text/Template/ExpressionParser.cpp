//===- ExpressionParser.cpp - Expressions of a template -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parser.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

using namespace hone;
using namespace hone::text::jinja;

void ExpressionParser::fail(const std::string &what) {
  if (!error)
    error = errorAt(peek().line, what);
}

void ExpressionParser::failExpected(const std::string &what) {
  const Token &token = peek();
  std::string got = "'" + token.text + "'";
  if (token.kind == Token::End)
    got = "the end of the template";
  else if (token.kind == Token::BlockEnd || token.kind == Token::VariableEnd)
    got = "the end of the tag";
  else if (token.kind == Token::String)
    got = "a string";
  fail("expected " + what + ", got " + got);
}

bool ExpressionParser::skipOperator(std::string_view text) { return peekOperator(text) && ++at; }
bool ExpressionParser::skipName(std::string_view text) { return peekName(text) && ++at; }

bool ExpressionParser::expectOperator(std::string_view text) {
  if (skipOperator(text))
    return true;
  failExpected("'" + std::string(text) + "'");
  return false;
}

std::string ExpressionParser::expectName(const char *what) {
  if (peek().kind == Token::Name)
    return tokens[at++].text;
  failExpected(what);
  return {};
}

ExpressionPtr ExpressionParser::make(Expression::Kind kind, std::string name) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->line = peek().line;
  node->name = std::move(name);
  return node;
}

void ExpressionParser::add(ExpressionPtr &parent, ExpressionPtr operand) {
  if (operand)
    parent->depth = std::max(parent->depth, operand->depth + 1);
  // Chains such as a.b.c nest to the left without the parser recursing.
  if (parent->depth > maxNesting)
    fail("expression nests deeper than " + std::to_string(maxNesting) + " levels");
  parent->operands.push_back(std::move(operand));
}

ExpressionPtr ExpressionParser::parseTuple(bool conditional) {
  ExpressionPtr first = parseExpression(conditional);
  if (error || !peekOperator(","))
    return first;
  ExpressionPtr tuple = make(Expression::Tuple);
  add(tuple, std::move(first));
  while (!error && skipOperator(",")) {
    if (peek().kind == Token::BlockEnd || peek().kind == Token::VariableEnd || peekOperator(")"))
      break;
    add(tuple, parseExpression(conditional));
  }
  return tuple;
}

ExpressionPtr ExpressionParser::parseExpression(bool conditional) {
  if (++nesting > maxNesting)
    fail("expression nests deeper than " + std::to_string(maxNesting) + " levels");
  ExpressionPtr result = error ? nullptr : conditional ? parseConditional() : parseOr();
  --nesting;
  return error ? nullptr : std::move(result);
}

ExpressionPtr ExpressionParser::parseConditional() {
  ExpressionPtr value = parseOr();
  while (!error && skipName("if")) {
    ExpressionPtr choice = make(Expression::Conditional);
    add(choice, std::move(value));
    add(choice, parseOr());
    add(choice, skipName("else") ? parseExpression() : nullptr);
    value = std::move(choice);
  }
  return value;
}

/// One level of operators that associate to the left.
ExpressionPtr ExpressionParser::parseLeft(Token::Kind kind, std::initializer_list<std::string_view> operators,
                                          ExpressionPtr (ExpressionParser::*next)()) {
  ExpressionPtr left = (this->*next)();
  auto follows = [&](std::string_view op) { return peek().is(kind, op); };
  while (!error && std::any_of(operators.begin(), operators.end(), follows)) {
    ExpressionPtr node = make(Expression::Binary, peek().text);
    ++at;
    add(node, std::move(left));
    add(node, (this->*next)());
    left = std::move(node);
  }
  return left;
}

ExpressionPtr ExpressionParser::parseOr() { return parseLeft(Token::Name, {"or"}, &ExpressionParser::parseAnd); }
ExpressionPtr ExpressionParser::parseAnd() { return parseLeft(Token::Name, {"and"}, &ExpressionParser::parseNot); }

ExpressionPtr ExpressionParser::parseNot() {
  if (!peekName("not"))
    return parseCompare();
  ExpressionPtr node = make(Expression::Unary, "not");
  ++at;
  if (++nesting > maxNesting)
    fail("expression nests deeper than " + std::to_string(maxNesting) + " levels");
  else
    add(node, parseNot());
  --nesting;
  return node;
}

ExpressionPtr ExpressionParser::parseCompare() {
  ExpressionPtr first = parseSum();
  ExpressionPtr node;
  while (!error) {
    std::string op;
    for (std::string_view known : {"==", "!=", "<=", ">=", "<", ">"})
      if (op.empty() && peekOperator(known))
        op = known;
    if (peekName("in"))
      op = "in";
    else if (peekName("not") && tokens[at + 1].is(Token::Name, "in"))
      op = "not in";
    if (op.empty())
      break;
    if (!node) {
      node = make(Expression::Compare);
      add(node, std::move(first));
    }
    at += op == "not in" ? 2 : 1;
    node->keywords.push_back(std::move(op));
    add(node, parseSum());
  }
  return node ? std::move(node) : std::move(first);
}

ExpressionPtr ExpressionParser::parseSum() {
  return parseLeft(Token::Operator, {"+", "-"}, &ExpressionParser::parseConcatenation);
}

ExpressionPtr ExpressionParser::parseConcatenation() {
  ExpressionPtr first = parseProduct();
  if (error || !peekOperator("~"))
    return first;
  ExpressionPtr node = make(Expression::Concatenate);
  add(node, std::move(first));
  while (!error && skipOperator("~"))
    add(node, parseProduct());
  return node;
}

ExpressionPtr ExpressionParser::parseProduct() {
  return parseLeft(Token::Operator, {"*", "/", "//", "%"}, &ExpressionParser::parsePower);
}

ExpressionPtr ExpressionParser::parsePower() {
  return parseLeft(Token::Operator, {"**"}, &ExpressionParser::parseSigned);
}

ExpressionPtr ExpressionParser::parseSigned() { return parseUnary(/*withFilters=*/true); }

ExpressionPtr ExpressionParser::parseUnary(bool withFilters) {
  ExpressionPtr node;
  if (peekOperator("-") || peekOperator("+")) {
    node = make(Expression::Unary, peek().text);
    ++at;
    if (++nesting > maxNesting)
      fail("expression nests deeper than " + std::to_string(maxNesting) + " levels");
    else
      add(node, parseUnary(/*withFilters=*/false));
    --nesting;
  } else {
    node = parsePrimary();
  }
  node = parsePostfix(std::move(node));
  return withFilters ? parseFilters(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parsePrimary() {
  ExpressionPtr node = make(Expression::Constant);
  const Token &token = peek();
  switch (token.kind) {
  case Token::Name:
    ++at;
    if (token.text == "true" || token.text == "True")
      node->constant = Value::of(true);
    else if (token.text == "false" || token.text == "False")
      node->constant = Value::of(false);
    else if (token.text == "none" || token.text == "None")
      node->constant = Value::none();
    else {
      node->kind = Expression::Name;
      node->name = token.text;
    }
    return node;
  case Token::String:
    while (peek().kind == Token::String)
      node->name += tokens[at++].text;
    node->constant = Value::of(&node->name);
    return node;
  case Token::Integer:
  case Token::Float:
    return parseNumber();
  case Token::Operator:
    if (skipOperator("(")) {
      if (skipOperator(")"))
        return make(Expression::Tuple);
      ExpressionPtr inner = parseTuple();
      expectOperator(")");
      return inner;
    }
    if (skipOperator("["))
      return parseList();
    if (skipOperator("{"))
      return parseDict();
    [[fallthrough]];
  default:
    failExpected("an expression");
    return nullptr;
  }
}

ExpressionPtr ExpressionParser::parseNumber() {
  ExpressionPtr node = make(Expression::Constant);
  const std::string &text = peek().text;
  if (peek().kind == Token::Float) {
    node->constant = Value::of(std::strtod(text.c_str(), nullptr));
  } else {
    int64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
      fail("expected an integer of 64 bits, got " + text.substr(0, 60));
    node->constant = Value::of(value);
  }
  ++at;
  return node;
}

ExpressionPtr ExpressionParser::parseList() {
  ExpressionPtr node = make(Expression::List);
  while (!error && !peekOperator("]")) {
    add(node, parseExpression());
    if (!skipOperator(","))
      break;
  }
  expectOperator("]");
  return node;
}

ExpressionPtr ExpressionParser::parseDict() {
  ExpressionPtr node = make(Expression::Dict);
  while (!error && !peekOperator("}")) {
    add(node, parseExpression());
    expectOperator(":");
    add(node, parseExpression());
    if (!skipOperator(","))
      break;
  }
  expectOperator("}");
  return node;
}

ExpressionPtr ExpressionParser::parsePostfix(ExpressionPtr object) {
  while (!error) {
    if (skipOperator(".")) {
      bool index = peek().kind == Token::Integer;
      ExpressionPtr node = make(index ? Expression::Subscript : Expression::Attribute);
      add(node, std::move(object));
      if (index)
        add(node, parseNumber());
      else
        node->name = expectName("an attribute's name");
      object = std::move(node);
    } else if (skipOperator("[")) {
      object = parseSubscript(std::move(object));
    } else if (peekOperator("(")) {
      ExpressionPtr call = make(Expression::Call);
      add(call, std::move(object));
      parseArguments(call);
      object = std::move(call);
    } else {
      break;
    }
  }
  return object;
}

ExpressionPtr ExpressionParser::parseSubscript(ExpressionPtr object) {
  ExpressionPtr node = make(Expression::Subscript);
  add(node, std::move(object));
  if (!peekOperator(":"))
    add(node, parseExpression());
  if (peekOperator(":")) {
    node->kind = Expression::Slice;
    if (node->operands.size() == 1)
      add(node, nullptr);
    while (!error && node->operands.size() < 4 && skipOperator(":"))
      add(node, peekOperator(":") || peekOperator("]") ? nullptr : parseExpression());
    node->operands.resize(4);
  }
  expectOperator("]");
  return node;
}

void ExpressionParser::parseArguments(ExpressionPtr &call) {
  expectOperator("(");
  while (!error && !peekOperator(")")) {
    if (peekOperator("*") || peekOperator("**"))
      return fail("unknown construct: '" + peek().text + "' before an argument");
    bool keyword = peek().kind == Token::Name && tokens[at + 1].is(Token::Operator, "=");
    if (keyword) {
      call->keywords.push_back(peek().text);
      at += 2;
    } else if (!call->keywords.empty()) {
      return fail("expected a keyword argument after another");
    }
    add(call, parseExpression());
    if (!skipOperator(","))
      break;
  }
  expectOperator(")");
}

ExpressionPtr ExpressionParser::parseFilters(ExpressionPtr input) {
  while (!error) {
    if (skipOperator("|")) {
      ExpressionPtr filter = make(Expression::Filter);
      filter->name = expectName("a filter's name");
      add(filter, std::move(input));
      if (peekOperator("("))
        parseArguments(filter);
      input = std::move(filter);
    } else if (peekName("is")) {
      ++at;
      input = parseTest(std::move(input));
    } else if (peekOperator("(") && input) {
      ExpressionPtr call = make(Expression::Call);
      add(call, std::move(input));
      parseArguments(call);
      input = std::move(call);
    } else {
      break;
    }
  }
  return input;
}

ExpressionPtr ExpressionParser::parseTest(ExpressionPtr input) {
  bool negated = skipName("not");
  ExpressionPtr test = make(Expression::Test);
  test->name = expectName("a test's name");
  add(test, std::move(input));
  const Token &next = peek();
  bool bareArgument = next.kind == Token::Name || next.kind == Token::String || next.kind == Token::Integer ||
                      next.kind == Token::Float || peekOperator("[") || peekOperator("{");
  for (std::string_view word : {"else", "or", "and", "if", "in", "not", "is"})
    bareArgument &= !peekName(word);
  if (peekOperator("("))
    parseArguments(test);
  else if (bareArgument)
    add(test, parsePostfix(parsePrimary()));
  if (!negated)
    return test;
  ExpressionPtr node = make(Expression::Unary, "not");
  add(node, std::move(test));
  return node;
}
