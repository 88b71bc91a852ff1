//===- EquivalenceReport.h - Prints what hone-equiv found -----*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_EQUIVALENCEREPORT_H
#define HONE_TOOLS_EQUIVALENCEREPORT_H

#include "hone/Equivalence/Equivalence.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

namespace hone::equivalence {

/// "0" for the same bits, which no rounded number stands for.
inline std::string formatDifference(double value) {
  if (value == 0)
    return "0";
  char text[32];
  std::snprintf(text, sizeof text, "%.1e", value);
  return text;
}

inline void printLine(llvm::StringRef name, llvm::StringRef bar, llvm::StringRef largest, llvm::StringRef where) {
  llvm::outs() << llvm::left_justify(name, 44) << llvm::left_justify(bar, 9) << llvm::left_justify(largest, 9) << where
               << "\n";
}

inline void printValue(const ValueDifference &value) {
  printLine("  " + value.value, "", formatDifference(value.difference.relative()), value.op);
}

inline std::string describePlace(const ValueDifference &value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << value.value << " of " << value.op << " differs by " << formatDifference(value.difference.relative())
     << " of its largest magnitude";
  if (value.difference.index.empty())
    return text;
  os << " at [";
  llvm::interleaveComma(value.difference.index, os);
  os << "]: expected " << llvm::format("%.9g", value.difference.expected) << ", got "
     << llvm::format("%.9g", value.difference.actual);
  return text;
}

inline void printFault(const PassReport &report, const Fault &fault) {
  llvm::outs() << "\n"
               << report.pass << ": " << describePlace(fault.value) << "\n  before: " << fault.before
               << "\n  after:  " << fault.after << "\n";
  for (const std::string &op : fault.through)
    llvm::outs() << "  new:    " << op << "\n";
  for (const std::string &op : fault.gone)
    llvm::outs() << "  gone:   " << op << "\n";
  if (fault.others)
    llvm::outs() << "  more values that differ though their inputs agree: " << fault.others << "\n";
}

inline void writeValues(llvm::json::OStream &writer, llvm::StringRef name, const std::vector<ValueDifference> &values) {
  writer.attributeArray(name, [&] {
    for (const ValueDifference &value : values)
      writer.object([&] {
        // JSON has no infinity.
        double relative = value.difference.relative();
        writer.attribute("value", value.value);
        writer.attribute("op", value.op);
        writer.attribute("difference",
                         std::isfinite(relative) ? llvm::json::Value(relative) : llvm::json::Value(nullptr));
      });
  });
}

/// Prints passes and their largest differences, then what is wrong; true if nothing is.
inline bool printPasses(const std::vector<PassReport> &reports, bool allValues, bool json) {
  bool holds = llvm::all_of(reports, [](const PassReport &report) { return report.holds; });
  if (json) {
    llvm::json::OStream writer(llvm::outs(), 2);
    writer.object([&] {
      writer.attribute("holds", holds);
      writer.attributeArray("passes", [&] {
        for (const PassReport &report : reports)
          writer.object([&] {
            writer.attribute("pass", report.pass);
            writer.attribute("changed", report.changed);
            writer.attribute("tolerance", report.tolerance);
            writer.attribute("holds", report.holds);
            writer.attribute("seconds", report.seconds);
            writeValues(writer, "values", report.values);
            writeValues(writer, "results", report.results);
            for (const Fault &fault : report.faults) {
              writer.attribute("fault", describePlace(fault.value));
              writer.attribute("before", fault.before);
              writer.attribute("after", fault.after);
            }
          });
      });
    });
    llvm::outs() << "\n";
    return holds;
  }
  printLine("pass", "bar", "largest", "value with the largest difference");
  for (const PassReport &report : reports) {
    const ValueDifference *largest = report.getLargest();
    std::string where = !report.changed                       ? "unchanged"
                        : !largest                            ? "no value in common; results alone"
                        : largest->difference.relative() == 0 ? std::to_string(report.values.size()) + " values alike"
                                                              : largest->value + " (" + largest->op + ")";
    double end = 0;
    std::string endName;
    for (const ValueDifference &result : report.results)
      if (result.difference.relative() > end) {
        end = result.difference.relative();
        endName = result.value;
      }
    double difference = largest ? largest->difference.relative() : end;
    printLine(report.pass, formatDifference(report.tolerance), report.changed ? formatDifference(difference) : "-",
              where);
    if (allValues)
      llvm::for_each(report.values, printValue);
    if (end > 0 && report.holds)
      printLine("  added up in the results", "", formatDifference(end), endName);
  }
  unsigned wrong = 0;
  std::string first;
  for (const PassReport &report : reports) {
    if (report.holds)
      continue;
    if (wrong++ == 0)
      first = report.pass;
    for (const Fault &fault : report.faults)
      printFault(report, fault);
  }
  llvm::outs() << "\n"
               << reports.size() - wrong << " of " << reports.size() << " passes hold"
               << (wrong ? "; the first that does not is " + first : "") << "\n";
  return holds;
}

/// Prints kernels and their largest differences, then the same by op; true if all hold.
inline bool printKernels(const std::vector<KernelReport> &reports, bool allValues, bool json) {
  bool holds = llvm::all_of(reports, [](const KernelReport &report) { return report.holds; });
  if (json) {
    llvm::json::OStream writer(llvm::outs(), 2);
    writer.object([&] {
      writer.attribute("holds", holds);
      writer.attributeArray("kernels", [&] {
        for (const KernelReport &report : reports)
          writer.object([&] {
            writer.attribute("kernel", report.kernel);
            writer.attribute("op", report.op);
            writer.attribute("calls", report.calls);
            writer.attribute("tolerance", report.tolerance);
            writer.attribute("holds", report.holds);
            writeValues(writer, "values", report.values);
          });
      });
    });
    llvm::outs() << "\n";
    return holds;
  }
  struct OpSum {
    unsigned calls = 0;
    double tolerance = 0, largest = 0;
  };
  llvm::MapVector<llvm::StringRef, OpSum> ops;
  printLine("kernel", "bar", "largest", "calls, value with the largest difference");
  for (const KernelReport &report : reports) {
    const ValueDifference *largest = report.getLargest();
    double difference = largest ? largest->difference.relative() : 0;
    printLine(report.kernel, formatDifference(report.tolerance), formatDifference(difference),
              std::to_string(report.calls) + (difference > 0 ? ", " + largest->value : ""));
    if (allValues)
      llvm::for_each(report.values, printValue);
    OpSum &sum = ops[report.op];
    sum.calls += report.calls;
    sum.tolerance = report.tolerance;
    sum.largest = std::max(sum.largest, difference);
  }
  llvm::outs() << "\n";
  printLine("op", "bar", "largest", "calls");
  for (const auto &[op, sum] : ops)
    printLine(op, formatDifference(sum.tolerance), formatDifference(sum.largest), std::to_string(sum.calls));
  unsigned wrong = 0;
  for (const KernelReport &report : reports) {
    if (report.holds)
      continue;
    ++wrong;
    unsigned others = 0;
    const ValueDifference *first = nullptr;
    for (const ValueDifference &value : report.values)
      if (value.difference.relative() > report.tolerance && !first)
        first = &value;
    for (const ValueDifference &value : report.values)
      others += &value != first && value.difference.relative() > report.tolerance;
    llvm::outs() << "\n" << report.kernel << ": " << describePlace(*first) << "\n";
    if (others)
      llvm::outs() << "  more results that differ: " << others << "\n";
  }
  llvm::outs() << "\n" << reports.size() - wrong << " of " << reports.size() << " kernels hold\n";
  return holds;
}

} // namespace hone::equivalence

#endif // HONE_TOOLS_EQUIVALENCEREPORT_H
