//===- Reduce.cpp - The smallest module that shows a fault ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "State.h"

#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/Encodings.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// Weights above this many elements stay recipes that read the model file: as text they would take 8 bytes for each.
static constexpr int64_t kMaxEmbeddedElements = 4 << 20;

namespace {

/// Builds a module of some ops of a run: what they take from others is constant, what others take from them is
/// expected.
class ModuleBuilder {
public:
  ModuleBuilder(const Trace &trace, WeightValues &weights, double tolerance, bool embedsWeights)
      : trace(trace), weights(weights), tolerance(tolerance), embedsWeights(embedsWeights),
        builder(trace.function->getContext()), source(trace.function->getParentOfType<ModuleOp>()) {}

  OwningOpRef<ModuleOp> build(const llvm::SetVector<Operation *> &kept) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(source.getLoc());
    target = *module;
    builder.setInsertionPointToEnd(target.getBody());
    auto function =
        func::FuncOp::create(builder, builder.getUnknownLoc(), "reproducer", builder.getFunctionType({}, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
    SmallVector<OpResult> ends;
    for (const Execution &execution : trace.executions) {
      Operation *op = execution.op;
      if (!kept.contains(op))
        continue;
      for (Value input : ReferenceRunner::getInputs(op))
        if (!mapping.contains(input))
          mapping.map(input, provide(input));
      if (auto call = dyn_cast<func::CallOp>(op))
        copySymbol(call.getCallee());
      builder.clone(*op, mapping);
      for (OpResult result : op->getResults())
        if (result.use_empty() ||
            llvm::any_of(result.getUsers(), [&](Operation *user) { return !kept.contains(user); }))
          ends.push_back(result);
    }
    for (OpResult end : ends)
      expect(end);
    func::ReturnOp::create(builder, builder.getUnknownLoc());
    return module;
  }

private:
  const Trace &trace;
  WeightValues &weights;
  double tolerance;
  bool embedsWeights;
  OpBuilder builder;
  ModuleOp source, target;
  IRMapping mapping;

  Value constant(const Tensor &numbers) {
    return arith::ConstantOp::create(builder, builder.getUnknownLoc(), toAttribute(numbers));
  }

  /// The same numbers in another type.
  Value convert(Value value, Type type) {
    if (value.getType() == type)
      return value;
    if (isa<RankedTensorType>(type) && getPlainType(type) == type && getPlainType(value.getType()) == value.getType())
      return tensor::CastOp::create(builder, builder.getUnknownLoc(), type, value);
    return check::ConvertOp::create(builder, builder.getUnknownLoc(), type, value);
  }

  /// A value from outside: a weight, or the numbers that it had.
  Value provide(Value input) {
    if (auto reference = input.getDefiningOp<llm::WeightRefOp>()) {
      copyWeight(source.lookupSymbol<llm::WeightOp>(reference.getWeight()));
      return builder.clone(*reference)->getResult(0);
    }
    if (auto constant = input.getDefiningOp<arith::ConstantOp>())
      return builder.clone(*constant)->getResult(0);
    return convert(constant(*trace.values.lookup(input)), input.getType());
  }

  void expect(OpResult result) {
    TensorRef numbers = trace.values.lookup(result);
    if (!isa<FloatType>(numbers->element))
      return;
    auto plain = RankedTensorType::get(numbers->shape, numbers->element);
    Value actual = mapping.lookup(result);
    // Rows may stay dynamic; what only the model knows is to be numbers.
    if (getPlainType(result.getType()) != result.getType())
      actual = convert(actual, plain);
    double largest = 0;
    for (int64_t i = 0, size = numbers->size(); i < size; ++i)
      largest = std::max(largest, std::abs(numbers->at(i)));
    check::ExpectCloseOp::create(builder, result.getLoc(), actual, constant(*numbers),
                                 builder.getF64FloatAttr(tolerance * largest), builder.getF64FloatAttr(0));
  }

  void copySymbol(StringRef name) {
    Operation *symbol = source.lookupSymbol(name);
    if (!symbol || target.lookupSymbol(name))
      return;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(target.getBody());
    builder.clone(*symbol);
  }

  void copyWeight(llm::WeightOp weight) {
    if (target.lookupSymbol(weight.getSymName()))
      return;
    auto type = cast<RankedTensorType>(weight.getType());
    Result<TensorRef> values = weights.getValues(weight);
    if (!embedsWeights || !values || type.getNumElements() > kMaxEmbeddedElements) {
      for (StringRef name : {llm::kSourceAttr, llm::kSourceBytesAttr})
        if (Attribute attribute = source->getAttr(name))
          target->setAttr(name, attribute);
      return copySymbol(weight.getSymName());
    }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(target.getBody());
    auto copy = llm::WeightOp::create(builder, weight.getLoc(), weight.getSymName(), weight.getType());
    builder.createBlock(&copy.getRecipe());
    Value value = constant(**values);
    llm::YieldOp::create(builder, weight.getLoc(), convert(value, type));
  }
};

class Reducer {
public:
  Reducer(CheckerState &state, FaultyPlace &fault, Trace trace) : state(state), fault(fault), trace(std::move(trace)) {
    for (const Execution &execution : this->trace.executions)
      if (!isa<llm::WeightRefOp, arith::ConstantOp>(execution.op))
        ops.insert(execution.op);
  }

  Result<OwningOpRef<ModuleOp>> run() {
    // A pass may be wrong about recipes, which constants hide.
    SmallVector<bool> ways = fault.embedsWeights ? SmallVector<bool>{true, false} : SmallVector<bool>{false};
    for (bool embeds : ways) {
      embedsWeights = embeds;
      llvm::SetVector<Operation *> kept = findSeeds();
      while (!shows(kept))
        if (!grow(kept))
          break;
      if (!shows(kept))
        continue;
      shrink(kept);
      return build(kept);
    }
    return Error("no part of the module shows the fault by itself");
  }

private:
  CheckerState &state;
  FaultyPlace &fault;
  Trace trace;
  bool embedsWeights = true;
  llvm::SetVector<Operation *> ops; ///< those that compute, in order

  OwningOpRef<ModuleOp> build(const llvm::SetVector<Operation *> &kept) {
    return ModuleBuilder(trace, state.weights, fault.tolerance, embedsWeights).build(kept);
  }

  bool shows(const llvm::SetVector<Operation *> &kept) {
    OwningOpRef<ModuleOp> module = build(kept);
    ScopedDiagnosticHandler quiet(&state.context, [](Diagnostic &) { return success(); });
    return succeeded(verify(*module)) && fault.shows(*module);
  }

  llvm::SetVector<Operation *> findSeeds() {
    llvm::SetVector<Operation *> seeds;
    for (Operation *op : ops)
      for (const std::string &part : getParts(op->getLoc()))
        if (llvm::is_contained(fault.names, part))
          seeds.insert(op);
    for (const Execution &execution : trace.executions)
      if (auto reference = dyn_cast<llm::WeightRefOp>(execution.op))
        if (llvm::is_contained(fault.names, "@" + reference.getWeight().str()))
          seeds.insert_range(reference->getUsers());
    for (Operation *seed : llvm::to_vector(seeds))
      if (!ops.contains(seed))
        seeds.remove(seed);
    return seeds.empty() ? ops : seeds;
  }

  /// Adds what is next to the ops that are kept; false if there is nothing left.
  bool grow(llvm::SetVector<Operation *> &kept) {
    size_t size = kept.size();
    for (Operation *op : llvm::to_vector(kept)) {
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp(); producer && ops.contains(producer))
          kept.insert(producer);
      for (Operation *user : op->getUsers())
        if (ops.contains(user))
          kept.insert(user);
    }
    return kept.size() != size;
  }

  /// Leaves out op by op what is not needed.
  void shrink(llvm::SetVector<Operation *> &kept) {
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation *op : llvm::to_vector(kept)) {
        llvm::SetVector<Operation *> fewer = kept;
        fewer.remove(op);
        if (!fewer.empty() && shows(fewer)) {
          kept = std::move(fewer);
          changed = true;
        }
      }
    }
  }
};

} // namespace

Result<OwningOpRef<ModuleOp>> equivalence::reduceFault(CheckerState &state, FaultyPlace &fault) {
  Result<Trace> trace = state.run(*fault.module);
  if (!trace)
    return trace.takeError();
  return Reducer(state, fault, std::move(*trace)).run();
}
