//===- hone-time-kernels.cpp - How fast the kernels of a module are -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the kernels of FILE, a module of the llm dialect, as `hone compile` does, runs each with made-up memory, and
// prints their times and what the machine can do at most as JSON. benchmarks/measure_products.py writes such modules.
//
//===----------------------------------------------------------------------===//

#include "HostCode.h"
#include "MachineLimits.h"
#include "MemRef.h"
#include "TimedTeam.h"

#include "hone/Driver/Registration.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/xxhash.h"

#include <memory>
#include <sys/mman.h>

using namespace mlir;
using namespace hone;

namespace cl = llvm::cl;

static cl::opt<std::string> inputPath(cl::Positional, cl::desc("FILE.mlir"), cl::Required);
static cl::list<int64_t> rowCounts("row-counts", cl::desc("Numbers of rows of activations"), cl::CommaSeparated);
static cl::list<int64_t> threadCounts("thread-counts", cl::desc("Numbers of threads"), cl::CommaSeparated);
static cl::opt<std::string> level("level", cl::desc("ISA level: x86-64-v3, avx-vnni or avx-512"),
                                  cl::init("x86-64-v3"));
static cl::opt<benchmarks::Arithmetic>
    arithmetic("peak", cl::desc("Instructions whose peak is measured"), cl::init(benchmarks::Arithmetic::F32),
               cl::values(clEnumValN(benchmarks::Arithmetic::F32, "f32", "fused multiplication and addition of f32"),
                          clEnumValN(benchmarks::Arithmetic::Int8, "int8", "products of bytes"),
                          clEnumValN(benchmarks::Arithmetic::Int16, "int16", "products of 16-bit integers")));
static cl::opt<std::string> passes("passes", cl::desc("Pipeline from FILE to kernels"),
                                   cl::init("hone-pack-weights,hone-outline-kernels"));
static cl::opt<std::string>
    lowering("lowering", cl::desc("Pipeline from kernels to the llvm dialect"),
             cl::init("hone-x86-lower-kernels,hone-partition-workers,hone-x86-to-llvm-pipeline"));
static cl::opt<double> seconds("seconds", cl::desc("For which each figure is measured"), cl::init(0.3));
static cl::opt<int64_t> memoryMB("memory-mb", cl::init(256),
                                 cl::desc("Weights are repeated up to this size, so that caches do not hold them"));

[[noreturn]] static void fail(const llvm::Twine &message) {
  llvm::errs() << "hone-time-kernels: error: " << message << '\n';
  exit(1);
}

namespace {

/// Zeroed pages from the system, large ones if it has them.
class Memory {
public:
  explicit Memory(size_t bytes) : bytes((bytes + kLargePage - 1) / kLargePage * kLargePage) {
    void *mapped = mmap(nullptr, this->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
      fail("the system has no " + llvm::Twine(bytes >> 20) + " MB left");
    madvise(mapped, this->bytes, MADV_HUGEPAGE);
    start = static_cast<uint8_t *>(mapped);
  }
  ~Memory() { munmap(start, bytes); }
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  uint8_t *data() { return start; }
  size_t size() const { return bytes; }

  /// Bytes from 0x30 to 0x3f, at random: read as f16, bf16 or f32, ordinary numbers from 1e-10 to 2.
  void fill() {
    uint64_t state = 1;
    for (size_t i = 0; i < bytes; i += sizeof(state)) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      uint64_t word = ((state ^ state >> 29) & 0x0f0f0f0f0f0f0f0f) | 0x3030303030303030;
      std::memcpy(start + i, &word, sizeof(word));
    }
  }

private:
  static constexpr size_t kLargePage = size_t{2} << 20;
  uint8_t *start;
  size_t bytes;
};

/// A kernel that can be called: its function, and the types of its memory.
struct Kernel {
  std::string name, op;
  SmallVector<MemRefType> types;
  SmallVector<bool> isWeight;
  void (*function)(void **) = nullptr;
};

/// The memory of one kernel for one number of rows.
class Call {
public:
  Call(const Kernel &kernel, int64_t rows) : kernel(kernel) {
    size_t size = 0, weightSize = 0;
    for (auto [type, isWeight] : llvm::zip_equal(kernel.types, kernel.isWeight))
      (isWeight ? weightSize : size) += getBytes(type, rows);
    others = std::make_unique<Memory>(size);
    others->fill();
    copies = weightSize ? std::max<int64_t>(1, (memoryMB << 20) / static_cast<int64_t>(weightSize)) : 1;
    weights = std::make_unique<Memory>(std::max<size_t>(1, weightSize) * copies);
    weights->fill();
    size_t weightOffset = 0;
    for (int64_t copy = 0; copy < copies; ++copy) {
      size_t offset = 0;
      for (auto [type, isWeight] : llvm::zip_equal(kernel.types, kernel.isWeight)) {
        uint8_t *place = isWeight ? weights->data() + weightOffset : others->data() + offset;
        (isWeight ? weightOffset : offset) += getBytes(type, rows);
        SmallVector<int64_t> shape(type.getShape());
        for (int64_t &size : shape)
          size = ShapedType::isDynamic(size) ? rows : size;
        descriptors.push_back(std::make_unique<equivalence::MemRefDescriptor>(place, shape));
      }
    }
    weightBytes = weightSize;
  }

  void run(int64_t number, int64_t worker, int64_t workers) const {
    SmallVector<int64_t> words;
    size_t first = static_cast<size_t>(number % copies) * kernel.types.size();
    for (size_t i = 0; i < kernel.types.size(); ++i)
      words.push_back(reinterpret_cast<int64_t>(descriptors[first + i]->data()));
    words.append({worker, workers});
    SmallVector<void *> arguments;
    for (int64_t &word : words)
      arguments.push_back(&word);
    kernel.function(arguments.data());
  }

  size_t getWeightBytes() const { return weightBytes; }

  /// Of the results of a run by `workers`, one after another; the same for the same bits.
  std::string getResultHash(int64_t workers) const {
    for (int64_t worker = 0; worker < workers; ++worker)
      run(0, worker, workers);
    return llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(others->data(), others->size())));
  }

private:
  const Kernel &kernel;
  std::unique_ptr<Memory> others, weights;
  std::vector<std::unique_ptr<equivalence::MemRefDescriptor>> descriptors; ///< [copy][argument]
  int64_t copies = 1;
  size_t weightBytes = 0;

  static size_t getBytes(MemRefType type, int64_t rows) {
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? rows : size;
    return llvm::alignTo(static_cast<uint64_t>(bytes), 64);
  }
};

} // namespace

static void runPasses(ModuleOp module, StringRef pipeline) {
  PassManager manager(module.getContext());
  std::string reason;
  llvm::raw_string_ostream os(reason);
  if (failed(parsePassPipeline(pipeline, manager, os)))
    fail("--passes: " + StringRef(reason).rtrim());
  if (failed(manager.run(module)))
    fail("'" + inputPath + "' cannot be compiled by '" + pipeline + "'");
}

/// Leaves the kernels alone in the module, over memory, and compiles them.
static std::vector<Kernel> compileKernels(ModuleOp module, std::unique_ptr<ExecutionEngine> &engine) {
  runPasses(module, passes);
  llvm::StringMap<std::string> ops;
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    if (!op.hasAttr(llm::kKernelAttr)) {
      op.erase();
      continue;
    }
    auto kernel = cast<func::FuncOp>(op);
    ops[kernel.getName()] = kernel.getBody().front().front().getName().getStringRef().str();
    kernel->setAttr("llvm.emit_c_interface", UnitAttr::get(module.getContext()));
    kernel->setAttr("x86.level", StringAttr::get(module.getContext(), level));
    SymbolTable::setSymbolVisibility(kernel, SymbolTable::Visibility::Public);
  }
  runPasses(module, "hone-bufferize-callers");
  std::vector<Kernel> kernels;
  for (auto function : module.getOps<func::FuncOp>()) {
    Kernel kernel;
    kernel.name = function.getName().str();
    kernel.op = ops.lookup(kernel.name);
    for (BlockArgument argument : function.getArguments().drop_back(2)) {
      auto type = dyn_cast<MemRefType>(argument.getType());
      if (!type)
        fail("kernel '" + kernel.name + "' takes more than memory; only rows and weights can be made up");
      kernel.types.push_back(type);
      kernel.isWeight.push_back(type.hasStaticShape() && type.getElementType().isInteger(8));
    }
    kernels.push_back(std::move(kernel));
  }
  if (kernels.empty())
    fail("expected a module with kernels, got none");
  Result<std::unique_ptr<ExecutionEngine>> compiled = equivalence::compileForHost(module, lowering, "the kernels");
  if (!compiled)
    fail(compiled.error().message());
  engine = std::move(*compiled);
  for (Kernel &kernel : kernels) {
    auto function = engine->lookupPacked("_mlir_ciface_" + kernel.name);
    if (!function)
      fail(llvm::toString(function.takeError()));
    kernel.function = *function;
  }
  return kernels;
}

static void measure(llvm::json::OStream &json, const std::vector<Kernel> &kernels, int64_t threads) {
  json.object([&] {
    json.attribute("threads", threads);
    json.attribute("level", level);
    json.attribute("peak_ops_per_s", benchmarks::measurePeak(level, arithmetic, threads, seconds));
    {
      Memory memory(static_cast<size_t>(memoryMB) << 20);
      memory.fill();
      json.attribute("read_bytes_per_s", benchmarks::measureReadRate(memory.data(), memory.size(), threads, seconds));
    }
    json.attributeArray("kernels", [&] {
      for (const Kernel &kernel : kernels)
        for (int64_t rows : rowCounts) {
          Call call(kernel, rows);
          std::string hash = call.getResultHash(threads);
          benchmarks::Timing timing = benchmarks::timeTogether(
              threads, seconds, [&](int64_t run, int64_t worker) { call.run(run, worker, threads); });
          json.object([&] {
            json.attribute("kernel", kernel.name);
            json.attribute("op", kernel.op);
            json.attribute("rows", rows);
            json.attribute("weight_bytes", static_cast<int64_t>(call.getWeightBytes()));
            json.attribute("seconds", timing.best);
            json.attribute("median_seconds", timing.median);
            json.attribute("runs", timing.runs);
            json.attribute("result_hash", hash);
          });
        }
    });
  });
}

static cl::extrahelp example("\nExample: hone-time-kernels products.mlir --row-counts=1,128 --thread-counts=1,2\n");

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(argc, argv, "How fast the kernels of a module are\n");
  if (rowCounts.empty())
    rowCounts.push_back(1);
  if (threadCounts.empty())
    threadCounts.push_back(1);
  for (int64_t count : llvm::concat<int64_t>(rowCounts, threadCounts))
    if (count < 1 || count > 65536)
      fail("expected numbers of rows and threads from 1 to 65536, got " + llvm::Twine(count));
  if (memoryMB < 1)
    fail("expected --memory-mb of 1 or more, got " + llvm::Twine(memoryMB));
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry registry;
  registerDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerPasses();
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(inputPath, &context);
  if (!module)
    return 1;
  std::unique_ptr<ExecutionEngine> engine;
  std::vector<Kernel> kernels = compileKernels(*module, engine);
  llvm::json::OStream json(llvm::outs(), 2);
  json.array([&] {
    for (int64_t threads : threadCounts)
      measure(json, kernels, threads);
  });
  llvm::outs() << '\n';
  return 0;
}
