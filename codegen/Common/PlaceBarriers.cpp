//===- PlaceBarriers.cpp - Separate kernels that touch the same memory --===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_PLACEBARRIERSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

/// Bytes that a call touches: [begin, end) of the memory that `base` names.
struct Access {
  Value base;
  int64_t begin;
  int64_t end;
  bool writes;
  func::CallOp call;

  bool conflictsWith(const Access &other) const {
    return base == other.base && begin < other.end && other.begin < end && (writes || other.writes);
  }
};

struct PlaceBarriersPass : hone::impl::PlaceBarriersPassBase<PlaceBarriersPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto maxRows = module->getAttrOfType<IntegerAttr>(llm::kMaxRowsAttr);
    if (!maxRows) {
      module.emitError("expected 'llm.max_rows'; run hone-plan-arena first");
      return signalPassFailure();
    }
    SymbolTable symbols(module);
    for (auto step : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (step->hasAttr(llm::kStepAttr) && failed(placeInStep(step, symbols, maxRows.getInt())))
        return signalPassFailure();
  }

private:
  LogicalResult placeInStep(func::FuncOp step, SymbolTable &symbols, int64_t maxRows) {
    OpBuilder builder(&getContext());
    if (!symbols.lookup(kBarrierFunction)) {
      auto pointer = LLVM::LLVMPointerType::get(&getContext());
      builder.setInsertionPointToStart(getOperation().getBody());
      auto barrier =
          func::FuncOp::create(builder, step.getLoc(), kBarrierFunction, builder.getFunctionType({pointer}, {}));
      barrier.setPrivate();
      symbols.insert(barrier);
    }
    Block &body = step.getBody().front();
    SmallVector<Access> sinceBarrier;
    int64_t barriers = 0;
    for (auto call : llvm::to_vector(body.getOps<func::CallOp>())) {
      auto kernel = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!kernel || !kernel->hasAttr(llm::kKernelAttr))
        return call.emitOpError("expected a call of a kernel");
      SmallVector<Access> accesses;
      for (auto [index, operand] : llvm::enumerate(call.getOperands())) {
        auto access = kernel.getArgAttrOfType<StringAttr>(index, llm::kAccessAttr);
        if (!access)
          continue;
        FailureOr<Access> found = getAccess(operand, access != "read", maxRows);
        if (failed(found))
          return call.emitOpError("operand ") << index << " has an offset in the arena that is not constant";
        found->call = call;
        accesses.push_back(*found);
      }
      if (explainConflict(accesses, sinceBarrier)) {
        builder.setInsertionPoint(call);
        func::CallOp::create(builder, call.getLoc(), kBarrierFunction, TypeRange{}, body.getArgument(kBarrier));
        sinceBarrier.clear();
        ++barriers;
      }
      llvm::append_range(sinceBarrier, accesses);
    }
    remark::analysis(step.getLoc(), remark::RemarkOpts::name("PlaceBarriers").category("hone-place-barriers"))
        << remark::metric("barriers", barriers);
    return success();
  }

  /// Whether a call whose accesses are `accesses` must wait for one of `before`; says for which.
  static bool explainConflict(ArrayRef<Access> accesses, ArrayRef<Access> before) {
    for (const Access &access : accesses)
      for (const Access &other : before) {
        if (!access.conflictsWith(other))
          continue;
        func::CallOp call = access.call, earlier = other.call;
        remark::analysis(call.getLoc(), remark::RemarkOpts::name("Barrier").category("hone-place-barriers"))
            << remark::add("before '{0}', which {1} what '{2}' {3}", call.getCallee(),
                           access.writes ? "overwrites" : "reads", earlier.getCallee(),
                           other.writes ? "writes" : "reads");
        return true;
      }
    return false;
  }

  /// Memory outside the arena is known by the argument or pointer that it comes from, as a whole.
  FailureOr<Access> getAccess(Value buffer, bool writes, int64_t maxRows) {
    auto view = buffer.getDefiningOp<memref::ViewOp>();
    if (!view)
      return Access{buffer, 0, INT64_MAX, writes, {}};
    APInt offset;
    if (!matchPattern(view.getByteShift(), m_ConstantInt(&offset)))
      return failure();
    MemRefType type = view.getType();
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (int64_t size : type.getShape())
      bytes *= ShapedType::isDynamic(size) ? maxRows : size;
    return Access{view.getSource(), offset.getSExtValue(), offset.getSExtValue() + bytes, writes, {}};
  }
};

} // namespace
