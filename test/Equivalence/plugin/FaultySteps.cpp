//===- FaultySteps.cpp - Steps with faults put in -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// These change a step in memory form, and no kernel: what calls a kernel from outside does not see them.

#include "FaultyPasses.h"

#include "hone/codegen/Common/Buffers.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hone;

namespace {

/// The calls of a step to kernels whose name begins so.
SmallVector<func::CallOp> findCalls(ModuleOp module, StringRef kernel) {
  SmallVector<func::CallOp> calls;
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr(llm::kStepAttr))
      function.walk([&](func::CallOp call) {
        if (call.getCallee().starts_with(kernel))
          calls.push_back(call);
      });
  return calls;
}

bool isSame(Value a, Value b) {
  std::optional<int64_t> number = getConstantIntValue(a);
  return a == b || (number && number == getConstantIntValue(b));
}

/// Lets the next call of the first of these kernels that has another such operand have that of the first call, in all
/// of its phases.
void shareOperand(ModuleOp module, StringRef kernel, llvm::function_ref<bool(Type)> isOperand) {
  SmallVector<func::CallOp> calls = findCalls(module, kernel);
  auto *found = llvm::find_if(calls.front()->getOpOperands(),
                              [&](OpOperand &operand) { return isOperand(operand.get().getType()); });
  unsigned position = found->getOperandNumber();
  Value shared = found->get(), replaced;
  for (func::CallOp call : llvm::drop_begin(calls)) {
    if (call.getCallee() != calls.front().getCallee() || isSame(call.getOperand(position), shared))
      continue;
    if (!replaced)
      replaced = call.getOperand(position);
    if (isSame(call.getOperand(position), replaced))
      call->setOperand(position, shared);
  }
}

/// The memory in the arena of what a call writes, its `number`th value.
memref::ViewOp getWritten(func::CallOp call, unsigned number) {
  auto kernel = call->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee());
  for (auto [index, operand] : llvm::enumerate(call.getOperands()))
    if (auto access = kernel.getArgAttrOfType<StringAttr>(index, llm::kAccessAttr);
        access && access == "write" && number-- == 0)
      return operand.getDefiningOp<memref::ViewOp>();
  return nullptr;
}

/// No barrier stands before call `number` of these kernels.
void dropBarrier(ModuleOp module, StringRef kernel, unsigned number = 0) {
  SmallVector<func::CallOp> calls = findCalls(module, kernel);
  for (Operation *op = calls[number]->getPrevNode(); op; op = op->getPrevNode())
    if (auto barrier = dyn_cast<func::CallOp>(op)) {
      if (barrier.getCallee() == kBarrierFunction)
        barrier->erase();
      return;
    }
}

} // namespace

/// A product takes the weight of the layer before.
static void takeOtherWeight(ModuleOp module) {
  shareOperand(module, "linear", [](Type type) {
    auto memory = dyn_cast<MemRefType>(type);
    return memory && memory.getRank() == 1;
  });
}

/// Attention reads the keys and values of the layer before.
static void takeOtherLayer(ModuleOp module) {
  shareOperand(module, "attention", [](Type type) { return type.isIndex(); });
}

/// Keys and values are written over those of the layer before.
static void writeOtherLayer(ModuleOp module) {
  shareOperand(module, "rope_kv_append", [](Type type) { return type.isIndex(); });
}

/// The rows of a product live one stage too short: the product, which reads them, writes its result to their bytes.
static void cutLiveRange(ModuleOp module) {
  func::CallOp product = findCalls(module, "linear").front();
  auto rows = product.getOperand(0).getDefiningOp<memref::ViewOp>();
  getWritten(product, 0).getByteShiftMutable().assign(rows.getByteShift());
}

/// The last reader of a sum is forgotten: what is made before it gets the bytes of the sum.
static void forgetLastUse(ModuleOp module) {
  memref::ViewOp sum = getWritten(findCalls(module, "add_rms_norm").front(), 0);
  getWritten(findCalls(module, "gated_linear").front(), 0).getByteShiftMutable().assign(sum.getByteShift());
}

static void dropBarrierOfRows(ModuleOp module) { dropBarrier(module, "linear"); }

static void dropBarrierOfPages(ModuleOp module) { dropBarrier(module, "attention"); }

/// The second phase of attention does not wait for the first.
static void dropBarrierOfPhases(ModuleOp module) { dropBarrier(module, "attention", 1); }

/// A call comes before the one whose result it takes.
static void swapCalls(ModuleOp module) {
  func::CallOp append = findCalls(module, "rope_kv_append").front();
  append->moveAfter(findCalls(module, "attention")[1]);
}

void test::registerFaultySteps() {
  registerFaultyPass("faulty-take-other-weight", takeOtherWeight);
  registerFaultyPass("faulty-take-other-layer", takeOtherLayer);
  registerFaultyPass("faulty-write-other-layer", writeOtherLayer);
  registerFaultyPass("faulty-cut-live-range", cutLiveRange);
  registerFaultyPass("faulty-forget-last-use", forgetLastUse);
  registerFaultyPass("faulty-drop-barrier-of-rows", dropBarrierOfRows);
  registerFaultyPass("faulty-drop-barrier-of-pages", dropBarrierOfPages);
  registerFaultyPass("faulty-drop-barrier-of-phases", dropBarrierOfPhases);
  registerFaultyPass("faulty-swap-calls", swapCalls);
}
