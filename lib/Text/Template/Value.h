//===- Value.h - The values of a template -----------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_TEMPLATE_VALUE_H
#define HONE_LIB_TEXT_TEMPLATE_VALUE_H

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hone::text::jinja {

struct List;
struct Dict;
struct Loop;
struct Statement;

/// A value of Python, as far as templates have them. Strings and containers belong to the `Context` of the rendering
/// (or to the template, or to its inputs), so a value is copied freely.
struct Value {
  enum Kind : uint8_t { Undefined, None, Bool, Int, Float, String, List, Dict, Namespace, Loop, Macro, Function };

  Kind kind = Undefined;
  union {
    bool boolean;
    int64_t integer;
    double real;
    /// Of a string; of Undefined the name that is not defined, or null; of Function its name.
    const std::string *string;
    const jinja::List *list;
    jinja::Dict *dict;
    const jinja::Loop *loop;
    const Statement *macro;
  };

  Value() : string(nullptr) {}
  static Value none() { return make(None); }
  /// For bool alone: no pointer turns into one by accident.
  template <typename T, std::enable_if_t<std::is_same_v<T, bool>, int> = 0> static Value of(T value) {
    Value result = make(Bool);
    result.boolean = value;
    return result;
  }
  static Value of(int64_t value) {
    Value result = make(Int);
    result.integer = value;
    return result;
  }
  static Value of(double value) {
    Value result = make(Float);
    result.real = value;
    return result;
  }
  /// `value` outlives the result. `kind`: String, Undefined or Function.
  static Value of(const std::string *value, Kind kind = String) {
    Value result = make(kind);
    result.string = value;
    return result;
  }
  static Value of(const jinja::List *value) {
    Value result = make(List);
    result.list = value;
    return result;
  }
  /// `kind`: Dict or Namespace.
  static Value of(jinja::Dict *value, Kind kind = Dict) {
    Value result = make(kind);
    result.dict = value;
    return result;
  }
  static Value of(const jinja::Loop *value) {
    Value result = make(Loop);
    result.loop = value;
    return result;
  }
  static Value of(const Statement *value) {
    Value result = make(Macro);
    result.macro = value;
    return result;
  }

  bool isString() const { return kind == String; }
  bool isUndefined() const { return kind == Undefined; }
  bool isInteger() const { return kind == Int || kind == Bool; }
  bool isNumber() const { return isInteger() || kind == Float; }
  int64_t asInteger() const { return kind == Bool ? boolean : integer; }
  double asReal() const { return kind == Float ? real : double(asInteger()); }

private:
  static Value make(Kind kind) {
    Value result;
    result.kind = kind;
    return result;
  }
};

struct List {
  std::vector<Value> items;
  bool tuple = false;
};

/// In order of insertion. Lookup is linear and charged for.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
};

/// The `loop` of a for statement, as it stands.
struct Loop {
  const List *items;
  size_t index = 0;
};

/// What one rendering owns: its strings and containers, its bounds, its first error. Everything made here lives until
/// the context goes; nothing is freed before, and the bounds keep that small.
class Context {
public:
  static constexpr uint64_t maxSteps = 20'000'000;
  static constexpr uint64_t maxBytes = 256 << 20;
  static constexpr size_t maxOutput = 64 << 20;
  static constexpr uint32_t maxDepth = 400;

  /// Counts work; false, with an error, over the bound.
  bool step(uint64_t count = 1);
  /// Counts bytes about to be made; false, with an error, over the bound.
  bool reserve(uint64_t bytes);

  Value text(std::string value);
  /// Room for `items` is reserved by the caller.
  List *list(std::vector<Value> items = {}, bool tuple = false);
  Dict *dict();
  Loop *loop(const List *items);

  /// Records the first error, at the current line; always returns Undefined.
  Value fail(const std::string &what);
  bool failed() const { return bool(error); }

  /// Line of the construct that runs.
  uint32_t line = 1;
  uint32_t depth = 0;
  std::optional<std::string> error;

private:
  uint64_t steps = 0, bytes = 0;
  std::deque<std::string> strings;
  std::deque<List> lists;
  std::deque<Dict> dicts;
  std::deque<Loop> loops;
};

/// Nesting of whatever recurses on values or syntax, bounded by `Context::maxDepth`.
class Nesting {
public:
  explicit Nesting(Context &context) : context(context) {
    if (++context.depth > Context::maxDepth)
      context.fail("nests deeper than " + std::to_string(Context::maxDepth) + " levels");
  }
  ~Nesting() { --context.depth; }

private:
  Context &context;
};

/// "string", "list", ...: for error messages.
std::string_view kindName(const Value &value);

bool isTrue(const Value &value);

/// Python's str(), and repr() for what stands in containers.
std::string toText(Context &context, const Value &value);
std::string toRepr(Context &context, const Value &value);

/// Python's ==.
bool isEqual(Context &context, const Value &left, const Value &right);

/// Python's <; fails for kinds that have no order.
bool isLess(Context &context, const Value &left, const Value &right);

/// The entry of a key, or null.
Value *find(Context &context, Dict &dict, const Value &key);
Value *find(Context &context, Dict &dict, std::string_view key);

/// What a for loop visits: items, keys, characters; nothing of Undefined. Null, with an error, for other kinds.
const List *toItems(Context &context, const Value &value);

struct JSONStyle {
  bool ensureASCII = false, sortKeys = false;
  /// Spaces per level; absent for one line.
  std::optional<int64_t> indent;
  std::string itemSeparator = ", ", keySeparator = ": ";
};

/// Python's json.dumps().
std::string toJSON(Context &context, const Value &value, const JSONStyle &style);

/// Where each character of `text` begins, and its size at the end.
std::vector<size_t> characterOffsets(std::string_view text);

/// Removes characters of `set`, or white space if absent, from the sides named.
std::string_view strip(std::string_view text, std::optional<std::string_view> set, bool left, bool right);

} // namespace hone::text::jinja

#endif // HONE_LIB_TEXT_TEMPLATE_VALUE_H
