//===- ReferenceRunner.cpp - Runs single ops by their reference -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceRunner.h"

#include "MemRef.h"

#include "hone/transforms/Reference/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

ReferenceRunner::ReferenceRunner(MLIRContext &context) : context(context) {}
ReferenceRunner::~ReferenceRunner() = default;

SmallVector<Value> ReferenceRunner::getInputs(Operation *op) {
  SmallVector<Value> inputs = llvm::to_vector(op->getOperands());
  llvm::SetVector<Value> above;
  getUsedValuesDefinedAbove(op->getRegions(), above);
  llvm::append_range(inputs, above);
  return inputs;
}

/// What makes two ops one function: everything but locations, and how the numbers of operands are stored.
static std::string getKey(Operation *op) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getName() << ' ' << op->getAttrDictionary() << ' ';
  for (Value input : ReferenceRunner::getInputs(op))
    os << getPlainType(input.getType()) << ", ";
  os << "->";
  for (Type type : op->getResultTypes())
    os << getPlainType(type) << ", ";
  if (op->getNumRegions() != 0)
    op->print(os, OpPrintingFlags().useLocalScope().printGenericOpForm());
  return key;
}

static bool isRunnable(Type type) { return type.isIndex() || isa<RankedTensorType>(getPlainType(type)); }

/// A function that takes the inputs of `op` and returns its results.
static void outline(Operation *op, StringRef name, OpBuilder &builder) {
  SmallVector<Value> inputs = ReferenceRunner::getInputs(op);
  auto type = builder.getFunctionType(ValueRange(inputs).getTypes(), op->getResultTypes());
  auto function = func::FuncOp::create(builder, builder.getUnknownLoc(), name, type);
  function->setAttr("llvm.emit_c_interface", builder.getUnitAttr());
  Block *body = function.addEntryBlock();
  // Operands are values of the caller: an op that updates memory updates a copy.
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (isa<RankedTensorType>(getPlainType(function.getArgument(i).getType())))
      function.setArgAttr(i, "bufferization.writable", builder.getBoolAttr(false));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(body);
  IRMapping mapping;
  mapping.map(inputs, body->getArguments());
  Operation *clone = builder.clone(*op, mapping);
  // An operand used twice was mapped to its last argument; give each operand its own.
  clone->setOperands(body->getArguments().take_front(op->getNumOperands()));
  func::ReturnOp::create(builder, builder.getUnknownLoc(), clone->getResults());
}

Status ReferenceRunner::prepare(ArrayRef<Operation *> ops) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  OpBuilder builder(module->getBodyRegion());
  SmallVector<Compiled *> added;
  Status unsupported;
  for (Operation *op : ops) {
    auto [entry, isNew] = functions.try_emplace(getKey(op));
    if (!isNew)
      continue;
    if (!llvm::all_of(getInputs(op), [](Value value) { return isRunnable(value.getType()); }) ||
        !llvm::all_of(op->getResultTypes(), [](Type type) { return isa<RankedTensorType>(getPlainType(type)); })) {
      functions.erase(entry);
      unsupported = Error("'" + op->getName().getStringRef().str() +
                          "' cannot be run by itself; expected ops on tensors, indices and '!llm.kv'");
      break;
    }
    entry->second.id = "op" + std::to_string(functions.size() - 1);
    outline(op, entry->second.id, builder);
    added.push_back(&entry->second);
  }
  auto forget = [&] {
    SmallVector<StringRef> dead;
    for (auto &entry : functions)
      if (llvm::is_contained(added, &entry.second))
        dead.push_back(entry.first());
    for (StringRef key : dead)
      functions.erase(key);
  };
  if (unsupported) {
    forget();
    return unsupported;
  }
  if (added.empty())
    return std::nullopt;

  PassManager manager(&context);
  manager.addPass(createLowerToReferencePass());
  buildReferenceToLLVMPipeline(manager);
  ExecutionEngineOptions options;
  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0, /*targetMachine=*/nullptr);
  options.transformer = optimize;
  options.enableGDBNotificationListener = options.enablePerfNotificationListener = false;
  if (failed(manager.run(*module))) {
    forget();
    return Error("an op cannot be lowered to its reference; see hone-lower-to-reference");
  }
  auto engine = ExecutionEngine::create(*module, options);
  if (!engine) {
    forget();
    return Error("the reference cannot be compiled: " + llvm::toString(engine.takeError()));
  }
  for (Compiled *compiled : added) {
    auto function = (*engine)->lookupPacked("_mlir_ciface_" + compiled->id);
    if (!function) {
      std::string reason = llvm::toString(function.takeError());
      forget();
      return Error("the reference cannot be compiled: " + reason);
    }
    compiled->function = *function;
  }
  engines.push_back(std::move(*engine));
  return std::nullopt;
}

std::vector<TensorRef> ReferenceRunner::call(const Compiled &compiled, Operation *op, ArrayRef<TensorRef> operands) {
  // As the C interface of MLIR wants it: a pointer to the results, then pointers to each memref, then the packed call
  // wants pointers to all of these.
  SmallVector<unsigned> ranks;
  size_t words = 0;
  for (Type type : op->getResultTypes()) {
    ranks.push_back(cast<RankedTensorType>(getPlainType(type)).getRank());
    words += MemRefDescriptor::getWords(ranks.back());
  }
  std::vector<int64_t> results(words);
  std::vector<MemRefDescriptor> descriptors;
  descriptors.reserve(operands.size());
  std::vector<void *> pointers{results.data()}; // What arguments point to.
  pointers.reserve(operands.size() + 1);
  for (const TensorRef &operand : operands) {
    if (operand->element.isIndex()) {
      pointers.push_back(reinterpret_cast<void *>(*operand->as<int64_t>()));
      continue;
    }
    descriptors.emplace_back(const_cast<uint8_t *>(operand->bytes.data()), operand->shape);
    pointers.push_back(descriptors.back().data());
  }
  std::vector<void *> arguments;
  for (void *&pointer : pointers)
    arguments.push_back(&pointer);
  compiled.function(arguments.data());

  std::vector<TensorRef> tensors;
  int64_t *next = results.data();
  for (auto [type, rank] : llvm::zip_equal(op->getResultTypes(), ranks)) {
    auto plain = cast<RankedTensorType>(getPlainType(type));
    auto tensor = std::make_shared<Tensor>(plain.getElementType(), ArrayRef(next + 3, rank));
    auto *data = reinterpret_cast<const uint8_t *>(next[1]) + next[2] * Tensor::getElementBytes(tensor->element);
    std::memcpy(tensor->bytes.data(), data, tensor->bytes.size());
    // The lowering gives results to the caller, in memory of malloc.
    free(reinterpret_cast<void *>(next[0])); // NOLINT
    tensors.push_back(std::move(tensor));
    next += MemRefDescriptor::getWords(rank);
  }
  return tensors;
}

Result<std::vector<TensorRef>> ReferenceRunner::run(Operation *op, ArrayRef<TensorRef> operands) {
  std::string key = getKey(op);
  auto found = functions.find(key);
  if (found == functions.end()) {
    if (Status failed = prepare(op))
      return *failed;
    found = functions.find(key);
  }
  std::string call = found->second.id + ':';
  for (const TensorRef &operand : operands)
    call += operand->key();
  std::vector<TensorRef> &results = remembered[call];
  if (results.empty())
    results = this->call(found->second, op, operands);
  return results;
}
