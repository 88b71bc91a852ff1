//===- X86LowerKernels.cpp - Vector code for each kernel ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelLowering.h"
#include "hone/codegen/X86/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_X86LOWERKERNELSPASS
#include "hone/codegen/X86/Passes.h.inc"
} // namespace hone

namespace {

struct X86LowerKernelsPass : hone::impl::X86LowerKernelsPassBase<X86LowerKernelsPass> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr(kKernelAttr))
        continue;
      SmallVector<Operation *> ops;
      kernel.walk([&](ReferenceLoweringOpInterface op) { ops.push_back(op); });
      for (Operation *op : ops) {
        if (failed(verifyBuffers(op)) || failed(lower(op)))
          return signalPassFailure();
        SmallVector<Operation *> sources;
        for (Value operand : op->getOperands())
          if (Operation *source = operand.getDefiningOp(); source && !llvm::is_contained(sources, source))
            sources.push_back(source);
        for (Operation *user : llvm::to_vector(op->getUsers()))
          user->erase();
        op->erase();
        for (Operation *source : sources)
          if (source->use_empty())
            source->erase();
      }
    }
  }

private:
  /// The bridges that hone-bufferize-step leaves: memory for each operand but indices, and for each result.
  static LogicalResult verifyBuffers(Operation *op) {
    for (Value operand : op->getOperands())
      if (!operand.getType().isIndex() && !operand.getDefiningOp<FromBufferOp>())
        return op->emitOpError("expected its operands in memory; run hone-bufferize-step first");
    for (Value result : op->getResults())
      if (!result.hasOneUse() || !isa<ToBufferOp>(*result.getUsers().begin()))
        return op->emitOpError("expected its results to go to memory; run hone-bufferize-step first");
    return success();
  }

  static LogicalResult lower(Operation *op) {
    x86::VectorBuilder builder(op->getLoc(), op);
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](EmbeddingOp op) { return x86::lowerEmbedding(op, builder); })
        .Case([&](SelectRowsOp op) { return x86::lowerSelectRows(op, builder); })
        .Case([&](AddOp op) { return x86::lowerAdd(op, builder); })
        .Case([&](AddBiasOp op) { return x86::lowerAddBias(op, builder); })
        .Case([&](ScaleOp op) { return x86::lowerScale(op, builder); })
        .Case([&](GatedActivationOp op) { return x86::lowerGatedActivation(op, builder); })
        .Case([&](RMSNormOp op) { return x86::lowerRMSNorm(op, builder); })
        .Case([&](AddRMSNormOp op) { return x86::lowerAddRMSNorm(op, builder); })
        .Case([&](QuantizeRowsOp op) { return x86::lowerQuantizeRows(op, builder); })
        .Case([&](LinearOp op) { return x86::lowerLinear(op, builder); })
        .Case([&](QKVOp op) { return x86::lowerQKV(op, builder); })
        .Case([&](GatedLinearOp op) { return x86::lowerGatedLinear(op, builder); })
        .Case([&](RopeOp op) { return x86::lowerRope(op, builder); })
        .Case([&](KVAppendOp op) { return x86::lowerKVAppend(op, builder); })
        .Case([&](RopeKVAppendOp op) { return x86::lowerRopeKVAppend(op, builder); })
        .Case([&](AttentionOp op) { return x86::lowerAttention(op, builder); })
        .Default([](Operation *op) { return op->emitOpError("has no x86 kernel"); });
  }
};

} // namespace
