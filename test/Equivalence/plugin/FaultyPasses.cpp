//===- FaultyPasses.cpp - Passes with a fault put in on purpose -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Each is a mistake that somebody could make in a pass of hone; hone-equiv must name the pass and the op.

#include "FaultyPasses.h"

#include "hone/Driver/PassPlugin.h"
#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

/// The op of that kind whose location has this name; null without one.
template <typename Op> static Op find(ModuleOp module, StringRef name) {
  Op found;
  module.walk([&](Op op) {
    std::string text;
    ::llvm::raw_string_ostream(text) << op.getLoc();
    if (StringRef(text).contains("\"" + name.str() + "\""))
      found = op;
  });
  return found;
}

/// Fusion hands the projections the weights of each other.
static void swapKeyAndValue(ModuleOp module) {
  module.walk([](QKVOp op) {
    Value key = op.getKeyWeight(), value = op.getValueWeight();
    op.getKeyWeightMutable().assign(value);
    op.getValueWeightMutable().assign(key);
  });
}

/// Fusion takes up for gate.
static void swapGateAndUp(ModuleOp module) {
  module.walk([](GatedLinearOp op) {
    Value gate = op.getGateWeight(), up = op.getUpWeight();
    op.getGateWeightMutable().assign(up);
    op.getUpWeightMutable().assign(gate);
  });
}

/// The norm that an addition joins forgets the addition.
static void dropResidual(ModuleOp module) {
  if (auto add = find<AddOp>(module, "blk.0.attn_residual")) {
    add.getResult().replaceAllUsesWith(add.getLhs());
    add->erase();
  }
}

/// One op of a layer is skipped.
static void skipActivation(ModuleOp module) {
  if (auto activation = find<GatedActivationOp>(module, "blk.1.ffn_act")) {
    activation.getResult().replaceAllUsesWith(activation.getUp());
    activation->erase();
  }
}

/// The rounded rows of another layer are taken.
static void quantizeOtherInput(ModuleOp module) {
  QuantizeRowsOp first;
  module.walk([&](QuantizeRowsOp op) {
    if (first && first.getInput().getType() == op.getInput().getType())
      op.getInputMutable().assign(first.getInput());
    else if (!first)
      first = op;
  });
}

/// A constant is written as f16 somewhere on the way.
static void changeEpsilon(ModuleOp module) {
  if (auto norm = find<RMSNormOp>(module, "blk.1.ffn_norm"))
    norm.setEpsilonAttr(FloatAttr::get(Float32Type::get(module.getContext()), 1.0e-2));
}

static void changeRopeBase(ModuleOp module) {
  module.walk([](RopeOp op) { op.setBaseAttr(FloatAttr::get(Float64Type::get(op.getContext()), 5.0e5)); });
}

static void changeRopePairing(ModuleOp module) {
  module.walk([](RopeOp op) { op.setPairing(Pairing::Halves); });
}

/// Keys and values of a layer are written over those of the one before.
static void shareLayer(ModuleOp module) {
  KVAppendOp first;
  module.walk([&](KVAppendOp op) {
    if (first)
      op.getLayerMutable().assign(first.getLayer());
    else
      first = op;
  });
}

/// A weight reads the tensor of another layer.
static void readOtherTensor(ModuleOp module) {
  module.walk([](FileTensorOp op) {
    if (op.getName() == "blk.1.attn_output.weight")
      op.setName("blk.0.attn_output.weight");
  });
}

static void registerFaultyPasses() {
  test::registerFaultyPass("faulty-swap-key-and-value", swapKeyAndValue);
  test::registerFaultyPass("faulty-swap-gate-and-up", swapGateAndUp);
  test::registerFaultyPass("faulty-drop-residual", dropResidual);
  test::registerFaultyPass("faulty-skip-activation", skipActivation);
  test::registerFaultyPass("faulty-quantize-other-input", quantizeOtherInput);
  test::registerFaultyPass("faulty-change-epsilon", changeEpsilon);
  test::registerFaultyPass("faulty-change-rope-base", changeRopeBase);
  test::registerFaultyPass("faulty-change-rope-pairing", changeRopePairing);
  test::registerFaultyPass("faulty-share-layer", shareLayer);
  test::registerFaultyPass("faulty-read-other-tensor", readOtherTensor);
  test::registerFaultyKernels();
  test::registerFaultySteps();
}

HONE_PASS_PLUGIN("FaultyPasses", registerFaultyPasses)
