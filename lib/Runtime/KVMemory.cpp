//===- KVMemory.cpp - Paged memory for keys and values --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KVMemory.h"
#include "Format.h"

#include <algorithm>
#include <cassert>
#include <cstring>

using namespace hone;
using namespace hone::rt;

static constexpr uint64_t pageAlignment = 64;
/// Memory is taken from the system in blocks of at least this size, so that it can lie in huge pages.
static constexpr uint64_t blockBytes = 4u << 20;

KVMemory::KVMemory(const KVShape &shape)
    : layout(shape), stride((shape.pageBytes + pageAlignment - 1) / pageAlignment * pageAlignment),
      sequences(shape.sequences) {
  tableEntries.resize(pageCount(shape.context) * shape.sequences);
  for (uint32_t i = 0; i < shape.sequences; ++i)
    tablePointers.push_back(tableOf(i));
}

Result<int32_t> KVMemory::open() {
  for (size_t i = 0; i < sequences.size(); ++i)
    if (!sequences[i].open) {
      sequences[i].open = true;
      sequences[i].length = 0;
      return static_cast<int32_t>(i);
    }
  return Error(format("expected at most %zu sequences at one time; close one first", sequences.size()));
}

Result<int32_t> KVMemory::fork(int32_t sequence) {
  assert(isOpen(sequence));
  Result<int32_t> opened = open();
  if (!opened)
    return opened;
  const Sequence &parent = sequences[sequence];
  Sequence &child = sequences[*opened];
  child.length = parent.length;
  child.pages = parent.pages;
  for (size_t i = 0; i < child.pages.size(); ++i) {
    ++pages[child.pages[i]].references;
    tableOf(*opened)[i] = pages[child.pages[i]].data;
  }
  return opened;
}

Status KVMemory::makeFree(uint64_t count) {
  if (count <= freePages.size())
    return {};
  uint64_t missing = count - freePages.size();
  if (missing > layout.pageLimit - pages.size())
    return Error(format("KV memory is exhausted: %s more pages of %u positions are needed, %s of %s are free; close a "
                        "sequence or raise the limit",
                        grouped(count).c_str(), layout.pagePositions, grouped(layout.pageLimit - pagesInUse()).c_str(),
                        grouped(layout.pageLimit).c_str()));
  uint64_t wanted = std::min(std::max(missing, blockBytes / stride), layout.pageLimit - pages.size());
  Result<Memory> block = Memory::allocate(wanted * stride);
  if (!block)
    return Error("KV memory: " + block.error().message());
  uint8_t *data = block->data();
  blocks.push_back(std::move(*block));
  // Lower addresses are taken first.
  for (uint64_t i = wanted; i-- > 0;)
    freePages.push_back(static_cast<int32_t>(pages.size() + i));
  for (uint64_t i = 0; i < wanted; ++i)
    pages.push_back({data + i * stride, 0});
  return {};
}

int32_t KVMemory::takePage() {
  int32_t page = freePages.back();
  freePages.pop_back();
  pages[page].references = 1;
  return page;
}

void KVMemory::dropPage(int32_t page) {
  if (--pages[page].references == 0)
    freePages.push_back(page);
}

Status KVMemory::reserve(int32_t index, int64_t length) {
  assert(isOpen(index));
  Sequence &sequence = sequences[index];
  if (length > layout.context)
    return Error(format("expected at most %s positions in a sequence, got %s", grouped(layout.context).c_str(),
                        grouped(length).c_str()));
  if (length <= sequence.length)
    return {};
  int64_t needed = pageCount(length), present = static_cast<int64_t>(sequence.pages.size());
  // Only the page that holds the first new position can be both present and written.
  int64_t first = sequence.length / layout.pagePositions;
  bool copy = first < present && pages[sequence.pages[first]].references > 1;
  if (Status failed = makeFree(std::max<int64_t>(needed - present, 0) + copy))
    return failed;

  uint8_t **table = tableOf(index);
  if (copy) {
    int32_t old = sequence.pages[first], fresh = takePage();
    std::memcpy(pages[fresh].data, pages[old].data, layout.pageBytes);
    dropPage(old);
    sequence.pages[first] = fresh;
    table[first] = pages[fresh].data;
  }
  for (int64_t i = present; i < needed; ++i) {
    sequence.pages.push_back(takePage());
    table[i] = pages[sequence.pages.back()].data;
  }
  sequence.length = length;
  return {};
}

void KVMemory::trim(int32_t index, int64_t length) {
  assert(isOpen(index) && length >= 0 && length <= sequences[index].length);
  Sequence &sequence = sequences[index];
  uint8_t **table = tableOf(index);
  int64_t kept = pageCount(length);
  for (int64_t i = static_cast<int64_t>(sequence.pages.size()); i-- > kept;) {
    dropPage(sequence.pages[i]);
    table[i] = nullptr;
  }
  sequence.pages.resize(kept);
  sequence.length = length;
}

void KVMemory::release(int32_t index) {
  trim(index, 0);
  sequences[index].open = false;
}
