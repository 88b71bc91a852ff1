//===- Evaluation.cpp - Expressions and calls of a template ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"

#include <algorithm>

using namespace hone::text::jinja;

Value Interpreter::evaluate(const Expression *expression) {
  Nesting nesting(context);
  if (context.failed() || !context.step())
    return {};
  // The input of the filters of a set block.
  if (!expression)
    return blockInput;
  context.line = expression->line;
  auto operand = [&](size_t i) { return evaluate(expression->operands[i].get()); };
  switch (expression->kind) {
  case Expression::Constant:
    return expression->constant;
  case Expression::Name:
    return evaluateName(*expression);
  case Expression::List:
  case Expression::Tuple:
  case Expression::Dict:
    return evaluateItems(*expression);
  case Expression::Attribute: {
    Value object = operand(0);
    return context.failed() ? Value() : getAttribute(context, object, expression->name);
  }
  case Expression::Subscript: {
    Value object = operand(0), index = operand(1);
    return context.failed() ? Value() : getItem(context, object, index);
  }
  case Expression::Slice:
    return evaluateSlice(*expression);
  case Expression::Call:
    return evaluateCall(*expression);
  case Expression::Filter: {
    Value input = operand(0);
    Arguments arguments = evaluateArguments(*expression);
    context.line = expression->line;
    return applyFilter(context, expression->name, input, arguments);
  }
  case Expression::Test: {
    Value input = operand(0);
    Arguments arguments = evaluateArguments(*expression);
    return Value::of(applyTest(context, expression->name, input, arguments));
  }
  case Expression::Unary:
    return evaluateUnary(*expression);
  case Expression::Binary:
    return evaluateBinary(*expression);
  case Expression::Concatenate:
    return evaluateConcatenation(*expression);
  case Expression::Compare:
    return evaluateCompare(*expression);
  case Expression::Conditional: {
    bool holds = isTrue(operand(1));
    return holds ? operand(0) : expression->operands[2] ? operand(2) : Value();
  }
  }
  return {};
}

static constexpr std::string_view functionNames[] = {"range", "namespace", "dict", "raise_exception"};

Value Interpreter::evaluateName(const Expression &expression) {
  for (size_t i = scopes.size(); i > 0;) {
    const Scope &scope = scopes[--i];
    context.step(scope.variables.size() / 8);
    for (auto &[name, value] : scope.variables)
      if (*name == expression.name)
        return value;
    if (scope.isolated && i > 0)
      i = 1;
  }
  // What a macro is given beyond its parameters.
  bool isExtra = expression.name == "varargs" || expression.name == "kwargs";
  if (isExtra && std::any_of(scopes.begin(), scopes.end(), [](const Scope &scope) { return scope.isolated; }))
    return context.fail("unknown construct: '" + expression.name + "' of a macro");
  bool known =
      std::find(std::begin(functionNames), std::end(functionNames), expression.name) != std::end(functionNames);
  if (known || (now && expression.name == "strftime_now"))
    return Value::of(&expression.name, Value::Function);
  return Value::of(&expression.name, Value::Undefined);
}

Value Interpreter::evaluateItems(const Expression &expression) {
  std::vector<Value> values;
  for (const ExpressionPtr &operand : expression.operands)
    values.push_back(evaluate(operand.get()));
  if (context.failed())
    return {};
  if (expression.kind != Expression::Dict)
    return Value::of(context.list(std::move(values), expression.kind == Expression::Tuple));
  Dict *dict = context.dict();
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    if (Value *found = find(context, *dict, values[i]))
      *found = values[i + 1];
    else
      dict->entries.emplace_back(values[i], values[i + 1]);
  }
  return Value::of(dict);
}

Value Interpreter::evaluateUnary(const Expression &expression) {
  Value value = evaluate(expression.operands[0].get());
  if (expression.name == "not")
    return Value::of(!isTrue(value));
  if (context.failed())
    return {};
  if (!value.isNumber())
    return value.isUndefined()
               ? failUndefined(context, value)
               : context.fail("'" + expression.name + "' does not apply to " + std::string(kindName(value)));
  if (expression.name == "+")
    return value.kind == Value::Bool ? Value::of(value.asInteger()) : value;
  return value.kind == Value::Float ? Value::of(-value.real) : applyBinary(context, "-", Value::of(int64_t(0)), value);
}

Value Interpreter::evaluateBinary(const Expression &expression) {
  Value left = evaluate(expression.operands[0].get());
  if ((expression.name == "and" && !isTrue(left)) || (expression.name == "or" && isTrue(left)))
    return left;
  Value right = evaluate(expression.operands[1].get());
  if (context.failed() || expression.name == "and" || expression.name == "or")
    return right;
  context.line = expression.line;
  return applyBinary(context, expression.name, left, right);
}

Value Interpreter::evaluateCompare(const Expression &expression) {
  Value left = evaluate(expression.operands[0].get());
  for (size_t i = 0; i < expression.keywords.size() && !context.failed(); ++i) {
    Value right = evaluate(expression.operands[i + 1].get());
    if (!context.failed() && !compare(context, expression.keywords[i], left, right))
      return Value::of(false);
    left = right;
  }
  return Value::of(true);
}

Value Interpreter::evaluateConcatenation(const Expression &expression) {
  std::string text;
  for (const ExpressionPtr &operand : expression.operands) {
    Value value = evaluate(operand.get());
    if (context.failed() || (value.isString() && !context.reserve(value.string->size())))
      return {};
    text += toText(context, value);
  }
  return context.text(std::move(text));
}

Value Interpreter::evaluateSlice(const Expression &expression) {
  Value object = evaluate(expression.operands[0].get()), bounds[3];
  const Value *given[3] = {};
  for (size_t i = 0; i < 3; ++i)
    if (const Expression *bound = expression.operands[i + 1].get()) {
      bounds[i] = evaluate(bound);
      given[i] = &bounds[i];
    }
  return context.failed() ? Value() : getSlice(context, object, given[0], given[1], given[2]);
}

Arguments Interpreter::evaluateArguments(const Expression &expression) {
  Arguments arguments;
  size_t positional = expression.operands.size() - expression.keywords.size();
  for (size_t i = 1; i < expression.operands.size(); ++i) {
    Value value = evaluate(expression.operands[i].get());
    if (i < positional)
      arguments.positional.push_back(value);
    else
      arguments.keywords.emplace_back(expression.keywords[i - positional], value);
  }
  return arguments;
}

Value Interpreter::evaluateCall(const Expression &expression) {
  const Expression &target = *expression.operands[0];
  Value callee, object;
  if (target.kind == Expression::Attribute) {
    object = evaluate(target.operands[0].get());
    bool hasEntries = object.kind == Value::Namespace || object.kind == Value::Dict;
    if (Value *found = hasEntries ? find(context, *object.dict, std::string_view(target.name)) : nullptr)
      callee = *found;
  } else {
    callee = evaluate(&target);
  }
  Arguments arguments = evaluateArguments(expression);
  if (context.failed())
    return {};
  context.line = expression.line;
  if (callee.kind == Value::Macro)
    return callMacro(*callee.macro, arguments);
  if (callee.kind == Value::Function)
    return callFunction(*callee.string, arguments);
  if (target.kind == Expression::Attribute)
    return callMethod(context, object, target.name, arguments);
  return callee.isUndefined() ? failUndefined(context, callee)
                              : context.fail("a " + std::string(kindName(callee)) + " cannot be called");
}

static Value makeRange(Context &context, const Arguments &arguments) {
  int64_t bounds[3] = {0, 0, 1};
  size_t count = arguments.positional.size();
  if (count < 1 || count > 3)
    return context.fail("'range' expects one to three integers");
  for (size_t i = 0; i < count; ++i)
    bounds[count == 1 ? 1 : i] = arguments.integer(context, i, "bound", 0);
  if (bounds[2] == 0)
    return context.fail("'range' expects a step other than zero");
  // Unsigned differences, which hold whatever the signs are.
  bool up = bounds[2] > 0, any = up ? bounds[0] < bounds[1] : bounds[0] > bounds[1];
  uint64_t distance = up ? uint64_t(bounds[1]) - uint64_t(bounds[0]) : uint64_t(bounds[0]) - uint64_t(bounds[1]);
  uint64_t stride = up ? uint64_t(bounds[2]) : 0 - uint64_t(bounds[2]);
  uint64_t length = any ? (distance - 1) / stride + 1 : 0;
  if (length > Context::maxSteps || !context.step(length) || !context.reserve(length * sizeof(Value)))
    return context.fail("makes a range of " + std::to_string(length) + " items");
  std::vector<Value> items(length);
  for (uint64_t i = 0; i < length; ++i)
    items[i] = Value::of(int64_t(uint64_t(bounds[0]) + i * uint64_t(bounds[2])));
  return Value::of(context.list(std::move(items)));
}

Value Interpreter::callFunction(const std::string &name, const Arguments &arguments) {
  if (name == "range")
    return makeRange(context, arguments);
  if (name == "raise_exception") {
    std::string message = arguments.positional.empty() ? "" : toText(context, arguments.positional[0]);
    return context.fail("the template refuses the conversation: " + message);
  }
  if (name == "strftime_now") {
    std::optional<std::string_view> format = arguments.string(context, 0, "format");
    char buffer[256];
    if (!format || format->empty())
      return context.fail("'strftime_now' expects a format");
    size_t length = std::strftime(buffer, sizeof(buffer), std::string(*format).c_str(), &*now);
    return length ? context.text(std::string(buffer, length))
                  : context.fail("'strftime_now' expects a format that gives 1 to 255 bytes");
  }
  Dict *dict = context.dict();
  if (!arguments.positional.empty()) {
    if (arguments.positional[0].kind != Value::Dict)
      return context.fail("'" + name + "' expects keyword arguments or a dict");
    dict->entries = arguments.positional[0].dict->entries;
    context.reserve(dict->entries.size() * sizeof(dict->entries[0]));
  }
  for (auto &[key, value] : arguments.keywords) {
    if (Value *found = find(context, *dict, key))
      *found = value;
    else
      dict->entries.emplace_back(context.text(std::string(key)), value);
  }
  return Value::of(dict, name == "namespace" ? Value::Namespace : Value::Dict);
}

Value Interpreter::callMacro(const Statement &macro, const Arguments &arguments) {
  if (arguments.positional.size() > macro.names.size())
    return context.fail("macro '" + macro.text + "' expects at most " + std::to_string(macro.names.size()) +
                        " arguments, got " + std::to_string(arguments.positional.size()));
  for (auto &[keyword, value] : arguments.keywords)
    if (std::find(macro.names.begin(), macro.names.end(), keyword) == macro.names.end())
      return context.fail("macro '" + macro.text + "' has no parameter '" + std::string(keyword) + "'");
  Scope scope;
  scope.isolated = true;
  scopes.push_back(std::move(scope));
  size_t required = macro.names.size() - macro.defaults.size();
  for (size_t i = 0; i < macro.names.size(); ++i) {
    const Value *given = arguments.get(i, macro.names[i]);
    Value value = Value::of(&macro.names[i], Value::Undefined);
    if (given)
      value = *given;
    else if (i >= required)
      value = evaluate(macro.defaults[i - required].get());
    define(macro.names[i], value);
  }
  std::string text = capture(macro.body);
  scopes.pop_back();
  return context.failed() ? Value() : context.text(std::move(text));
}
