//===- Compile.cpp - Compiles a model to a program ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/Compile.h"

#include "DiagnosticLog.h"
#include "hone/Driver/Registration.h"
#include "hone/Import/GGUFImport.h"
#include "hone/Package/Program.h"
#include "hone/Text/Tokenizer.h"
#include "hone/Weights/WeightEvaluator.h"
#include "hone/codegen/X86/EmitCode.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cstring>

using namespace mlir;
using namespace hone;

namespace {

/// On a module that was written to a file: the phase that it came out of.
constexpr llvm::StringLiteral kPhaseAttr = "llm.phase";

bool isIR(Phase phase) { return phase <= Phase::Lowered; }

/// One run of `compile`: the state that its phases hand on.
class Compilation {
public:
  explicit Compilation(const CompileOptions &options) : options(options), log(options.report) {}

  Result<CompileReport> run() {
    if (Status failed = checkOptions())
      return *failed;
    DialectRegistry registry;
    registerDialects(registry);
    context.emplace(registry, MLIRContext::Threading::DISABLED);
    log.attach(*context);
    if (options.remarks)
      enableRemarks();

    Phase last = getLastPhase();
    Phase first = options.startAt ? static_cast<Phase>(static_cast<unsigned>(*options.startAt) + 1) : Phase::Import;
    if (Status failed = timed(Phase::Import, [&] { return options.startAt ? parse() : import(); }))
      return *failed;
    for (unsigned number = static_cast<unsigned>(first); number <= static_cast<unsigned>(Phase::Lowered); ++number) {
      auto phase = static_cast<Phase>(number);
      if (phase > last)
        break;
      if (Status failed = timed(phase, [&] { return runPhase(phase); }))
        return *failed;
    }
    if (isIR(last)) {
      if (Status failed =
              writeOutput([&](llvm::raw_ostream &os) { return writeModule(os, last, options.emit == EmitKind::MLIR); }))
        return *failed;
      return std::move(report);
    }
    if (Status failed = timed(Phase::Object, [&] { return emitCode(); }))
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
  llvm::SmallVector<char, 0> code;

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
    categories.passed = categories.missed = categories.analysis = categories.failed = "hone-.*";
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
    PassManager manager(&*context);
    PipelineOptions pipeline;
    pipeline.activations = options.activations;
    pipeline.activationOverrides = options.activationOverrides;
    pipeline.maxRows = options.maxRows;
    addPhase(manager, phase, pipeline);
    std::string reproducer = options.output == "-" ? "hone-compile" : options.output;
    reproducer += ".reproducer.mlir";
    // That what the user chose does not fit the model is no fault to repeat.
    if (phase != Phase::Compressed || options.activationOverrides.empty())
      manager.enableCrashReproducerGeneration(reproducer, /*genLocalReproducer=*/false);
    if (failed(manager.run(*module)))
      return withReproducer(log.takeError(options.input + ": phase '" + getPhaseName(phase).str() + "' failed"),
                            reproducer);
    countKernels();
    if (auto arena = (*module)->getAttrOfType<IntegerAttr>(llm::kArenaBytesAttr))
      report.arenaBytes = arena.getInt();
    return options.dumpPhases.empty() ? std::nullopt : dump(phase);
  }

  /// Names the file that repeats a failure, if the pass manager wrote one.
  static Error withReproducer(Error error, const std::string &reproducer) {
    if (!llvm::sys::fs::exists(reproducer))
      return error;
    return Error(error.message() + "; '" + reproducer + "' repeats this: hone-opt --run-reproducer " + reproducer);
  }

  Status dump(Phase phase) {
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpPhases))
      return Error(options.dumpPhases + ": cannot be created: " + error.message());
    llvm::SmallString<128> path(options.dumpPhases);
    llvm::sys::path::append(path,
                            llvm::Twine(static_cast<unsigned>(phase) + 1) + "-" + getPhaseName(phase) + ".mlirbc");
    return writeFile(path, [&](llvm::raw_ostream &os) { return writeModule(os, phase, /*text=*/false); });
  }

  /// Brings the uses of each value into the order of their owners. Bytecode keeps that order, and conversions leave it
  /// to addresses.
  static void sortUses(ModuleOp module) {
    DenseMap<Operation *, unsigned> order;
    module.walk<WalkOrder::PreOrder>([&](Operation *op) { order[op] = order.size(); });
    auto sort = [&](Value value) {
      if (value.use_empty() || value.hasOneUse())
        return;
      SmallVector<std::pair<unsigned, unsigned>> keys;
      for (OpOperand &use : value.getUses())
        keys.push_back({order.lookup(use.getOwner()), use.getOperandNumber()});
      SmallVector<unsigned> indices = llvm::to_vector(llvm::seq<unsigned>(0, keys.size()));
      // Latest first, as when the module is parsed.
      llvm::sort(indices, [&](unsigned a, unsigned b) { return keys[a] > keys[b]; });
      SmallVector<unsigned> places(indices.size());
      for (auto [place, index] : llvm::enumerate(indices))
        places[index] = place;
      value.shuffleUseList(places);
    };
    module.walk([&](Operation *op) {
      llvm::for_each(op->getResults(), sort);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          llvm::for_each(block.getArguments(), sort);
    });
  }

  bool writeModule(llvm::raw_ostream &os, Phase phase, bool text) {
    (*module)->setAttr(kPhaseAttr, StringAttr::get(&*context, getPhaseName(phase)));
    auto unmark = llvm::make_scope_exit([&] { (*module)->removeAttr(kPhaseAttr); });
    if (!text) {
      sortUses(*module);
      return succeeded(writeBytecodeToFile(*module, os));
    }
    module->print(os, OpPrintingFlags().enableDebugInfo(/*enable=*/true, /*prettyForm=*/false));
    return true;
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
