//===- BufferizeStep.cpp - Memory for a step and its kernels ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferizeKernel.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_BUFFERIZESTEPPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

struct BufferizeStepPass : hone::impl::BufferizeStepPassBase<BufferizeStepPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto [index, weight] : llvm::enumerate(module.getOps<WeightOp>()))
      weightIndices[weight.getSymNameAttr()] = index;
    SmallVector<func::FuncOp> steps;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function->hasAttr(kStepAttr))
        steps.push_back(function);
      if (!function->hasAttr(kKernelAttr))
        continue;
      bool isLookup = isWholeKernel(function) && isa<EmbeddingOp>(function.getBody().front().front());
      if (isLookup)
        lookups.insert(function.getSymNameAttr());
      FailureOr<KernelForm> form = bufferizeKernel(function);
      if (failed(form))
        return signalPassFailure();
      kernels[function.getSymNameAttr()] = *form;
    }
    for (func::FuncOp step : steps) {
      if (failed(verifyStep(step)))
        return signalPassFailure();
      describeStep(step);
      if (failed(bufferizeStep(step)))
        return signalPassFailure();
    }
  }

private:
  DenseMap<StringAttr, int64_t> weightIndices;
  DenseMap<StringAttr, KernelForm> kernels;
  /// Kernels that read one row of their weight and not all of it.
  DenseSet<StringAttr> lookups;

  LogicalResult verifyStep(func::FuncOp step) {
    FunctionType type = step.getFunctionType();
    auto indices = RankedTensorType::get({ShapedType::kDynamic}, IntegerType::get(&getContext(), 32));
    auto isLogits = [](Type result) {
      auto tensor = dyn_cast<RankedTensorType>(result);
      return tensor && tensor.getRank() == 2 && tensor.isDynamicDim(0) && !tensor.isDynamicDim(1) &&
             tensor.getElementType().isF32() && !tensor.getEncoding();
    };
    if (!llvm::hasSingleElement(step.getBody()) || type.getNumInputs() != 5 || type.getNumResults() != 2 ||
        !llvm::all_equal(type.getInputs().drop_back()) || type.getInput(0) != indices ||
        !isa<KVType>(type.getInput(kPages)) || !isLogits(type.getResult(0)))
      return step.emitOpError("expected a step of (tokens, positions, sequences, logit rows, kv) with results (logits, "
                              "kv), got type ")
             << type;
    if (!step.getBody().front().getTerminator()->getOperand(0).getDefiningOp<func::CallOp>())
      return step.emitOpError("expected the logits to be the result of a kernel");
    for (auto call : step.getBody().front().getOps<func::CallOp>())
      if (!kernels.contains(call.getCalleeAttr().getAttr()))
        return call.emitOpError("expected a call of a kernel; run hone-outline-kernels first");
    return success();
  }

  /// Keeps on the module what the descriptor states about a step and what its memory form no longer says.
  void describeStep(func::FuncOp step) {
    Builder builder(&getContext());
    FunctionType type = step.getFunctionType();
    PageLayout pages(cast<KVType>(type.getInput(kPages)));
    DenseSet<StringAttr> read;
    int64_t bytes = 0;
    step.walk([&](WeightRefOp reference) {
      // A table is read for one row only.
      bool product = llvm::any_of(reference->getUsers(), [this](Operation *user) {
        auto call = dyn_cast<func::CallOp>(user);
        return call && !lookups.contains(call.getCalleeAttr().getAttr());
      });
      if (product && read.insert(reference.getWeightAttr().getAttr()).second)
        bytes += getWeightBytes(cast<RankedTensorType>(reference.getType()));
    });
    int64_t vocabulary = cast<ShapedType>(type.getResult(0)).getDimSize(1);
    getOperation()->setAttr(kBytesPerRowAttr, builder.getI64IntegerAttr(bytes));
    getOperation()->setAttr(kPageBytesAttr, builder.getI64IntegerAttr(pages.bytes()));
    getOperation()->setAttr(kVocabularyAttr, builder.getI64IntegerAttr(vocabulary));
  }

  LogicalResult bufferizeStep(func::FuncOp step) {
    Block &body = step.getBody().front();
    auto terminator = cast<func::ReturnOp>(body.getTerminator());
    Value logits = terminator.getOperand(0);
    auto pagesType = LLVM::LLVMPointerType::get(&getContext());
    OpBuilder builder(&getContext());
    Type logitsType = getBufferType(logits.getType());

    // Old arguments become the first of the new ones; the buffers of values are kept beside the values.
    Location loc = step.getLoc();
    for (BlockArgument argument : body.getArguments())
      argument.setType(getBufferType(argument.getType()));
    Type added[] = {logitsType,
                    pagesType,
                    MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()),
                    pagesType,
                    builder.getIndexType(),
                    builder.getIndexType()};
    for (Type argument : added)
      body.addArgument(argument, loc);
    builder.setInsertionPointToStart(&body);
    auto zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value rows = memref::DimOp::create(builder, loc, body.getArgument(kTokens), zero);
    Value logitRows = memref::DimOp::create(builder, loc, body.getArgument(kLogitRows), zero);
    for (StepArgument argument : {kTokens, kPositions, kSequences})
      rowCounts[body.getArgument(argument)] = rows;
    rowCounts[body.getArgument(kLogitRows)] = logitRows;

    DenseMap<Value, Value> buffers;
    buffers[logits] = body.getArgument(kLogits);
    auto getBuffer = [&](Value value) {
      Value buffer = buffers.lookup(value);
      return buffer ? buffer : value;
    };
    SmallVector<Operation *> dead;
    for (Operation &op : llvm::make_early_inc_range(body)) {
      if (auto reference = dyn_cast<WeightRefOp>(op)) {
        buffers[reference] = bufferizeWeight(reference, body.getArgument(kWeights));
        dead.push_back(&op);
      } else if (auto call = dyn_cast<func::CallOp>(op)) {
        if (failed(bufferizeCall(call, body, getBuffer, buffers)))
          return failure();
        dead.push_back(&op);
      } else if (!isa<func::ReturnOp>(op) &&
                 !llvm::isa_and_nonnull<arith::ArithDialect, memref::MemRefDialect, LLVM::LLVMDialect>(
                     op.getDialect()) &&
                 !isa<UnrealizedConversionCastOp>(op)) {
        return op.emitOpError("has no memory form; run hone-outline-kernels first");
      }
    }
    terminator->setOperands({});
    for (Operation *op : llvm::reverse(dead))
      op->erase();
    step.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), {}));
    return success();
  }

  Value bufferizeWeight(WeightRefOp reference, Value table) {
    OpBuilder builder(reference);
    Location loc = reference.getLoc();
    auto type = cast<MemRefType>(getBufferType(reference.getType()));
    Value index =
        arith::ConstantIndexOp::create(builder, loc, weightIndices.lookup(reference.getWeightAttr().getAttr()));
    return createMemRef(builder, loc, loadPointer(builder, loc, table, index), type);
  }

  LogicalResult bufferizeCall(func::CallOp call, Block &body, llvm::function_ref<Value(Value)> getBuffer,
                              DenseMap<Value, Value> &buffers) {
    OpBuilder builder(call);
    Location loc = call.getLoc();
    SmallVector<Value> operands = llvm::map_to_vector(call.getOperands(), getBuffer);
    KernelForm kernel = kernels.lookup(call.getCalleeAttr().getAttr());
    Value source = operands[kernel.rowSource];
    Value rows = rowCounts.lookup(source);
    for (Value result : call.getResults()) {
      if (isa<KVType>(result.getType()))
        continue;
      if (!rows)
        return call.emitOpError("expected rows of the step as operand ") << kernel.rowSource;
      if (buffers.lookup(result) == body.getArgument(kLogits) && rows != rowCounts.lookup(body.getArgument(kLogitRows)))
        return call.emitOpError("expected the logits of the rows that need them; select those with llm.select_rows");
    }
    for (Value result : call.getResults()) {
      if (isa<KVType>(result.getType())) {
        buffers[result] = body.getArgument(kPages);
        continue;
      }
      Value buffer = buffers.lookup(result);
      if (!buffer) {
        auto type = cast<MemRefType>(getBufferType(result.getType()));
        buffer = memref::AllocOp::create(builder, loc, type, rows);
      }
      buffers[result] = buffer;
      rowCounts[buffer] = rows;
      operands.push_back(buffer);
    }
    if (kernel.shared)
      operands.push_back(memref::AllocOp::create(builder, loc, kernel.shared));
    for (int64_t phase = 0; phase < kernel.getPhases(); ++phase) {
      SmallVector<Value> all = operands;
      if (kernel.shared)
        all.push_back(arith::ConstantIndexOp::create(builder, loc, phase));
      llvm::append_values(all, body.getArgument(kWorker), body.getArgument(kWorkers));
      func::CallOp::create(builder, loc, call.getCallee(), TypeRange{}, all);
    }
    return success();
  }

  DenseMap<Value, Value> rowCounts;
};

} // namespace
