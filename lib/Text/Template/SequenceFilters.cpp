//===- SequenceFilters.cpp - Filters over the items of a value ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operations.h"

#include <algorithm>

using namespace hone::text::jinja;

/// item.a.b for "a.b"; digits are indices.
static Value attributeOf(Context &context, Value item, std::string_view path) {
  while (!context.failed()) {
    size_t dot = path.find('.');
    std::string_view part = path.substr(0, dot);
    bool number = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string_view::npos;
    Value key = number ? Value::of(int64_t(std::stoi(std::string(part)))) : context.text(std::string(part));
    item = getItem(context, item, key);
    if (dot == std::string_view::npos)
      break;
    path.remove_prefix(dot + 1);
  }
  return item;
}

/// The arguments after the first `count`.
static Arguments rest(const Arguments &arguments, size_t count) {
  Arguments result;
  for (size_t i = count; i < arguments.positional.size(); ++i)
    result.positional.push_back(arguments.positional[i]);
  return result;
}

static void map(Context &context, const List &items, const Arguments &arguments, std::vector<Value> &out) {
  std::optional<std::string_view> attribute, filter;
  const Value *otherwise = arguments.get(SIZE_MAX, "default");
  if (arguments.positional.empty())
    attribute = arguments.string(context, SIZE_MAX, "attribute");
  else
    filter = arguments.string(context, 0, "filter");
  if (!attribute && !filter) {
    context.fail("'map' expects a filter's name or an attribute");
    return;
  }
  Arguments further = rest(arguments, 1);
  if (filter)
    further.keywords = arguments.keywords;
  for (const Value &item : items.items) {
    if (!context.step())
      return;
    Value mapped = attribute ? attributeOf(context, item, *attribute) : applyFilter(context, *filter, item, further);
    out.push_back(attribute && mapped.isUndefined() && otherwise ? *otherwise : mapped);
  }
}

/// select, reject, selectattr, rejectattr: keeps the items whose test, or that of an attribute, gives `keep`.
static void select(Context &context, const List &items, const Arguments &arguments, bool byAttribute, bool keep,
                   std::vector<Value> &out) {
  std::optional<std::string_view> attribute, test;
  if (byAttribute && !(attribute = arguments.string(context, 0, "attribute"))) {
    context.fail("'selectattr' expects an attribute");
    return;
  }
  test = arguments.string(context, byAttribute, "test");
  Arguments further = rest(arguments, byAttribute + 1);
  for (const Value &item : items.items) {
    if (!context.step())
      return;
    Value tested = attribute ? attributeOf(context, item, *attribute) : item;
    if ((test ? applyTest(context, *test, tested, further) : isTrue(tested)) == keep)
      out.push_back(item);
  }
}

/// Strings sort by their lower case unless `caseSensitive`.
static Value sortKey(Context &context, const Value &value, bool caseSensitive) {
  return value.isString() && !caseSensitive ? context.text(toLower(*value.string)) : value;
}

/// A merge sort written out, because std::sort must not be given an order that fails half-way.
static void sortPairs(Context &context, std::vector<std::pair<Value, Value>> &pairs, bool reverse) {
  std::vector<std::pair<Value, Value>> merged(pairs.size());
  for (size_t width = 1; width < pairs.size(); width *= 2) {
    for (size_t begin = 0; begin < pairs.size(); begin += 2 * width) {
      size_t middle = std::min(begin + width, pairs.size()), end = std::min(begin + 2 * width, pairs.size());
      size_t left = begin, right = middle;
      for (size_t i = begin; i < end; ++i) {
        bool takeRight = left == middle;
        if (left < middle && right < end)
          takeRight = reverse ? isLess(context, pairs[left].first, pairs[right].first)
                              : isLess(context, pairs[right].first, pairs[left].first);
        merged[i] = pairs[takeRight ? right++ : left++];
      }
    }
    std::swap(pairs, merged);
    if (context.failed())
      return;
  }
}

std::optional<Value> hone::text::jinja::applySequenceFilter(Context &context, std::string_view name, const Value &input,
                                                            const Arguments &arguments) {
  std::vector<Value> out;
  bool isSelect = name == "select" || name == "selectattr", isReject = name == "reject" || name == "rejectattr";
  if (name != "map" && name != "sort" && name != "dictsort" && name != "unique" && !isSelect && !isReject)
    return std::nullopt;
  if (name == "dictsort" && input.kind != Value::Dict)
    return context.fail("'dictsort' expects a dict, got " + std::string(kindName(input)));
  const List *items = name == "dictsort" ? callMethod(context, input, "items", {}).list : toItems(context, input);
  if (!items || context.failed())
    return Value();
  if (name == "map") {
    map(context, *items, arguments, out);
  } else if (isSelect || isReject) {
    select(context, *items, arguments, name.size() > 6, isSelect, out);
  } else if (name == "unique") {
    for (const Value &item : items->items) {
      Value key = sortKey(context, item, arguments.boolean(0, "case_sensitive", false));
      auto same = [&](const Value &other) {
        return isEqual(context, sortKey(context, other, arguments.boolean(0, "case_sensitive", false)), key);
      };
      if (std::none_of(out.begin(), out.end(), same))
        out.push_back(item);
    }
  } else {
    bool ofDict = name == "dictsort";
    bool reverse = arguments.boolean(ofDict ? 2 : 0, "reverse", false);
    bool caseSensitive = arguments.boolean(ofDict ? 0 : 1, "case_sensitive", false);
    std::optional<std::string_view> by = arguments.string(context, ofDict ? 1 : 2, ofDict ? "by" : "attribute");
    std::vector<std::pair<Value, Value>> pairs;
    for (const Value &item : items->items) {
      Value key = ofDict ? item.list->items[by == "value"] : by ? attributeOf(context, item, *by) : item;
      pairs.emplace_back(sortKey(context, key, caseSensitive), item);
    }
    sortPairs(context, pairs, reverse);
    for (auto &pair : pairs)
      out.push_back(pair.second);
  }
  return Value::of(context.list(std::move(out)));
}
