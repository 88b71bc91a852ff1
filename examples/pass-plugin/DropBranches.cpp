//===- DropBranches.cpp - Leave out branches of chosen layers -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/PassPlugin.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/Regex.h"

#include <map>

using namespace mlir;
using namespace hone::llm;

namespace drop_branches {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#define GEN_PASS_DEF_DROPBRANCHESPASS
#include "Passes.h.inc"
} // namespace drop_branches

namespace {

/// The name that an importer gave an op, such as "blk.7.attn_residual"; empty without one.
StringRef getLocationName(Operation *op) {
  auto name = dyn_cast<NameLoc>(op->getLoc());
  return name ? name.getName().getValue() : StringRef();
}

remark::RemarkOpts about() { return remark::RemarkOpts::name("DropBranches").category("drop-branches"); }

bool isComputedFrom(Value value, Value from) {
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = options.omitBlockArguments = true;
  (void)getBackwardSlice(value, &slice, options);
  return ::llvm::any_of(slice, [&](Operation *op) { return ::llvm::is_contained(op->getOperands(), from); });
}

/// The operand of a residual addition that goes past the branch; null where the addition is none.
Value findStream(AddOp add) {
  if (isComputedFrom(add.getLhs(), add.getRhs()))
    return add.getRhs();
  if (isComputedFrom(add.getRhs(), add.getLhs()))
    return add.getLhs();
  return {};
}

std::optional<int64_t> getLayer(Value layer) {
  APInt number;
  return matchPattern(layer, m_ConstantInt(&number)) ? std::optional(number.getSExtValue()) : std::nullopt;
}

/// Whether an attention may read what `append` stores.
bool isRead(KVAppendOp append, func::FuncOp function) {
  std::optional<int64_t> layer = getLayer(append.getLayer());
  WalkResult found = function.walk([&](AttentionOp attention) {
    std::optional<int64_t> read = getLayer(attention.getLayer());
    return !layer || !read || *layer == *read ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found.wasInterrupted();
}

bool hasAttention(func::FuncOp function) {
  return function.walk([](AttentionOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// Erases what nothing needs any more. Going backwards, an op comes after those that used it.
void eraseUnneeded(func::FuncOp function) {
  for (Block &block : function.getBody())
    for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(block))) {
      if (auto append = dyn_cast<KVAppendOp>(op); append && !isRead(append, function))
        append.replaceAllUsesWith(append.getKv());
      if (isOpTriviallyDead(&op))
        op.erase();
    }
}

/// The operand that says which layer of the KV memory an op means; null for other ops.
OpOperand *findLayerUse(Operation *op) {
  if (auto append = dyn_cast<KVAppendOp>(op))
    return &append.getLayerMutable();
  if (auto attention = dyn_cast<AttentionOp>(op))
    return &attention.getLayerMutable();
  return nullptr;
}

/// Numbers the layers that are still used from 0 on, so that the KV memory has none that nobody uses. Fails, and
/// changes nothing, where a layer is not a constant.
LogicalResult numberLayers(func::FuncOp function) {
  SmallVector<OpOperand *> uses;
  std::map<int64_t, Value> layers; // in their order
  bool known = true;
  function.walk([&](Operation *op) {
    OpOperand *use = findLayerUse(op);
    if (!use)
      return;
    std::optional<int64_t> layer = getLayer(use->get());
    known &= layer.has_value();
    layers[layer.value_or(0)] = {};
    uses.push_back(use);
  });
  if (!known)
    return failure();

  OpBuilder builder(function.getBody());
  int64_t number = 0;
  for (auto &[layer, value] : layers)
    value = arith::ConstantIndexOp::create(builder, function.getLoc(), number++);
  for (OpOperand *use : uses)
    use->set(layers[*getLayer(use->get())]);
  auto shrink = [&](Value value) {
    if (auto kv = dyn_cast<KVType>(value.getType()))
      value.setType(KVType::get(kv.getContext(), number, kv.getHeads(), kv.getHeadDim(), kv.getElementType()));
  };
  ::llvm::for_each(function.getArguments(), shrink);
  function.walk([&](Operation *op) { ::llvm::for_each(op->getResults(), shrink); });
  Operation *end = function.getBody().back().getTerminator();
  function.setType(builder.getFunctionType(function.getBody().getArgumentTypes(), end->getOperandTypes()));
  eraseUnneeded(function); // the numbers that were
  return success();
}

struct DropBranchesPass : drop_branches::impl::DropBranchesPassBase<DropBranchesPass> {
  using DropBranchesPassBase::DropBranchesPassBase;

  void runOnOperation() override {
    ::llvm::Regex names(match);
    std::string reason;
    if (match.empty() || !names.isValid(reason)) {
      getOperation().emitError("drop-branches: expected a regular expression as 'match', got '")
          << match << "'" << (reason.empty() ? "" : ": ") << reason;
      return signalPassFailure();
    }
    int64_t matched = 0;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      FailureOr<int64_t> here = runOnFunction(function, names);
      if (failed(here))
        return signalPassFailure();
      matched += *here;
    }
    if (matched == 0) {
      getOperation().emitError("drop-branches: expected an 'llm.add' whose name matches '")
          << match << "', got none; 'hone compile --stop-after=import --emit=mlir' shows the names";
      return signalPassFailure();
    }
    eraseUnusedWeights();
  }

private:
  /// The number of additions that match.
  FailureOr<int64_t> runOnFunction(func::FuncOp function, ::llvm::Regex &names) {
    SmallVector<AddOp> additions;
    function.walk([&](AddOp add) {
      if (names.match(getLocationName(add)))
        additions.push_back(add);
    });
    bool attended = hasAttention(function);
    bool changed = false;
    for (AddOp add : additions) {
      Value stream = findStream(add);
      if (!stream) {
        remark::missed(add.getLoc(), about()) << remark::reason("neither operand is computed from the other");
        continue;
      }
      remark::passed(add.getLoc(), about()) << "branch left out";
      add.replaceAllUsesWith(stream);
      add.erase();
      changed = true;
    }
    if (!changed)
      return additions.size();
    eraseUnneeded(function);
    if (!attended)
      return additions.size();
    if (!hasAttention(function))
      return function.emitError("drop-branches: expected an attention to be left, got none; let fewer names match");
    if (!SymbolTable::symbolKnownUseEmpty(function, getOperation()))
      remark::missed(function.getLoc(), about()) << remark::reason("KV memory keeps its size: the function is called");
    else if (failed(numberLayers(function)))
      remark::missed(function.getLoc(), about()) << remark::reason("KV memory keeps its size: a layer is no constant");
    return additions.size();
  }

  void eraseUnusedWeights() {
    ::llvm::DenseSet<StringAttr> used;
    getOperation().walk([&](WeightRefOp ref) { used.insert(ref.getWeightAttr().getAttr()); });
    for (auto weight : ::llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
      if (!used.contains(weight.getSymNameAttr()))
        weight.erase();
  }
};

} // namespace

HONE_PASS_PLUGIN("DropBranches", drop_branches::registerDropBranchesPasses)
