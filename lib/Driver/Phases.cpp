//===- Phases.cpp - The phases of a compilation -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/Phases.h"

#include "hone/codegen/Common/Passes.h"
#include "hone/codegen/X86/Passes.h"
#include "hone/transforms/Contracts/Passes.h"
#include "hone/transforms/Fusion/Passes.h"
#include "hone/transforms/Quantization/Passes.h"
#include "hone/transforms/Tiling/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace hone;

static constexpr llvm::StringLiteral kPhaseNames[kPhases] = {"import",  "compressed", "fused",  "scheduled",
                                                             "lowered", "object",     "program"};

llvm::StringRef hone::getPhaseName(Phase phase) { return kPhaseNames[static_cast<unsigned>(phase)]; }

std::optional<Phase> hone::findPhase(llvm::StringRef name) {
  const auto *found = llvm::find(kPhaseNames, name);
  if (found == std::end(kPhaseNames))
    return std::nullopt;
  return static_cast<Phase>(found - std::begin(kPhaseNames));
}

static void addCompress(OpPassManager &manager, const PipelineOptions &options) {
  AssignActivationPrecisionPassOptions precision;
  precision.precision = options.activations;
  precision.overrides = llvm::to_vector(options.activationOverrides);
  manager.addNestedPass<func::FuncOp>(createAssignActivationPrecisionPass(precision));
}

static void addFuse(OpPassManager &manager, const PipelineOptions &options) {
  // A bias or a scale would hide a projection from what looks for one.
  manager.addNestedPass<func::FuncOp>(createFuseBiasPass());
  manager.addNestedPass<func::FuncOp>(createFuseScalePass());
  manager.addNestedPass<func::FuncOp>(createFuseQKVPass());
  manager.addNestedPass<func::FuncOp>(createFuseRopeKVAppendPass());
  manager.addNestedPass<func::FuncOp>(createFuseGatedLinearPass());
  manager.addNestedPass<func::FuncOp>(createFuseAddRMSNormPass());
  manager.addNestedPass<func::FuncOp>(createQuantizeActivationsPass());
  manager.addNestedPass<func::FuncOp>(createFuseRoundingPass());
}

static void addSchedule(OpPassManager &manager, const PipelineOptions &options) {
  manager.addPass(createPackWeightsPass());
  manager.addPass(createOutlineKernelsPass());
}

static void addLower(OpPassManager &manager, const PipelineOptions &options) {
  manager.addPass(createBufferizeStepPass());
  PlanArenaPassOptions arena;
  arena.maxRows = options.maxRows;
  manager.addPass(createPlanArenaPass(arena));
  manager.addPass(createPlaceBarriersPass());
  if (options.taps)
    manager.addPass(createInsertTapsPass());
  manager.addPass(createInsertMarksPass());
  X86SelectLevelsPassOptions levels;
  levels.levels = llvm::to_vector(options.levels);
  manager.addPass(createX86SelectLevelsPass(levels));
  if (!options.machine.empty()) {
    X86TunePassOptions tuning;
    tuning.machineFile = options.machine;
    manager.addPass(createX86TunePass(tuning));
  }
  manager.addPass(createX86LowerKernelsPass());
  manager.addPass(createPartitionWorkersPass());
  manager.addPass(createEmitStepEntryPass());
  buildX86ToLLVMPipeline(manager);
  manager.addPass(createEmitModuleDescriptorPass());
}

void hone::addContract(OpPassManager &manager, Phase phase) {
  switch (phase) {
  case Phase::Import:
    return manager.addPass(createContractImportPass());
  case Phase::Compressed:
    return manager.addPass(createContractCompressedPass());
  case Phase::Fused:
    return manager.addPass(createContractFusedPass());
  case Phase::Scheduled:
    return manager.addPass(createContractScheduledPass());
  case Phase::Lowered:
    return manager.addPass(createContractLoweredPass());
  case Phase::Object:
  case Phase::Program:
    return;
  }
}

void hone::addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  if (phase == Phase::Compressed)
    addCompress(manager, options);
  else if (phase == Phase::Fused)
    addFuse(manager, options);
  else if (phase == Phase::Scheduled)
    addSchedule(manager, options);
  else if (phase == Phase::Lowered)
    addLower(manager, options);
  addContract(manager, phase);
}

/// A phase as a pipeline of its own name.
template <Phase phase> static void addPipeline(OpPassManager &manager, const PipelineOptions &options) {
  addPhase(manager, phase, options);
}

void hone::registerPipelines() {
  registerX86Pipelines();
  PassPipelineRegistration<PipelineOptions>("hone-compress-pipeline",
                                            "From 'import' to 'compressed': precision of activations",
                                            addPipeline<Phase::Compressed>);
  PassPipelineRegistration<PipelineOptions>("hone-fuse-pipeline", "From 'compressed' to 'fused'",
                                            addPipeline<Phase::Fused>);
  PassPipelineRegistration<PipelineOptions>("hone-schedule-pipeline",
                                            "From 'fused' to 'scheduled': packed weights, outlined kernels",
                                            addPipeline<Phase::Scheduled>);
  PassPipelineRegistration<PipelineOptions>("hone-lower-pipeline",
                                            "From 'scheduled' to 'lowered': memory, workers, x86 vector code, LLVM",
                                            addPipeline<Phase::Lowered>);
}
