//===- InsertTaps.cpp - Show what each kernel call wrote -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_INSERTTAPSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

struct InsertTapsPass : hone::impl::InsertTapsPassBase<InsertTapsPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto step : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!step->hasAttr(llm::kStepAttr))
        continue;
      if (step.isExternal() || step.getNumArguments() != kStepArguments) {
        step.emitOpError("expected a step in memory form; run hone-bufferize-step first");
        return signalPassFailure();
      }
      if (failed(tapStep(step, symbols)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult tapStep(func::FuncOp step, SymbolTable &symbols) {
    declareTap(step.getLoc(), symbols);
    int64_t number = 0;
    SmallVector<func::CallOp> calls(
        llvm::make_filter_range(step.getBody().front().getOps<func::CallOp>(),
                                [](func::CallOp call) { return call.getCallee() != kBarrierFunction; }));
    for (auto [index, call] : llvm::enumerate(calls)) {
      auto kernel = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!kernel || !kernel->hasAttr(llm::kKernelAttr))
        return call.emitOpError("expected a call of a kernel");
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(call);
      int64_t value = 0;
      for (auto [position, operand] : llvm::enumerate(call.getOperands())) {
        auto access = kernel.getArgAttrOfType<StringAttr>(position, llm::kAccessAttr);
        // What is read and written is keys and values, or memory that phases share and nobody else knows.
        bool isResult =
            access && (access == "write" || (access == "read_write" && !isa<MemRefType>(operand.getType())));
        if (isResult)
          tapValue(builder, call, number, value++, operand);
      }
      // The phases of a kernel are one call.
      if (index + 1 == calls.size() || !isNextPhase(call, calls[index + 1]))
        ++number;
    }
    return success();
  }

  void declareTap(Location loc, SymbolTable &symbols) {
    if (symbols.lookup(kTapFunction))
      return;
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(getOperation().getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), index = builder.getIndexType();
    auto type = builder.getFunctionType({pointer, index, index, index, pointer, index}, {});
    auto tap = func::FuncOp::create(builder, loc, kTapFunction, type);
    tap.setPrivate();
    symbols.insert(tap);
  }

  static void tapValue(OpBuilder &builder, func::CallOp call, int64_t number, int64_t value, Value buffer) {
    Location loc = call.getLoc();
    Block *body = call->getBlock();
    auto constant = [&](int64_t number) -> Value { return arith::ConstantIndexOp::create(builder, loc, number); };
    Value operands[] = {body->getArgument(kBarrier),
                        body->getArgument(kWorker),
                        constant(number),
                        constant(value),
                        buffer,
                        constant(0)};
    if (isa<MemRefType>(buffer.getType())) {
      operands[4] = getAddress(builder, loc, buffer);
      operands[5] = getBytes(builder, loc, buffer);
    }
    func::CallOp::create(builder, loc, kTapFunction, TypeRange{}, operands);
  }

  static Value getAddress(OpBuilder &builder, Location loc, Value buffer) {
    Value index = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
    Value word = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
    return LLVM::IntToPtrOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), word);
  }

  /// Of the rows that the step has, not of those that there is room for.
  static Value getBytes(OpBuilder &builder, Location loc, Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    int64_t known = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (int64_t size : type.getShape())
      known *= ShapedType::isDynamic(size) ? 1 : size;
    Value bytes = arith::ConstantIndexOp::create(builder, loc, known);
    for (auto [dim, size] : llvm::enumerate(type.getShape()))
      if (ShapedType::isDynamic(size))
        bytes = arith::MulIOp::create(builder, loc, bytes, memref::DimOp::create(builder, loc, buffer, dim));
    return bytes;
  }
};

} // namespace
