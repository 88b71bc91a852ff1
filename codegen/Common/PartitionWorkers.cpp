//===- PartitionWorkers.cpp - Each worker's share of a kernel -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_PARTITIONWORKERSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

/// One of so many units of a share is open to all workers. The others are read in one stream, without asking: asking
/// for the next piece waits for all loads before it. This many absorb a worker that is slower by as much.
constexpr int64_t kOpenShare = 4;

/// Turns one `scf.forall` into the loop of a worker: over the closed part of its share, then over pieces of what is
/// open of all shares.
class ForallPartition {
public:
  /// `counter` is the place of the loop's own among `counters`.
  ForallPartition(scf::ForallOp forall, Value worker, Value workers, Value counters, int64_t counter)
      : forall(forall), b(forall.getLoc(), forall), worker(worker), workers(workers), counters(counters),
        counter(constant(counter)), zero(constant(0)), one(constant(1)), count(forall.getUpperBound(b).front()) {}

  void run() {
    Value several = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, workers, one);
    Value quarter = divide(count, multiply(workers, constant(kOpenShare)));
    open = arith::SelectOp::create(b, several, quarter, zero);
    isOpen = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, open, zero);
    Value rounds = subtract(constant(64), math::CountLeadingZerosOp::create(b, open));
    tickets = multiply(rounds, workers);
    Value lower = getShare(worker), upper = subtract(getShare(add(worker, one)), open);
    auto loop = scf::WhileOp::create(
        b, TypeRange{b.getIndexType()}, ValueRange{lower, upper},
        [&](OpBuilder &, Location, ValueRange range) { emitPiece(range[0], range[1]); },
        [&](OpBuilder &, Location, ValueRange ticket) { emitBounds(ticket[0]); });
    resetCounter(loop.getResult(0));
    forall.erase();
  }

private:
  scf::ForallOp forall;
  ImplicitLocOpBuilder b;
  Value worker, workers, counters, counter, zero, one, count;
  Value open;    ///< how many units of each share, its last, are open
  Value isOpen;  ///< whether any are
  Value tickets; ///< one for each piece of all shares

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value subtract(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value multiply(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value divide(Value x, Value y) { return arith::DivUIOp::create(b, x, y); }
  Value getShare(Value index) { return divide(multiply(index, count), workers); }
  Value getCount32(int64_t value) { return arith::ConstantIntOp::create(b, value, 32); }

  /// The units of a piece, and the ticket for the next one.
  void emitPiece(Value lower, Value upper) {
    auto loop = scf::ForOp::create(b, lower, upper, one);
    Block *from = forall.getBody(), *to = loop.getBody();
    from->getTerminator()->erase();
    to->getOperations().splice(to->begin(), from->getOperations());
    forall.getInductionVar(0).replaceAllUsesWith(loop.getInductionVar());
    auto next = scf::IfOp::create(
        b, isOpen,
        [&](OpBuilder &, Location) {
          // Units write what no other unit touches; barriers order them. The order that this adds is for the reset.
          Value ticket =
              memref::AtomicRMWOp::create(b, arith::AtomicRMWKind::addi, getCount32(1), counters, ValueRange{counter});
          scf::YieldOp::create(b, arith::IndexCastUIOp::create(b, b.getIndexType(), ticket).getResult());
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(b, tickets); });
    Value ticket = next.getResult(0);
    Value more = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, ticket, tickets);
    scf::ConditionOp::create(b, more, ticket);
  }

  /// The piece of a ticket. Tickets go round the shares, so that workers of equal speed each stay in one, and halve
  /// what a share has left each time: 8 units go as 4, 2, 1, 1.
  void emitBounds(Value ticket) {
    Value share = arith::RemUIOp::create(b, ticket, workers);
    Value left = arith::ShRUIOp::create(b, open, divide(ticket, workers));
    Value end = getShare(add(share, one));
    Value lower = subtract(end, left), upper = subtract(end, arith::ShRUIOp::create(b, left, one));
    scf::YieldOp::create(b, ValueRange{lower, upper});
  }

  /// Each worker leaves with one ticket that is no piece. Who has the last of these is the last to have asked, so the
  /// counter is its own until the barrier before whatever uses it next.
  void resetCounter(Value ticket) {
    Value last = subtract(add(tickets, workers), one);
    Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, ticket, last);
    isLast = arith::AndIOp::create(b, isOpen, isLast);
    scf::IfOp::create(b, isLast, [&](OpBuilder &, Location) {
      memref::StoreOp::create(b, getCount32(0), counters, ValueRange{counter});
      scf::YieldOp::create(b);
    });
  }
};

/// Gives the calls of kernels their counters.
class CounterPassing {
public:
  CounterPassing(ModuleOp module, MemRefType type) : module(module), type(type) {
    module.walk([&](func::CallOp call) { calls[call.getCallee()].push_back(call); });
  }

  /// `takers` are functions whose last argument is counters.
  LogicalResult run(SmallVector<func::FuncOp> takers) {
    for (size_t next = 0; next < takers.size(); ++next)
      for (func::CallOp call : calls.lookup(takers[next].getName())) {
        auto caller = call->getParentOfType<func::FuncOp>();
        if (caller->hasAttr(llm::kStepAttr)) {
          callsOfSteps.insert(call);
          continue;
        }
        Value &counters = known[caller];
        if (!counters && calls.contains(caller.getName())) {
          // It stands between a step and the kernels of several ISA levels.
          if (failed(appendArgument(caller)))
            return failure();
          counters = caller.getArguments().back();
          takers.push_back(caller);
        } else if (!counters) {
          counters = makeCounters(caller);
        }
        call->insertOperands(call->getNumOperands(), counters);
      }
    for (auto step : module.getOps<func::FuncOp>())
      if (step->hasAttr(llm::kStepAttr) && !step.isExternal() && failed(passInStep(step)))
        return failure();
    return success();
  }

  LogicalResult appendArgument(func::FuncOp function) {
    return function.insertArgument(function.getNumArguments(), type, {}, function.getLoc());
  }

private:
  ModuleOp module;
  MemRefType type;
  DenseMap<StringRef, SmallVector<func::CallOp>> calls; ///< by what they call
  DenseMap<func::FuncOp, Value> known;
  DenseSet<Operation *> callsOfSteps;

  /// Those of a function that nothing calls, a test.
  Value makeCounters(func::FuncOp caller) {
    ImplicitLocOpBuilder b(caller.getLoc(), OpBuilder::atBlockBegin(&caller.getBody().front()));
    Value counters = memref::AllocaOp::create(b, type);
    Value zero = arith::ConstantIntOp::create(b, 0, 32);
    for (int64_t number = 0; number < kKernelCounters; ++number)
      memref::StoreOp::create(b, zero, counters, ValueRange{arith::ConstantIndexOp::create(b, number)});
    return counters;
  }

  /// Those of a step lie behind its values in the arena, a cache line for each call. Behind a barrier they are free
  /// again, so that few lines serve all calls and stay in caches.
  LogicalResult passInStep(func::FuncOp step) {
    auto arenaBytes = module->getAttrOfType<IntegerAttr>(llm::kArenaBytesAttr);
    if (!arenaBytes || step.getNumArguments() <= kArena)
      return step.emitOpError("expected a step with an arena; run hone-plan-arena first");
    constexpr int64_t bytes = kKernelCounters * sizeof(int32_t);
    int64_t start = llvm::alignTo(arenaBytes.getInt(), bytes), sinceBarrier = 0, most = 0;
    for (auto call : step.getBody().front().getOps<func::CallOp>()) {
      if (call.getCallee() == kBarrierFunction)
        sinceBarrier = 0;
      if (!callsOfSteps.contains(call))
        continue;
      ImplicitLocOpBuilder b(call.getLoc(), call);
      Value offset = arith::ConstantIndexOp::create(b, start + sinceBarrier * bytes);
      Value counters = memref::ViewOp::create(b, type, step.getArgument(kArena), offset, ValueRange());
      call->insertOperands(call->getNumOperands(), counters);
      most = std::max(most, ++sinceBarrier);
    }
    Builder builder(module.getContext());
    module->setAttr(llm::kArenaBytesAttr, builder.getI64IntegerAttr(start + most * bytes));
    module->setAttr(kCounterBytesAttr, builder.getI64IntegerAttr(most * bytes));
    return success();
  }
};

struct PartitionWorkersPass : hone::impl::PartitionWorkersPassBase<PartitionWorkersPass> {
  void runOnOperation() override {
    CounterPassing counters(getOperation(), MemRefType::get({kKernelCounters}, IntegerType::get(&getContext(), 32)));
    SmallVector<func::FuncOp> kernels;
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr(llm::kKernelAttr))
        continue;
      SmallVector<scf::ForallOp> foralls;
      kernel.walk([&](scf::ForallOp forall) { foralls.push_back(forall); });
      if (failed(verify(kernel, foralls)) || failed(counters.appendArgument(kernel)))
        return signalPassFailure();
      partition(kernel, foralls);
      kernels.push_back(kernel);
    }
    if (failed(counters.run(std::move(kernels))))
      return signalPassFailure();
  }

private:
  static LogicalResult verify(func::FuncOp kernel, ArrayRef<scf::ForallOp> foralls) {
    if (foralls.empty())
      return success();
    auto isIndex = [](Type type) { return type.isIndex(); };
    if (kernel.getNumArguments() < 2 || !llvm::all_of(kernel.getArgumentTypes().take_back(2), isIndex))
      return kernel.emitOpError("expected 'worker' and 'workers' as its last arguments; run hone-bufferize-step first");
    for (scf::ForallOp forall : foralls)
      if (forall->getParentOp() != kernel || forall.getRank() != 1 || forall.getNumResults() != 0 ||
          !forall.isNormalized())
        return forall.emitOpError("expected a one-dimensional loop from 0 by 1 over memory, outside any other loop");
    if (static_cast<int64_t>(foralls.size()) > kKernelCounters)
      return kernel.emitOpError("expected at most ") << kKernelCounters << " parallel loops, got " << foralls.size();
    for (Value argument : kernel.getArguments().take_back(2))
      if (!argument.use_empty())
        return argument.getUsers().begin()->emitOpError(
            "expected a kernel that does not know its worker, since any worker may run any unit");
    return success();
  }

  static void partition(func::FuncOp kernel, ArrayRef<scf::ForallOp> foralls) {
    ValueRange arguments = kernel.getArguments();
    for (auto [number, forall] : llvm::enumerate(foralls)) {
      ValueRange last = arguments.take_back(3); // worker, workers, counters
      ForallPartition(forall, last[0], last[1], last[2], static_cast<int64_t>(number)).run();
    }
    kernel->removeAttr(llm::kKernelAttr);
    for (unsigned index = 0; index < kernel.getNumArguments(); ++index)
      kernel.removeArgAttr(index, llm::kAccessAttr);
  }
};

} // namespace
