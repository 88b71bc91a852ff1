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

private:
  std::function<void(llvm::StringRef)> report;
  std::string first;

  /// The part of a location that means something to a user: a file position, or the name of a tensor or layer.
  static std::string describe(mlir::Location location) {
    std::string text;
    location->walk([&](mlir::Location part) {
      if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(part))
        text = (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) + ":" +
                llvm::Twine(file.getColumn()))
                   .str();
      else if (auto name = llvm::dyn_cast<mlir::NameLoc>(part))
        text = name.getName().str();
      return text.empty() ? mlir::WalkResult::advance() : mlir::WalkResult::interrupt();
    });
    return text;
  }

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
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      line += "; " + note.str();
    // One line: an op printed inside a message ends it.
    first = line.substr(0, line.find('\n'));
  }
};

} // namespace hone

#endif // HONE_DRIVER_DIAGNOSTICLOG_H
