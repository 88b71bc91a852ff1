//===- Phases.h - The phases of a compilation -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_PHASES_H
#define HONE_DRIVER_PHASES_H

#include "hone/dialects/LLM/LLMAttrs.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace hone {

/// The way of a model, in order. Up to `Lowered` a phase is IR; `Object` and `Program` are files.
enum class Phase { Import, Compressed, Fused, Scheduled, Lowered, Object, Program };

inline constexpr unsigned kPhases = 7;
llvm::StringRef getPhaseName(Phase phase);
std::optional<Phase> findPhase(llvm::StringRef name);

/// What the pipelines can be told; the same names are options of the pipelines in hone-opt.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> activations{
      *this, "activations",
      llvm::cl::desc("Precision of activations, as hone-assign-activation-precision takes it; float weights never meet "
                     "integers"),
      llvm::cl::init("mixed")};
  ListOption<std::string> activationOverrides{*this, "activation-overrides",
                                              llvm::cl::desc("REGEX=PRECISION for products whose name REGEX matches")};
  Option<int64_t> maxRows{*this, "max-rows", llvm::cl::desc("Largest number of rows of one step"), llvm::cl::init(256)};
  ListOption<std::string> levels{*this, "levels", llvm::cl::desc("ISA levels to generate code for; all by default")};
  Option<std::string> machine{*this, "machine", llvm::cl::desc("Machine file that hone-x86-tune reads")};
  Option<bool> taps{*this, "taps", llvm::cl::desc("Show what each kernel call wrote: hone-insert-taps, for checks"),
                    llvm::cl::init(false)};
};

/// Adds the passes that lead to `phase` from the one before, its contract last. `Import` has its contract alone;
/// `Object` and `Program` have no passes.
void addPhase(mlir::OpPassManager &manager, Phase phase, const PipelineOptions &options);

/// Adds the check of what `phase` promises, which `addPhase` ends with.
void addContract(mlir::OpPassManager &manager, Phase phase);

/// Registers `hone-compress-pipeline`, `hone-fuse-pipeline`, `hone-schedule-pipeline` and `hone-lower-pipeline`.
void registerPipelines();

} // namespace hone

#endif // HONE_DRIVER_PHASES_H
