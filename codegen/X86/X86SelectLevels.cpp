//===- X86SelectLevels.cpp - One copy of the code for each ISA level ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatTiles.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/X86/Levels.h"
#include "hone/codegen/X86/Passes.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_X86SELECTLEVELSPASS
#include "hone/codegen/X86/Passes.h.inc"
} // namespace hone

namespace {

/// Whether a product of the op is one for tiles of floats. Only the weights of a gated linear are multiplied together.
bool hasFloatTiles(Operation *op) {
  auto fits = [&](ValueRange weights) {
    return llvm::all_of(weights, [&](Value weight) {
      llm::StoredAttr stored = llm::getStored(weight.getType());
      return stored && x86::FloatTiles::fits(op->getOperand(0).getType(), stored.getScheme());
    });
  };
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](llm::LinearOp linear) { return fits(linear.getWeight()); })
      .Case([&](llm::GatedLinearOp gated) {
        return fits({gated.getGateWeight(), gated.getUpWeight()});
      })
      .Case([&](llm::QKVOp qkv) {
        return fits(qkv.getQueryWeight()) || fits(qkv.getKeyWeight()) || fits(qkv.getValueWeight());
      })
      .Default(false);
}

/// Whether the op of a kernel has code of its own at a level. It shares that of the level below otherwise.
bool hasOwnCode(Operation *op, x86::Level level) {
  bool isProduct = isa<llm::LinearOp, llm::QKVOp, llm::GatedLinearOp>(op);
  std::optional<llm::BlockLayout> integers =
      isProduct ? llm::getBlockLayout(op->getOperand(0).getType()) : std::nullopt;
  switch (level) {
  case x86::Level::V3:
    return true;
  case x86::Level::AVXVNNI:
    return integers.has_value();
  case x86::Level::AVX512:
    return isProduct || isa<llm::AttentionOp>(op);
  case x86::Level::AMX:
    return integers ? integers->elementBytes == 1 : isProduct && hasFloatTiles(op);
  }
  llvm_unreachable("unknown level");
}

/// The level whose code runs at `level`.
x86::Level getCodeLevel(func::FuncOp kernel, x86::Level level) {
  auto hasOwn = [&](x86::Level candidate) {
    return kernel
        .walk([&](llm::ReferenceLoweringOpInterface op) {
          return hasOwnCode(op, candidate) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  };
  if (level == x86::Level::AMX && !hasOwn(level))
    level = x86::Level::AVX512;
  return hasOwn(level) ? level : x86::Level::V3;
}

struct X86SelectLevelsPass : hone::impl::X86SelectLevelsPassBase<X86SelectLevelsPass> {
  using X86SelectLevelsPassBase::X86SelectLevelsPassBase;

  void runOnOperation() override {
    SmallVector<x86::Level> selected;
    if (failed(parseLevels(selected)))
      return signalPassFailure();
    SmallVector<func::FuncOp> kernels, steps;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function->hasAttr(llm::kKernelAttr))
        kernels.push_back(function);
      else if (function->hasAttr(llm::kStepAttr))
        steps.push_back(function);
    }
    if (selected.size() == 1) {
      for (func::FuncOp kernel : kernels)
        setLevel(kernel, selected.front());
      for (func::FuncOp step : steps)
        step->setAttr(kLevelsAttr, getNames(selected));
      return;
    }
    llvm::StringSet<> names;
    for (func::FuncOp kernel : kernels) {
      names.insert(kernel.getName());
      dispatch(kernel, selected);
    }
    for (func::FuncOp step : steps)
      passLevel(step, names, selected);
  }

private:
  LogicalResult parseLevels(SmallVector<x86::Level> &selected) {
    for (StringRef name : levels) {
      std::optional<x86::Level> level = x86::findLevel(name);
      if (!level) {
        InFlightDiagnostic diagnostic = getOperation().emitError("expected levels among ");
        llvm::interleaveComma(kIsaLevelNames, diagnostic, [&](StringRef known) { diagnostic << "'" << known << "'"; });
        return diagnostic << ", got '" << name << "'";
      }
      if (!llvm::is_contained(selected, *level))
        selected.push_back(*level);
    }
    if (selected.empty())
      for (unsigned level = 0; level < HONE_ISA_LEVELS; ++level)
        selected.push_back(static_cast<x86::Level>(level));
    return success();
  }

  void setLevel(func::FuncOp function, x86::Level level) {
    function->setAttr(kLevelAttr, StringAttr::get(&getContext(), x86::getLevelName(level)));
  }

  ArrayAttr getNames(ArrayRef<x86::Level> selected) {
    SmallVector<StringRef> names = llvm::map_to_vector(selected, x86::getLevelName);
    return Builder(&getContext()).getStrArrayAttr(names);
  }

  /// Copies of `kernel` for the levels, and in its place what calls the one of the level that its last argument says.
  void dispatch(func::FuncOp kernel, ArrayRef<x86::Level> selected) {
    OpBuilder builder(kernel);
    Location loc = kernel.getLoc();
    SmallVector<Type> inputs = llvm::to_vector(kernel.getArgumentTypes());
    inputs.push_back(builder.getIndexType());
    auto dispatcher = func::FuncOp::create(builder, loc, kernel.getName(), builder.getFunctionType(inputs, {}));
    dispatcher.setPrivate();
    // Otherwise its code would be that of a kernel, for the lowest level.
    dispatcher->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
    llvm::MapVector<x86::Level, func::FuncOp> copies;
    for (x86::Level level : selected) {
      func::FuncOp &copy = copies[getCodeLevel(kernel, level)];
      if (copy)
        continue;
      copy = cast<func::FuncOp>(builder.clone(*kernel));
      x86::Level own = getCodeLevel(kernel, level);
      copy.setName((kernel.getName() + "." + x86::getLevelName(own)).str());
      copy->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
      setLevel(copy, own);
    }
    builder.setInsertionPointToEnd(dispatcher.addEntryBlock());
    ValueRange arguments = dispatcher.getArguments().drop_back();
    auto call = [&](x86::Level level) {
      func::CallOp::create(builder, loc, copies[getCodeLevel(kernel, level)], arguments);
    };
    if (copies.size() > 1) {
      SmallVector<int64_t> cases;
      for (x86::Level level : selected.drop_front())
        cases.push_back(static_cast<int64_t>(level));
      auto branch = scf::IndexSwitchOp::create(builder, loc, TypeRange(), dispatcher.getArguments().back(), cases,
                                               static_cast<unsigned>(cases.size()));
      OpBuilder::InsertionGuard guard(builder);
      for (auto [level, region] : llvm::zip_equal(selected.drop_front(), branch.getCaseRegions())) {
        builder.setInsertionPointToEnd(&region.emplaceBlock());
        call(level);
        scf::YieldOp::create(builder, loc);
      }
      builder.setInsertionPointToEnd(&branch.getDefaultRegion().emplaceBlock());
      call(selected.front());
      scf::YieldOp::create(builder, loc);
    } else {
      call(selected.front());
    }
    builder.setInsertionPointToEnd(&dispatcher.getBody().front());
    func::ReturnOp::create(builder, loc);
    kernel.erase();
  }

  /// Gives a step the level as its last argument, for the kernels.
  void passLevel(func::FuncOp step, const llvm::StringSet<> &kernels, ArrayRef<x86::Level> selected) {
    step->setAttr(kLevelsAttr, getNames(selected));
    Type index = IndexType::get(&getContext());
    (void)step.insertArgument(step.getNumArguments(), index, DictionaryAttr(), step.getLoc());
    Value level = step.getArguments().back();
    step.walk([&](func::CallOp call) {
      if (kernels.contains(call.getCallee()))
        call->insertOperands(call->getNumOperands(), level);
    });
  }
};

} // namespace
