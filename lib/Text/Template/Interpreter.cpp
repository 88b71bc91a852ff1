//===- Interpreter.cpp - Statements of a template -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"

using namespace hone::text::jinja;

static const std::string loopName = "loop";

Interpreter::Interpreter(Context &context, std::optional<std::tm> now) : context(context), now(now), scopes(1) {}

void Interpreter::define(const std::string &name, const Value &value) {
  Scope &scope = scopes.back();
  context.step(scope.variables.size() / 8);
  for (auto &[known, old] : scope.variables)
    if (*known == name) {
      old = value;
      return;
    }
  scope.variables.emplace_back(&name, value);
}

std::string Interpreter::run(const Block &block) { return capture(block); }

std::string Interpreter::capture(const Block &block) {
  std::string text, *outer = output;
  output = &text;
  execute(block);
  output = outer;
  return text;
}

void Interpreter::write(const std::string &text) {
  if (output->size() + text.size() > Context::maxOutput)
    context.fail("writes more than " + std::to_string(Context::maxOutput) + " bytes");
  else if (context.reserve(text.size()))
    *output += text;
}

Interpreter::Flow Interpreter::execute(const Block &block) {
  Nesting nesting(context);
  for (const Statement &statement : block) {
    if (context.failed())
      break;
    Flow flow = execute(statement);
    if (flow != Flow::Next)
      return flow;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::execute(const Statement &statement) {
  context.line = statement.line;
  if (!context.step())
    return Flow::Next;
  switch (statement.kind) {
  case Statement::Data:
    write(statement.text);
    break;
  case Statement::Print: {
    Value value = evaluate(statement.value.get());
    context.line = statement.line;
    if (value.isString())
      write(*value.string);
    else
      write(toText(context, value));
    break;
  }
  case Statement::For:
    executeFor(statement);
    break;
  case Statement::If: {
    bool holds = isTrue(evaluate(statement.condition.get()));
    return context.failed() ? Flow::Next : execute(holds ? statement.body : statement.otherwise);
  }
  case Statement::Set:
    executeSet(statement, evaluate(statement.value.get()));
    break;
  case Statement::SetBlock: {
    Value text = context.text(capture(statement.body));
    if (statement.value) {
      Value outer = blockInput;
      blockInput = text;
      text = evaluate(statement.value.get());
      blockInput = outer;
    }
    executeSet(statement, text);
    break;
  }
  case Statement::Macro:
    define(statement.text, Value::of(&statement));
    break;
  case Statement::Generation:
    return execute(statement.body);
  case Statement::Break:
    return Flow::Break;
  case Statement::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

void Interpreter::assign(const std::vector<std::string> &names, const Value &value) {
  if (names.size() == 1)
    return define(names[0], value);
  const List *items = toItems(context, value);
  if (!items)
    return;
  if (items->items.size() != names.size()) {
    context.fail("expected " + std::to_string(names.size()) + " values to assign, got " +
                 std::to_string(items->items.size()));
    return;
  }
  for (size_t i = 0; i < names.size(); ++i)
    define(names[i], items->items[i]);
}

void Interpreter::executeSet(const Statement &statement, const Value &value) {
  if (context.failed())
    return;
  if (statement.text.empty())
    return assign(statement.names, value);
  Expression name;
  name.kind = Expression::Name;
  name.line = statement.line;
  name.name = statement.names[0];
  Value object = evaluateName(name);
  if (object.kind != Value::Namespace) {
    context.fail("expected '" + statement.names[0] + "' to be a namespace to set '" + statement.text + "' of, got " +
                 std::string(kindName(object)));
    return;
  }
  if (Value *found = find(context, *object.dict, std::string_view(statement.text)))
    *found = value;
  else if (context.reserve(sizeof(std::pair<Value, Value>)))
    object.dict->entries.emplace_back(Value::of(&statement.text), value);
}

void Interpreter::executeFor(const Statement &statement) {
  const List *items = toItems(context, evaluate(statement.value.get()));
  if (!items || context.failed())
    return;
  if (statement.condition) {
    std::vector<Value> kept;
    for (const Value &item : items->items) {
      scopes.emplace_back();
      assign(statement.names, item);
      bool keep = isTrue(evaluate(statement.condition.get()));
      scopes.pop_back();
      if (context.failed())
        return;
      if (keep)
        kept.push_back(item);
    }
    items = context.list(std::move(kept));
  }
  if (items->items.empty()) {
    scopes.emplace_back();
    execute(statement.otherwise);
    scopes.pop_back();
    return;
  }
  Loop *loop = context.loop(items);
  for (; loop->index < items->items.size() && context.step(); ++loop->index) {
    scopes.emplace_back();
    define(loopName, Value::of(static_cast<const Loop *>(loop)));
    assign(statement.names, items->items[loop->index]);
    Flow flow = execute(statement.body);
    scopes.pop_back();
    if (flow == Flow::Break)
      break;
  }
}
