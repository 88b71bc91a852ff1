//===- PlanArena.cpp - Place values between kernels ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_PLANARENAPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

/// Cache lines: values never share one, so that workers do not either.
constexpr int64_t kAlignment = 64;

struct Placement {
  memref::AllocOp alloc;
  int64_t bytes;
  int64_t first; ///< stage of the first call that uses it
  int64_t last;  ///< stage of the last
  int64_t offset = 0;
};

/// Numbers the calls of a step by stages: a call begins a new one if it depends on a call of the current stage through
/// memory that it touches. Calls of one stage need no barrier between them, and must not come to need one because their
/// values share bytes.
class Stages {
public:
  Stages(Block &body, SymbolTable &symbols) {
    for (auto call : body.getOps<func::CallOp>()) {
      auto kernel = symbols.lookup<func::FuncOp>(call.getCallee());
      bool known = false, depends = false;
      for (auto [index, operand] : llvm::enumerate(call.getOperands())) {
        auto access = kernel ? kernel.getArgAttrOfType<StringAttr>(index, llm::kAccessAttr) : StringAttr();
        if (!access)
          continue;
        known = true;
        auto touched = lastTouch.find(operand);
        depends |= touched != lastTouch.end() && touched->second.stage == current &&
                   (access != "read" || touched->second.written);
      }
      // What a call of something else touches is not known.
      current += depends || !known;
      for (auto [index, operand] : llvm::enumerate(call.getOperands())) {
        auto access = kernel ? kernel.getArgAttrOfType<StringAttr>(index, llm::kAccessAttr) : StringAttr();
        Touch &touch = lastTouch[operand];
        bool written = !access || access != "read";
        touch = {current, written || (touch.stage == current && touch.written)};
      }
      stages[call] = current;
    }
  }

  int64_t operator[](Operation *call) const { return stages.lookup(call); }

private:
  struct Touch {
    int64_t stage = -1;
    bool written = false;
  };
  DenseMap<Value, Touch> lastTouch;
  DenseMap<Operation *, int64_t> stages;
  int64_t current = 0;
};

struct PlanArenaPass : hone::impl::PlanArenaPassBase<PlanArenaPass> {
  using PlanArenaPassBase::PlanArenaPassBase;

  void runOnOperation() override {
    if (maxRows < 1 || maxRows > 65536) {
      getOperation().emitError("expected max-rows between 1 and 65536, got ") << maxRows.getValue();
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    int64_t arenaBytes = 0;
    for (auto step : getOperation().getOps<func::FuncOp>())
      if (step->hasAttr(llm::kStepAttr) && !step.isExternal())
        arenaBytes = std::max(arenaBytes, planStep(step, symbols));
    Builder builder(&getContext());
    getOperation()->setAttr(llm::kArenaBytesAttr, builder.getI64IntegerAttr(arenaBytes));
    getOperation()->setAttr(llm::kMaxRowsAttr, builder.getI64IntegerAttr(maxRows));
  }

private:
  /// First fit by start of life: values come in the order of the calls, each takes the lowest gap that is free for its
  /// whole life. Returns the bytes needed.
  int64_t planStep(func::FuncOp step, SymbolTable &symbols) {
    Block &body = step.getBody().front();
    Stages stages(body, symbols);
    SmallVector<Placement> placements;
    int64_t total = 0, unshared = 0;
    for (auto alloc : body.getOps<memref::AllocOp>()) {
      MemRefType type = alloc.getType();
      int64_t rowBytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      for (int64_t size : type.getShape().drop_front())
        rowBytes *= size;
      int64_t rows = type.isDynamicDim(0) ? maxRows : type.getDimSize(0);
      Placement placement{alloc, static_cast<int64_t>(llvm::alignTo(rows * rowBytes, kAlignment)), INT64_MAX, 0};
      for (Operation *user : alloc->getUsers()) {
        placement.first = std::min(placement.first, stages[user]);
        placement.last = std::max(placement.last, stages[user]);
      }
      SmallVector<Placement *> alive;
      for (Placement &other : placements)
        if (other.first <= placement.last && placement.first <= other.last)
          alive.push_back(&other);
      llvm::sort(alive, [](Placement *a, Placement *b) { return a->offset < b->offset; });
      for (Placement *other : alive)
        if (placement.offset + placement.bytes > other->offset)
          placement.offset = std::max(placement.offset, other->offset + other->bytes);
      total = std::max(total, placement.offset + placement.bytes);
      unshared += placement.bytes;
      placements.push_back(placement);
    }
    Value arena = body.getArgument(kArena);
    for (Placement &placement : placements) {
      OpBuilder builder(placement.alloc);
      Location loc = placement.alloc.getLoc();
      Value offset = arith::ConstantIndexOp::create(builder, loc, placement.offset);
      placement.alloc.replaceAllUsesWith(Value(memref::ViewOp::create(builder, loc, placement.alloc.getType(), arena,
                                                                      offset, placement.alloc.getDynamicSizes())));
      placement.alloc.erase();
    }
    remark::analysis(step.getLoc(), remark::RemarkOpts::name("PlanArena").category("hone-plan-arena"))
        << remark::metric("arena_bytes", total) << remark::metric("bytes_without_sharing", unshared)
        << remark::metric("values", placements.size());
    return total;
  }
};

} // namespace
