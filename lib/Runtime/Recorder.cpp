//===- Recorder.cpp - When workers did what -------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recorder.h"
#include "Barrier.h"
#include "Machine.h"

#include <cstring>

using namespace hone;
using namespace hone::rt;

Result<std::unique_ptr<Recorder>> Recorder::create(int32_t workers, int64_t steps, int64_t calls) {
  // The start, and each call behind a barrier.
  auto capacity = static_cast<size_t>(steps * (2 * calls + 1));
  std::unique_ptr<Recorder> recorder(new Recorder(workers, capacity, static_cast<size_t>(steps)));
  recorder->list.reserve(static_cast<size_t>(steps));
  for (Track &track : recorder->tracks) {
    Result<Memory> memory = Memory::allocate(capacity * sizeof(Event));
    if (!memory)
      return memory.takeError();
    track.memory = std::move(*memory);
    track.events = reinterpret_cast<Event *>(track.memory.data());
    std::memset(track.memory.data(), 0xff, track.memory.size()); // No page is to be touched first while time counts.
  }
  return recorder;
}

void Recorder::beginStep(const StepShape &shape) {
  recording = list.size() < mostSteps;
  if (recording)
    list.push_back({shape, __rdtsc(), 0, tracks.front().size});
}

void Recorder::endStep() {
  if (recording)
    list.back().end = __rdtsc();
  recording = false;
}

void Recorder::begin() {
  firstTime = now();
  firstTick = __rdtsc();
}

void Recorder::end() {
  lastTime = now();
  lastTick = __rdtsc();
}

double Recorder::nanosecondsPerTick() const {
  return lastTick > firstTick ? static_cast<double>(lastTime - firstTime) / static_cast<double>(lastTick - firstTick)
                              : 0;
}

extern "C" void hone_rt_mark(hone_barrier *barrier, int64_t worker, int64_t call) {
  if (barrier->recorder)
    barrier->recorder->record(static_cast<int32_t>(worker), call);
}
