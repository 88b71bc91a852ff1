//===- Autotune.cpp - What kernels do best on this machine ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Equivalence/Autotune.h"

#include "HostCode.h"
#include "TimedKernels.h"
#include "TimedMix.h"
#include "hone/codegen/X86/MachineLimits.h"
#include "hone/codegen/X86/Tuning.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <chrono>
#include <cmath>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// A choice replaces that of the model where it takes less than this of its time: less may be chance.
static constexpr double kWorthwhile = 0.97;
/// For which the choices of a kernel are timed with one number of rows at most, and those of all kernels together; how
/// often each is at least.
static constexpr double kSeconds = 0.4, kAllSeconds = 10;
static constexpr int64_t kLeastRuns = 7;
/// Weights of a single row come from memory.
static constexpr int64_t kMemoryBytes = int64_t{128} << 20;
/// Latency is that of memory, beyond caches, but of few pages.
static constexpr size_t kLatencyBytes = size_t{64} << 20;
static constexpr llvm::StringLiteral kLowering =
    "hone-x86-lower-kernels,hone-partition-workers,hone-x86-to-llvm-pipeline";

/// At least 1: a system that does not know a size says 0.
static int64_t getCacheBytes(int name, int64_t otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

/// In millions per second.
static int64_t toMillions(double rate) { return std::max<int64_t>(1, std::llround(rate / 1.0e6)); }

static Status measureMachine(MLIRContext *context, x86::Machine &machine, ArrayRef<x86::Level> levels) {
  machine.name = llvm::sys::getHostCPUName().str();
  machine.l1Bytes = getCacheBytes(_SC_LEVEL1_DCACHE_SIZE, int64_t{32} << 10);
  machine.l2Bytes = getCacheBytes(_SC_LEVEL2_CACHE_SIZE, int64_t{256} << 10);
  Result<std::unique_ptr<ZeroedMemory>> memory = ZeroedMemory::create(2 * kMemoryBytes);
  if (!memory)
    return memory.takeError();
  uint8_t *data = (*memory)->data();
  (*memory)->fill();
  constexpr double seconds = 0.2;
  int64_t threads = std::max(1u, std::thread::hardware_concurrency());
  machine.coreReadRate = toMillions(x86::measureReadRate(data, (*memory)->size(), 1, seconds));
  machine.readRate = toMillions(x86::measureReadRate(data, (*memory)->size(), threads, seconds));
  machine.latency = std::max<int64_t>(1, std::llround(1.0e9 * x86::measureLatency(data, kLatencyBytes)));
  for (x86::Level level : levels) {
    const llm::Precision precisions[] = {llm::Precision::F32, llm::Precision::Int8, llm::Precision::Int16};
    SmallVector<int64_t, 3> peaks;
    for (llm::Precision precision : precisions) {
      Result<double> peak = measurePeak(context, level, precision, /*threads=*/1, seconds / 4);
      if (!peak)
        return peak.takeError();
      peaks.push_back(toMillions(*peak));
    }
    machine.peaks.push_back({level, peaks[0], peaks[1], peaks[2]});
  }
  return std::nullopt;
}

namespace {

/// One kernel of the module, and what is tried.
struct TunedKernel {
  std::string name, key;
  x86::ProductKind kind;
  std::vector<x86::Tuning> candidates; ///< the model's first
};

/// Numbers of rows run different code, so that each decides about its own choices.
struct RowsCase {
  int64_t rows;
  std::vector<int64_t x86::Tuning::*> fields;
};

class Autotuner {
public:
  Autotuner(ModuleOp scheduled, const AutotuneOptions &options) : scheduled(scheduled), options(options) {}

  Status run() {
    if (Status failed = readOld())
      return failed;
    if (Status failed = chooseLevel())
      return failed;
    if (Status failed = measureMachine(scheduled.getContext(), machine, hostLevels))
      return failed;
    progress(0.05);
    findKernels();
    if (!kernels.empty())
      if (Status failed = compileCandidates())
        return failed;
    for (auto [number, kernel] : llvm::enumerate(kernels)) {
      if (Status failed = timeKernel(kernel))
        return failed;
      progress(0.4 + 0.6 * static_cast<double>(number + 1) / static_cast<double>(kernels.size()));
    }
    return write();
  }

private:
  static constexpr size_t kCandidates = 7, kCases = 3;

  ModuleOp scheduled;
  const AutotuneOptions &options;
  x86::Machine old, machine;
  SmallVector<x86::Level> hostLevels;
  x86::Level level = x86::Level::V3;
  std::vector<TunedKernel> kernels;
  std::vector<TimedKernels> compiled; ///< by candidate; kernels in the order of `kernels`

  void progress(double done) const {
    if (options.progress)
      options.progress(done);
  }
  bool isCancelled() const { return options.cancel && *options.cancel; }

  Status readOld() {
    if (!llvm::sys::fs::exists(options.file))
      return std::nullopt;
    std::string hash;
    Result<x86::Machine> read = x86::readMachine(options.file, hash);
    if (!read)
      return Error(options.file + ": expected no file or a machine file, which --autotune replaces, got another");
    old = std::move(*read);
    return std::nullopt;
  }

  Status chooseLevel() {
    bool isFound = false;
    for (x86::Level own : x86::getHostLevels()) {
      if (own > x86::Level::AVX512)
        continue;
      hostLevels.push_back(own);
      if (!options.isaLevels.empty() && !llvm::is_contained(options.isaLevels, x86::getLevelName(own)))
        continue;
      level = own;
      isFound = true;
    }
    if (isFound)
      return std::nullopt;
    return Error("--autotune: expected a level up to 'avx-512' that this CPU, '" + llvm::sys::getHostCPUName().str() +
                 "', runs, got '" + llvm::join(options.isaLevels, "', '") +
                 "'; leave it out, or choose others with --isa");
  }

  void findKernels() {
    for (auto function : scheduled.getOps<func::FuncOp>()) {
      if (!function->hasAttr(llm::kKernelAttr))
        continue;
      function.walk([&](llm::ReferenceLoweringOpInterface op) {
        std::optional<x86::ProductKind> kind = x86::getProductKind(op);
        if (!kind)
          return;
        kind->level = level;
        kernels.push_back({function.getName().str(), x86::getProductKey(op), *kind, getCandidates(*kind)});
      });
    }
  }

  /// The model's choices, the plain ones, and five that each change one choice for each number of rows.
  std::vector<x86::Tuning> getCandidates(const x86::ProductKind &kind) const {
    x86::Tuning base = x86::chooseTuning(kind, machine);
    std::vector<x86::Tuning> candidates(kCandidates, base);
    candidates[1] = x86::getDefaultTuning(kind);
    auto change = [&](size_t number, int64_t x86::Tuning::*field, int64_t value) {
      x86::Tuning changed = candidates[number];
      changed.*field = value;
      if (!x86::checkTuning(kind, changed))
        candidates[number] = changed;
    };
    int64_t panels = base.singleRowPanels == 1 ? kind.mostPanels() : 1;
    change(2, &x86::Tuning::aheadBytes, base.aheadBytes / 2);
    change(3, &x86::Tuning::aheadBytes, base.aheadBytes * 2);
    change(4, &x86::Tuning::singleRowPanels, panels);
    change(5, &x86::Tuning::singleRowPanels, panels);
    change(5, &x86::Tuning::aheadBytes, base.aheadBytes * 2);
    change(6, &x86::Tuning::aheadBytes, base.aheadBytes * 4);
    change(2, &x86::Tuning::fewRows, base.fewRows / 2);
    change(3, &x86::Tuning::fewRows, 1);
    change(2, &x86::Tuning::chunkBlocks, base.chunkBlocks / 2);
    change(3, &x86::Tuning::chunkBlocks, base.chunkBlocks * 2);
    change(4, &x86::Tuning::tileRows, base.tileRows * 3 / 2);
    change(5, &x86::Tuning::tileRows, base.tileRows / 2);
    change(6, &x86::Tuning::chunkRows, 32);
    return candidates;
  }

  Status compileCandidates() {
    for (size_t candidate = 0; candidate < kCandidates; ++candidate) {
      if (isCancelled())
        return Error("cancelled");
      OwningOpRef<ModuleOp> module = scheduled.clone();
      for (auto function : llvm::make_early_inc_range(module->getOps<func::FuncOp>())) {
        auto *own = llvm::find_if(kernels, [&](const TunedKernel &k) { return k.name == function.getName(); }).base();
        if (own == kernels.data() + kernels.size())
          function->removeAttr(llm::kKernelAttr);
        else
          function->setAttr(x86::kTuningAttr, x86::getTuningAttr(module->getContext(), own->candidates[candidate]));
      }
      Result<TimedKernels> code = compileKernels(*module, x86::getLevelName(level), kLowering);
      if (!code)
        return code.takeError();
      compiled.push_back(std::move(*code));
      progress(0.05 + 0.35 * static_cast<double>(candidate + 1) / kCandidates);
    }
    return std::nullopt;
  }

  const TimedKernel &getCode(size_t candidate, const TunedKernel &kernel) const {
    const std::vector<TimedKernel> &all = compiled[candidate].kernels;
    return *llvm::find_if(all, [&](const TimedKernel &own) { return own.name == kernel.name; });
  }

  /// The candidate that is fastest, twice: the model's, which is the first, where none is by far.
  Result<size_t> findFastest(const TunedKernel &kernel, const RowsCase &rows) const {
    std::vector<size_t> candidates;
    for (size_t candidate = 0; candidate < kCandidates; ++candidate)
      candidates.push_back(candidate);
    // Weights that many rows share need not come from memory.
    Result<std::unique_ptr<KernelCall>> call =
        KernelCall::create(getCode(0, kernel), rows.rows, rows.rows > 8 ? 0 : kMemoryBytes);
    if (!call)
      return call.takeError();
    Result<size_t> fastest = findFastestOf(kernel, **call, candidates);
    if (!fastest || *fastest == 0)
      return fastest;
    return findFastestOf(kernel, **call, {0, *fastest});
  }

  Result<size_t> findFastestOf(const TunedKernel &kernel, const KernelCall &call, ArrayRef<size_t> candidates) const {
    using Clock = std::chrono::steady_clock;
    const std::chrono::duration<double> seconds(
        std::min(kSeconds, kAllSeconds / (kCases * static_cast<double>(kernels.size()))));
    std::vector<double> best(kCandidates, HUGE_VAL);
    Clock::time_point begin = Clock::now();
    int64_t number = 0;
    for (int64_t round = 0; round < kLeastRuns || Clock::now() - begin < seconds; ++round)
      for (size_t candidate : candidates) {
        if (isCancelled())
          return Error("cancelled");
        Clock::time_point start = Clock::now();
        call.run(getCode(candidate, kernel).function, number++, 0, 1);
        best[candidate] = std::min(best[candidate], std::chrono::duration<double>(Clock::now() - start).count());
      }
    size_t fastest = std::min_element(best.begin(), best.end()) - best.begin();
    return best[fastest] < kWorthwhile * best[0] ? fastest : 0;
  }

  Status timeKernel(const TunedKernel &kernel) {
    x86::Tuning tuning = kernel.candidates.front();
    const RowsCase cases[kCases] = {
        {1, {&x86::Tuning::aheadBytes, &x86::Tuning::singleRowPanels}},
        {std::min<int64_t>(options.maxRows, 8), {&x86::Tuning::fewRows}},
        {options.maxRows, {&x86::Tuning::tileRows, &x86::Tuning::chunkBlocks, &x86::Tuning::chunkRows}}};
    for (const RowsCase &rows : cases) {
      Result<size_t> fastest = findFastest(kernel, rows);
      if (!fastest)
        return fastest.takeError();
      for (int64_t x86::Tuning::*field : rows.fields)
        tuning.*field = kernel.candidates[*fastest].*field;
    }
    // Each part of it fits, but perhaps not all of them.
    if (!(tuning == kernel.candidates.front()) && !x86::checkTuning(kernel.kind, tuning) &&
        !machine.findLearned(kernel.key, level))
      machine.learned.push_back({kernel.key, level, tuning});
    return std::nullopt;
  }

  Status write() {
    auto isTuned = [&](const x86::Machine::Learned &entry) {
      return entry.level == level &&
             llvm::any_of(kernels, [&](const TunedKernel &kernel) { return kernel.key == entry.kernel; });
    };
    if (old.name == machine.name)
      llvm::copy_if(old.learned, std::back_inserter(machine.learned),
                    [&](const x86::Machine::Learned &entry) { return !isTuned(entry); });
    llvm::sort(machine.learned, [](const x86::Machine::Learned &a, const x86::Machine::Learned &b) {
      return std::tie(a.kernel, a.level) < std::tie(b.kernel, b.level);
    });
    if (isCancelled())
      return Error("cancelled");
    llvm::Error error = llvm::writeToOutput(options.file, [&](llvm::raw_ostream &os) {
      os << x86::formatMachine(machine);
      return llvm::Error::success();
    });
    if (!error)
      return std::nullopt;
    return Error(options.file + ": cannot be written: " + llvm::toString(std::move(error)) + "; choose another place");
  }
};

} // namespace

Status equivalence::autotune(ModuleOp scheduled, const AutotuneOptions &options) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  registerBuiltinDialectTranslation(*scheduled.getContext());
  registerLLVMDialectTranslation(*scheduled.getContext());
  return Autotuner(scheduled, options).run();
}
