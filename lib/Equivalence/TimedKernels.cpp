//===- TimedKernels.cpp - Kernels that run on made-up memory --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TimedKernels.h"

#include "HostCode.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <cstring>
#include <sys/mman.h>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

Result<std::unique_ptr<ZeroedMemory>> ZeroedMemory::create(size_t bytes) {
  constexpr size_t largePage = size_t{2} << 20;
  size_t size = llvm::alignTo(std::max<size_t>(1, bytes), largePage);
  void *mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return Error("the system has no " + std::to_string(size >> 20) + " MB left");
  madvise(mapped, size, MADV_HUGEPAGE);
  return std::unique_ptr<ZeroedMemory>(new ZeroedMemory(static_cast<uint8_t *>(mapped), size));
}

ZeroedMemory::~ZeroedMemory() { munmap(start, bytes); }

void ZeroedMemory::fill() {
  uint64_t state = 1;
  for (size_t i = 0; i < bytes; i += sizeof(state)) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    uint64_t word = ((state ^ state >> 29) & 0x0f0f0f0f0f0f0f0f) | 0x3030303030303030;
    std::memcpy(start + i, &word, sizeof(word));
  }
}

/// So many of small weights take no time to make.
static constexpr int64_t kMostCopies = 4096;

static size_t getBytes(MemRefType type, int64_t rows) {
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape())
    bytes *= ShapedType::isDynamic(size) ? rows : size;
  return llvm::alignTo(static_cast<uint64_t>(bytes), 64);
}

Result<std::unique_ptr<KernelCall>> KernelCall::create(const TimedKernel &kernel, int64_t rows, int64_t memoryBytes) {
  auto call = std::make_unique<KernelCall>();
  size_t size = 0;
  for (auto [type, isWeight] : llvm::zip_equal(kernel.types, kernel.isWeight))
    (isWeight ? call->weightBytes : size) += getBytes(type, rows);
  if (call->weightBytes)
    call->copies = std::clamp<int64_t>(memoryBytes / static_cast<int64_t>(call->weightBytes), 1, kMostCopies);
  Result<std::unique_ptr<ZeroedMemory>> others = ZeroedMemory::create(size);
  Result<std::unique_ptr<ZeroedMemory>> weights = ZeroedMemory::create(call->weightBytes * call->copies);
  if (!others || !weights)
    return others ? weights.takeError() : others.takeError();
  call->others = std::move(*others);
  call->weights = std::move(*weights);
  call->others->fill();
  call->weights->fill();
  size_t weightOffset = 0;
  for (int64_t copy = 0; copy < call->copies; ++copy) {
    size_t offset = 0;
    for (auto [type, isWeight] : llvm::zip_equal(kernel.types, kernel.isWeight)) {
      uint8_t *place = isWeight ? call->weights->data() + weightOffset : call->others->data() + offset;
      (isWeight ? weightOffset : offset) += getBytes(type, rows);
      SmallVector<int64_t> shape(type.getShape());
      for (int64_t &extent : shape)
        extent = ShapedType::isDynamic(extent) ? rows : extent;
      call->descriptors.push_back(std::make_unique<MemRefDescriptor>(place, shape));
    }
  }
  return call;
}

void KernelCall::run(void (*function)(void **), int64_t number, int64_t worker, int64_t workers) const {
  size_t arguments = descriptors.size() / static_cast<size_t>(copies);
  size_t first = static_cast<size_t>(number % copies) * arguments;
  SmallVector<int64_t> words;
  for (size_t i = 0; i < arguments; ++i)
    words.push_back(reinterpret_cast<int64_t>(descriptors[first + i]->data()));
  words.append({worker, workers, reinterpret_cast<int64_t>(counters->data())});
  SmallVector<void *> places;
  for (int64_t &word : words)
    places.push_back(&word);
  function(places.data());
}

std::string KernelCall::getResultHash(void (*function)(void **), int64_t workers) const {
  for (int64_t worker = 0; worker < workers; ++worker)
    run(function, 0, worker, workers);
  return llvm::utohexstr(llvm::xxh3_64bits(ArrayRef<uint8_t>(others->data(), others->size())));
}

/// What a kernel takes, once it is over memory.
static Result<TimedKernel> describeKernel(func::FuncOp function, std::string op) {
  TimedKernel kernel;
  kernel.name = function.getName().str();
  kernel.op = std::move(op);
  for (BlockArgument argument : function.getArguments().drop_back(2)) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      return Error("kernel '" + kernel.name + "' takes more than memory; only rows and weights can be made up");
    kernel.types.push_back(type);
    kernel.isWeight.push_back(type.hasStaticShape() && type.getElementType().isInteger(8));
  }
  return kernel;
}

Result<TimedKernels> equivalence::compileKernels(ModuleOp module, StringRef level, StringRef lowering) {
  struct FirstOp {
    std::string name;
    std::optional<x86::InstructionMix> mix;
  };
  llvm::StringMap<FirstOp> ops;
  for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
    if (!op.hasAttr(llm::kKernelAttr)) {
      op.erase();
      continue;
    }
    auto kernel = cast<func::FuncOp>(op);
    kernel->setAttr("llvm.emit_c_interface", UnitAttr::get(module.getContext()));
    kernel->setAttr(kLevelAttr, StringAttr::get(module.getContext(), level));
    Operation &first = kernel.getBody().front().front();
    ops[kernel.getName()] = {first.getName().getStringRef().str(), x86::getInstructionMix(&first)};
    SymbolTable::setSymbolVisibility(kernel, SymbolTable::Visibility::Public);
  }
  PassManager manager(module.getContext());
  manager.addPass(createBufferizeCallersPass());
  if (failed(manager.run(module)))
    return Error("the kernels cannot be put over memory; the diagnostic says why");
  TimedKernels compiled;
  for (auto function : module.getOps<func::FuncOp>()) {
    Result<TimedKernel> kernel = describeKernel(function, ops[function.getName()].name);
    if (!kernel)
      return kernel.takeError();
    kernel->mix = std::move(ops[function.getName()].mix);
    compiled.kernels.push_back(std::move(*kernel));
  }
  if (compiled.kernels.empty())
    return Error("expected a module with kernels, got none");
  Result<std::unique_ptr<ExecutionEngine>> engine = compileForHost(module, lowering, "the kernels");
  if (!engine)
    return engine.takeError();
  compiled.engine = std::move(*engine);
  for (TimedKernel &kernel : compiled.kernels) {
    auto function = compiled.engine->lookupPacked("_mlir_ciface_" + kernel.name);
    if (!function)
      return Error(llvm::toString(function.takeError()));
    kernel.function = *function;
  }
  return compiled;
}
