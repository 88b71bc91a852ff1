//===- WorkerSchedule.h - Workers that run one at a time ------ -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_WORKERSCHEDULE_H
#define HONE_EQUIVALENCE_WORKERSCHEDULE_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <condition_variable>
#include <mutex>
#include <vector>

namespace hone::equivalence {

/// Which worker comes first.
enum class WorkerOrder { FirstAhead, LastAhead };

/// The workers of a step, one at a time: each goes as far as barriers let it before the next one starts, the same in
/// every run. Where a barrier is missing, a worker reads what others have not written yet, or overwrites what they have
/// yet to read; of two workers each is ahead in one of the orders. Threads are there for their stacks alone.
class WorkerSchedule {
public:
  WorkerSchedule(int64_t workers, WorkerOrder order);

  /// Calls `work` with each worker; returns once all are done.
  void run(llvm::function_ref<void(int64_t worker)> work);

  /// A barrier, called by the worker whose turn it is. Workers that call it less often than others do not stop those.
  void wait();

private:
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int64_t> order;
  std::vector<bool> finished; ///< by place in `order`
  size_t turn = 0;            ///< a place in `order`

  void passOn();
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_WORKERSCHEDULE_H
