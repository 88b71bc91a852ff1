//===- Profile.h - Where the time of steps went -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_PROFILE_H
#define HONE_LIB_RUNTIME_PROFILE_H

#include "Json.h"
#include "Limits.h"

#include <functional>
#include <string>

namespace hone::rt {

/// What one kernel did, or waiting (`kernel` is null), per step. Times are means over the workers, so that those of all
/// kernels and of waiting add up to the time of the steps.
struct ProfileLine {
  const hone_kernel *kernel = nullptr;
  uint64_t calls = 0;         ///< in each step
  double total = 0;           ///< seconds, of all steps
  std::vector<double> byStep; ///< seconds
  std::vector<Work> work;     ///< by step

  Work allWork() const;
  double medianTime() const;
  /// The median over the steps that have any of it, so that a step which was interrupted does not count.
  double medianRate(const std::function<double(const Work &)> &amount) const;
};

struct Profile {
  std::vector<ProfileLine> kernels; ///< longest first
  ProfileLine waits;                ///< for other workers, at barriers and at the start and end of steps
  double outside = 0, total = 0;    ///< seconds: between steps (sampling, the runtime); of everything
  size_t steps = 0;
};

Profile makeProfile(const hone_module &module, const Recorder &recorder);

/// `title` says what ran.
std::string profileTable(const Profile &profile, const std::string &title, const MachineRates &rates);
void writeProfile(JsonWriter &json, std::string_view key, const Profile &profile, const MachineRates &rates);

/// What is known of a part of a run, for a trace of it.
struct TracePart {
  const char *name;
  const Recorder *recorder;
};

/// In the trace event format of Chrome, which ui.perfetto.dev and chrome://tracing open: a process for each part, a
/// track for each worker, and an event for each kernel call and each wait.
std::string traceText(const hone_module &module, const std::vector<TracePart> &parts);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_PROFILE_H
