//===- EmbedWeights.cpp - Weights of a test as constants in memory --------- -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_EMBEDWEIGHTSPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

/// As in the weight section of a program.
constexpr int64_t kAlignment = kWeightAlignment;

using Bytes = SmallVector<uint8_t, 0>;

/// The bytes of the value of a recipe.
FailureOr<Bytes> evaluate(Value value);

FailureOr<Bytes> evaluateConstant(arith::ConstantOp op) {
  auto values = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!values || !values.getElementType().isF32())
    return op.emitOpError("expected a dense tensor of f32 in a recipe, got ") << op.getType();
  Bytes bytes;
  for (float number : values.getValues<float>()) {
    const auto *raw = reinterpret_cast<const uint8_t *>(&number);
    bytes.append(raw, raw + sizeof(number));
  }
  return bytes;
}

FailureOr<Bytes> evaluateConvert(check::ConvertOp op) {
  FailureOr<Bytes> source = evaluate(op.getInput());
  if (failed(source))
    return failure();
  auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
  StoredAttr encoding = getStored(type);
  if (!encoding || encoding.getPanel())
    return op.emitOpError("expected a result with encoding '#llm.stored' without a panel, got ")
           << op.getResult().getType();
  ArrayRef<float> values(reinterpret_cast<const float *>(source->data()), source->size() / sizeof(float));
  Bytes bytes(getWeightBytes(type));
  if (failed(encodeExactly(encoding, type.getShape(), values, bytes)))
    return op.emitOpError("expected numbers that scheme '")
           << stringifyScheme(encoding.getScheme()) << "' represents exactly, with its extremes in each block";
  return bytes;
}

FailureOr<Bytes> evaluatePack(PackOp op) {
  FailureOr<Bytes> source = evaluate(op.getInput());
  if (failed(source))
    return failure();
  RankedTensorType type = op.getType();
  Bytes bytes(getWeightBytes(type));
  getStored(type).pack(type.getShape(), *source, bytes);
  return bytes;
}

FailureOr<Bytes> evaluate(Value value) {
  return llvm::TypeSwitch<Operation *, FailureOr<Bytes>>(value.getDefiningOp())
      .Case([](arith::ConstantOp op) { return evaluateConstant(op); })
      .Case([](check::ConvertOp op) { return evaluateConvert(op); })
      .Case([](PackOp op) { return evaluatePack(op); })
      .Default([](Operation *op) {
        return op->emitOpError("cannot be embedded; expected a recipe of arith.constant, check.convert and llm.pack");
      });
}

struct EmbedWeightsPass : hone::impl::EmbedWeightsPassBase<EmbedWeightsPass> {
  void runOnOperation() override {
    for (auto weight : llvm::make_early_inc_range(getOperation().getOps<WeightOp>())) {
      FailureOr<Bytes> bytes = evaluate(cast<YieldOp>(weight.getRecipe().front().getTerminator()).getValue());
      if (failed(bytes))
        return signalPassFailure();
      embed(weight, *bytes);
    }
    getOperation().walk([](WeightRefOp reference) {
      OpBuilder builder(reference);
      Location loc = reference.getLoc();
      Value memory = memref::GetGlobalOp::create(builder, loc, cast<MemRefType>(getBufferType(reference.getType())),
                                                 reference.getWeight());
      reference.replaceAllUsesWith(Value(FromBufferOp::create(builder, loc, reference.getType(), memory)));
      reference.erase();
    });
  }

private:
  static void embed(WeightOp weight, ArrayRef<uint8_t> bytes) {
    OpBuilder builder(weight);
    auto type = cast<MemRefType>(getBufferType(weight.getType()));
    ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    auto values =
        DenseElementsAttr::getFromRawBuffer(RankedTensorType::get(type.getShape(), type.getElementType()), raw);
    memref::GlobalOp::create(builder, weight.getLoc(), weight.getSymName(), builder.getStringAttr("private"), type,
                             values, /*constant=*/true, builder.getI64IntegerAttr(kAlignment));
    weight.erase();
  }
};

} // namespace
