//===- hone-time-kernels.cpp - How fast the kernels of a module are -------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the kernels of FILE, a module of the llm dialect, as `hone compile` does, runs each with made-up memory, and
// prints their times and what the machine can do at most as JSON: the products alone, and the mix of instructions that
// each product needs. benchmarks/measure_products.py writes such modules.
//
//===----------------------------------------------------------------------===//

#include "TimedKernels.h"
#include "TimedMix.h"

#include "hone/Driver/Registration.h"
#include "hone/codegen/X86/MachineLimits.h"
#include "hone/codegen/X86/TimedTeam.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

namespace cl = llvm::cl;

static cl::opt<std::string> inputPath(cl::Positional, cl::desc("FILE.mlir"), cl::Required);
static cl::list<int64_t> rowCounts("row-counts", cl::desc("Numbers of rows of activations"), cl::CommaSeparated);
static cl::list<int64_t> threadCounts("thread-counts", cl::desc("Numbers of threads"), cl::CommaSeparated);
static cl::opt<std::string> level("level", cl::desc("ISA level: x86-64-v3, avx-vnni or avx-512"),
                                  cl::init("x86-64-v3"));
static cl::opt<llm::Precision>
    arithmetic("peak", cl::desc("Instructions whose peak is measured"), cl::init(llm::Precision::F32),
               cl::values(clEnumValN(llm::Precision::F32, "f32", "fused multiplication and addition of f32"),
                          clEnumValN(llm::Precision::Int8, "int8", "products of bytes"),
                          clEnumValN(llm::Precision::Int16, "int16", "products of 16-bit integers")));
static cl::opt<std::string> passes("passes", cl::desc("Pipeline from FILE to kernels"),
                                   cl::init("hone-pack-weights,hone-outline-kernels"));
static cl::opt<std::string>
    lowering("lowering", cl::desc("Pipeline from kernels to the llvm dialect"),
             cl::init("hone-x86-lower-kernels,hone-partition-workers,hone-x86-to-llvm-pipeline"));
static cl::opt<double> seconds("seconds", cl::desc("For which each figure is measured"), cl::init(0.3));
static cl::opt<int64_t> memoryMB("memory-mb", cl::init(256),
                                 cl::desc("Weights are repeated up to this size, so that caches do not hold them"));

static cl::opt<bool> printMix("print-mix",
                              cl::desc("Print the code that measures the mix of instructions of each product, "
                                       "and measure nothing"));

[[noreturn]] static void fail(const llvm::Twine &message) {
  llvm::errs() << "hone-time-kernels: error: " << message << '\n';
  exit(1);
}

template <typename T> static T valueOf(Result<T> result) {
  if (!result)
    fail(result.error().message());
  return std::move(*result);
}

static void runPasses(ModuleOp module, StringRef pipeline) {
  PassManager manager(module.getContext());
  std::string reason;
  llvm::raw_string_ostream os(reason);
  if (failed(parsePassPipeline(pipeline, manager, os)))
    fail("--passes: " + StringRef(reason).rtrim());
  if (failed(manager.run(module)))
    fail("'" + inputPath + "' cannot be compiled by '" + pipeline + "'");
}

namespace {
/// What its encoding allows a product, on registers alone: all threads together, and one.
struct MixRates {
  double all = 0, core = 0; ///< operations per second
};
} // namespace

static MixRates measureMix(MLIRContext *context, const x86::InstructionMix &mix, int64_t threads) {
  TimedMix timed = valueOf(TimedMix::compile(context, mix));
  MixRates rates;
  rates.all = timed.measure(threads, seconds);
  rates.core = threads == 1 ? rates.all : timed.measure(1, seconds);
  return rates;
}

static void writeMix(llvm::json::OStream &json, const x86::InstructionMix &mix, const MixRates &rates) {
  json.attributeObject("mix", [&] {
    json.attributeObject("instructions", [&] {
      for (auto [name, count] : mix.counts())
        json.attribute(name, count);
    });
    json.attribute("ops_per_s", rates.all);
    json.attribute("core_ops_per_s", rates.core);
  });
}

static void measure(llvm::json::OStream &json, MLIRContext *context, const std::vector<TimedKernel> &kernels,
                    int64_t threads) {
  json.object([&] {
    json.attribute("threads", threads);
    json.attribute("level", level);
    json.attribute("peak_ops_per_s",
                   valueOf(measurePeak(context, *x86::findLevel(level), arithmetic, threads, seconds)));
    {
      auto memory = valueOf(ZeroedMemory::create(static_cast<size_t>(memoryMB) << 20));
      memory->fill();
      json.attribute("read_bytes_per_s", x86::measureReadRate(memory->data(), memory->size(), threads, seconds));
    }
    json.attributeArray("kernels", [&] {
      for (const TimedKernel &kernel : kernels) {
        MixRates rates = kernel.mix ? measureMix(context, *kernel.mix, threads) : MixRates();
        for (int64_t rows : rowCounts) {
          auto call = valueOf(KernelCall::create(kernel, rows, memoryMB << 20));
          std::string hash = call->getResultHash(kernel.function, threads);
          x86::Timing timing = x86::timeTogether(
              threads, seconds, [&](int64_t run, int64_t worker) { call->run(kernel.function, run, worker, threads); });
          json.object([&] {
            json.attribute("kernel", kernel.name);
            json.attribute("op", kernel.op);
            json.attribute("rows", rows);
            json.attribute("weight_bytes", static_cast<int64_t>(call->getWeightBytes()));
            json.attribute("seconds", timing.best);
            json.attribute("median_seconds", timing.median);
            json.attribute("runs", timing.runs);
            json.attribute("result_hash", hash);
            if (kernel.mix)
              writeMix(json, *kernel.mix, rates);
          });
        }
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
  if (!x86::findLevel(level))
    fail("expected --level to be an ISA level, got '" + level + "'");
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
  runPasses(*module, passes);
  TimedKernels compiled = valueOf(compileKernels(*module, level, lowering));
  if (printMix) {
    for (const TimedKernel &kernel : compiled.kernels)
      if (kernel.mix)
        llvm::outs() << valueOf(getMixAssembly(&context, *kernel.mix));
    return 0;
  }
  llvm::json::OStream json(llvm::outs(), 2);
  json.array([&] {
    for (int64_t threads : threadCounts)
      measure(json, &context, compiled.kernels, threads);
  });
  llvm::outs() << '\n';
  return 0;
}
