//===- Compile.cpp - Compiles a model to a program ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/Compile.h"

#include "DiagnosticLog.h"
#include "ModuleFile.h"
#include "hone/Driver/PassPipeline.h"
#include "hone/Driver/Registration.h"
#include "hone/Import/GGUFImport.h"
#include "hone/Package/Program.h"
#include "hone/Text/Tokenizer.h"
#include "hone/Weights/WeightEvaluator.h"
#include "hone/codegen/X86/EmitCode.h"
#include "hone/codegen/X86/Machine.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cstring>

using namespace mlir;
using namespace hone;

namespace {

bool isIR(Phase phase) { return phase <= Phase::Lowered; }

Phase before(Phase phase) { return static_cast<Phase>(static_cast<unsigned>(phase) - 1); }
Phase after(Phase phase) { return static_cast<Phase>(static_cast<unsigned>(phase) + 1); }

/// Reproducers keep the names of layers and tensors, which passes may look at. MLIR knows that as an option of a
/// command line alone.
void keepNamesInReproducers() {
  registerAsmPrinterCLOptions();
  llvm::cl::Option *option = llvm::cl::getRegisteredOptions().lookup("mlir-print-debuginfo");
  if (option && option->getNumOccurrences() == 0)
    option->addOccurrence(0, option->ArgStr, "true");
}

/// One run of `compile`: the state that its phases hand on.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options) : options(options), log(options.report) {}

  Result<CompileReport> run() {
    if (Status failed = checkOptions())
      return *failed;
    if (Status failed = checkMachine())
      return *failed;
    if (Status failed = preparePipeline())
      return *failed;
    keepNamesInReproducers();
    DialectRegistry registry;
    registerDialects(registry);
    context.emplace(registry, MLIRContext::Threading::DISABLED);
    log.attach(*context);
    if (options.remarks)
      enableRemarks();

    Phase last = getLastPhase();
    Phase first = getFirstPhase();
    if (Status failed = timed(Phase::Import, [&] { return options.startAt ? parse() : import(); }))
      return *failed;
    for (Phase phase = first; phase <= std::min(last, Phase::Lowered); phase = after(phase))
      if (Status failed = timed(phase, [&] { return runPhase(phase); }))
        return *failed;
    if (isIR(last)) {
      if (Status failed = writeOutput(
              [&](llvm::raw_ostream &os) { return writeModule(*module, os, last, options.emit == EmitKind::MLIR); }))
        return *failed;
      return std::move(report);
    }
    if (Status failed = timed(Phase::Object, [&] { return runPhase(Phase::Object); }))
      return *failed;
    if (last == Phase::Program) {
      if (Status failed = timed(Phase::Program, [&] { return package(); }))
        return *failed;
    } else if (Status failed = writeOutput([&](llvm::raw_ostream &os) {
                 os.write(code.data(), code.size());
                 return true;
               })) {
      return *failed;
    }
    return std::move(report);
  }

private:
  const CompileOptions &options;
  DiagnosticLog log;
  CompileReport report;
  std::optional<gguf::File> source;
  std::optional<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  std::optional<OpPassManager> pipeline; ///< that of options.passPipeline until it has run
  llvm::SmallVector<char, 0> code;

  Phase getFirstPhase() const { return options.startAt ? after(*options.startAt) : Phase::Import; }

  Phase getLastPhase() const {
    if (options.stopAfter)
      return *options.stopAfter;
    switch (options.emit) {
    case EmitKind::Program:
    case EmitKind::Shared:
      return Phase::Program;
    case EmitKind::Object:
    case EmitKind::Assembly:
    case EmitKind::LLVM:
      return Phase::Object;
    case EmitKind::MLIR:
      return Phase::Lowered;
    }
    llvm_unreachable("unknown kind");
  }

  Status checkOptions() const {
    if (options.startAt && !isIR(*options.startAt))
      return Error("--start-at=" + getPhaseName(*options.startAt).str() +
                   ": expected a phase whose result is IR: import, compressed, fused, scheduled or lowered");
    Phase last = getLastPhase();
    if (options.startAt && *options.startAt > last)
      return Error("--stop-after=" + getPhaseName(last).str() +
                   " comes before --start-at=" + getPhaseName(*options.startAt).str());
    if (options.emit == EmitKind::MLIR && !isIR(last))
      return Error("--emit=mlir: expected --stop-after a phase whose result is IR, got " + getPhaseName(last).str());
    if ((options.emit == EmitKind::Assembly || options.emit == EmitKind::LLVM || options.emit == EmitKind::Object) &&
        last != Phase::Object)
      return Error("--stop-after=" + getPhaseName(last).str() + " does not go with this --emit; leave one out");
    if (options.emit == EmitKind::Shared && last != Phase::Program)
      return Error("--stop-after=" + getPhaseName(last).str() + " does not go with --emit=shared; leave one out");
    if (last == Phase::Program && options.output == "-")
      return Error("a program cannot be written to standard output; name a file with -o");
    if (!options.machineFile.empty() && (getFirstPhase() > Phase::Lowered || last < Phase::Lowered))
      return Error("--machine: is for phase 'lowered', but this run goes from '" + getPhaseName(getFirstPhase()).str() +
                   "' to '" + getPhaseName(last).str() + "'; leave it out");
    return checkPipelineOptions();
  }

  /// Before anything else is done, too; hone-x86-tune reads it again.
  Status checkMachine() const {
    if (options.machineFile.empty() || options.autotune)
      return std::nullopt;
    std::string hash;
    Result<x86::Machine> machine = x86::readMachine(options.machineFile, hash);
    return machine ? std::nullopt : Status(machine.takeError());
  }

  Phase getPipelinePlace() const { return options.pipelineBefore.value_or(Phase::Compressed); }

  Status checkPipelineOptions() const {
    if (options.passPipeline.empty() && (options.pipelineBefore || !options.passPlugins.empty()))
      return Error(std::string(options.pipelineBefore ? "--pipeline-before" : "--load-pass-plugin") +
                   ": expected --pass-pipeline beside it, got none");
    Phase place = getPipelinePlace(), first = getFirstPhase(), last = getLastPhase();
    if (!options.passPipeline.empty() && (place < first || place > last))
      return Error("--pass-pipeline: would run before phase '" + getPhaseName(place).str() +
                   "', but this run goes from '" + getPhaseName(first).str() + "' to '" + getPhaseName(last).str() +
                   "'; name one of its phases with --pipeline-before");
    return std::nullopt;
  }

  /// Before anything else is done: a mistake here costs no time.
  Status preparePipeline() {
    if (options.passPipeline.empty())
      return std::nullopt;
    registerPasses();
    for (const std::string &path : options.passPlugins)
      if (Status failed = loadPassPlugin(path))
        return failed;
    Result<OpPassManager> parsed = parseModulePipeline(options.passPipeline);
    if (!parsed)
      return parsed.takeError();
    pipeline.emplace(std::move(*parsed));
    return std::nullopt;
  }

  Status timed(Phase phase, llvm::function_ref<Status()> work) {
    if (options.progress)
      options.progress(phase, static_cast<double>(phase) / kPhases);
    auto start = std::chrono::steady_clock::now();
    Status result = work();
    if (!result && options.cancel && *options.cancel)
      result = Error("cancelled");
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    report.phases.push_back({phase, seconds.count()});
    return result;
  }

  void enableRemarks() {
    remark::RemarkCategories categories;
    categories.passed = categories.missed = categories.analysis = categories.failed = ".*";
    (void)remark::enableOptimizationRemarks(*context, std::make_unique<RemarkLog>(options.report),
                                            std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
  }

  Status import() {
    Result<gguf::File> file = gguf::File::open(options.input);
    if (!file)
      return file.takeError();
    source = std::move(*file);
    GGUFImportOptions importOptions;
    importOptions.contextLength = options.contextLength;
    importOptions.kvCache = options.kvCache;
    Result<OwningOpRef<ModuleOp>> imported = importGGUF(*context, *source, options.input, importOptions);
    if (!imported)
      return imported.takeError();
    module = std::move(*imported);
    return std::nullopt;
  }

  /// Reads the module that --start-at goes on from, and checks that it is what that phase promises.
  Status parse() {
    if (Result<MappedFile> file = MappedFile::open(options.input); !file)
      return file.takeError();
    else if (file->size() >= 4 && std::memcmp(file->data(), "GGUF", 4) == 0)
      return Error(options.input + ": expected a module that --stop-after=" + getPhaseName(*options.startAt).str() +
                   " wrote, got a GGUF file; leave --start-at out");
    module = parseSourceFile<ModuleOp>(options.input, &*context);
    if (!module)
      return log.takeError(options.input + ": cannot be read as a module");
    llvm::StringRef expected = getPhaseName(*options.startAt);
    if (auto phase = (*module)->getAttrOfType<StringAttr>(kPhaseAttr); phase && phase != expected)
      return Error(options.input + ": expected what --stop-after=" + expected.str() +
                   " wrote, got the result of phase '" + phase.str() + "'; say --start-at=" + phase.str());
    (*module)->removeAttr(kPhaseAttr);
    PassManager manager(&*context);
    addContract(manager, *options.startAt);
    if (failed(manager.run(*module)))
      return Error(options.input + ": is not what --stop-after=" + getPhaseName(*options.startAt).str() +
                   " writes: " + log.takeError("the module is not valid").message());
    countKernels();
    return std::nullopt;
  }

  void countKernels() {
    if (int64_t kernels = llvm::count_if(module->getOps<func::FuncOp>(),
                                         [](func::FuncOp function) { return function->hasAttr(llm::kKernelAttr); }))
      report.kernels = kernels;
  }

  Status runPhase(Phase phase) {
    if (!options.passPipeline.empty() && phase == getPipelinePlace())
      if (Status failed = runPipeline(phase))
        return failed;
    if (phase == Phase::Object)
      return emitCode();
    if (phase == Phase::Lowered && options.autotune)
      if (Status failed = options.autotune(*module))
        return failed;
    PassManager manager(&*context);
    PipelineOptions pipelineOptions;
    pipelineOptions.activations = options.activations;
    pipelineOptions.activationOverrides = options.activationOverrides;
    pipelineOptions.maxRows = options.maxRows;
    pipelineOptions.levels = options.isaLevels;
    pipelineOptions.machine = options.machineFile;
    addPhase(manager, phase, pipelineOptions);
    // That what the user chose does not fit the model is no fault to repeat.
    bool isFault = phase != Phase::Compressed || options.activationOverrides.empty();
    if (std::optional<std::string> reproducer = runPasses(manager, isFault))
      return withReproducer(log.takeError(options.input + ": phase '" + getPhaseName(phase).str() + "' failed"),
                            *reproducer);
    countKernels();
    if (auto arena = (*module)->getAttrOfType<IntegerAttr>(llm::kArenaBytesAttr))
      report.arenaBytes = arena.getInt();
    return options.dumpPhases.empty() ? std::nullopt : dump(phase);
  }

  /// The passes that the user adds, and the check that what comes out is still what the next phase takes.
  Status runPipeline(Phase phase) {
    PassManager manager(&*context);
    static_cast<OpPassManager &>(manager) = std::move(*pipeline);
    addContract(manager, before(phase));
    std::optional<std::string> reproducer = runPasses(manager);
    if (!reproducer)
      return std::nullopt;
    std::string plugins;
    for (const std::string &path : options.passPlugins)
      plugins += "--load-pass-plugin=" + path + " ";
    Error error = log.takeError("a pass failed and did not say why");
    return withReproducer(Error("--pass-pipeline: " + error.message()), *reproducer, plugins);
  }

  /// Runs passes on the module. The file that repeats a failure, empty if none was wanted, or nothing if all went well.
  std::optional<std::string> runPasses(PassManager &manager, bool writesReproducer = true) {
    std::string reproducer = options.output == "-" ? "hone-compile" : options.output;
    reproducer += ".reproducer.mlir";
    if (!writesReproducer)
      reproducer.clear();
    else
      manager.enableCrashReproducerGeneration(reproducer, /*genLocalReproducer=*/false);
    return failed(manager.run(*module)) ? std::optional(reproducer) : std::nullopt;
  }

  /// Names the file that repeats a failure, if the pass manager wrote one.
  static Error withReproducer(Error error, const std::string &reproducer, const std::string &plugins = "") {
    if (reproducer.empty() || !llvm::sys::fs::exists(reproducer))
      return error;
    return Error(error.message() + "; '" + reproducer + "' repeats this: hone-opt " + plugins + "--run-reproducer " +
                 reproducer);
  }

  Status dump(Phase phase) {
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpPhases))
      return Error(options.dumpPhases + ": cannot be created: " + error.message());
    llvm::SmallString<128> path(options.dumpPhases);
    llvm::sys::path::append(path,
                            llvm::Twine(static_cast<unsigned>(phase) + 1) + "-" + getPhaseName(phase) + ".mlirbc");
    return writeFile(path, [&](llvm::raw_ostream &os) { return writeModule(*module, os, phase, /*text=*/false); });
  }

  Status writeFile(llvm::StringRef path, llvm::function_ref<bool(llvm::raw_ostream &)> write) {
    llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream &os) -> llvm::Error {
      if (!write(os))
        return llvm::createStringError("the module cannot be written");
      return llvm::Error::success();
    });
    if (!error)
      return std::nullopt;
    return Error(path.str() + ": cannot be written: " + llvm::toString(std::move(error)) + "; choose another place");
  }

  Status writeOutput(llvm::function_ref<bool(llvm::raw_ostream &)> write) {
    report.output = options.output;
    if (Status failed = writeFile(options.output, write))
      return failed;
    if (options.output != "-")
      (void)llvm::sys::fs::file_size(options.output, report.outputBytes);
    return std::nullopt;
  }

  Status emitCode() {
    auto format = options.emit == EmitKind::Assembly ? x86::CodeFormat::Assembly
                  : options.emit == EmitKind::LLVM   ? x86::CodeFormat::LLVM
                                                     : x86::CodeFormat::Object;
    Result<llvm::SmallVector<char, 0>> emitted = x86::emitCode(*module, format);
    if (!emitted)
      return log.takeError(options.input + ": " + emitted.error().message());
    code = std::move(*emitted);
    report.codeBytes = code.size();
    return std::nullopt;
  }

  /// Opens the model file that the module names, for a compilation that started from a module.
  Status openSource() {
    auto path = (*module)->getAttrOfType<StringAttr>(llm::kSourceAttr);
    if (source || !path)
      return std::nullopt;
    Result<gguf::File> file = gguf::File::open(path.str());
    if (!file)
      return file.takeError();
    source = std::move(*file);
    auto bytes = (*module)->getAttrOfType<IntegerAttr>(llm::kSourceBytesAttr);
    if (bytes && bytes.getValue().getZExtValue() != source->totalBytes())
      return Error(path.str() + ": has " + std::to_string(source->totalBytes()) + " bytes, but '" + options.input +
                   "' was made from one of " + std::to_string(bytes.getInt()) + "; import the model again");
    return std::nullopt;
  }

  Status package() {
    if (Status failed = openSource())
      return failed;
    Payload payload;
    Result<std::vector<WeightPlacement>> plan = planWeights(*module, payload.weightBytes);
    if (!plan)
      return plan.takeError();
    if (source) {
      Result<std::optional<text::TokenizerSource>> tokenizer = tokenizerFromGGUF(*source);
      if (!tokenizer)
        return tokenizer.takeError();
      if (*tokenizer) {
        Result<std::vector<uint8_t>> serialized = text::serializeTokenizer(**tokenizer);
        if (!serialized)
          return Error(source->name() + ": " + serialized.error().message());
        payload.tokenizer = std::move(*serialized);
      }
    }
    WeightEvaluationOptions evaluation;
    evaluation.threads = options.threads;
    evaluation.cancel = options.cancel;
    evaluation.releaseSource = true;
    evaluation.releaseTarget = true;
    evaluation.progress = [&](uint64_t done) {
      if (options.progress)
        options.progress(Phase::Program,
                         (kPhases - 1 + static_cast<double>(done) / static_cast<double>(payload.weightBytes)) /
                             kPhases);
    };
    payload.fillWeights = [&](uint8_t *target, uint64_t bytes) {
      return evaluateWeights(*module, source ? &*source : nullptr, *plan, target, bytes, evaluation);
    };
    Result<std::string> bundle = findBundle();
    if (!bundle)
      return bundle.takeError();
    LinkOptions link;
    link.bundleDirectory = *bundle;
    link.keepSymbols = options.keepSymbols;
    link.shared = options.emit == EmitKind::Shared;
    if (link.shared)
      link.soname = llvm::sys::path::filename(options.output).str();
    if (Status failed =
            writeProgram(reinterpret_cast<const uint8_t *>(code.data()), code.size(), payload, link, options.output))
      return failed;
    report.output = options.output;
    report.weightBytes = payload.weightBytes;
    (void)llvm::sys::fs::file_size(options.output, report.outputBytes);
    return std::nullopt;
  }
};

} // namespace

Result<CompileReport> hone::compile(const CompileOptions &options) { return Compilation(options).run(); }
