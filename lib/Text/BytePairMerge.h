//===- BytePairMerge.h - The merging of byte-pair encoding ------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_TEXT_BYTEPAIRMERGE_H
#define HONE_LIB_TEXT_BYTEPAIRMERGE_H

#include "TokenizerLayout.h"

#include <vector>

namespace hone::text {

/// The serialized table of merges, read in place. What a slot says is not trusted.
struct MergeTable {
  const uint8_t *slots = nullptr;
  uint32_t capacity = 0;
  uint32_t tokenCount = 0;

  /// The rank of merging two adjacent tokens and what they become; false if they do not merge.
  bool find(uint32_t left, uint32_t right, uint32_t &rank, uint32_t &merged) const {
    uint32_t slot = layout::slotOf(layout::hashPair(left, right), capacity);
    for (uint32_t probes = 0; probes < capacity; ++probes) {
      const uint8_t *at = slots + size_t(slot) * layout::mergeSlotSize;
      uint32_t slotLeft = layout::read32(at);
      if (slotLeft == layout::none)
        return false;
      if (slotLeft == left && layout::read32(at + 4) == right) {
        rank = layout::read32(at + 8);
        merged = layout::read32(at + 12);
        return merged < tokenCount && rank != layout::none;
      }
      if (++slot == capacity)
        slot = 0;
    }
    return false;
  }
};

/// Buffers that merging reuses from piece to piece.
struct MergeScratch {
  struct Symbol {
    uint32_t token;
    /// Of merging this symbol with `next`; none if they do not merge.
    uint32_t rank;
    uint32_t merged;
    uint32_t previous, next;
  };
  std::vector<Symbol> symbols;
  /// A min-heap of rank << 32 | position.
  std::vector<uint64_t> heap;
};

/// Merges `tokens` in place until no two neighbours merge: always the pair of lowest rank, of equals the leftmost
/// (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units"). O(n log n). Fewer than 2^32 - 1
/// tokens.
void mergeBytePairs(const MergeTable &table, std::vector<uint32_t> &tokens, MergeScratch &scratch);

} // namespace hone::text

#endif // HONE_LIB_TEXT_BYTEPAIRMERGE_H
