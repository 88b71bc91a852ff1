//===- Profile.cpp - Where the time of steps went -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Profile.h"
#include "Bench.h"
#include "Format.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

Work ProfileLine::allWork() const {
  Work all;
  for (const Work &step : work)
    all += step;
  return all;
}

double ProfileLine::medianTime() const { return spread(byStep).median; }

double ProfileLine::medianRate(const std::function<double(const Work &)> &amount) const {
  std::vector<double> values;
  for (size_t i = 0; i < work.size(); ++i)
    if (double some = amount(work[i]); some > 0 && byStep[i] > 0)
      values.push_back(some / byStep[i]);
  return spread(values).median;
}

static void addStep(const hone_module &module, const Recorder &recorder, size_t index, Profile &profile) {
  const Recorder::Step &step = recorder.steps()[index];
  double share = recorder.nanosecondsPerTick() * 1e-9 / recorder.workers();
  for (int32_t worker = 0; worker < recorder.workers(); ++worker)
    recorder.forEachSpan(step, worker, [&](int64_t call, uint64_t begin, uint64_t end) {
      ProfileLine &line = call < 0 ? profile.waits : profile.kernels[module.calls[call].kernel];
      line.byStep[index] += static_cast<double>(end - begin) * share;
    });
  for (uint64_t i = 0; i < module.call_count; ++i)
    profile.kernels[module.calls[i].kernel].work[index] += workOf(module, module.calls[i], step.shape);
}

static void finishLine(ProfileLine &line) {
  for (double seconds : line.byStep)
    line.total += seconds;
}

Profile rt::makeProfile(const hone_module &module, const Recorder &recorder) {
  Profile profile;
  profile.steps = recorder.steps().size();
  profile.kernels.resize(module.kernel_count);
  for (uint64_t i = 0; i < module.kernel_count; ++i) {
    profile.kernels[i].kernel = &module.kernels[i];
    profile.kernels[i].byStep.resize(profile.steps);
    profile.kernels[i].work.resize(profile.steps);
  }
  profile.waits.byStep.resize(profile.steps);
  for (uint64_t i = 0; i < module.call_count; ++i)
    profile.kernels[module.calls[i].kernel].calls += !(module.calls[i].flags & HONE_CALL_LATER_PHASE);

  double inside = 0, secondsPerTick = recorder.nanosecondsPerTick() * 1e-9;
  for (size_t i = 0; i < profile.steps; ++i) {
    addStep(module, recorder, i, profile);
    inside += static_cast<double>(recorder.steps()[i].end - recorder.steps()[i].begin) * secondsPerTick;
  }
  for (ProfileLine &line : profile.kernels)
    finishLine(line);
  finishLine(profile.waits);
  profile.total = static_cast<double>(recorder.lastTicks() - recorder.firstTicks()) * secondsPerTick;
  profile.outside = std::max(profile.total - inside, 0.0);
  std::sort(profile.kernels.begin(), profile.kernels.end(), [](const ProfileLine &a, const ProfileLine &b) {
    return a.total != b.total ? a.total > b.total : a.kernel < b.kernel;
  });
  return profile;
}

/// Several digits, whatever the magnitude.
static std::string shortNumber(double value) { return format(value < 99.95 ? "%.1f" : "%.0f", value); }

/// How much is read or computed in a step, how fast, and the share of what the machine does at most; nothing where
/// there is nothing to do.
static std::string workCells(const ProfileLine &line, double perStep, const std::function<double(const Work &)> &amount,
                             const std::function<double(const Work &)> &limit) {
  double rate = line.medianRate(amount), share = line.medianRate(limit);
  return format(" %8s %8s %7s", perStep > 0 ? shortNumber(perStep * 1e-6).c_str() : "",
                rate > 0 ? shortNumber(rate * 1e-9).c_str() : "",
                share > 0 ? format("%.0f %%", share * 100).c_str() : "");
}

static double bytesOf(const Work &work) { return work.bytes; }
static double operationsOf(const Work &work) { return work.allOperations(); }

std::string rt::profileTable(const Profile &profile, const std::string &title, const MachineRates &rates) {
  auto steps = static_cast<double>(std::max<size_t>(profile.steps, 1));
  size_t width = 24;
  for (const ProfileLine &line : profile.kernels)
    width = std::max(width, std::string_view(line.kernel->name).size());
  auto name = [&](const char *text) { return format("%-*s", static_cast<int>(width), text); };
  std::string text = format("\n%s: %zu step%s of %.3f ms\n", title.c_str(), profile.steps,
                            profile.steps == 1 ? "" : "s", profile.total / steps * 1e3);
  text += name("") + format(" %5s %9s %7s %8s %8s %7s %8s %8s %7s\n", "calls", "us/step", "share", "MB/step", "GB/s",
                            "of read", "MOP/step", "GOP/s", "of peak");
  auto readSeconds = [&](const Work &work) { return work.readSeconds(rates); };
  auto computeSeconds = [&](const Work &work) { return work.computeSeconds(rates); };
  auto timeCells = [&](const std::string &calls, double seconds, double total) {
    return format(" %5s %9.1f %5.1f %%", calls.c_str(), seconds * 1e6,
                  profile.total > 0 ? total / profile.total * 100 : 0);
  };
  for (const ProfileLine &line : profile.kernels) {
    Work work = line.allWork();
    text += name(line.kernel->name) +
            timeCells(format("%llu", static_cast<unsigned long long>(line.calls)), line.medianTime(), line.total) +
            workCells(line, work.bytes / steps, bytesOf, readSeconds) +
            workCells(line, work.allOperations() / steps, operationsOf, computeSeconds) + "\n";
  }
  text += name("waiting for workers") + timeCells("", profile.waits.medianTime(), profile.waits.total) + "\n";
  text += name("between steps") + timeCells("", profile.outside / steps, profile.outside) + "\n";
  while (text.find(" \n") != std::string::npos)
    text.erase(text.find(" \n"), 1);
  return text;
}

static void writeTime(JsonWriter &json, const Profile &profile, double median, double total) {
  if (median >= 0)
    json.real("us_per_step", median * 1e6, 3);
  json.real("us", total * 1e6, 3);
  json.real("share", profile.total > 0 ? total / profile.total : 0, 6);
}

void rt::writeProfile(JsonWriter &json, std::string_view key, const Profile &profile, const MachineRates &rates) {
  static const char *const names[arithmetics] = {"", "f32", "int16", "int8"};
  auto steps = static_cast<double>(std::max<size_t>(profile.steps, 1));
  json.beginObject(key);
  json.whole("steps", profile.steps);
  json.real("us", profile.total * 1e6, 3);
  json.beginArray("kernels");
  for (const ProfileLine &line : profile.kernels) {
    Work work = line.allWork();
    json.beginObject();
    json.string("name", line.kernel->name);
    json.whole("calls_per_step", line.calls);
    writeTime(json, profile, line.medianTime(), line.total);
    json.real("bytes_per_step", work.bytes / steps, 0);
    json.real("operations_per_step", work.allOperations() / steps, 0);
    if (double rate = line.medianRate(bytesOf); rate > 0) {
      json.real("gb_per_s", rate * 1e-9, 3);
      json.real("share_of_read", line.medianRate([&](const Work &work) { return work.readSeconds(rates); }), 4);
    }
    if (double rate = line.medianRate(operationsOf); rate > 0) {
      json.string("arithmetic", names[line.kernel->arithmetic]);
      json.real("gop_per_s", rate * 1e-9, 3);
      json.real("share_of_peak", line.medianRate([&](const Work &work) { return work.computeSeconds(rates); }), 4);
    }
    json.endObject();
  }
  json.endArray();
  json.beginObject("waiting");
  writeTime(json, profile, profile.waits.medianTime(), profile.waits.total);
  json.endObject();
  json.beginObject("between_steps");
  writeTime(json, profile, -1, profile.outside);
  json.endObject();
  json.endObject();
}
