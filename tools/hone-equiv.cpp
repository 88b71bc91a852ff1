//===- hone-equiv.cpp - Checks passes and kernels by running them -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ActivationOptions.h"
#include "CommandLine.h"
#include "EmulateTiles.h"
#include "EquivalenceReport.h"
#include "ProgressBar.h"
#include "StepReport.h"
#include "hone/Driver/PassPipeline.h"
#include "hone/Driver/Phases.h"
#include "hone/Driver/Registration.h"
#include "hone/Equivalence/Equivalence.h"
#include "hone/Import/GGUFImport.h"
#include "hone/codegen/X86/Levels.h"
#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/TargetSelect.h"

using namespace hone;
using namespace hone::equivalence;

namespace {

struct CommandLineOptions {
  std::string input, passPipeline, kernelPipeline, level, reproducer;
  std::vector<std::string> tokens, tolerances, plugins;
  llvm::StringRef target;
  PipelineOptions phases;
  GGUFImportOptions imported;
  Options checks;
  bool values = false, json = false, emulatesAMX = false;
};

Status parseTokens(CommandLineOptions &options) {
  if (!options.tokens.empty())
    options.checks.sequences.clear();
  for (llvm::StringRef text : options.tokens) {
    std::vector<int32_t> &sequence = options.checks.sequences.emplace_back();
    llvm::SmallVector<llvm::StringRef> words;
    text.split(words, ',');
    for (llvm::StringRef word : words)
      if (word.trim().getAsInteger(10, sequence.emplace_back()))
        return Error("--tokens: expected numbers with commas between them, got '" + text.str() + "'");
  }
  return std::nullopt;
}

Status parseTolerances(CommandLineOptions &options) {
  for (llvm::StringRef text : options.tolerances) {
    auto [name, number] = text.rsplit('=');
    double value;
    if ((number.empty() ? name : number).getAsDouble(value) || !(value >= 0))
      return Error("--tolerance: expected NUMBER, PASS=NUMBER or OP=NUMBER, got '" + text.str() + "'");
    (number.empty() ? options.checks.tolerance : options.checks.tolerances[name.str()]) = value;
  }
  return std::nullopt;
}

/// The module of a model file or of a file of IR, and the model file that its weights are in.
class Input {
public:
  Status open(mlir::MLIRContext &context, const std::string &path, const GGUFImportOptions &options) {
    Result<MappedFile> file = MappedFile::open(path);
    if (!file)
      return file.takeError();
    if (file->size() >= 4 && llvm::StringRef(reinterpret_cast<const char *>(file->data()), 4) == "GGUF") {
      if (Status failed = openSource(path))
        return failed;
      Result<mlir::OwningOpRef<mlir::ModuleOp>> imported = importGGUF(context, *source, path, options);
      if (!imported)
        return imported.takeError();
      module = std::move(*imported);
      return std::nullopt;
    }
    module = mlir::parseSourceFile<mlir::ModuleOp>(path, &context);
    if (!module)
      return Error(path + ": expected a GGUF file or a module");
    if (auto named = (*module)->getAttrOfType<mlir::StringAttr>(llm::kSourceAttr))
      return openSource(named.str());
    return std::nullopt;
  }

  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<gguf::File> source;

private:
  Status openSource(const std::string &path) {
    Result<gguf::File> opened = gguf::File::open(path);
    if (!opened)
      return opened.takeError();
    source = std::move(*opened);
    return std::nullopt;
  }
};

Status addPasses(mlir::PassManager &manager, const CommandLineOptions &options) {
  if (options.passPipeline.empty()) {
    for (Phase phase : {Phase::Import, Phase::Compressed, Phase::Fused, Phase::Scheduled})
      addPhase(manager, phase, options.phases);
    return std::nullopt;
  }
  Result<mlir::OpPassManager> parsed = parseModulePipeline(options.passPipeline);
  if (!parsed)
    return parsed.takeError();
  static_cast<mlir::OpPassManager &>(manager) = std::move(*parsed);
  return std::nullopt;
}

Status writeReproducer(Checker &checker, const CommandLineOptions &options) {
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module = checker.reduce();
  if (!module)
    return module.takeError();
  llvm::Error error = llvm::writeToOutput(options.reproducer, [&](llvm::raw_ostream &os) {
    os << "// hone-equiv " << options.reproducer
       << (options.target.empty() ? " --pass-pipeline='"
                                  : " --target=x86 --pass-pipeline='builtin.module()' --kernel-pipeline='")
       << checker.getFaultyPipeline() << "'\n";
    (*module)->print(os, mlir::OpPrintingFlags().enableDebugInfo(true, false));
    os << "\n";
    return llvm::Error::success();
  });
  if (error)
    return Error(options.reproducer + ": cannot be written: " + llvm::toString(std::move(error)));
  llvm::errs() << "hone: wrote '" << options.reproducer << "'; its first line repeats the fault\n";
  return std::nullopt;
}

/// Runs what the passes made. True if all holds.
Result<bool> checkTarget(Checker &checker, mlir::ModuleOp module, const CommandLineOptions &options, ProgressBar &bar) {
  auto progress = [&](llvm::StringRef what) { bar.update(what, 0); };
  bool isStep = options.target == "step";
  std::string pipeline = options.kernelPipeline;
  if (pipeline.empty()) {
    llvm::SmallVector<x86::Level> levels = x86::getHostLevels();
    llvm::StringRef level = !options.level.empty() ? llvm::StringRef(options.level)
                            : levels.empty()       ? x86::getLevelName(x86::Level::V3)
                                                   : x86::getLevelName(levels.back());
    pipeline = isStep ? getStepPipeline(level) : getX86KernelPipeline(level);
  }
  if (isStep) {
    Result<StepReport> report = checker.checkStep(module, pipeline, progress);
    bar.clear();
    if (!report)
      return report.takeError();
    return printStep(*report, options.values, options.json);
  }
  Result<std::vector<KernelReport>> reports = checker.checkKernels(module, pipeline, progress);
  bar.clear();
  if (!reports)
    return reports.takeError();
  return printKernels(*reports, options.values, options.json);
}

/// Checks what is asked for. True if all holds.
Result<bool> run(CommandLineOptions &options, mlir::MLIRContext &context) {
  if (Status failed = parseTokens(options))
    return *failed;
  if (Status failed = parseTolerances(options))
    return *failed;
  if (options.target == "step" && !options.reproducer.empty())
    return Error("--reproducer: expected passes or --target x86, got --target step; a fault of the whole step has no "
                 "smaller module");
  for (const std::string &path : options.plugins)
    if (Status failed = loadPassPlugin(path))
      return *failed;
  Input input;
  if (Status failed = input.open(context, options.input, options.imported))
    return *failed;
  mlir::PassManager manager(&context);
  if (Status failed = addPasses(manager, options))
    return *failed;

  ProgressBar bar;
  auto progress = [&](llvm::StringRef what) { bar.update(what, 0); };
  Checker checker(context, input.source ? &*input.source : nullptr, options.checks);
  bool holds;
  if (options.target.empty()) {
    Result<std::vector<PassReport>> reports = checker.checkPasses(*input.module, manager, progress);
    bar.clear();
    if (!reports)
      return reports.takeError();
    holds = printPasses(*reports, options.values, options.json);
  } else {
    if (mlir::failed(manager.run(*input.module)))
      return Error("a pass failed before kernels could be compiled");
    Result<bool> checked = checkTarget(checker, *input.module, options, bar);
    bar.clear();
    if (!checked)
      return checked.takeError();
    holds = *checked;
  }
  if (!holds && !options.reproducer.empty())
    if (Status failed = writeReproducer(checker, options))
      return *failed;
  return holds;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CommandLineOptions options;
  CLI::App app(
      "Runs a module before and after each pass, or compiled code beside the reference, and reports the largest\n"
      "difference of each value. Exit status: 0, all holds; 1, something does not; 2, bad command line.\n\n"
      "Example: hone equiv SmolLM2-135M-Instruct.Q4_1.gguf --reproducer fault.mlir\n"
      "         hone equiv SmolLM2-135M-Instruct.Q4_1.gguf --target x86\n"
      "         hone equiv SmolLM2-135M-Instruct.Q4_1.gguf --target step",
      "hone equiv");
  app.add_option("input", options.input, "A GGUF file or a module")->required();
  app.add_option("--pass-pipeline", options.passPipeline,
                 "Passes to check, as hone-opt takes them; default: those of 'hone compile' up to the phase scheduled");
  std::string activations = "mixed";
  std::vector<std::string> overrides;
  addActivationOptions(app, activations, overrides);
  addKVCacheOption(app, options.imported.kvCache);
  addChoice(app, "--target", options.target,
            "Check compiled code after the passes, not the passes: x86, kernel by kernel; step, the whole step",
            {{"x86", llvm::StringRef("x86")}, {"step", llvm::StringRef("step")}});
  app.add_option("--kernel-pipeline", options.kernelPipeline, "Passes that make the code of --target")
      ->option_text("PASSES");
  app.add_option("--isa", options.level, "The ISA level of that code; default: the highest that this machine runs")
      ->option_text("LEVEL")
      ->check(CLI::IsMember(std::vector<std::string>(HONE_ISA_NAMES)));
  app.add_flag("--emulate-amx", options.emulatesAMX,
               "Carry out AMX instructions in software where the CPU has AVX-512 and no AMX");
  app.add_option("--load-pass-plugin", options.plugins, "Load passes from a shared library")
      ->option_text("FILE")
      ->allow_extra_args(false);
  app.add_option("--tokens", options.tokens,
                 "Tokens of one sequence, with commas between them; once for each sequence of the step")
      ->option_text("N,N,...");
  app.add_option("--rows", options.checks.rows, "Rows of the arguments of a function that is no step")
      ->capture_default_str();
  app.add_option("--tolerance", options.tolerances,
                 "The largest difference to accept, relative to the largest magnitude: for all, or for one pass or op")
      ->option_text("[NAME=]NUMBER");
  app.add_option("--reproducer", options.reproducer, "Where to write a small module that shows the first fault")
      ->option_text("FILE");
  app.add_flag("--values", options.values, "Show every value, not the one that differs most");
  app.add_flag("--json", options.json, "JSON on standard output");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;
  options.phases.activations = activations;
  options.phases.activationOverrides = overrides;

  if (options.emulatesAMX && emulateTiles())
    x86::assumeEmulatedTiles();
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  registerPasses();
  mlir::bufferization::registerBufferizationPasses();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  // Errors are one line; the first diagnostic is the cause.
  std::string cause;
  context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && cause.empty())
      cause = llvm::StringRef(diagnostic.str()).split('\n').first.str();
  });
  Result<bool> holds = run(options, context);
  if (!holds) {
    llvm::errs() << "hone: error: " << holds.error().message() << (cause.empty() ? "" : ": ") << cause << "\n";
    return 1;
  }
  return *holds ? 0 : 1;
}
