//===- Workers.cpp - The threads that run a step --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Workers.h"
#include "Format.h"
#include "Futex.h"

#include <csignal>
#include <cstring>

using namespace hone;
using namespace hone::rt;

Result<std::unique_ptr<Workers>> Workers::create(int32_t count, int32_t cpus) {
  std::unique_ptr<Workers> team(new Workers(count, cpus));
  team->threads.reserve(count - 1);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = 0;
  for (int32_t index = 1; index < count && failure == 0; ++index) {
    team->threads.push_back({team.get(), index, {}});
    failure = pthread_create(&team->threads.back().handle, nullptr, threadMain, &team->threads.back());
    if (failure != 0)
      team->threads.pop_back();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0) {
    size_t started = team->threads.size();
    return Error(format("thread %zu of %d cannot be started: %s; use fewer threads", started + 2, count,
                        std::strerror(failure)));
  }
  team->admit(Admission::enter);
  return team;
}

Workers::~Workers() {
  if (admission.load(std::memory_order_relaxed) == waiting)
    admit(Admission::leave);
  else if (!threads.empty())
    gate.wait(); // With no job: the threads end.
  for (Thread &thread : threads)
    pthread_join(thread.handle, nullptr);
}

void Workers::admit(Admission decision) {
  admission.store(decision, std::memory_order_release);
  futexWakeAll(admission);
}

void *Workers::threadMain(void *argument) {
  auto *thread = static_cast<Thread *>(argument);
  Workers &team = *thread->team;
  while (team.admission.load(std::memory_order_acquire) == Admission::waiting)
    futexWait(team.admission, Admission::waiting);
  if (team.admission.load(std::memory_order_acquire) == Admission::leave)
    return nullptr;
  for (;;) {
    team.gate.wait();
    if (!team.job)
      return nullptr;
    team.job(team.jobContext, thread->index, team.count);
    team.gate.wait();
  }
}

void Workers::run(WorkerFunction function, void *context) {
  if (threads.empty())
    return function(context, 0, 1);
  job = function;
  jobContext = context;
  gate.wait();
  function(context, 0, count);
  gate.wait();
  job = nullptr;
}
