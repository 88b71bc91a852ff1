//===- TimedTeam.h - Threads whose common work is timed --------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_TIMEDTEAM_H
#define HONE_CODEGEN_X86_TIMEDTEAM_H

#include <cstdint>
#include <functional>

namespace hone::x86 {

/// How often work was run, and how long it took from the moment that all threads stood ready to that when all were
/// done.
struct Timing {
  double best = 0, median = 0; ///< seconds
  int64_t runs = 0;
};

/// Runs `work(run, worker)` on `threads` threads at once, again and again, until `seconds` have passed; a few times at
/// least, after a run that does not count. Each thread stays on a CPU of its own if there are as many. Threads wait by
/// spinning: with fewer CPUs than threads, figures mean nothing.
Timing timeTogether(int64_t threads, double seconds, const std::function<void(int64_t run, int64_t worker)> &work);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_TIMEDTEAM_H
