//===- KVMemory.h - Paged memory for keys and values ------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_KVMEMORY_H
#define HONE_LIB_RUNTIME_KVMEMORY_H

#include "Memory.h"

#include <cstdint>
#include <vector>

namespace hone::rt {

/// What a KV memory is made of.
struct KVShape {
  uint64_t pageBytes;     ///< keys and values of all layers for `pagePositions` positions
  uint32_t pagePositions; ///< positions of a page
  uint32_t context;       ///< most positions of a sequence
  uint32_t sequences;     ///< most sequences at one time
  uint64_t pageLimit;     ///< most pages at one time
};

/// Pages of keys and values and which sequence has which. Pages are reference-counted: a fork shares all of its
/// parent's pages, and `reserve` copies a shared page before it is written. Pages are 64-byte aligned, keep what they
/// held, and are taken from the system a few at a time, up to the limit; freed pages are used again. Not thread-safe.
class KVMemory {
public:
  explicit KVMemory(const KVShape &shape);

  /// A new, empty sequence; its index stands in `hone_step.sequences`.
  Result<int32_t> open();

  /// A new sequence that continues a copy of `sequence`. O(pages), copies none of them.
  Result<int32_t> fork(int32_t sequence);

  /// Makes the positions from the sequence's length up to `length` writable and becomes its length. On failure (context
  /// or memory exhausted) nothing has changed.
  Status reserve(int32_t sequence, int64_t length);

  /// Forgets the positions from `length` on; `length` is at most the sequence's.
  void trim(int32_t sequence, int64_t length);

  /// Ends a sequence; `open` and `fork` may give its index again.
  void release(int32_t sequence);

  int64_t length(int32_t sequence) const { return sequences[sequence].length; }
  bool isOpen(int32_t sequence) const {
    return sequence >= 0 && static_cast<size_t>(sequence) < sequences.size() && sequences[sequence].open;
  }
  uint64_t pagesInUse() const { return pages.size() - freePages.size(); }
  const KVShape &shape() const { return layout; }

  /// For `hone_step.pages`. Constant for the life of this object; its entries change in `reserve`, `trim`, `release`.
  uint8_t *const *const *tables() const { return tablePointers.data(); }

private:
  struct Page {
    uint8_t *data;
    uint32_t references;
  };
  struct Sequence {
    bool open = false;
    int64_t length = 0;
    std::vector<int32_t> pages; ///< indices into `pages` of KVMemory
  };

  int64_t pageCount(int64_t length) const { return (length + layout.pagePositions - 1) / layout.pagePositions; }
  uint8_t **tableOf(int32_t sequence) { return tableEntries.data() + pageCount(layout.context) * sequence; }
  Status makeFree(uint64_t count);
  int32_t takePage();
  void dropPage(int32_t page);

  const KVShape layout;
  const uint64_t stride; ///< pageBytes, rounded up to the alignment
  std::vector<Memory> blocks;
  std::vector<Page> pages;
  std::vector<int32_t> freePages;
  std::vector<Sequence> sequences;
  std::vector<uint8_t *> tableEntries; ///< [sequence][page of sequence]
  std::vector<uint8_t *const *> tablePointers;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_KVMEMORY_H
