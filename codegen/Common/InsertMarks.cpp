//===- InsertMarks.cpp - Show where the time of a step goes --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone-rt/ABI.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_INSERTMARKSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

/// What a call of a kernel reads and computes, as `hone_kernel` has it.
struct KernelCost {
  int64_t arithmetic = HONE_ARITHMETIC_NONE;
  int64_t weightBytes = 0, rowWeightBytes = 0, rowOperations = 0, positionBytes = 0, positionOperations = 0;
};

struct InsertMarksPass : hone::impl::InsertMarksPassBase<InsertMarksPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto step : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!step->hasAttr(llm::kStepAttr))
        continue;
      if (step.isExternal() || step.getNumArguments() != kStepArguments) {
        step.emitOpError("expected a step in memory form; run hone-bufferize-step first");
        return signalPassFailure();
      }
      if (failed(markStep(step, symbols)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult markStep(func::FuncOp step, SymbolTable &symbols) {
    declareMark(step.getLoc(), symbols);
    OpBuilder builder(&getContext());
    llvm::MapVector<StringRef, Attribute> kernels;
    SmallVector<int32_t> table;
    func::CallOp before;
    int64_t calls = 0;
    for (auto call : llvm::to_vector(step.getBody().front().getOps<func::CallOp>())) {
      if (call.getCallee() == kTapFunction)
        continue;
      if (call.getCallee() == kBarrierFunction) {
        insertMark(builder, call, -1);
        continue;
      }
      auto kernel = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!kernel || !kernel->hasAttr(llm::kKernelAttr))
        return call.emitOpError("expected a call of a kernel");
      auto *known = kernels.try_emplace(kernel.getName()).first;
      if (!known->second)
        known->second = describeKernel(builder, kernel);
      bool later = before && isNextPhase(before, call);
      uint32_t flags = (hasLogitRows(call, kernel) ? HONE_CALL_LOGIT_ROWS : 0) | (later ? HONE_CALL_LATER_PHASE : 0);
      llvm::append_values(table, static_cast<int32_t>(known - kernels.begin()), static_cast<int32_t>(flags),
                          findWeight(call));
      insertMark(builder, call, calls++);
      before = call;
    }
    SmallVector<Attribute> descriptions = llvm::map_to_vector(kernels, [](const auto &entry) { return entry.second; });
    getOperation()->setAttr(llm::kKernelsAttr, builder.getArrayAttr(descriptions));
    getOperation()->setAttr(llm::kCallsAttr, builder.getDenseI32ArrayAttr(table));
    return success();
  }

  void declareMark(Location loc, SymbolTable &symbols) {
    if (symbols.lookup(kMarkFunction))
      return;
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(getOperation().getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), index = builder.getIndexType();
    auto mark = func::FuncOp::create(builder, loc, kMarkFunction, builder.getFunctionType({pointer, index, index}, {}));
    mark.setPrivate();
    symbols.insert(mark);
  }

  static void insertMark(OpBuilder &builder, func::CallOp call, int64_t number) {
    builder.setInsertionPointAfter(call);
    Block *body = call->getBlock();
    Value operands[] = {body->getArgument(kBarrier), body->getArgument(kWorker),
                        arith::ConstantIndexOp::create(builder, call.getLoc(), number)};
    func::CallOp::create(builder, call.getLoc(), kMarkFunction, TypeRange{}, operands);
  }

  static Attribute describeKernel(OpBuilder &builder, func::FuncOp kernel) {
    KernelCost cost;
    kernel.walk([&](llm::ReferenceLoweringOpInterface op) { cost = getCost(op); });
    auto number = [&](StringRef name, int64_t value) {
      return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
    };
    return builder.getDictionaryAttr(
        {builder.getNamedAttr("name", builder.getStringAttr(kernel.getName())), number("arithmetic", cost.arithmetic),
         number("weight_bytes", cost.weightBytes), number("row_weight_bytes", cost.rowWeightBytes),
         number("row_operations", cost.rowOperations), number("position_bytes", cost.positionBytes),
         number("position_operations", cost.positionOperations)});
  }

  static KernelCost getCost(Operation *op) {
    KernelCost cost;
    if (auto attention = dyn_cast<llm::AttentionOp>(op)) {
      PageLayout pages(attention.getKv().getType());
      cost.arithmetic = HONE_ARITHMETIC_F32;
      // A key and a value, with their scales; a product with each, of two operations per element.
      cost.positionBytes = pages.bytes() / (pages.layers * PageLayout::positions);
      cost.positionOperations = 2 * 2 * attention.getHeads() * pages.headDim;
      return cost;
    }
    llm::Precision precision = llm::Precision::F32;
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<RankedTensorType>(operand.getType());
      if (!type)
        continue;
      if (llm::getBlocked(type))
        precision = llm::getPrecision(type);
      if (isa<llm::EmbeddingOp>(op) && type.hasStaticShape()) {
        cost.rowWeightBytes = llm::getWeightBytes(type) / type.getDimSize(0);
      } else if (type.hasStaticShape()) {
        cost.weightBytes += llm::getWeightBytes(type);
        if (llm::getStored(type) && type.getRank() == 2)
          cost.rowOperations += 2 * type.getNumElements();
      }
    }
    if (cost.rowOperations)
      cost.arithmetic = precision == llm::Precision::Int16  ? HONE_ARITHMETIC_INT16
                        : precision == llm::Precision::Int8 ? HONE_ARITHMETIC_INT8
                                                            : HONE_ARITHMETIC_F32;
    return cost;
  }

  /// Whether what a call writes has as many rows as need logits.
  static bool hasLogitRows(func::CallOp call, func::FuncOp kernel) {
    Value logitRows = call->getBlock()->getArgument(kLogitRows);
    for (auto [index, operand] : llvm::enumerate(call.getOperands())) {
      auto access = kernel.getArgAttrOfType<StringAttr>(index, llm::kAccessAttr);
      if (!access || access == "read")
        continue;
      if (operand == call->getBlock()->getArgument(kLogits))
        return true;
      auto view = operand.getDefiningOp<memref::ViewOp>();
      if (!view || view.getSizes().empty())
        continue;
      auto size = view.getSizes().front().getDefiningOp<memref::DimOp>();
      if (size && size.getSource() == logitRows)
        return true;
    }
    return false;
  }

  /// The index of the first weight among the operands: what loads its address from the table of weights says it.
  static int32_t findWeight(func::CallOp call) {
    Value table = call->getBlock()->getArgument(kWeights);
    for (Value operand : call.getOperands()) {
      SetVector<Value> sources;
      sources.insert(operand);
      for (size_t next = 0; next < sources.size(); ++next) {
        Operation *source = sources[next].getDefiningOp();
        if (auto address = dyn_cast_or_null<LLVM::GEPOp>(source); address && address.getBase() == table) {
          APInt index;
          Value dynamic = address.getDynamicIndices().front();
          if (auto cast = dynamic.getDefiningOp<UnrealizedConversionCastOp>())
            dynamic = cast.getOperand(0);
          return matchPattern(dynamic, m_ConstantInt(&index)) ? static_cast<int32_t>(index.getSExtValue()) : -1;
        }
        if (isa_and_nonnull<UnrealizedConversionCastOp, LLVM::InsertValueOp, LLVM::LoadOp>(source))
          sources.insert(source->operand_begin(), source->operand_end());
      }
    }
    return -1;
  }
};

} // namespace
