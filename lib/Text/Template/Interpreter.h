//===- Interpreter.h - Runs a template --------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_INTERPRETER_H
#define HONE_LIB_TEXT_TEMPLATE_INTERPRETER_H

#include "Operations.h"
#include "Syntax.h"

#include <ctime>

namespace hone::text::jinja {

/// One rendering of one template. Scopes are Jinja's: each iteration of a for statement and each call of a macro has
/// its own; a macro sees the outermost one but not those of its caller.
class Interpreter {
public:
  Interpreter(Context &context, std::optional<std::tm> now);

  /// Defines a variable of the outermost scope; `name` outlives the interpreter.
  void define(const std::string &name, const Value &value);

  /// The output; what went wrong is in the context.
  std::string run(const Block &block);

private:
  enum class Flow { Next, Break, Continue };
  struct Scope {
    std::vector<std::pair<const std::string *, Value>> variables;
    /// Of a macro: only the outermost scope is visible behind it.
    bool isolated = false;
  };

  Flow execute(const Block &block);
  Flow execute(const Statement &statement);
  void executeFor(const Statement &statement);
  void executeSet(const Statement &statement, const Value &value);
  /// The output of a block, in a buffer of its own.
  std::string capture(const Block &block);
  void write(const std::string &text);
  void assign(const std::vector<std::string> &names, const Value &value);

  Value evaluate(const Expression *expression);
  Value evaluateName(const Expression &expression);
  Value evaluateItems(const Expression &expression);
  Value evaluateUnary(const Expression &expression);
  Value evaluateBinary(const Expression &expression);
  Value evaluateCompare(const Expression &expression);
  Value evaluateConcatenation(const Expression &expression);
  Value evaluateSlice(const Expression &expression);
  Value evaluateCall(const Expression &expression);
  Arguments evaluateArguments(const Expression &expression);
  Value callFunction(const std::string &name, const Arguments &arguments);
  Value callMacro(const Statement &macro, const Arguments &arguments);

  Context &context;
  std::optional<std::tm> now;
  std::vector<Scope> scopes;
  std::string *output = nullptr;
  /// What the filters of a set block apply to.
  Value blockInput;
};

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_INTERPRETER_H
