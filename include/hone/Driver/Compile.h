//===- Compile.h - Compiles a model to a program --------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_COMPILE_H
#define HONE_DRIVER_COMPILE_H

#include "hone/Driver/Phases.h"
#include "hone/Support/Error.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace hone {

/// What a compilation writes.
enum class EmitKind { Program, Shared, Object, Assembly, LLVM, MLIR };

struct CompileOptions {
  std::string input;  ///< a GGUF file, or a module if `startAt` is set
  std::string output; ///< a file; "-" is standard output for everything but programs
  EmitKind emit = EmitKind::Program;

  /// The phase that `input` was stopped after; the next one runs first. Only IR phases.
  std::optional<Phase> startAt;
  /// The last phase to run; writes its IR (as bytecode, or text with EmitKind::MLIR) or its file.
  std::optional<Phase> stopAfter;
  /// A folder that receives the IR after each phase as bytecode; empty for none.
  std::string dumpPhases;

  /// Libraries whose passes `passPipeline` may name.
  std::vector<std::string> passPlugins;
  /// "builtin.module(...)", run on the module that the passes of the phase `pipelineBefore` would take, and followed by
  /// the contract of the phase that it came out of. Empty for none.
  std::string passPipeline;
  /// From `Compressed` to `Object`; `Compressed` if absent.
  std::optional<Phase> pipelineBefore;

  std::string activations = "mixed"; ///< or the name of a precision for all products
  std::vector<std::string> activationOverrides; ///< REGEX=PRECISION, for products whose name REGEX matches
  llm::Precision kvCache = llm::Precision::F16; ///< or Int8: of keys and values between steps
  int64_t maxRows = 256;
  std::vector<std::string> isaLevels; ///< names; all levels if empty
  /// A machine file, for which the code is tuned in the phase `Lowered`; empty for none.
  std::string machineFile;
  /// Writes `machineFile` after it has timed the kernels of a module that the phase `Scheduled` made; null to read it.
  std::function<Status(mlir::ModuleOp scheduled)> autotune;
  uint64_t contextLength = 0; ///< 0: that of the model
  unsigned threads = 1;       ///< for packing weights
  bool keepSymbols = false;

  bool remarks = false; ///< reported through `report`
  /// Receives warnings and remarks, one line each.
  std::function<void(llvm::StringRef line)> report;
  /// Receives the running phase and the share of the whole that is done, 0 to 1. May come from any one thread.
  std::function<void(Phase phase, double done)> progress;
  /// Makes the compilation fail with "cancelled" soon after it was set.
  const std::atomic<bool> *cancel = nullptr;
};

/// What a compilation did.
struct CompileReport {
  struct PhaseTime {
    Phase phase;
    double seconds;
  };
  std::vector<PhaseTime> phases;
  std::string output;
  uint64_t outputBytes = 0;
  uint64_t weightBytes = 0;
  uint64_t codeBytes = 0; ///< of the object, with its tables
  uint64_t arenaBytes = 0;
  uint64_t kernels = 0;
};

/// Runs the phases from the input to what is asked for. The error is one line that begins with a file or location.
/// Nothing half-written stays. Not thread-safe with itself: it registers with LLVM's global tables.
Result<CompileReport> compile(const CompileOptions &options);

} // namespace hone

#endif // HONE_DRIVER_COMPILE_H
