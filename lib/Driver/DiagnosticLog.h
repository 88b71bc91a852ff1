//===- DiagnosticLog.h - MLIR's diagnostics as lines for a user --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_DIAGNOSTICLOG_H
#define HONE_DRIVER_DIAGNOSTICLOG_H

#include "hone/Support/Error.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"

#include <functional>
#include <string>

namespace hone {

/// Keeps the first error of a context and hands warnings and remarks on, each as one line "location: message".
class DiagnosticLog {
public:
  explicit DiagnosticLog(std::function<void(llvm::StringRef)> report) : report(std::move(report)) {}

  /// Receives the diagnostics of `context`; the log outlives it.
  void attach(mlir::MLIRContext &context) {
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) { receive(diagnostic); });
  }

  /// The first error since the last call; `fallback` if there was none.
  Error takeError(std::string fallback) {
    std::string text = std::move(first);
    first.clear();
    return Error(text.empty() ? std::move(fallback) : std::move(text));
  }

  /// The part of a location that means something to a user: a file position, or the name of a tensor or layer.
  static std::string describe(mlir::Location location) {
    std::string text;
    location->walk([&](mlir::Location part) {
      if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(part))
        text = (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) + ":" + llvm::Twine(file.getColumn()))
                   .str();
      else if (auto name = llvm::dyn_cast<mlir::NameLoc>(part))
        text = name.getName().str();
      return text.empty() ? mlir::WalkResult::advance() : mlir::WalkResult::interrupt();
    });
    return text;
  }

private:
  std::function<void(llvm::StringRef)> report;
  std::string first;

  void receive(mlir::Diagnostic &diagnostic) {
    std::string line = describe(diagnostic.getLocation());
    if (!line.empty())
      line += ": ";
    if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) {
      line += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning ? "warning: " : "remark: ";
      line += diagnostic.str();
      if (report)
        report(line);
      return;
    }
    if (!first.empty())
      return;
    line += diagnostic.str();
    for (mlir::Diagnostic &note : diagnostic.getNotes()) {
      std::string text = note.str();
      if (!llvm::StringRef(text).starts_with("see current operation")) // The message named it.
        line += "; " + text;
    }
    first = line.substr(0, line.find('\n'));
  }
};

/// Hands each remark on as one line: "blk.0.attn_q: hone-fuse-qkv: passed: query, key and ...".
class RemarkLog : public mlir::remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkLog(std::function<void(llvm::StringRef)> report) : report(std::move(report)) {}

  void streamOptimizationRemark(const mlir::remark::detail::Remark &remark) override {
    std::string line = DiagnosticLog::describe(remark.getLocation());
    if (!line.empty())
      line += ": ";
    line += remark.getCategoryName().str() + ": " + remark.getRemarkTypeString().lower() + ":";
    for (const auto &argument : remark.getArgs())
      line += argument.key == "Remark" || argument.key == "Reason" ? " " + argument.val
                                                                   : " " + argument.key + " = " + argument.val;
    report(line);
  }

private:
  std::function<void(llvm::StringRef)> report;
};

} // namespace hone

#endif // HONE_DRIVER_DIAGNOSTICLOG_H
