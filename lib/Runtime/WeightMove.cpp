//===- WeightMove.cpp - From the program's file into huge pages -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightMove.h"
#include "Machine.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

using namespace hone;
using namespace hone::rt;

static constexpr uintptr_t smallPage = 4096;

namespace {
struct MoveJob {
  const uint8_t *from;
  uint8_t *to;
  size_t size;
  size_t piece;
  int64_t deadline;
  std::atomic<size_t> next; ///< where the next worker goes on
};
} // namespace

/// Every piece that was taken has been copied when all workers have returned.
static void movePart(void *context, int32_t, int32_t) {
  auto *job = static_cast<MoveJob *>(context);
  do {
    size_t at = job->next.fetch_add(job->piece, std::memory_order_relaxed);
    if (at >= job->size)
      return;
    std::memcpy(job->to + at, job->from + at, std::min(job->piece, job->size - at));
  } while (now() < job->deadline);
}

bool rt::hasRoomInHugePages(uint64_t bytes) {
  std::string setting = readSmallFile("/sys/kernel/mm/transparent_hugepage/enabled");
  return !setting.empty() && setting.find("[never]") == std::string::npos && bytes <= availableMemory() / 2;
}

WeightMove::WeightMove(Section weights, const hone_weight *entries, size_t count)
    : source(weights), entries(entries), count(count) {}

/// Takes the memory, once. Address space that is refused leaves the weights where they are.
bool WeightMove::begin() {
  if (target.data() || refused)
    return !refused;
  refused = true;
  if (source.size == 0 || !hasRoomInHugePages(source.size))
    return false;
  Result<Memory> memory = Memory::allocate(source.size);
  if (!memory)
    return false;
  target = std::move(*memory);
  refused = false;
  return true;
}

void WeightMove::advance(Workers &workers) {
  if (movedBytes() == source.size || busy.exchange(true, std::memory_order_acquire))
    return;
  size_t done = moved.load(std::memory_order_relaxed);
  if (done < source.size && begin()) {
    MoveJob job = {source.begin, target.data(), source.size, limits.pieceBytes, now() + limits.nanoseconds, {done}};
    workers.run(movePart, &job);
    done = std::min(job.next.load(std::memory_order_relaxed), source.size);
    moved.store(done, std::memory_order_release);
    giveBack(done);
  }
  busy.store(false, std::memory_order_release);
}

/// Of weights that have moved entirely. They are never written, so who still reads there gets the file's bytes again.
void WeightMove::giveBack(size_t end) {
  for (size_t i = 0; i < count; ++i)
    if (entries[i].offset + entries[i].bytes > end)
      end = std::min<size_t>(end, entries[i].offset);
  uintptr_t first = (reinterpret_cast<uintptr_t>(source.begin) + givenBack + smallPage - 1) & ~(smallPage - 1);
  uintptr_t last = (reinterpret_cast<uintptr_t>(source.begin) + end) & ~(smallPage - 1);
  if (first >= last)
    return;
  ::madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
  givenBack = last - reinterpret_cast<uintptr_t>(source.begin);
}

void WeightMove::update(std::vector<const uint8_t *> &table, size_t &known) const {
  size_t done = movedBytes();
  if (done == known)
    return;
  for (size_t i = 0; i < count; ++i)
    if (entries[i].offset + entries[i].bytes <= done)
      table[i] = target.data() + entries[i].offset;
  known = done;
}
