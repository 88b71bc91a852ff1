//===- Operators.cpp - Arithmetic, comparison and access ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operations.h"

#include "../Unicode.h"

#include <algorithm>
#include <limits>

using namespace hone::text;
using namespace hone::text::jinja;

Value hone::text::jinja::failUndefined(Context &context, const Value &value) {
  return context.fail(value.string ? "'" + *value.string + "' is undefined" : "value is undefined");
}

static Value failOperands(Context &context, std::string_view op, const Value &left, const Value &right) {
  if (left.isUndefined() || right.isUndefined())
    return failUndefined(context, left.isUndefined() ? left : right);
  return context.fail("'" + std::string(op) + "' does not apply to " + std::string(kindName(left)) + " and " +
                      std::string(kindName(right)));
}

// These three are all that templates could want of libm, which programs would otherwise need beside libc.

static double floorOf(double value) {
  if (!(value > -9.0e15 && value < 9.0e15)) // No fraction left, or not a number.
    return value;
  auto whole = static_cast<double>(static_cast<int64_t>(value));
  return whole > value ? whole - 1 : whole;
}

/// The remainder with the sign of `left`, exactly: each subtracted multiple is within a factor of two of what is left.
static double remainderOf(double left, double right) {
  double rest = left < 0 ? -left : left, step = right < 0 ? -right : right;
  if (!(rest <= std::numeric_limits<double>::max()))
    return std::numeric_limits<double>::quiet_NaN();
  while (rest >= step) {
    double multiple = step;
    while (multiple <= rest / 2)
      multiple *= 2;
    rest -= multiple;
  }
  return left < 0 ? -rest : rest;
}

static Value powerOf(Context &context, double base, double exponent) {
  if (floorOf(exponent) != exponent || exponent < -1100 || exponent > 1100)
    return context.fail("'**' takes a whole exponent between -1100 and 1100");
  double result = 1;
  for (int i = 0; i < (exponent < 0 ? -exponent : exponent); ++i)
    result *= base;
  return Value::of(exponent < 0 ? 1 / result : result);
}

static Value applyReal(Context &context, std::string_view op, double left, double right) {
  if (op == "+")
    return Value::of(left + right);
  if (op == "-")
    return Value::of(left - right);
  if (op == "*")
    return Value::of(left * right);
  if (op == "**")
    return powerOf(context, left, right);
  if (right == 0)
    return context.fail("division by zero");
  if (op == "/")
    return Value::of(left / right);
  if (op == "//")
    return Value::of(floorOf(left / right));
  double rest = remainderOf(left, right);
  return Value::of(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest);
}

static Value applyInteger(Context &context, std::string_view op, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(left, right, &result);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(left, right, &result);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(left, right, &result);
  } else if (op == "**") {
    if (right < 0)
      return applyReal(context, op, double(left), double(right));
    result = 1;
    // Any other base overflows within 64 steps.
    if (left == 0 || left == 1 || left == -1)
      result = right == 0 || left == 1 ? 1 : left == 0 ? 0 : right % 2 ? -1 : 1;
    else
      for (int64_t i = 0; i < right && !overflow; ++i)
        overflow = __builtin_mul_overflow(result, left, &result);
  } else {
    if (right == 0)
      return context.fail("division by zero");
    if (op == "/")
      return Value::of(double(left) / double(right));
    if (right == -1) {
      overflow = op == "//" && __builtin_sub_overflow(int64_t(0), left, &result);
    } else {
      int64_t quotient = left / right, rest = left % right;
      bool down = rest != 0 && (rest < 0) != (right < 0);
      result = op == "//" ? quotient - down : rest + (down ? right : 0);
    }
  }
  return overflow ? context.fail("'" + std::string(op) + "' overflows 64 bits") : Value::of(result);
}

static Value repeat(Context &context, const Value &value, int64_t count) {
  bool isText = value.isString();
  uint64_t size = isText ? value.string->size() : value.list->items.size() * sizeof(Value);
  count = std::max<int64_t>(count, 0);
  uint64_t bytes;
  if (__builtin_mul_overflow(size, uint64_t(count), &bytes))
    bytes = UINT64_MAX;
  if (!context.reserve(bytes) || size == 0)
    return size == 0 ? value : Value();
  if (isText) {
    std::string text;
    text.reserve(bytes);
    for (int64_t i = 0; i < count; ++i)
      text += *value.string;
    return context.text(std::move(text));
  }
  std::vector<Value> items;
  for (int64_t i = 0; i < count; ++i)
    items.insert(items.end(), value.list->items.begin(), value.list->items.end());
  return Value::of(context.list(std::move(items), value.list->tuple));
}

Value hone::text::jinja::applyBinary(Context &context, std::string_view op, const Value &left, const Value &right) {
  if (left.isInteger() && right.isInteger())
    return applyInteger(context, op, left.asInteger(), right.asInteger());
  if (left.isNumber() && right.isNumber())
    return applyReal(context, op, left.asReal(), right.asReal());
  bool sequences = left.isString() || left.kind == Value::List;
  if (op == "*" && sequences && right.isInteger())
    return repeat(context, left, right.asInteger());
  if (op == "*" && left.isInteger() && (right.isString() || right.kind == Value::List))
    return repeat(context, right, left.asInteger());
  if (op == "+" && left.isString() && right.isString()) {
    if (!context.reserve(left.string->size() + right.string->size()))
      return {};
    return context.text(*left.string + *right.string);
  }
  if (op == "+" && left.kind == Value::List && right.kind == Value::List && left.list->tuple == right.list->tuple) {
    if (!context.reserve((left.list->items.size() + right.list->items.size()) * sizeof(Value)))
      return {};
    std::vector<Value> items = left.list->items;
    items.insert(items.end(), right.list->items.begin(), right.list->items.end());
    return Value::of(context.list(std::move(items), left.list->tuple));
  }
  if (op == "%" && left.isString())
    return context.fail("unknown construct: formatting of a string with '%'");
  return failOperands(context, op, left, right);
}

static bool contains(Context &context, const Value &container, const Value &item) {
  if (container.isString()) {
    if (item.isString())
      return context.step(container.string->size() / 64) && container.string->find(*item.string) != std::string::npos;
    context.fail("'in' a string expects a string, got " + std::string(kindName(item)));
    return false;
  }
  if (container.kind == Value::Dict)
    return find(context, *container.dict, item);
  const List *items = toItems(context, container);
  for (size_t i = 0; items && i < items->items.size(); ++i)
    if (isEqual(context, items->items[i], item))
      return true;
  return false;
}

bool hone::text::jinja::compare(Context &context, std::string_view op, const Value &left, const Value &right) {
  if (op == "==")
    return isEqual(context, left, right);
  if (op == "!=")
    return !isEqual(context, left, right);
  if (op == "in")
    return contains(context, right, left);
  if (op == "not in")
    return !contains(context, right, left);
  if (left.isUndefined() || right.isUndefined()) {
    failOperands(context, op, left, right);
    return false;
  }
  if (op == "<")
    return isLess(context, left, right);
  if (op == ">")
    return isLess(context, right, left);
  // Through two comparisons, so that no order holds for NaN.
  return isLess(context, op == "<=" ? left : right, op == "<=" ? right : left) || isEqual(context, left, right);
}

static Value loopAttribute(const Loop &loop, std::string_view name) {
  int64_t index = int64_t(loop.index), length = int64_t(loop.items->items.size());
  if (name == "index")
    return Value::of(index + 1);
  if (name == "index0")
    return Value::of(index);
  if (name == "revindex")
    return Value::of(length - index);
  if (name == "revindex0")
    return Value::of(length - index - 1);
  if (name == "first")
    return Value::of(index == 0);
  if (name == "last")
    return Value::of(index + 1 == length);
  if (name == "length")
    return Value::of(length);
  // Only recursive loops, which are refused, go deeper.
  if (name == "depth" || name == "depth0")
    return Value::of(int64_t(name == "depth"));
  if (name == "previtem" && index > 0)
    return loop.items->items[size_t(index - 1)];
  if (name == "nextitem" && index + 1 < length)
    return loop.items->items[size_t(index + 1)];
  return {};
}

Value hone::text::jinja::getAttribute(Context &context, const Value &object, const std::string &name) {
  if (object.isUndefined())
    return failUndefined(context, object);
  if (object.kind == Value::Loop)
    return loopAttribute(*object.loop, name);
  if (object.kind == Value::Dict && (name == "items" || name == "keys" || name == "values" || name == "get"))
    return context.fail("unknown construct: method '" + name + "' that is not called");
  if (object.kind == Value::Dict || object.kind == Value::Namespace)
    if (Value *found = find(context, *object.dict, std::string_view(name)))
      return *found;
  return Value::of(&name, Value::Undefined);
}

Value hone::text::jinja::getItem(Context &context, const Value &object, const Value &index) {
  if (object.isUndefined())
    return failUndefined(context, object);
  if (object.kind == Value::Dict || (object.kind == Value::Namespace && index.isString()))
    if (Value *found = find(context, *object.dict, index))
      return *found;
  if (object.kind == Value::Loop && index.isString())
    return loopAttribute(*object.loop, *index.string);
  if (index.isInteger() && object.kind == Value::List) {
    int64_t size = int64_t(object.list->items.size()), at = index.asInteger();
    at += at < 0 ? size : 0;
    if (at >= 0 && at < size)
      return object.list->items[size_t(at)];
  }
  if (index.isInteger() && object.isString()) {
    if (!context.step(object.string->size() / 8))
      return {};
    std::vector<size_t> offsets = characterOffsets(*object.string);
    int64_t size = int64_t(offsets.size()) - 1, at = index.asInteger();
    at += at < 0 ? size : 0;
    if (at >= 0 && at < size)
      return context.text(object.string->substr(offsets[size_t(at)], offsets[size_t(at) + 1] - offsets[size_t(at)]));
  }
  return index.isString() ? Value::of(index.string, Value::Undefined) : Value();
}

Value hone::text::jinja::getSlice(Context &context, const Value &object, const Value *start, const Value *stop,
                                  const Value *step) {
  if (object.isUndefined())
    return failUndefined(context, object);
  if (!object.isString() && object.kind != Value::List)
    return context.fail("expected a string or list to slice, got " + std::string(kindName(object)));
  std::vector<size_t> offsets;
  if (object.isString()) {
    if (!context.step(object.string->size() / 8))
      return {};
    offsets = characterOffsets(*object.string);
  }
  int64_t size = object.isString() ? int64_t(offsets.size()) - 1 : int64_t(object.list->items.size());
  auto bound = [&](const Value *value, int64_t otherwise, int64_t low, int64_t high) {
    if (!value || value->kind == Value::None)
      return otherwise;
    if (!value->isInteger()) {
      context.fail("expected an integer to slice by, got " + std::string(kindName(*value)));
      return otherwise;
    }
    int64_t at = value->asInteger();
    return std::clamp(at < 0 ? at + size : at, low, high);
  };
  int64_t stride = 1;
  if (step && step->kind != Value::None)
    stride = step->isInteger() ? std::clamp<int64_t>(step->asInteger(), -size - 1, size + 1) : 0;
  if (stride == 0)
    return context.fail("expected a step other than zero to slice by");
  bool forward = stride > 0;
  int64_t from = forward ? bound(start, 0, 0, size) : bound(start, size - 1, -1, size - 1);
  int64_t to = forward ? bound(stop, size, 0, size) : bound(stop, -1, -1, size - 1);
  if (context.failed() || !context.step(uint64_t(std::abs(to - from))))
    return {};
  std::string text;
  std::vector<Value> items;
  for (int64_t i = from; forward ? i < to : i > to; i += stride) {
    if (object.isString())
      text.append(*object.string, offsets[size_t(i)], offsets[size_t(i) + 1] - offsets[size_t(i)]);
    else
      items.push_back(object.list->items[size_t(i)]);
  }
  if (object.isString())
    return context.text(std::move(text));
  return Value::of(context.list(std::move(items), object.list->tuple));
}
