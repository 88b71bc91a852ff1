//===- BufferizeCallers.cpp - Memory for functions that test kernels -------- -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferizeKernel.h"
#include "TestMemory.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_BUFFERIZECALLERSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

using Kernels = DenseMap<StringAttr, KernelForm>;
/// The memory of a value in each run, a run being one number of workers.
using Memories = SmallVector<Value>;

/// Whether values of this type have a form that only kernels know.
bool isOpaque(Type type) { return isa<KVType>(type) || getStored(type) || getBlocked(type); }

class CallerBufferizer {
public:
  CallerBufferizer(func::FuncOp caller, const Kernels &kernels, ArrayRef<int64_t> workers)
      : caller(caller), kernels(kernels), workers(workers), builder(caller.getContext()) {}

  LogicalResult run() {
    if (!caller.getBody().hasOneBlock())
      return caller.emitOpError("expected a caller of kernels to be one block");
    Block &body = caller.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(body)) {
      builder.setInsertionPoint(&op);
      if (failed(bufferize(&op)))
        return failure();
    }
    for (Operation *op : llvm::reverse(dead))
      op->erase();
    builder.setInsertionPoint(body.getTerminator());
    for (Value buffer : allocated)
      memref::DeallocOp::create(builder, caller.getLoc(), buffer);
    return success();
  }

private:
  func::FuncOp caller;
  const Kernels &kernels;
  ArrayRef<int64_t> workers;
  OpBuilder builder;
  DenseMap<Value, Memories> memories;
  DenseMap<Value, TestPages> pages; ///< by their address
  SmallVector<Value> allocated;
  SmallVector<Operation *> dead;

  LogicalResult bufferize(Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op); call && kernels.contains(call.getCalleeAttr().getAttr()))
      return bufferizeCall(call);
    if (auto convert = dyn_cast<check::ConvertOp>(op))
      return bufferizeConvert(convert);
    if (isa<FromBufferOp>(op)) {
      dead.push_back(op);
      return success();
    }
    if (llvm::any_of(op->getOperandTypes(), isOpaque) || llvm::any_of(op->getResultTypes(), isOpaque))
      return op->emitOpError("has no memory form; run hone-outline-kernels and hone-embed-weights first");
    return success();
  }

  const Memories &getMemories(Value value) {
    Memories &found = memories[value];
    if (!found.empty())
      return found;
    Value memory = value;
    if (auto source = value.getDefiningOp<FromBufferOp>()) {
      memory = source.getBuffer();
    } else if (isa<RankedTensorType>(value.getType())) {
      auto buffer = bufferization::ToBufferOp::create(builder, value.getLoc(), getBufferType(value.getType()), value);
      buffer.setReadOnly(true);
      memory = buffer;
    }
    return found = Memories(workers.size(), memory);
  }

  /// A buffer for a value of this type or of this buffer type, with as many rows as the buffer `like` if their number
  /// is dynamic.
  Value allocate(Location loc, Type type, Value like = Value()) {
    auto buffer = cast<MemRefType>(getBufferType(type));
    SmallVector<Value> rows;
    if (buffer.isDynamicDim(0))
      rows.push_back(memref::DimOp::create(builder, loc, like, 0));
    Value result = memref::AllocOp::create(builder, loc, buffer, rows);
    allocated.push_back(result);
    fillWithGarbage(builder, loc, result);
    return result;
  }

  Value toTensor(Location loc, Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    return bufferization::ToTensorOp::create(
        builder, loc, RankedTensorType::get(type.getShape(), type.getElementType()), buffer, /*restrict=*/true);
  }

  /// Expects every run to have left the bits of the first.
  void expectSameBits(Location loc, ArrayRef<Value> buffers) {
    for (Value buffer : buffers.drop_front())
      check::ExpectEqualOp::create(builder, loc, toTensor(loc, buffer), toTensor(loc, buffers.front()));
  }

  LogicalResult bufferizeCall(func::CallOp call) {
    Location loc = call.getLoc();
    KernelForm kernel = kernels.lookup(call.getCalleeAttr().getAttr());
    bool appends = llvm::any_of(call.getResultTypes(), llvm::IsaPred<KVType>);
    for (Value operand : call.getOperands())
      if (appends && isa<KVType>(operand.getType()) && !operand.hasOneUse())
        return call.emitOpError("updates pages in place; expected its '!llm.kv' to have no other use");
    SmallVector<Memories> results(call.getNumResults());
    for (auto [run, count] : llvm::enumerate(workers)) {
      SmallVector<Value> operands;
      for (Value operand : call.getOperands())
        operands.push_back(getMemories(operand)[run]);
      Value source = operands[kernel.rowSource];
      for (auto [result, buffers] : llvm::zip_equal(call.getResults(), results)) {
        if (isa<KVType>(result.getType())) {
          buffers.push_back(operands.front());
          continue;
        }
        buffers.push_back(allocate(loc, result.getType(), source));
        operands.push_back(buffers.back());
      }
      if (kernel.shared)
        operands.push_back(allocate(loc, kernel.shared));
      for (int64_t phase = 0; phase < kernel.getPhases(); ++phase) {
        SmallVector<Value> all = operands;
        if (kernel.shared)
          all.push_back(arith::ConstantIndexOp::create(builder, loc, phase));
        callWorkers(loc, call.getCallee(), std::move(all), count);
      }
    }
    for (auto [result, buffers] : llvm::zip_equal(call.getResults(), results)) {
      if (!isa<KVType>(result.getType()))
        expectSameBits(loc, buffers);
      Value value = result;
      if (!isOpaque(result.getType()))
        result.replaceAllUsesWith(value = toTensor(loc, buffers.front()));
      memories[value] = std::move(buffers);
    }
    dead.push_back(call);
    return success();
  }

  /// The shares of all workers, one after another.
  void callWorkers(Location loc, StringRef kernel, SmallVector<Value> operands, int64_t count) {
    auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); };
    auto loop = scf::ForOp::create(builder, loc, constant(0), constant(count), constant(1));
    operands.push_back(loop.getInductionVar());
    operands.push_back(loop.getUpperBound());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    func::CallOp::create(builder, loc, kernel, TypeRange(), operands);
  }

  LogicalResult bufferizeConvert(check::ConvertOp op) {
    Type from = op.getInput().getType(), to = op.getResult().getType();
    auto numbers = dyn_cast<RankedTensorType>(isOpaque(from) ? to : from);
    dead.push_back(op);
    auto isOfPages = [&](Type type) {
      auto kv = dyn_cast<KVType>(type);
      return kv && numbers.getElementType() == kv.getNumberType() && numbers.getRank() == 6 && numbers.hasStaticShape();
    };
    if (isOfPages(to))
      return convertToPages(op, numbers);
    if (isOfPages(from))
      return convertFromPages(op, numbers);
    if (getBlocked(from) && numbers.getElementType().isF32())
      return convertFromBlocked(op);
    return op.emitOpError(
        "cannot be done in memory; expected '!llm.kv' and a static tensor of its numbers, or blocked rows "
        "to f32");
  }

  LogicalResult convertToPages(check::ConvertOp op, RankedTensorType numbers) {
    auto type = cast<KVType>(op.getResult().getType());
    if (numbers.getShape() != ArrayRef<int64_t>{2, type.getLayers(), numbers.getDimSize(2), numbers.getDimSize(3),
                                                type.getHeads(), type.getHeadDim()})
      return op.emitOpError("expected numbers of shape [2][layer][sequence][position][head][head dim]");
    Memories addresses;
    for (size_t run = 0; run < workers.size(); ++run) {
      TestPages made = createPages(builder, op.getLoc(), type, numbers.getDimSize(2), numbers.getDimSize(3));
      llvm::append_values(allocated, made.pages, made.pageTables, made.tables);
      writePages(builder, op.getLoc(), made, op.getInput());
      pages[made.address] = made;
      addresses.push_back(made.address);
    }
    memories[op.getResult()] = std::move(addresses);
    return success();
  }

  LogicalResult convertFromPages(check::ConvertOp op, RankedTensorType numbers) {
    SmallVector<Value> buffers;
    for (Value address : getMemories(op.getInput())) {
      auto found = pages.find(address);
      if (found == pages.end() || found->second.sequences != numbers.getDimSize(2) ||
          found->second.positions != numbers.getDimSize(3))
        return op.emitOpError("expected the shape of the numbers that '!llm.kv' was converted from");
      buffers.push_back(allocate(op.getLoc(), numbers));
      readPages(builder, op.getLoc(), found->second, buffers.back());
    }
    expectSameBits(op.getLoc(), buffers);
    op.getResult().replaceAllUsesWith(toTensor(op.getLoc(), buffers.front()));
    return success();
  }

  LogicalResult convertFromBlocked(check::ConvertOp op) {
    Location loc = op.getLoc();
    Value bytes = getMemories(op.getInput()).front();
    Value buffer = allocate(loc, op.getResult().getType(), bytes);
    readBlocked(builder, loc, *getBlockLayout(op.getInput().getType()), bytes, buffer);
    op.getResult().replaceAllUsesWith(toTensor(loc, buffer));
    return success();
  }
};

struct BufferizeCallersPass : hone::impl::BufferizeCallersPassBase<BufferizeCallersPass> {
  using BufferizeCallersPassBase::BufferizeCallersPassBase;

  void runOnOperation() override {
    SmallVector<int64_t> counts = llvm::to_vector(workers);
    if (counts.empty())
      counts.push_back(1);
    for (int64_t count : counts)
      if (count < 1) {
        getOperation().emitError("expected numbers of workers from 1 on, got ") << count;
        return signalPassFailure();
      }
    Kernels kernels;
    SmallVector<func::FuncOp> callers;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function->hasAttr(kStepAttr)) {
        function.emitOpError("is the step of a program; run hone-bufferize-step instead");
        return signalPassFailure();
      }
      if (!function->hasAttr(kKernelAttr)) {
        if (!function.isExternal())
          callers.push_back(function);
        continue;
      }
      FailureOr<KernelForm> form = bufferizeKernel(function);
      if (failed(form))
        return signalPassFailure();
      kernels[function.getSymNameAttr()] = *form;
    }
    for (func::FuncOp caller : callers)
      if (failed(CallerBufferizer(caller, kernels, counts).run()))
        return signalPassFailure();
  }
};

} // namespace
