//===- Trace.cpp - Steps as trace events ----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Format.h"
#include "Profile.h"

using namespace hone;
using namespace hone::rt;

/// More tell nothing new, and viewers become slow.
static constexpr size_t mostTracedSteps = 32;

static void writeName(JsonWriter &json, const char *what, size_t process, int32_t worker, const std::string &name) {
  json.beginObject();
  json.string("ph", "M");
  json.string("name", what);
  json.whole("pid", process);
  json.whole("tid", static_cast<uint64_t>(worker));
  json.beginObject("args");
  json.string("name", name);
  json.endObject();
  json.endObject();
}

namespace {

/// Writes the events of one part.
class PartTrace {
public:
  PartTrace(JsonWriter &json, const hone_module &module, const Recorder &recorder, size_t process)
      : json(json), module(module), recorder(recorder), process(process) {}

  void writeStep(size_t index, int32_t worker) {
    const Recorder::Step &step = recorder.steps()[index];
    recorder.forEachSpan(step, worker, [&](int64_t call, uint64_t begin, uint64_t end) {
      if (call < 0 && begin == end)
        return;
      beginEvent(call < 0 ? "wait" : module.kernels[module.calls[call].kernel].name, call < 0 ? "wait" : "kernel",
                 worker, begin, end);
      json.whole("step", index);
      if (call >= 0)
        writeCall(call, step.shape);
      json.endObject();
      json.endObject();
    });
  }

  /// What the thread that runs steps did between two.
  void writeBetween(uint64_t begin, uint64_t end) {
    beginEvent("between steps", "rest", 0, begin, end);
    json.endObject();
    json.endObject();
  }

private:
  JsonWriter &json;
  const hone_module &module;
  const Recorder &recorder;
  const size_t process;

  void beginEvent(const char *name, const char *category, int32_t worker, uint64_t begin, uint64_t end) {
    auto microseconds = [&](uint64_t ticks) {
      return static_cast<double>(ticks) * recorder.nanosecondsPerTick() * 1e-3;
    };
    json.beginObject();
    json.string("ph", "X");
    json.string("name", name);
    json.string("cat", category);
    json.whole("pid", process);
    json.whole("tid", static_cast<uint64_t>(worker));
    json.real("ts", microseconds(begin - recorder.firstTicks()), 3);
    json.real("dur", microseconds(end - begin), 3);
    json.beginObject("args");
  }

  /// Bytes and operations are those of all workers together.
  void writeCall(int64_t index, const StepShape &shape) {
    const hone_call &call = module.calls[index];
    json.whole("call", static_cast<uint64_t>(index));
    if (call.weight >= 0)
      json.string("weight", module.weights[call.weight].name);
    Work work = workOf(module, call, shape);
    json.real("bytes", work.bytes, 0);
    json.real("operations", work.allOperations(), 0);
    json.whole("rows", static_cast<uint64_t>(call.flags & HONE_CALL_LOGIT_ROWS ? shape.logitRows : shape.rows));
  }
};

} // namespace

static void writePart(JsonWriter &json, const hone_module &module, const TracePart &part, size_t process) {
  const Recorder &recorder = *part.recorder;
  writeName(json, "process_name", process, 0, part.name);
  for (int32_t worker = 0; worker < recorder.workers(); ++worker)
    writeName(json, "thread_name", process, worker, format("worker %d", worker));
  PartTrace trace(json, module, recorder, process);
  uint64_t before = recorder.firstTicks();
  for (size_t i = 0; i < std::min(recorder.steps().size(), mostTracedSteps); ++i) {
    trace.writeBetween(before, recorder.steps()[i].begin);
    for (int32_t worker = 0; worker < recorder.workers(); ++worker)
      trace.writeStep(i, worker);
    before = recorder.steps()[i].end;
  }
}

std::string rt::traceText(const hone_module &module, const std::vector<TracePart> &parts) {
  JsonWriter json(2);
  json.beginObject();
  json.string("displayTimeUnit", "ns");
  json.beginArray("traceEvents");
  for (size_t i = 0; i < parts.size(); ++i)
    writePart(json, module, parts[i], i + 1);
  json.endArray();
  json.endObject();
  return json.take();
}
