//===- StepBuilder.cpp - Composes the graph of a step ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepBuilder.h"

using namespace mlir;
using namespace hone;

static Location nameLoc(MLIRContext *context, StringRef name) { return NameLoc::get(StringAttr::get(context, name)); }

StepBuilder::StepBuilder(ModuleOp module, const StepShape &shape) : builder(module.getContext()), shape(shape) {
  MLIRContext *context = builder.getContext();
  builder.setInsertionPointToEnd(module.getBody());
  auto rowIndices = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  Type element = builder.getF16Type();
  if (shape.kvPrecision == llm::Precision::Int8)
    element = builder.getI8Type();
  auto kvType = llm::KVType::get(context, shape.layers, shape.kvHeads, shape.headDim, element);
  auto logits = RankedTensorType::get({ShapedType::kDynamic, shape.vocabulary}, builder.getF32Type());
  SmallVector<Type> inputs = {rowIndices, rowIndices, rowIndices, rowIndices, kvType};
  auto function = func::FuncOp::create(builder, nameLoc(context, "step"), "step",
                                       builder.getFunctionType(inputs, {logits, kvType}));
  function->setAttr(llm::kStepAttr, builder.getUnitAttr());

  SmallVector<Location> locations;
  for (StringRef name : {"tokens", "positions", "sequences", "logit_rows", "kv"})
    locations.push_back(nameLoc(context, name));
  Block *body = builder.createBlock(&function.getBody(), {}, inputs, locations);
  tokens = body->getArgument(0);
  positions = body->getArgument(1);
  sequences = body->getArgument(2);
  logitRows = body->getArgument(3);
  kv = body->getArgument(4);
}

Location StepBuilder::locate(StringRef name) {
  return nameLoc(builder.getContext(), layerName.empty() ? name.str() : layerName + "." + name.str());
}

Value StepBuilder::refer(Location loc, llm::WeightOp weight) {
  return llm::WeightRefOp::create(builder, loc, weight.getType(), FlatSymbolRefAttr::get(weight));
}

void StepBuilder::beginLayer(int64_t layer) {
  assert(layer < shape.layers && "layer without KV memory");
  layerName = "blk." + std::to_string(layer);
  layerIndex = arith::ConstantIndexOp::create(builder, nameLoc(builder.getContext(), layerName), layer);
}

Value StepBuilder::embedding(llm::WeightOp table) {
  Location loc = table.getLoc();
  return llm::EmbeddingOp::create(builder, loc, tokens, refer(loc, table));
}

Value StepBuilder::rmsNorm(Value input, llm::WeightOp weight, double epsilon) {
  Location loc = weight.getLoc();
  return llm::RMSNormOp::create(builder, loc, input, refer(loc, weight), builder.getF32FloatAttr(epsilon),
                                /*rounding=*/nullptr);
}

Value StepBuilder::linear(Value input, llm::WeightOp weight, StringRef name) {
  Location loc = name.empty() ? weight.getLoc() : nameLoc(builder.getContext(), name);
  return llm::LinearOp::create(builder, loc, input, refer(loc, weight), /*bias=*/Value(), llm::PrecisionAttr(),
                               /*scale=*/FloatAttr());
}

Value StepBuilder::addBias(Value input, llm::WeightOp bias) {
  Location loc = bias.getLoc();
  return llm::AddBiasOp::create(builder, loc, input, refer(loc, bias));
}

Value StepBuilder::scale(StringRef name, Value input, double factor) {
  return llm::ScaleOp::create(builder, locate(name), input, builder.getF32FloatAttr(factor));
}

Value StepBuilder::rope(StringRef name, Value input, double base, llm::Pairing pairing) {
  return llm::RopeOp::create(builder, locate(name), input, positions, builder.getI64IntegerAttr(shape.headDim),
                             builder.getF64FloatAttr(base), llm::PairingAttr::get(builder.getContext(), pairing));
}

void StepBuilder::appendKV(Value keys, Value values) {
  kv = llm::KVAppendOp::create(builder, locate("kv_append"), kv, layerIndex, keys, values, positions, sequences);
}

Value StepBuilder::attention(Value queries, double scale) {
  return llm::AttentionOp::create(builder, locate("attention"), queries, kv, layerIndex, positions, sequences,
                                  builder.getF32FloatAttr(scale), /*rounding=*/nullptr);
}

Value StepBuilder::gatedActivation(StringRef name, Value gate, Value up, llm::Activation function) {
  return llm::GatedActivationOp::create(builder, locate(name), gate, up,
                                        llm::ActivationAttr::get(builder.getContext(), function));
}

Value StepBuilder::add(StringRef name, Value lhs, Value rhs) {
  return llm::AddOp::create(builder, locate(name), lhs, rhs);
}

Value StepBuilder::selectLogitRows(Value input) {
  // What follows the last layer belongs to none.
  layerName.clear();
  return llm::SelectRowsOp::create(builder, locate("logit_rows"), input, logitRows);
}

void StepBuilder::finish(Value logits) {
  layerName.clear();
  func::ReturnOp::create(builder, locate("step"), ValueRange{logits, kv});
}
