//===- KernelRunner.cpp - Runs compiled kernels on numbers ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelRunner.h"

#include "HostCode.h"
#include "KernelMemory.h"
#include "MemRef.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/X86/Levels.h"
#include "hone/dialects/LLM/Encodings.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

std::string equivalence::getX86KernelPipeline(StringRef level) {
  return ("hone-bufferize-callers,hone-x86-select-levels{levels=" + level +
          "},hone-x86-lower-kernels,hone-partition-workers,hone-x86-to-llvm-pipeline")
      .str();
}

KernelRunner::KernelRunner() = default;
KernelRunner::~KernelRunner() = default;

Status KernelRunner::compile(ModuleOp module, StringRef pipeline) {
  OwningOpRef<ModuleOp> kernels = module.clone();
  bool any = false;
  for (Operation &op : llvm::make_early_inc_range(*kernels->getBody())) {
    if (!op.hasAttr(llm::kKernelAttr)) {
      op.erase();
      continue;
    }
    op.setAttr("llvm.emit_c_interface", UnitAttr::get(module.getContext()));
    SymbolTable::setSymbolVisibility(&op, SymbolTable::Visibility::Public);
    any = true;
  }
  if (!any)
    return Error("expected a module with kernels, got none; let the pipeline end with hone-outline-kernels");
  Result<std::unique_ptr<ExecutionEngine>> compiled = compileForHost(*kernels, pipeline, "the kernels");
  if (!compiled)
    return compiled.takeError();
  for (auto kernel : kernels->getOps<LLVM::LLVMFuncOp>())
    if (Status missing = checkHost(x86::getLevel(kernel)))
      return missing;
  engine = std::move(*compiled);
  return std::nullopt;
}

namespace {

/// The memory of one call. What is allocated lives as long as this.
class Call {
public:
  /// `shared` is what workers share between two phases of the kernel, or null.
  Call(const Execution &execution, WeightValues &weights, MemRefType shared)
      : execution(execution), weights(weights), shared(shared) {}

  Status prepare() {
    for (auto [operand, numbers] : llvm::zip_equal(execution.op->getOperands(), execution.operands))
      if (Status failed = addOperand(operand, numbers))
        return failed;
    for (auto [result, numbers] : llvm::zip_equal(execution.op->getResults(), execution.results))
      addResult(result.getType(), *numbers);
    if (shared)
      addShared();
    return std::nullopt;
  }

  void run(void (*kernel)(void **), int64_t workers) {
    for (int64_t phase = 0; phase < (shared ? 2 : 1); ++phase)
      runPhase(kernel, phase, workers);
  }

  void runPhase(void (*kernel)(void **), int64_t phase, int64_t workers) {
    for (int64_t worker = 0; worker < workers; ++worker) {
      std::vector<int64_t> values = words;
      if (shared)
        values.push_back(phase);
      values.push_back(worker);
      values.push_back(workers);
      values.push_back(reinterpret_cast<int64_t>(counters.data()));
      std::vector<void *> arguments;
      for (int64_t &value : values)
        arguments.push_back(&value);
      kernel(arguments.data());
    }
  }

  std::vector<TensorRef> getResults() {
    std::vector<TensorRef> numbers;
    auto memory = outputs.begin();
    for (auto [result, like] : llvm::zip_equal(execution.op->getResults(), execution.results)) {
      if (isa<llm::KVType>(result.getType())) {
        numbers.push_back(pages->toNumbers());
        continue;
      }
      numbers.push_back(readMemory(result.getType(), (*memory++)->data(), *like));
    }
    return numbers;
  }

private:
  const Execution &execution;
  WeightValues &weights;
  MemRefType shared;
  std::vector<int64_t> words; ///< arguments: indices, pointers, and pointers to descriptors
  std::vector<std::unique_ptr<MemRefDescriptor>> descriptors;
  std::vector<std::shared_ptr<AlignedBytes>> inputs, outputs;
  std::optional<Pages> pages;
  int32_t counts[kKernelCounters] = {};
  MemRefDescriptor counters{counts, kKernelCounters};

  void addMemory(void *memory, ArrayRef<int64_t> shape) {
    descriptors.push_back(std::make_unique<MemRefDescriptor>(memory, shape));
    words.push_back(reinterpret_cast<int64_t>(descriptors.back()->data()));
  }

  /// The shape of blocked rows as bytes.
  static SmallVector<int64_t> getByteShape(const Tensor &numbers, size_t bytes) {
    int64_t rows = numbers.shape[0];
    return {rows, rows ? static_cast<int64_t>(bytes) / rows : 0};
  }

  Status addOperand(Value operand, const TensorRef &numbers) {
    Type type = operand.getType();
    if (type.isIndex()) {
      words.push_back(*numbers->as<int64_t>());
    } else if (auto kv = dyn_cast<llm::KVType>(type)) {
      pages.emplace(*numbers, kv);
      words.push_back(reinterpret_cast<int64_t>(pages->getAddress()));
    } else if (llm::getStored(type)) {
      auto reference = operand.getDefiningOp<llm::WeightRefOp>();
      if (!reference)
        return Error("a kernel takes a weight that is no 'llm.weight_ref'");
      auto weight = reference->getParentOfType<ModuleOp>().lookupSymbol<llm::WeightOp>(reference.getWeight());
      Result<std::shared_ptr<AlignedBytes>> bytes = weights.getBytes(weight);
      if (!bytes)
        return bytes.takeError();
      addMemory((*bytes)->data(), llm::getWeightBytes(cast<RankedTensorType>(type)));
      inputs.push_back(std::move(*bytes));
    } else if (std::optional<llm::BlockLayout> layout = llm::getBlockLayout(type)) {
      std::shared_ptr<AlignedBytes> bytes = toBlocks(*numbers, *layout);
      if (!bytes)
        return Error("a kernel takes rounded rows that no scale gives");
      addMemory(bytes->data(), getByteShape(*numbers, bytes->size()));
      inputs.push_back(std::move(bytes));
    } else {
      addMemory(const_cast<uint8_t *>(numbers->bytes.data()), numbers->shape);
    }
    return std::nullopt;
  }

  void addResult(Type type, const Tensor &like) {
    if (isa<llm::KVType>(type)) // Pages are updated in place.
      return;
    auto bytes = static_cast<size_t>(getMemoryBytes(type, like));
    outputs.push_back(std::make_shared<AlignedBytes>(bytes));
    std::memset(outputs.back()->data(), 0xff, bytes);
    if (llm::getBlocked(type))
      addMemory(outputs.back()->data(), getByteShape(like, bytes));
    else
      addMemory(outputs.back()->data(), like.shape);
  }

  void addShared() {
    size_t bytes = static_cast<size_t>(shared.getNumElements()) * sizeof(float);
    inputs.push_back(std::make_shared<AlignedBytes>(bytes));
    std::memset(inputs.back()->data(), 0xff, bytes);
    addMemory(inputs.back()->data(), shared.getShape());
  }
};

} // namespace

Result<std::vector<TensorRef>> KernelRunner::run(const Execution &execution, WeightValues &weights, int64_t workers) {
  StringRef kernel = cast<func::CallOp>(execution.op).getCallee();
  auto function = engine->lookupPacked(("_mlir_ciface_" + kernel).str());
  if (!function)
    return Error("kernel '" + kernel.str() + "': " + llvm::toString(function.takeError()));
  auto body = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(execution.op,
                                                                 StringAttr::get(execution.op->getContext(), kernel));
  Call call(execution, weights, getSharedType(&body.getBody().front().front()));
  if (Status failed = call.prepare())
    return Error("kernel '" + kernel.str() + "': " + failed->message());
  call.run(*function, workers);
  return call.getResults();
}
