//===- Recipe.cpp - The recipe of a weight, ready to run ------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recipe.h"

#include "hone/dialects/LLM/Encodings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>

using namespace mlir;
using namespace hone;

/// Longer chains have no use, and a hostile module may have any number of ops.
static constexpr unsigned kMaxSteps = 64;

template <typename T> static std::string print(T value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.print(stream);
  return text;
}

std::string hone::escapeName(StringRef name) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::printEscapedString(name, stream);
  return text;
}

static Error errorIn(llm::WeightOp weight, const Twine &text) {
  return Error(("weight '" + escapeName(weight.getSymName()) + "': " + text).str());
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

RowShape hone::getRowShape(RankedTensorType type) {
  if (type.getRank() == 0)
    return {1, 1};
  return {type.getNumElements() / std::max<int64_t>(type.getShape().back(), 1), type.getShape().back()};
}

int64_t hone::getRowBytes(RankedTensorType type, int64_t rows) {
  int64_t columns = getRowShape(type).columns;
  if (auto encoding = dyn_cast_if_present<llm::WeightEncodingAttrInterface>(type.getEncoding()))
    return encoding.getStoredBytes({rows, columns});
  return rows * columns * type.getElementTypeBitWidth() / 8;
}

static int64_t getPanelRows(RankedTensorType type) {
  llm::StoredAttr stored = llm::getStored(type);
  return stored && stored.getPanel() ? stored.getPanel().getRows() : 1;
}

/// The scheme of a weight in file order: of its encoding, or the plain one of its elements.
static std::optional<llm::Scheme> getScheme(RankedTensorType type) {
  if (llm::StoredAttr stored = llm::getStored(type))
    return stored.getPanel() ? std::nullopt : std::optional(stored.getScheme());
  if (type.getElementType().isF32())
    return llm::Scheme::F32;
  if (type.getElementType().isF16())
    return llm::Scheme::F16;
  if (type.getElementType().isBF16())
    return llm::Scheme::BF16;
  return std::nullopt;
}

/// GGUF's number for a scheme; the schemes are those of GGUF, under the same names.
static gguf::TensorType getFileType(llm::Scheme scheme) {
  switch (scheme) {
  case llm::Scheme::F32:
    return gguf::TensorType::F32;
  case llm::Scheme::F16:
    return gguf::TensorType::F16;
  case llm::Scheme::BF16:
    return gguf::TensorType::BF16;
  case llm::Scheme::Q4_0:
    return gguf::TensorType::Q4_0;
  case llm::Scheme::Q4_1:
    return gguf::TensorType::Q4_1;
  case llm::Scheme::Q5_0:
    return gguf::TensorType::Q5_0;
  case llm::Scheme::Q5_1:
    return gguf::TensorType::Q5_1;
  case llm::Scheme::Q8_0:
    return gguf::TensorType::Q8_0;
  case llm::Scheme::Q2_K:
    return gguf::TensorType::Q2_K;
  case llm::Scheme::Q3_K:
    return gguf::TensorType::Q3_K;
  case llm::Scheme::Q4_K:
    return gguf::TensorType::Q4_K;
  case llm::Scheme::Q5_K:
    return gguf::TensorType::Q5_K;
  case llm::Scheme::Q6_K:
    return gguf::TensorType::Q6_K;
  }
  llvm_unreachable("not a scheme");
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

Result<Recipe> Recipe::compile(llm::WeightOp weight, const gguf::File *source) {
  // From the yield back to the source, one operand at a time.
  SmallVector<Operation *> chain;
  Value value = cast<llm::YieldOp>(weight.getRecipe().front().getTerminator()).getValue();
  while (true) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return errorIn(weight, "the recipe begins with a block argument, expected 'llm.file_tensor' or 'arith.constant'");
    if (chain.size() == kMaxSteps)
      return errorIn(weight, "the recipe has more than " + Twine(kMaxSteps) + " steps");
    chain.push_back(op);
    if (!isa<llm::DecodeOp, llm::PackOp>(op))
      break;
    value = op->getOperand(0);
  }

  Recipe recipe;
  if (Status failed = recipe.addSource(chain.pop_back_val(), source))
    return errorIn(weight, failed->message());
  for (Operation *op : llvm::reverse(chain))
    if (Status failed = recipe.addStep(op))
      return errorIn(weight, failed->message());
  RankedTensorType last = recipe.steps.empty() ? recipe.sourceType : recipe.steps.back().type;
  if (last != weight.getType())
    return errorIn(weight, "the recipe gives " + print(last) + ", expected " + print(weight.getType()));
  return recipe;
}

Status Recipe::addSource(Operation *op, const gguf::File *source) {
  if (op->getNumResults() == 1)
    sourceType = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return addConstant(constant);
  if (auto tensor = dyn_cast<llm::FileTensorOp>(op))
    return addFileTensor(tensor, source);
  return Error("cannot evaluate '" + op->getName().getStringRef().str() +
               "'; recipes are made of llm.file_tensor, llm.decode, llm.pack and arith.constant");
}

Status Recipe::addFileTensor(llm::FileTensorOp op, const gguf::File *source) {
  std::string name = escapeName(op.getName());
  if (!source)
    return Error("reads tensor '" + name + "', but the module names no model file; expected attribute '" +
                 llm::kSourceAttr.str() + "'");
  const gguf::Tensor *tensor = source->findTensor(std::string_view(op.getName()));
  if (!tensor)
    return Error(source->name() + " has no tensor '" + name + "'");

  // In row-major order, as the type has it.
  SmallVector<int64_t> shape(tensor->shape.rbegin(), tensor->shape.rend());
  std::optional<llm::Scheme> scheme = getScheme(sourceType);
  if (ArrayRef<int64_t>(shape) != sourceType.getShape() || !scheme || getFileType(*scheme) != tensor->type) {
    std::string found;
    llvm::raw_string_ostream out(found);
    llvm::interleave(shape, out, "x");
    return Error("tensor '" + name + "' of " + source->name() + " is " + found + " of type " +
                 gguf::getTraits(tensor->type).name + ", expected " + print(sourceType));
  }
  // Holds for every type that the parser knows; all that follows relies on it.
  if (tensor->bytes != static_cast<uint64_t>(getRowBytes(sourceType, getRowShape(sourceType).rows)))
    return Error("tensor '" + name + "' of " + source->name() + " has " + std::to_string(tensor->bytes) +
                 " bytes, expected " + std::to_string(getRowBytes(sourceType, getRowShape(sourceType).rows)));
  sourceBytes = {tensor->data, static_cast<size_t>(tensor->bytes)};
  isFile = true;
  return std::nullopt;
}

Status Recipe::addConstant(arith::ConstantOp op) {
  auto values = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!sourceType || !values || getScheme(sourceType) != llm::Scheme::F32)
    return Error("expected a dense f32 tensor as constant, got " + print(op.getType()));
  isSplat = values.isSplat();
  ArrayRef<char> raw = values.getRawData();
  sourceBytes = {reinterpret_cast<const uint8_t *>(raw.data()), raw.size()};
  return std::nullopt;
}

Status Recipe::addStep(Operation *op) {
  auto input = cast<RankedTensorType>(op->getOperand(0).getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  granularity = std::max(granularity, getPanelRows(result));
  int64_t columns = getRowShape(result).columns;
  return TypeSwitch<Operation *, Status>(op)
      .Case([&](llm::PackOp) -> Status {
        auto encoding = cast<llm::WeightEncodingAttrInterface>(result.getEncoding());
        steps.push_back({result, [=](int64_t rows, ArrayRef<uint8_t> source, MutableArrayRef<uint8_t> target) {
                           encoding.pack({rows, columns}, source, target);
                         }});
        return std::nullopt;
      })
      .Case([&](llm::DecodeOp) -> Status {
        std::optional<llm::Scheme> scheme = getScheme(input);
        if (!scheme || getScheme(result) != llm::Scheme::F32)
          return Error("cannot decode " + print(input) + " to " + print(result));
        gguf::TensorType type = getFileType(*scheme);
        steps.push_back({result, [=](int64_t rows, ArrayRef<uint8_t> source, MutableArrayRef<uint8_t> target) {
                           gguf::dequantizeRow(type, source.data(), reinterpret_cast<float *>(target.data()),
                                               rows * columns);
                         }});
        return std::nullopt;
      });
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

int64_t Recipe::getWidestRowBytes() const {
  // A panel's share stands for a row of it.
  auto widthOf = [](RankedTensorType type) { return getRowBytes(type, getPanelRows(type)) / getPanelRows(type); };
  int64_t widest = widthOf(sourceType);
  for (const RecipeStep &step : steps)
    widest = std::max(widest, widthOf(step.type));
  return widest;
}

ArrayRef<uint8_t> Recipe::getFileBytes(int64_t first, int64_t rows) const {
  if (!isFile)
    return {};
  return sourceBytes.slice(getRowBytes(sourceType, first), getRowBytes(sourceType, rows));
}

void Recipe::run(int64_t first, int64_t rows, MutableArrayRef<uint8_t> target, RecipeScratch &scratch) const {
  ArrayRef<uint8_t> current;
  if (isSplat) {
    MutableArrayRef<uint8_t> values = target;
    if (!steps.empty()) {
      scratch[0].resize_for_overwrite(getRowBytes(sourceType, rows));
      values = scratch[0];
    }
    for (size_t i = 0; i < values.size(); i += sourceBytes.size())
      std::memcpy(&values[i], sourceBytes.data(), sourceBytes.size());
    current = values;
  } else {
    current = sourceBytes.slice(getRowBytes(sourceType, first), getRowBytes(sourceType, rows));
    if (steps.empty())
      std::memcpy(target.data(), current.data(), current.size());
  }
  // The last step writes where the bytes stay; the others take turns with the scratch.
  for (size_t i = 0; i < steps.size(); ++i) {
    MutableArrayRef<uint8_t> result = target;
    if (i + 1 < steps.size()) {
      SmallVector<uint8_t, 0> &buffer = scratch[(i + 1) % 2];
      buffer.resize_for_overwrite(getRowBytes(steps[i].type, rows));
      result = buffer;
    }
    steps[i].run(rows, current, result);
    current = result;
  }
}
