//===- StepReport.h - Prints what hone-equiv found in a step --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_STEPREPORT_H
#define HONE_TOOLS_STEPREPORT_H

#include "EquivalenceReport.h"

namespace hone::equivalence {

inline void writeStep(const StepReport &report) {
  // JSON has no infinity.
  auto getNumber = [](const Difference &difference) {
    double relative = difference.relative();
    return std::isfinite(relative) ? llvm::json::Value(relative) : llvm::json::Value(nullptr);
  };
  llvm::json::OStream writer(llvm::outs(), 2);
  writer.object([&] {
    writer.attribute("holds", report.faults.empty());
    writer.attribute("calls", report.calls);
    writer.attribute("barriers", report.barriers);
    writer.attribute("arena_bytes", report.arenaBytes);
    writer.attribute("seconds", report.seconds);
    writer.attribute("runs", llvm::json::Array(report.runs));
    writer.attributeArray("faults", [&] {
      for (const StepFault &fault : report.faults)
        writer.object([&] {
          writer.attribute("run", fault.run);
          writer.attribute("call", fault.call);
          writer.attribute("kernel", fault.kernel);
          writer.attribute("value", fault.value.value);
          writer.attribute("op", fault.value.op);
          writer.attribute("difference", getNumber(fault.value.difference));
          writer.attribute("scheduled", fault.scheduled);
          writer.attribute("causes", llvm::json::Array(fault.causes));
          writer.attribute("others", fault.others);
        });
    });
    writer.attributeArray("values", [&] {
      for (const StepValue &value : report.values)
        writer.object([&] {
          writer.attribute("value", value.own.value);
          writer.attribute("op", value.own.op);
          writer.attribute("call", value.call);
          writer.attribute("kernel", value.kernel);
          writer.attribute("tolerance", value.tolerance);
          writer.attribute("difference", getNumber(value.own.difference));
          writer.attribute("accumulated", getNumber(value.accumulated));
        });
    });
  });
  llvm::outs() << "\n";
}

inline void printStepLine(llvm::StringRef name, llvm::StringRef bar, llvm::StringRef own, llvm::StringRef accumulated,
                          llvm::StringRef where) {
  llvm::outs() << llvm::left_justify(name, 28) << llvm::left_justify(bar, 9) << llvm::left_justify(own, 9)
               << llvm::left_justify(accumulated, 10) << where << "\n";
}

/// Prints the largest differences by op, then what is wrong; true if nothing is.
inline bool printStep(const StepReport &report, bool allValues, bool json) {
  if (json) {
    writeStep(report);
    return report.faults.empty();
  }
  struct OpSum {
    const StepValue *largest = nullptr;
    double accumulated = 0;
    llvm::SmallVector<const StepValue *> values;
  };
  llvm::MapVector<llvm::StringRef, OpSum> ops;
  for (const StepValue &value : report.values) {
    OpSum &sum = ops[value.own.op];
    if (!sum.largest || value.own.difference.relative() > sum.largest->own.difference.relative())
      sum.largest = &value;
    sum.accumulated = std::max(sum.accumulated, value.accumulated.relative());
    sum.values.push_back(&value);
  }
  printStepLine("op", "bar", "largest", "added up", "values, value with the largest difference");
  for (const auto &[op, sum] : ops) {
    double difference = sum.largest->own.difference.relative();
    printStepLine(op, formatDifference(sum.largest->tolerance), formatDifference(difference),
                  formatDifference(sum.accumulated),
                  std::to_string(sum.values.size()) + (difference > 0 ? ", " + sum.largest->own.value : ""));
    if (!allValues)
      continue;
    for (const StepValue *value : sum.values)
      printStepLine("  " + value->own.value, "", formatDifference(value->own.difference.relative()),
                    formatDifference(value->accumulated.relative()), "call " + std::to_string(value->call));
  }
  for (const StepFault &fault : report.faults) {
    llvm::outs() << "\n" << fault.run << ": call " << fault.call << ", " << fault.kernel << ": ";
    if (fault.value.difference.absolute > 0)
      llvm::outs() << describePlace(fault.value) << "\n";
    else
      llvm::outs() << fault.value.value << " of " << fault.value.op << "\n";
    llvm::outs() << "  scheduled: " << fault.scheduled << "\n";
    for (const std::string &cause : fault.causes)
      llvm::outs() << "  " << cause << "\n";
    if (fault.others)
      llvm::outs() << "  more values that differ: " << fault.others << "\n";
  }
  llvm::outs() << "\n"
               << report.calls << " calls, " << report.barriers << " barriers, an arena of " << report.arenaBytes
               << " bytes: " << report.runs.size() - report.faults.size() << " of " << report.runs.size()
               << " runs hold\n";
  return report.faults.empty();
}

} // namespace hone::equivalence

#endif // HONE_TOOLS_STEPREPORT_H
