//===- WeightMove.h - From the program's file into huge pages ---*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_WEIGHTMOVE_H
#define HONE_LIB_RUNTIME_WEIGHTMOVE_H

#include "Memory.h"
#include "Workers.h"
#include "hone-rt/ABI.h"

#include <atomic>
#include <cstddef>
#include <vector>

namespace hone::rt {

/// A range of the program's own image.
struct Section {
  const uint8_t *begin;
  size_t size;
};

/// How much of the weights is moved between two steps: each worker takes pieces until the time is over, and one at
/// least.
struct MoveLimits {
  size_t pieceBytes = 2u << 20; ///< a huge page, so that one worker alone touches each first
  int64_t nanoseconds = 300000;
};

/// Where a model's weights are: mapped from the program's file at first, so that a start reads and copies nothing, and
/// later, if a session asks for it, in huge pages of their own. One per model. The mapping stays valid to the end, so
/// that a session which did not look again goes on to read the same bytes there. Thread-safe.
class WeightMove {
public:
  /// `weights` is the section, in which `entries` lie.
  WeightMove(Section weights, const hone_weight *entries, size_t count);

  /// Moves some more, by all workers, and gives the memory of moved weights in the mapping back. Does nothing where
  /// another session is moving or all is done; nor where memory is short or the system has no huge pages, which is
  /// found out once. To be called between steps of the session that the workers belong to.
  void advance(Workers &workers);

  /// Lets the pointers of all weights that have moved entirely point there. `known` is how far `table` is; 0 at first.
  void update(std::vector<const uint8_t *> &table, size_t &known) const;

  /// Bytes of the section that have moved, from its start on.
  size_t movedBytes() const { return moved.load(std::memory_order_acquire); }

  void setLimits(const MoveLimits &chosen) { limits = chosen; }

private:
  bool begin();
  void giveBack(size_t end);

  const Section source;
  const hone_weight *const entries;
  const size_t count;
  MoveLimits limits;
  Memory target; ///< written by who holds `busy`; `moved` publishes it
  size_t givenBack = 0;
  bool refused = false;
  std::atomic<bool> busy{false};
  std::atomic<size_t> moved{0};
};

/// Whether a copy of `bytes` can be had in huge pages and leaves most of the memory free.
bool hasRoomInHugePages(uint64_t bytes);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_WEIGHTMOVE_H
