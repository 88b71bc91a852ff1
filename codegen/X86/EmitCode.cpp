//===- EmitCode.cpp - From the LLVM dialect to bytes --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/EmitCode.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/X86/Levels.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace hone;
using namespace hone::x86;

namespace {

constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";
/// Apart from the runtime's code, so that tools can show it.
constexpr llvm::StringLiteral kCodeSection = ".hone.text";

} // namespace

Result<std::unique_ptr<llvm::TargetMachine>> x86::createTargetMachine() {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  LLVMInitializeX86AsmParser();
  llvm::Triple triple(kTriple);
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return Error("this LLVM has no x86-64 code generator: " + reason);
  llvm::TargetOptions options;
  // Only fused operations that the kernels ask for: anything else would make bits depend on instruction selection.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, getTarget(Level::V3).processor, "",
                                                                          options, llvm::Reloc::PIC_, std::nullopt,
                                                                          llvm::CodeGenOptLevel::Default));
}

void x86::setTargets(mlir::ModuleOp module) {
  mlir::MLIRContext *context = module.getContext();
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>()) {
    if (function.isExternal() || !function->hasAttr(kLevelAttr))
      continue;
    LevelTarget target = getTarget(getLevel(function));
    function.setTargetCpu(target.processor);
    if (!target.features.empty()) {
      llvm::SmallVector<llvm::StringRef> features;
      target.features.split(features, ',');
      function.setTargetFeaturesAttr(mlir::LLVM::TargetFeaturesAttr::get(context, features));
    }
    // Of its own accord LLVM keeps to half of what the registers hold.
    if (hasAVX512(getLevel(function)))
      function.setPreferVectorWidth("512");
  }
}

void x86::optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !function.hasFnAttribute("target-cpu"))
      function.addFnAttr("target-cpu", getTarget(Level::V3).processor);
  llvm::PipelineTuningOptions tuning;
  // The kernels are written as vectors and unrolled as they should be.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

Result<llvm::SmallVector<char, 0>> x86::emitCode(mlir::ModuleOp module, CodeFormat format) {
  auto machine = createTargetMachine();
  if (!machine)
    return machine.takeError();

  // Weights are no code.
  mlir::OwningOpRef<mlir::ModuleOp> code = module.clone();
  for (auto weight : llvm::make_early_inc_range(code->getOps<llm::WeightOp>()))
    weight->erase();
  setTargets(*code);
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(*code, context, "hone");
  if (!translated)
    return Error("the lowered module cannot be translated to LLVM IR; run it through hone-contract-lowered");
  translated->setTargetTriple((*machine)->getTargetTriple());
  translated->setDataLayout((*machine)->createDataLayout());
  for (llvm::Function &function : *translated) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // No loop becomes a call of memset: programs need nothing but the barrier of the runtime.
    function.addFnAttr("no-builtins");
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    function.setSection(kCodeSection);
  }
  optimize(*translated, **machine);

  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  if (format == CodeFormat::LLVM) {
    translated->print(os, nullptr);
    return bytes;
  }
  llvm::legacy::PassManager passes;
  auto type = format == CodeFormat::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr, type))
    return Error("this LLVM cannot write x86-64 object files");
  passes.run(*translated);
  return bytes;
}
