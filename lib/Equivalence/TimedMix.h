//===- TimedMix.h - How fast a mix of instructions runs --------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_TIMEDMIX_H
#define HONE_EQUIVALENCE_TIMEDMIX_H

#include "hone/Support/Error.h"
#include "hone/codegen/X86/InstructionMix.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"

#include <memory>

namespace hone::equivalence {

/// The kernel of an instruction mix in memory. An error where this machine lacks the level.
class TimedMix {
public:
  static Result<TimedMix> compile(mlir::MLIRContext *context, const x86::InstructionMix &mix);

  /// Operations per second of all threads together, the best of many short runs; a multiplication and an addition are
  /// two.
  double measure(int64_t threads, double seconds) const;

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*function)(int64_t rounds) = nullptr;
  int64_t operations = 0; ///< of a round
};

/// Operations per second of products alone (`getPeakMix`); 0 if this machine lacks the level.
Result<double> measurePeak(mlir::MLIRContext *context, x86::Level level, llm::Precision precision, int64_t threads,
                           double seconds);

/// What LLVM makes of the kernel of a mix, for this machine or another.
Result<std::string> getMixAssembly(mlir::MLIRContext *context, const x86::InstructionMix &mix);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_TIMEDMIX_H
