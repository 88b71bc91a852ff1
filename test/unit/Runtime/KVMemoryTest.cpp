//===- KVMemoryTest.cpp - Paged memory for keys and values ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KVMemory.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace hone;
using namespace hone::rt;

namespace {

/// Pages of 4 positions, 100 bytes.
KVShape shape(uint64_t pageLimit = 100) { return {100, 4, 40, 4, pageLimit}; }

uint8_t *page(const KVMemory &memory, int32_t sequence, int64_t index) { return memory.tables()[sequence][index]; }

} // namespace

TEST(KVMemoryTest, PagesAreAlignedAndDistinct) {
  KVMemory memory(shape());
  int32_t sequence = *memory.open();
  ASSERT_FALSE(memory.reserve(sequence, 40));
  EXPECT_EQ(memory.pagesInUse(), 10u);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(page(memory, sequence, i)) % 64, 0u);
    std::memset(page(memory, sequence, i), i + 1, 100);
  }
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 100; ++j)
      ASSERT_EQ(page(memory, sequence, i)[j], i + 1);
}

TEST(KVMemoryTest, AForkSharesPagesUntilOneIsWritten) {
  KVMemory memory(shape());
  int32_t parent = *memory.open();
  ASSERT_FALSE(memory.reserve(parent, 6)); // A full page and half of one.
  std::memset(page(memory, parent, 0), 1, 100);
  std::memset(page(memory, parent, 1), 2, 100);
  int32_t child = *memory.fork(parent);
  EXPECT_EQ(memory.length(child), 6);
  EXPECT_EQ(memory.pagesInUse(), 2u);
  EXPECT_EQ(page(memory, child, 1), page(memory, parent, 1));

  ASSERT_FALSE(memory.reserve(child, 7));
  EXPECT_EQ(memory.pagesInUse(), 3u);
  EXPECT_EQ(page(memory, child, 0), page(memory, parent, 0));
  ASSERT_NE(page(memory, child, 1), page(memory, parent, 1));
  EXPECT_EQ(std::memcmp(page(memory, child, 1), page(memory, parent, 1), 100), 0);

  // The parent's page is its own again: no copy.
  uint8_t *before = page(memory, parent, 1);
  ASSERT_FALSE(memory.reserve(parent, 7));
  EXPECT_EQ(page(memory, parent, 1), before);
  EXPECT_EQ(memory.pagesInUse(), 3u);
}

TEST(KVMemoryTest, AForkAtAPageBoundaryCopiesNothing) {
  KVMemory memory(shape());
  int32_t parent = *memory.open();
  ASSERT_FALSE(memory.reserve(parent, 8));
  int32_t child = *memory.fork(parent);
  ASSERT_FALSE(memory.reserve(child, 9));
  EXPECT_EQ(memory.pagesInUse(), 3u);
  EXPECT_EQ(page(memory, child, 1), page(memory, parent, 1));
}

TEST(KVMemoryTest, TrimGivesPagesBackAndASharedRestIsCopiedOnWrite) {
  KVMemory memory(shape());
  int32_t parent = *memory.open();
  ASSERT_FALSE(memory.reserve(parent, 16));
  int32_t child = *memory.fork(parent);
  memory.trim(child, 6);
  EXPECT_EQ(memory.length(child), 6);
  EXPECT_EQ(memory.pagesInUse(), 4u) << "the parent still has them";
  EXPECT_EQ(page(memory, child, 2), nullptr);
  ASSERT_FALSE(memory.reserve(child, 7));
  EXPECT_NE(page(memory, child, 1), page(memory, parent, 1));
  memory.release(parent);
  EXPECT_EQ(memory.pagesInUse(), 2u);
  memory.release(child);
  EXPECT_EQ(memory.pagesInUse(), 0u);
}

TEST(KVMemoryTest, ExhaustionIsAnErrorThatChangesNothing) {
  KVMemory memory(shape(/*pageLimit=*/3));
  int32_t first = *memory.open(), second = *memory.open();
  ASSERT_FALSE(memory.reserve(first, 8));
  Status failed = memory.reserve(second, 5);
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->message().find("KV memory is exhausted: 2 more pages of 4 positions are needed, 1 of 3 are free"),
            std::string::npos)
      << failed->message();
  EXPECT_EQ(memory.length(second), 0);
  EXPECT_EQ(memory.pagesInUse(), 2u);
  ASSERT_FALSE(memory.reserve(second, 4));

  // A copy counts as well.
  memory.trim(first, 7);
  memory.release(second);
  int32_t child = *memory.fork(first);
  ASSERT_TRUE(memory.reserve(child, 9)) << "needs a copy and a new page, has one";
  EXPECT_EQ(page(memory, child, 1), page(memory, first, 1));
  ASSERT_FALSE(memory.reserve(child, 8));
}

TEST(KVMemoryTest, TheContextIsALimit) {
  KVMemory memory(shape());
  int32_t sequence = *memory.open();
  Status failed = memory.reserve(sequence, 41);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(), "expected at most 40 positions in a sequence, got 41");
}

TEST(KVMemoryTest, IndicesOfReleasedSequencesComeBack) {
  KVMemory memory(shape());
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(*memory.open(), i);
  EXPECT_FALSE(bool(memory.open()));
  memory.release(2);
  EXPECT_FALSE(memory.isOpen(2));
  EXPECT_EQ(*memory.fork(0), 2);
}
