//===- PartitionWorkers.cpp - Each worker's share of a kernel -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_PARTITIONWORKERSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

struct PartitionWorkersPass : hone::impl::PartitionWorkersPassBase<PartitionWorkersPass> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr(llm::kKernelAttr))
        continue;
      SmallVector<scf::ForallOp> foralls;
      kernel.walk([&](scf::ForallOp forall) { foralls.push_back(forall); });
      auto isIndex = [](Type type) { return type.isIndex(); };
      if (!foralls.empty() &&
          (kernel.getNumArguments() < 2 || !llvm::all_of(kernel.getArgumentTypes().take_back(2), isIndex))) {
        kernel.emitOpError("expected 'worker' and 'workers' as its last arguments; run hone-bufferize-step first");
        return signalPassFailure();
      }
      for (scf::ForallOp forall : foralls) {
        if (forall->getParentOp() != kernel || forall.getRank() != 1 || forall.getNumResults() != 0 ||
            !forall.isNormalized()) {
          forall.emitOpError("expected a one-dimensional loop from 0 by 1 over memory, outside any other loop");
          return signalPassFailure();
        }
        partition(forall, kernel);
      }
      kernel->removeAttr(llm::kKernelAttr);
      for (unsigned index = 0; index < kernel.getNumArguments(); ++index)
        kernel.removeArgAttr(index, llm::kAccessAttr);
    }
  }

private:
  static void partition(scf::ForallOp forall, func::FuncOp kernel) {
    OpBuilder builder(forall);
    Location loc = forall.getLoc();
    Value worker = kernel.getArguments().drop_back().back();
    Value workers = kernel.getArguments().back();
    Value count = forall.getUpperBound(builder).front();
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto bound = [&](Value index) -> Value {
      Value product = arith::MulIOp::create(builder, loc, index, count);
      return arith::DivUIOp::create(builder, loc, product, workers);
    };
    Value lower = bound(worker);
    Value upper = bound(arith::AddIOp::create(builder, loc, worker, one));
    auto loop = scf::ForOp::create(builder, loc, lower, upper, one);
    Block *from = forall.getBody();
    from->getTerminator()->erase();
    Block *to = loop.getBody();
    to->getOperations().splice(to->begin(), from->getOperations());
    forall.getInductionVar(0).replaceAllUsesWith(loop.getInductionVar());
    forall.erase();
  }
};

} // namespace
