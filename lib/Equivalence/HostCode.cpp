//===- HostCode.cpp - Compiled code in memory -----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostCode.h"

#include "hone/codegen/X86/EmitCode.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

Status equivalence::checkHost(x86::Level level) {
  if (llvm::is_contained(x86::getHostLevels(), level))
    return std::nullopt;
  return Error("expected a CPU that runs code for '" + x86::getLevelName(level).str() + "', got '" +
               llvm::sys::getHostCPUName().str() + "'");
}

Result<std::unique_ptr<ExecutionEngine>> equivalence::compileForHost(ModuleOp module, StringRef pipeline,
                                                                     StringRef what) {
  PassManager manager(module.getContext());
  std::string reason;
  llvm::raw_string_ostream os(reason);
  if (failed(parsePassPipeline(pipeline, manager, os)))
    return Error("--kernel-pipeline: " + StringRef(reason).rtrim().str());
  if (failed(manager.run(module)))
    return Error(what.str() + " cannot be compiled by '" + pipeline.str() + "'; the diagnostic says why");
  x86::setTargets(module);
  for (auto weight : llvm::make_early_inc_range(module.getOps<llm::WeightOp>()))
    weight->erase();

  auto machine = x86::createTargetMachine();
  if (!machine)
    return machine.takeError();
  ExecutionEngineOptions options;
  auto optimize = [machine = machine->get()](llvm::Module *translated) {
    x86::optimize(*translated, *machine);
    return llvm::Error::success();
  };
  options.transformer = optimize;
  options.enableGDBNotificationListener = options.enablePerfNotificationListener = false;
  auto created = ExecutionEngine::create(module, options, std::move(*machine));
  if (!created)
    return Error(what.str() + " cannot be compiled: " + llvm::toString(created.takeError()));
  return std::move(*created);
}
