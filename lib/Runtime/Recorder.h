//===- Recorder.h - When workers did what -----------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_RECORDER_H
#define HONE_LIB_RUNTIME_RECORDER_H

#include "Memory.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>
#include <x86intrin.h>

namespace hone::rt {

/// How much one step has to do.
struct StepShape {
  int64_t rows = 0, logitRows = 0;
  int64_t positions = 0;    ///< of all sequences together: what keys and values are read of
  int64_t rowPositions = 0; ///< the positions that a row sees, summed over rows
};

/// Moments of steps, one track of them per worker, in ticks of the time-stamp counter (which all CPUs share). Memory
/// for all of them is taken beforehand; a mark costs one counter read and one store.
class Recorder {
public:
  /// What a worker had done at a moment: the kernel call of that index, or one of these.
  enum Moment : int64_t { behindBarrier = -1, atStart = -2 };
  struct Event {
    uint64_t ticks;
    int64_t what;
  };
  struct Step {
    StepShape shape;
    uint64_t begin, end; ///< of the thread that runs steps, around starting the workers and waiting for them
    size_t firstEvent;   ///< in each worker's track
  };

  /// For `workers`, and `steps` steps of `calls` calls each; later steps are not recorded.
  static Result<std::unique_ptr<Recorder>> create(int32_t workers, int64_t steps, int64_t calls);

  /// Around each step, and around all of them.
  void beginStep(const StepShape &shape);
  void endStep();
  void begin();
  void end();

  /// By each worker, inside a step.
  void record(int32_t worker, int64_t what) {
    Track &track = tracks[worker];
    if (track.size < capacity && recording)
      track.events[track.size++] = {__rdtsc(), what};
  }

  int32_t workers() const { return static_cast<int32_t>(tracks.size()); }
  const std::vector<Step> &steps() const { return list; }
  uint64_t firstTicks() const { return firstTick; }
  uint64_t lastTicks() const { return lastTick; }
  double nanosecondsPerTick() const;

  /// Calls `use(call, begin, end)` for all that a worker did in a step, in order and without gaps from the step's begin
  /// to its end: `call` is -1 while it waited, for the others or for the step to start or end.
  template <typename Use> void forEachSpan(const Step &step, int32_t worker, Use use) const {
    const Track &track = tracks[worker];
    size_t last = &step == &list.back() ? track.size : (&step)[1].firstEvent;
    uint64_t now = step.begin;
    for (size_t i = step.firstEvent; i < std::min(last, track.size); ++i) {
      const Event &event = track.events[i];
      uint64_t then = std::min(std::max(event.ticks, now), step.end); // Counters of two CPUs differ by a few ticks.
      use(event.what < 0 ? -1 : event.what, now, then);
      now = then;
    }
    use(-1, now, step.end);
  }

private:
  struct alignas(64) Track {
    Event *events = nullptr;
    size_t size = 0;
    Memory memory;
  };

  Recorder(int32_t workers, size_t capacity, size_t mostSteps)
      : tracks(workers), capacity(capacity), mostSteps(mostSteps) {}

  std::vector<Track> tracks;
  const size_t capacity, mostSteps; ///< events of a track; steps
  std::vector<Step> list;
  bool recording = false; ///< whether the step that runs is one of `list`
  uint64_t firstTick = 0, lastTick = 0;
  int64_t firstTime = 0, lastTime = 0; ///< at the same moments, nanoseconds
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_RECORDER_H
