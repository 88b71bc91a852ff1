//===- WeightValues.cpp - What the weights of a module are ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightValues.h"

#include "hone/Weights/WeightEvaluator.h"
#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/Encodings.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

static std::string getText(llm::WeightOp weight) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << weight.getType() << weight.getSymName();
  weight.getRecipe().walk([&](Operation *op) { op->print(os, OpPrintingFlags().useLocalScope()); });
  return text;
}

static llm::YieldOp getYield(llm::WeightOp weight) {
  return cast<llm::YieldOp>(weight.getRecipe().front().getTerminator());
}

static Error errorIn(llm::WeightOp weight, const Twine &text) {
  return Error(("weight '" + weight.getSymName() + "': " + text).str());
}

/// The recipe of a test: plain numbers, which its conversion and packing keep. Null for every other recipe.
static TensorRef getConvertedNumbers(llm::WeightOp weight) {
  Operation *op = getYield(weight).getValue().getDefiningOp();
  bool converts = false;
  while (isa_and_nonnull<llm::PackOp, llm::DecodeOp, check::ConvertOp>(op)) {
    converts |= isa<check::ConvertOp>(op);
    op = op->getOperand(0).getDefiningOp();
  }
  auto constant = dyn_cast_if_present<arith::ConstantOp>(op);
  if (!converts || !constant)
    return nullptr;
  TensorRef numbers = fromAttribute(constant.getValue());
  return numbers && numbers->element.isF32() ? numbers : nullptr;
}

/// The bytes of a weight by the evaluator that fills programs.
static Result<AlignedBytes> evaluate(llm::WeightOp weight, const gguf::File *source) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(weight.getLoc());
  module->getBody()->push_back(weight->clone());
  uint64_t bytes = 0;
  Result<std::vector<WeightPlacement>> plan = planWeights(*module, bytes);
  if (!plan)
    return plan.takeError();
  AlignedBytes target(bytes);
  if (Status failed = evaluateWeights(*module, source, *plan, target.data(), bytes))
    return *failed;
  return Result<AlignedBytes>(std::move(target));
}

Result<TensorRef> WeightValues::getValues(llm::WeightOp weight) {
  TensorRef &cached = values[getText(weight)];
  if (cached)
    return cached;
  TensorRef result = getConvertedNumbers(weight);
  if (!result) {
    auto type = cast<RankedTensorType>(weight.getType());
    Result<AlignedBytes> bytes = evaluate(weight, source);
    if (!bytes)
      return bytes.takeError();
    auto tensor = std::make_shared<Tensor>(Float32Type::get(weight.getContext()), type.getShape());
    if (llm::StoredAttr encoding = llm::getStored(type)) {
      int64_t columns = type.getDimSize(1);
      ArrayRef<uint8_t> raw(bytes->data(), encoding.getStoredBytes(type.getShape()));
      for (int64_t row = 0; row < type.getDimSize(0); ++row)
        encoding.unpackRow(type.getShape(), raw, row, MutableArrayRef(tensor->as<float>() + row * columns, columns));
    } else {
      Tensor plain(type.getElementType(), type.getShape());
      std::memcpy(plain.bytes.data(), bytes->data(), plain.bytes.size());
      for (int64_t i = 0; i < plain.size(); ++i)
        tensor->as<float>()[i] = static_cast<float>(plain.at(i));
    }
    result = tensor;
  }
  TensorRef &shared = distinct[result->key()];
  if (!shared)
    shared = result;
  return cached = shared;
}

Result<std::shared_ptr<AlignedBytes>> WeightValues::getBytes(llm::WeightOp weight) {
  std::shared_ptr<AlignedBytes> &cached = stored[getText(weight)];
  if (cached)
    return cached;
  TensorRef numbers = getConvertedNumbers(weight);
  if (!numbers) {
    Result<AlignedBytes> bytes = evaluate(weight, source);
    if (!bytes)
      return bytes.takeError();
    return cached = std::make_shared<AlignedBytes>(std::move(*bytes));
  }
  auto type = cast<RankedTensorType>(weight.getType());
  llm::StoredAttr encoding = llm::getStored(type);
  if (!encoding)
    return errorIn(weight, "expected a type with encoding '#llm.stored' for the numbers of a test");
  auto fileOrder = llm::StoredAttr::get(weight.getContext(), encoding.getScheme());
  AlignedBytes blocks(fileOrder.getStoredBytes(type.getShape()));
  if (failed(llm::encodeExactly(fileOrder, type.getShape(), ArrayRef(numbers->as<float>(), numbers->size()),
                                MutableArrayRef(blocks.data(), blocks.size()))))
    return errorIn(weight, "expected numbers that scheme '" + llm::stringifyScheme(encoding.getScheme()) +
                               "' represents exactly");
  if (!encoding.getPanel())
    return cached = std::make_shared<AlignedBytes>(std::move(blocks));
  AlignedBytes packed(encoding.getStoredBytes(type.getShape()));
  encoding.pack(type.getShape(), ArrayRef(blocks.data(), blocks.size()), MutableArrayRef(packed.data(), packed.size()));
  return cached = std::make_shared<AlignedBytes>(std::move(packed));
}
