//===- Operations.h - What templates do with values -------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_OPERATIONS_H
#define HONE_LIB_TEXT_TEMPLATE_OPERATIONS_H

#include "Value.h"

namespace hone::text::jinja {

/// The arguments of a call, filter or test.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> keywords;

  /// The argument at `index` or called `name`; null if it was not given.
  const Value *get(size_t index, std::string_view name) const;
  /// Integer, bool or string argument with a default; fails on another kind.
  int64_t integer(Context &context, size_t index, std::string_view name, int64_t otherwise) const;
  bool boolean(size_t index, std::string_view name, bool otherwise) const;
  std::optional<std::string_view> string(Context &context, size_t index, std::string_view name) const;
};

/// Each fails, naming itself, for a name that it does not know and for operands of a wrong kind.
Value applyBinary(Context &context, std::string_view op, const Value &left, const Value &right);
Value applyFilter(Context &context, std::string_view name, const Value &input, const Arguments &arguments);
bool applyTest(Context &context, std::string_view name, const Value &input, const Arguments &arguments);
Value callMethod(Context &context, const Value &object, std::string_view name, const Arguments &arguments);

/// ==, !=, <, <=, >, >=, in, not in.
bool compare(Context &context, std::string_view op, const Value &left, const Value &right);

/// object.name and object[index]: Undefined if there is none, an error on an undefined object.
Value getAttribute(Context &context, const Value &object, const std::string &name);
Value getItem(Context &context, const Value &object, const Value &index);
/// object[start:stop:step]; null pointers are absent bounds.
Value getSlice(Context &context, const Value &object, const Value *start, const Value *stop, const Value *step);

/// Filters over items: map, select, reject, selectattr, rejectattr, sort, dictsort, unique. No value if it is none of
/// them.
std::optional<Value> applySequenceFilter(Context &context, std::string_view name, const Value &input,
                                         const Arguments &arguments);

/// ASCII letters only.
std::string toUpper(std::string_view text);
std::string toLower(std::string_view text);
/// First letter upper, the rest lower.
std::string capitalize(std::string_view text);
std::string replaceAll(Context &context, std::string_view text, std::string_view from, std::string_view to,
                       int64_t count);
/// Python's str.splitlines().
std::vector<std::string_view> splitLines(std::string_view text);

/// "'x' is undefined".
Value failUndefined(Context &context, const Value &value);

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_OPERATIONS_H
