//===- Workers.h - The threads that run a step ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_WORKERS_H
#define HONE_LIB_RUNTIME_WORKERS_H

#include "Barrier.h"
#include "hone/Support/Error.h"

#include <memory>
#include <pthread.h>
#include <vector>

namespace hone::rt {

/// What every worker calls at once, with its index in [0, workers).
using WorkerFunction = void (*)(void *context, int32_t worker, int32_t workers);

/// A fixed team of threads. The thread that calls `run` is worker 0; the others wait at the same barrier that a step
/// uses, so starting a step costs one barrier and ending it another. They block all signals: those go to the caller.
/// `run` is for one thread at a time.
class Workers {
public:
  /// `cpus`: how many CPUs the process may use. Fails if the system refuses a thread.
  static Result<std::unique_ptr<Workers>> create(int32_t count, int32_t cpus);
  ~Workers();
  Workers(const Workers &) = delete;
  Workers &operator=(const Workers &) = delete;

  /// Returns once all workers have returned from `function`.
  void run(WorkerFunction function, void *context);

  int32_t size() const { return count; }

  /// For use inside `run`, by all workers.
  hone_barrier *barrier() { return &gate; }

private:
  struct Thread {
    Workers *team;
    int32_t index;
    pthread_t handle;
  };

  /// The gate counts the whole team for good, so no thread may go to it before all have been started.
  enum Admission : uint32_t { waiting, enter, leave };

  Workers(int32_t count, int32_t cpus) : count(count), gate(count, cpus) {}
  void admit(Admission decision);
  static void *threadMain(void *thread);

  const int32_t count;
  hone_barrier gate;
  std::atomic<uint32_t> admission{waiting};
  WorkerFunction job = nullptr; ///< published by `gate`; null ends the threads
  void *jobContext = nullptr;
  std::vector<Thread> threads;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_WORKERS_H
