//===- EmitStepEntry.cpp - The function that the runtime calls ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone-rt/ABI.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cstddef>

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_EMITSTEPENTRYPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

struct EmitStepEntryPass : hone::impl::EmitStepEntryPassBase<EmitStepEntryPass> {
  void runOnOperation() override {
    func::FuncOp step;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(llm::kStepAttr))
        continue;
      if (step) {
        function.emitOpError("is a second step; a program has one");
        return signalPassFailure();
      }
      step = function;
    }
    if (!step || !isInMemoryForm(step)) {
      getOperation().emitError("expected one step in memory form; run hone-bufferize-step first");
      return signalPassFailure();
    }
    if (auto levels = step->getAttrOfType<ArrayAttr>(kLevelsAttr))
      for (auto level : levels.getAsRange<StringAttr>())
        emitEntry(step, level, /*isFirst=*/level == levels[0]);
    else
      emitEntry(step, {}, /*isFirst=*/true);
    // What marked the step for the passes before has no meaning in plain code.
    step->removeAttr(llm::kStepAttr);
    step->removeAttr(kLevelsAttr);
  }

private:
  /// With several levels, the last argument is the one to run.
  static bool takesLevel(func::FuncOp step) {
    auto levels = step->getAttrOfType<ArrayAttr>(kLevelsAttr);
    return levels && levels.size() > 1;
  }

  /// Whether the arguments are those that `StepArgument` lists.
  static bool isInMemoryForm(func::FuncOp step) {
    if (step.getNumArguments() != kStepArguments + takesLevel(step) || step.getNumResults() != 0)
      return false;
    Builder builder(step.getContext());
    Type indices = MemRefType::get({ShapedType::kDynamic}, builder.getI32Type());
    Type bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
    Type pointer = LLVM::LLVMPointerType::get(step.getContext());
    auto logits = dyn_cast<MemRefType>(step.getArgumentTypes()[kLogits]);
    if (!logits || logits.getRank() != 2 || !logits.isDynamicDim(0) || logits.isDynamicDim(1) ||
        !logits.getLayout().isIdentity())
      return false;
    Type expected[] = {indices,
                       indices,
                       indices,
                       indices,
                       pointer,
                       logits,
                       pointer,
                       bytes,
                       pointer,
                       builder.getIndexType(),
                       builder.getIndexType()};
    return llvm::equal(step.getArgumentTypes().take_front(kStepArguments), expected) &&
           (!takesLevel(step) || step.getArgumentTypes().back().isIndex());
  }

  static int64_t getNumber(StringAttr level) {
    return llvm::find(kIsaLevelNames, level.getValue()) - std::begin(kIsaLevelNames);
  }

  /// `hone_step` for the first level, `hone_step.LEVEL` for others.
  void emitEntry(func::FuncOp step, StringAttr level, bool isFirst) {
    Location loc = step.getLoc();
    auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
    std::string name = isFirst ? kStepFunction.str() : (kStepFunction + "." + level.getValue()).str();
    auto entry = func::FuncOp::create(builder, loc, name, builder.getFunctionType({pointer, i32, i32}, {}));
    if (level)
      entry->setAttr(kLevelAttr, level);
    Block *body = entry.addEntryBlock();
    builder.setInsertionPointToEnd(body);

    auto loadField = [&](size_t offset, Type type) -> Value {
      Value address = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), body->getArgument(0),
                                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
      return LLVM::LoadOp::create(builder, loc, type, address);
    };
    auto loadIndex = [&](size_t offset) {
      return UnrealizedConversionCastOp::create(builder, loc, builder.getIndexType(), loadField(offset, i64))
          .getResult(0);
    };
    Value rows = loadIndex(offsetof(::hone_step, rows));
    Value logitRows = loadIndex(offsetof(::hone_step, logit_rows));
    auto loadMemRef = [&](StepArgument argument, size_t offset, Value size) {
      return createMemRef(builder, loc, loadField(offset, pointer), cast<MemRefType>(step.getArgumentTypes()[argument]),
                          size);
    };
    auto arenaBytes = getOperation()->getAttrOfType<IntegerAttr>(llm::kArenaBytesAttr);
    Value arenaSize = arith::ConstantIndexOp::create(builder, loc, arenaBytes ? arenaBytes.getInt() : 0);
    SmallVector<Value> arguments(kStepArguments);
    arguments[kTokens] = loadMemRef(kTokens, offsetof(::hone_step, tokens), rows);
    arguments[kPositions] = loadMemRef(kPositions, offsetof(::hone_step, positions), rows);
    arguments[kSequences] = loadMemRef(kSequences, offsetof(::hone_step, sequences), rows);
    arguments[kLogitRows] = loadMemRef(kLogitRows, offsetof(::hone_step, logit_row), logitRows);
    arguments[kPages] = loadField(offsetof(::hone_step, pages), pointer);
    arguments[kLogits] = loadMemRef(kLogits, offsetof(::hone_step, logits), logitRows);
    arguments[kWeights] = loadField(offsetof(::hone_step, weights), pointer);
    arguments[kArena] = loadMemRef(kArena, offsetof(::hone_step, arena), arenaSize);
    arguments[kBarrier] = loadField(offsetof(::hone_step, barrier), pointer);
    for (auto [argument, source] : {std::pair(kWorker, 1), std::pair(kWorkers, 2)})
      arguments[argument] = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), body->getArgument(source));
    if (takesLevel(step))
      arguments.push_back(arith::ConstantIndexOp::create(builder, loc, getNumber(level)));
    func::CallOp::create(builder, loc, step, arguments);
    func::ReturnOp::create(builder, loc);
    step.setPrivate();
  }
};

} // namespace
