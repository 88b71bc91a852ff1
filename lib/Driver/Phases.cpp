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
  manager.addNestedPass<func::FuncOp>(createAssignActivationPrecisionPass(precision));
  manager.addPass(createContractCompressedPass());
}

static void addFuse(OpPassManager &manager, const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(createFuseQKVPass());
  manager.addNestedPass<func::FuncOp>(createFuseGatedLinearPass());
  manager.addNestedPass<func::FuncOp>(createFuseAddRMSNormPass());
  manager.addNestedPass<func::FuncOp>(createQuantizeActivationsPass());
  manager.addPass(createContractFusedPass());
}

static void addSchedule(OpPassManager &manager, const PipelineOptions &options) {
  manager.addPass(createPackWeightsPass());
  manager.addPass(createOutlineKernelsPass());
  manager.addPass(createContractScheduledPass());
}

static void addLower(OpPassManager &manager, const PipelineOptions &options) {
  manager.addPass(createBufferizeStepPass());
  PlanArenaPassOptions arena;
  arena.maxRows = options.maxRows;
  manager.addPass(createPlanArenaPass(arena));
  manager.addPass(createPlaceBarriersPass());
  manager.addPass(createX86LowerKernelsPass());
  manager.addPass(createPartitionWorkersPass());
  manager.addPass(createEmitStepEntryPass());
  buildX86ToLLVMPipeline(manager);
  manager.addPass(createEmitModuleDescriptorPass());
  manager.addPass(createContractLoweredPass());
}

void hone::addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
    manager.addPass(createContractImportPass());
    return;
  case Phase::Compressed:
    return addCompress(manager, options);
  case Phase::Fused:
    return addFuse(manager, options);
  case Phase::Scheduled:
    return addSchedule(manager, options);
  case Phase::Lowered:
    return addLower(manager, options);
  case Phase::Object:
  case Phase::Program:
    return;
  }
}

void hone::registerPipelines() {
  registerX86Pipelines();
  PassPipelineRegistration<PipelineOptions>("hone-compress-pipeline",
                                            "From 'import' to 'compressed': precision of activations", addCompress);
  PassPipelineRegistration<PipelineOptions>("hone-fuse-pipeline", "From 'compressed' to 'fused'", addFuse);
  PassPipelineRegistration<PipelineOptions>("hone-schedule-pipeline",
                                            "From 'fused' to 'scheduled': packed weights, outlined kernels",
                                            addSchedule);
  PassPipelineRegistration<PipelineOptions>("hone-lower-pipeline",
                                            "From 'scheduled' to 'lowered': memory, workers, x86 vector code, LLVM",
                                            addLower);
}
