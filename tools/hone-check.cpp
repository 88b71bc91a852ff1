//===- hone-check.cpp - Run a module that checks its own numbers ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles FILE by a named pipeline, runs every public function that takes and returns nothing, and reports each
// expectation of the check dialect that does not hold.
//
//===----------------------------------------------------------------------===//

#include "EmulateTiles.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/codegen/X86/EmitCode.h"
#include "hone/codegen/X86/Levels.h"
#include "hone/codegen/X86/Passes.h"
#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Reference/Passes.h"
#include "hone/transforms/Tiling/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <cmath>

using namespace mlir;

namespace {

/// Pipelines that take a module of llm and check ops to the llvm dialect, by the names that `--pipeline` takes. To run
/// the same tests on another target, add its line, and register its passes in main.
struct NamedPipeline {
  llvm::StringLiteral name;
  llvm::StringLiteral passes;
  bool isX86; ///< made of the kernels of `hone compile`, and optimized as those are
};
constexpr NamedPipeline kPipelines[] = {
    {"reference", "hone-lower-to-reference,hone-lower-check,hone-reference-to-llvm-pipeline", false},
    {"x86",
     "hone-pack-weights,hone-outline-kernels,hone-embed-weights,hone-bufferize-callers{workers=1,3},hone-lower-check,"
     "hone-x86-select-levels{levels=LEVEL},hone-x86-tune{TUNING},hone-x86-lower-kernels,hone-partition-workers,"
     "one-shot-bufferize,hone-x86-to-llvm-pipeline",
     true},
};

/// What the program under test reports by calling the functions below. Differences beyond the first few of an
/// expectation are counted only.
class Report {
public:
  void begin(const char *newLocation) {
    location = newLocation;
    actualSizes.clear();
    expectedSizes.clear();
    differences = 0;
  }
  void size(int64_t actual, int64_t expected) {
    actualSizes.push_back(actual);
    expectedSizes.push_back(expected);
  }
  void difference(int64_t index, double actual, double expected);
  void end();

  /// Prints the summary; true if there were expectations and all of them held.
  bool finish() const;

private:
  static constexpr int64_t kShownDifferences = 5;
  const char *location = "";
  SmallVector<int64_t> actualSizes, expectedSizes;
  int64_t differences = 0, passed = 0, failed = 0;
};

} // namespace

/// Integers in full; 9 digits tell any two floats apart.
static llvm::format_object<double> formatNumber(double value) {
  bool isInteger = std::trunc(value) == value && std::fabs(value) < 1.0e10;
  return llvm::format(isInteger ? "%.0f" : "%.9g", value);
}

void Report::difference(int64_t index, double actual, double expected) {
  if (++differences > kShownDifferences)
    return;
  SmallVector<int64_t> indices(actualSizes.size());
  for (int64_t dim = indices.size() - 1; dim >= 0; --dim) {
    indices[dim] = index % actualSizes[dim];
    index /= actualSizes[dim];
  }
  llvm::errs() << location << ": error: expected " << formatNumber(expected) << ", got " << formatNumber(actual)
               << " at index [";
  llvm::interleaveComma(indices, llvm::errs());
  llvm::errs() << "]\n";
}

void Report::end() {
  if (actualSizes != expectedSizes) {
    llvm::errs() << location << ": error: expected a tensor of shape [";
    llvm::interleaveComma(expectedSizes, llvm::errs());
    llvm::errs() << "], got [";
    llvm::interleaveComma(actualSizes, llvm::errs());
    llvm::errs() << "]\n";
  } else if (differences > kShownDifferences) {
    llvm::errs() << location << ": note: " << differences << " elements differ, of which " << kShownDifferences
                 << " are shown\n";
  }
  bool holds = actualSizes == expectedSizes && differences == 0;
  ++(holds ? passed : failed);
}

bool Report::finish() const {
  llvm::outs() << passed << " passed, " << failed << " failed\n";
  if (passed + failed == 0)
    llvm::errs() << "hone-check: error: expected a public function without arguments or results that states an "
                 << "expectation, got none\n";
  return passed > 0 && failed == 0;
}

static Report report;
static void checkBegin(const char *location) { report.begin(location); }
static void checkSize(int64_t actual, int64_t expected) { report.size(actual, expected); }
static void checkDifference(int64_t index, double actual, double expected) {
  report.difference(index, actual, expected);
}
static void checkEnd() { report.end(); }

static llvm::orc::SymbolMap getCheckSymbols(llvm::orc::MangleAndInterner intern) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](StringRef name, auto *function) {
    symbols[intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported};
  };
  add("hone_check_begin", &checkBegin);
  add("hone_check_size", &checkSize);
  add("hone_check_difference", &checkDifference);
  add("hone_check_end", &checkEnd);
  return symbols;
}

static const NamedPipeline *findPipeline(StringRef name) {
  const auto *found = llvm::find_if(kPipelines, [&](const NamedPipeline &named) { return named.name == name; });
  if (found != std::end(kPipelines))
    return found;
  llvm::errs() << "hone-check: error: expected --pipeline to name one of ";
  llvm::interleaveComma(kPipelines, llvm::errs(),
                        [](const NamedPipeline &named) { llvm::errs() << "'" << named.name << "'"; });
  llvm::errs() << ", got '" << name << "'\n";
  return nullptr;
}

/// `level` stands for LEVEL in the passes, `tuning` for TUNING.
static LogicalResult compile(ModuleOp module, const NamedPipeline &pipeline, StringRef level, StringRef tuning) {
  PassManager manager(module.getContext());
  std::string passes = pipeline.passes.str();
  for (auto [word, value] : {std::pair<StringRef, StringRef>("LEVEL", level), {"TUNING", tuning}})
    if (size_t place = passes.find(word); place != std::string::npos)
      passes.replace(place, word.size(), value);
  return success(succeeded(parsePassPipeline(passes, manager)) && succeeded(manager.run(module)));
}

/// Optimizes as `hone compile` does, but keeps kernels apart from the functions that call them: computing with
/// constants at compile time would not test their code.
static void optimizeKernels(llvm::Module &module, llvm::TargetMachine &machine, ArrayRef<std::string> callers) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(llvm::Attribute::NoInline);
    bool isCaller = llvm::is_contained(callers, function.getName());
    function.addFnAttr(isCaller ? llvm::Attribute::OptimizeNone : llvm::Attribute::NoDuplicate);
  }
  hone::x86::optimize(module, machine);
}

static llvm::Expected<std::unique_ptr<ExecutionEngine>> createEngine(ModuleOp module, const NamedPipeline &pipeline,
                                                                     ArrayRef<std::string> names) {
  if (!pipeline.isX86)
    return ExecutionEngine::create(module);
  hone::x86::setTargets(module);
  auto machine = hone::x86::createTargetMachine();
  if (!machine)
    return llvm::createStringError(machine.error().message());
  ExecutionEngineOptions options;
  auto transform = [&, machine = machine->get()](llvm::Module *translated) {
    optimizeKernels(*translated, *machine, names);
    return llvm::Error::success();
  };
  options.transformer = transform;
  return ExecutionEngine::create(module, options, std::move(*machine));
}

/// Runs the functions `names` of a module in the llvm dialect.
static llvm::Error runFunctions(ModuleOp module, const NamedPipeline &pipeline, ArrayRef<std::string> names) {
  auto engine = createEngine(module, pipeline, names);
  if (!engine)
    return engine.takeError();
  (*engine)->registerSymbols(getCheckSymbols);
  for (const std::string &name : names) {
    auto lowered = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!lowered || lowered.getNumArguments() != 0)
      return llvm::createStringError("expected '" + name +
                                     "' to take nothing once compiled; weights of a model file cannot be checked here");
    llvm::Expected<void *> address = (*engine)->lookup(name);
    if (!address)
      return address.takeError();
    reinterpret_cast<void (*)()> (*address)();
    if (hone::areTilesInUse())
      return llvm::createStringError("expected '" + name + "' to release the tiles that it configures");
  }
  return llvm::Error::success();
}

/// The ISA levels to run a pipeline for: `name`, or all that there are; one without a name for other pipelines.
static SmallVector<StringRef> getLevels(const NamedPipeline &pipeline, StringRef name) {
  if (!pipeline.isX86)
    return {""};
  SmallVector<StringRef> levels;
  for (hone::x86::Level level : hone::x86::getHostLevels())
    if (name.empty() || name == hone::x86::getLevelName(level))
      levels.push_back(hone::x86::getLevelName(level));
  return levels;
}

static llvm::cl::extrahelp example("\nExample: hone-check test.mlir --pipeline=reference\n");

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  static llvm::cl::opt<std::string> inputPath(llvm::cl::Positional, llvm::cl::desc("FILE.mlir"), llvm::cl::Required);
  static llvm::cl::opt<std::string> pipelineName("pipeline", llvm::cl::desc("how to compile the module"),
                                                 llvm::cl::init("reference"));
  static llvm::cl::opt<std::string> levelName(
      "isa", llvm::cl::desc("ISA level of the kernels; default: each that this machine has"));
  static llvm::cl::opt<bool> emulatesAMX(
      "emulate-amx", llvm::cl::desc("carry out AMX instructions in software where the CPU has AVX-512 and no AMX"));
  static llvm::cl::opt<std::string> tuning("tune",
                                           llvm::cl::desc("options of hone-x86-tune, with blanks between them"));
  llvm::cl::ParseCommandLineOptions(argc, argv, "Run a module that checks its own numbers\n");
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();

  const NamedPipeline *pipeline = findPipeline(pipelineName);
  if (!pipeline)
    return 1;

  DialectRegistry registry;
  registry.insert<hone::check::CheckDialect, hone::llm::LLMDialect, arith::ArithDialect, func::FuncDialect,
                  linalg::LinalgDialect, math::MathDialect, scf::SCFDialect, tensor::TensorDialect>();
  hone::registerCommonPasses();
  hone::registerReferencePasses();
  hone::registerTilingPasses();
  hone::registerX86Passes();
  hone::registerX86Pipelines();
  hone::registerReferencePipelines();
  hone::registerReferenceExtensions(registry);
  bufferization::registerBufferizationPasses();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  MLIRContext context(registry);

  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputPath, &message);
  if (!input) {
    llvm::errs() << "hone-check: error: " << message << '\n';
    return 1;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(input), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return 1;

  std::vector<std::string> names;
  for (auto function : module->getOps<func::FuncOp>())
    if (function.isPublic() && !function.isExternal() && function.getNumArguments() == 0 &&
        function.getNumResults() == 0)
      names.push_back(function.getName().str());
  if (emulatesAMX && hone::emulateTiles())
    hone::x86::assumeEmulatedTiles();
  SmallVector<StringRef> levels = getLevels(*pipeline, levelName);
  if (levels.empty()) {
    llvm::errs() << "hone-check: error: expected a CPU with '" << (levelName.empty() ? "x86-64-v3" : levelName.c_str())
                 << "' for --pipeline=x86, got '" << llvm::sys::getHostCPUName() << "'\n";
    return 1;
  }
  for (StringRef level : levels) {
    OwningOpRef<ModuleOp> copy = module->clone();
    if (failed(compile(*copy, *pipeline, level, tuning)))
      return 1;
    if (llvm::Error error = runFunctions(*copy, *pipeline, names)) {
      llvm::errs() << "hone-check: error: " << inputPath << ": " << llvm::toString(std::move(error)) << '\n';
      return 1;
    }
    if (pipeline->isX86)
      llvm::outs() << level << ": ";
    if (!report.finish())
      return 1;
    report = {};
  }
  return 0;
}
