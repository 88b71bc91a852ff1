//===- BytePairMerge.cpp - The merging of byte-pair encoding --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BytePairMerge.h"

#include <algorithm>
#include <functional>

using namespace hone::text;

namespace {
/// Up to here a scan for the lowest rank is faster than a heap.
constexpr size_t shortPiece = 32;

/// O(n²), for n <= shortPiece.
void mergeShort(const MergeTable &table, std::vector<uint32_t> &tokens) {
  uint32_t ranks[shortPiece], merged[shortPiece];
  size_t count = tokens.size();
  auto rate = [&](size_t i) {
    if (!table.find(tokens[i], tokens[i + 1], ranks[i], merged[i]))
      ranks[i] = layout::none;
  };
  for (size_t i = 0; i + 1 < count; ++i)
    rate(i);
  while (count > 1) {
    size_t best = std::min_element(ranks, ranks + count - 1) - ranks;
    if (ranks[best] == layout::none)
      break;
    tokens[best] = merged[best];
    std::copy(tokens.begin() + best + 2, tokens.begin() + count, tokens.begin() + best + 1);
    if (best + 2 < count) {
      std::copy(ranks + best + 2, ranks + count - 1, ranks + best + 1);
      std::copy(merged + best + 2, merged + count - 1, merged + best + 1);
    }
    --count;
    if (best + 1 < count)
      rate(best);
    if (best > 0)
      rate(best - 1);
  }
  tokens.resize(count);
}

void mergeLong(const MergeTable &table, std::vector<uint32_t> &tokens, MergeScratch &scratch) {
  std::vector<MergeScratch::Symbol> &symbols = scratch.symbols;
  std::vector<uint64_t> &heap = scratch.heap;
  size_t count = tokens.size();
  symbols.resize(count);
  heap.clear();
  auto rate = [&](uint32_t at) {
    MergeScratch::Symbol &symbol = symbols[at];
    if (symbol.next == layout::none ||
        !table.find(symbol.token, symbols[symbol.next].token, symbol.rank, symbol.merged)) {
      symbol.rank = layout::none;
      return false;
    }
    heap.push_back(uint64_t(symbol.rank) << 32 | at);
    return true;
  };
  for (size_t i = 0; i < count; ++i)
    symbols[i] = {tokens[i], layout::none, 0, i ? uint32_t(i - 1) : layout::none,
                  i + 1 < count ? uint32_t(i + 1) : layout::none};
  for (size_t i = 0; i < count; ++i)
    rate(uint32_t(i));
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    uint64_t lowest = heap.back();
    heap.pop_back();
    uint32_t at = uint32_t(lowest);
    MergeScratch::Symbol &symbol = symbols[at];
    // An entry is stale if its symbol was merged away or has another neighbour by now: both change the rank.
    if (symbol.rank != uint32_t(lowest >> 32))
      continue;
    MergeScratch::Symbol &absorbed = symbols[symbol.next];
    symbol.token = symbol.merged;
    symbol.next = absorbed.next;
    absorbed.rank = layout::none;
    if (symbol.next != layout::none)
      symbols[symbol.next].previous = at;
    if (rate(at))
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    if (symbol.previous != layout::none && rate(symbol.previous))
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }
  tokens.clear();
  for (uint32_t at = 0; at != layout::none; at = symbols[at].next)
    tokens.push_back(symbols[at].token);
}
} // namespace

void hone::text::mergeBytePairs(const MergeTable &table, std::vector<uint32_t> &tokens, MergeScratch &scratch) {
  if (tokens.size() < 2)
    return;
  if (tokens.size() <= shortPiece)
    mergeShort(table, tokens);
  else
    mergeLong(table, tokens, scratch);
}
