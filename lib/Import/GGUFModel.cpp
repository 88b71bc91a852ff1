//===- GGUFModel.cpp - Checked access to a GGUF model ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFModel.h"

#include "hone/dialects/LLM/Encodings.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;
using namespace hone;

/// Larger than any model's dimension; the product of two sizes stays far below 2^63.
static constexpr int64_t kMaxSize = int64_t(1) << 24;

std::string hone::quoted(StringRef text) {
  constexpr size_t shown = 96;
  std::string result = "'";
  llvm::raw_string_ostream stream(result);
  llvm::printEscapedString(text.take_front(shown), stream);
  stream << (text.size() > shown ? "...'" : "'");
  return result;
}

Location hone::getLayerLoc(MLIRContext *context, StringRef name) {
  name.consume_back(".weight");
  return NameLoc::get(StringAttr::get(context, name));
}

/// "[576, 1536]"
static std::string describeShape(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream);
  stream << "]";
  return text;
}

/// In row-major order, as PyTorch and the types of the module have it. The parser has bounded the elements, so that
/// each dimension is positive as int64_t.
static SmallVector<int64_t> getShape(const gguf::Tensor &tensor) {
  return SmallVector<int64_t>(tensor.shape.rbegin(), tensor.shape.rend());
}

static llm::Scheme getScheme(gguf::TensorType type) {
  switch (type) {
  case gguf::TensorType::F32:
    return llm::Scheme::F32;
  case gguf::TensorType::F16:
    return llm::Scheme::F16;
  case gguf::TensorType::BF16:
    return llm::Scheme::BF16;
  case gguf::TensorType::Q4_0:
    return llm::Scheme::Q4_0;
  case gguf::TensorType::Q4_1:
    return llm::Scheme::Q4_1;
  case gguf::TensorType::Q5_0:
    return llm::Scheme::Q5_0;
  case gguf::TensorType::Q5_1:
    return llm::Scheme::Q5_1;
  case gguf::TensorType::Q8_0:
    return llm::Scheme::Q8_0;
  case gguf::TensorType::Q2_K:
    return llm::Scheme::Q2_K;
  case gguf::TensorType::Q3_K:
    return llm::Scheme::Q3_K;
  case gguf::TensorType::Q4_K:
    return llm::Scheme::Q4_K;
  case gguf::TensorType::Q5_K:
    return llm::Scheme::Q5_K;
  case gguf::TensorType::Q6_K:
    return llm::Scheme::Q6_K;
  }
  llvm_unreachable("the parser refuses other types");
}

static RankedTensorType getStoredType(MLIRContext *context, ArrayRef<int64_t> shape, gguf::TensorType type) {
  llm::Scheme scheme = getScheme(type);
  return RankedTensorType::get(shape, llm::getSchemeElementType(context, scheme),
                               llm::StoredAttr::get(context, scheme));
}

GGUFModel::GGUFModel(ModuleOp module, const gguf::File &file, StringRef architecture, const GGUFImportOptions &options)
    : module(module), file(file), architecture(architecture), options(options), builder(module.getContext()) {}

Error GGUFModel::error(const Twine &text) const { return Error((file.name() + ": " + text).str()); }

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

bool GGUFModel::isNeutral(StringRef key, double neutral) const {
  const gguf::Value *value = file.find(fullKey(key));
  if (!value)
    return true;
  if (std::optional<uint64_t> number = value->toUnsigned())
    return static_cast<double>(*number) == neutral;
  if (std::optional<bool> flag = value->toBool())
    return static_cast<double>(*flag) == neutral;
  return value->toFloat() == neutral;
}

bool GGUFModel::isNeutral(StringRef key, StringRef neutral) const {
  const gguf::Value *value = file.find(fullKey(key));
  return !value || value->toString() == std::string_view(neutral);
}

Status GGUFModel::readSize(StringRef key, int64_t &value, int64_t fallback) const {
  if (fallback > 0 && !has(key)) {
    value = fallback;
    return std::nullopt;
  }
  Result<uint32_t> number = file.getU32(fullKey(key));
  if (!number)
    return number.takeError();
  if (*number == 0 || *number > kMaxSize)
    return error("expected metadata '" + fullKey(key) + "' to be from 1 to " + Twine(kMaxSize) + ", got " +
                 Twine(*number));
  value = *number;
  return std::nullopt;
}

Status GGUFModel::readPositive(StringRef key, double &value, double fallback) const {
  if (fallback > 0 && !has(key)) {
    value = fallback;
    return std::nullopt;
  }
  Result<float> number = file.getF32(fullKey(key));
  if (!number)
    return number.takeError();
  if (!(*number > 0) || !std::isfinite(*number))
    return error("expected metadata '" + fullKey(key) + "' to be positive and finite, got " + std::to_string(*number));
  value = *number;
  return std::nullopt;
}

Status GGUFModel::readContextLength(int64_t &value) const {
  Result<uint32_t> number = file.getU32(fullKey("context_length"));
  if (!number)
    return number.takeError();
  // Positions are i32.
  if (*number == 0 || *number > INT32_MAX)
    return error("expected metadata '" + fullKey("context_length") + "' to be from 1 to " + Twine(INT32_MAX) +
                 ", got " + Twine(*number));
  value = *number;
  return std::nullopt;
}

Status GGUFModel::readVocabulary(StringRef table, int64_t &value) const {
  const gguf::Tensor *tensor = findTensor(table);
  if (!tensor)
    return error("tensor " + quoted(table) + " is missing");
  SmallVector<int64_t> shape = getShape(*tensor);
  if (shape.size() != 2 || shape[0] > kMaxSize)
    return error("tensor " + quoted(table) + " has shape " + describeShape(shape) + ", expected [vocabulary, columns]");
  value = shape[0];

  // A program for a model without a tokenizer takes token ids alone.
  const gguf::Value *tokens = file.find("tokenizer.ggml.tokens");
  if (tokens && tokens->size() != static_cast<uint64_t>(value))
    return error("metadata 'tokenizer.ggml.tokens' has " + Twine(tokens->size()) + " tokens, expected " + Twine(value) +
                 ", the rows of tensor " + quoted(table));
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Result<const gguf::Tensor *> GGUFModel::take(StringRef name, ArrayRef<int64_t> shape) {
  const gguf::Tensor *tensor = findTensor(name);
  if (!tensor)
    return error("tensor " + quoted(name) + " is missing");
  SmallVector<int64_t> found = getShape(*tensor);
  if (ArrayRef<int64_t>(found) != shape)
    return error("tensor " + quoted(name) + " has shape " + describeShape(found) + ", expected " +
                 describeShape(shape));
  used.insert(name);
  return tensor;
}

llm::WeightOp GGUFModel::declare(StringRef name, RankedTensorType type) {
  builder.setInsertionPointToEnd(module.getBody());
  auto weight = llm::WeightOp::create(builder, getLayerLoc(builder.getContext(), name), name, type);
  builder.createBlock(&weight.getRecipe());
  return weight;
}

Status GGUFModel::declareMatrix(const Twine &name, int64_t rows, int64_t columns, llm::WeightOp &weight) {
  std::string tensorName = name.str();
  Result<const gguf::Tensor *> tensor = take(tensorName, {rows, columns});
  if (!tensor)
    return tensor.takeError();
  RankedTensorType type = getStoredType(builder.getContext(), {rows, columns}, (*tensor)->type);
  weight = declare(tensorName, type);
  Value value = llm::FileTensorOp::create(builder, weight.getLoc(), type, tensorName);
  llm::YieldOp::create(builder, weight.getLoc(), value);
  return std::nullopt;
}

Status GGUFModel::declareNorm(const Twine &name, int64_t size, llm::WeightOp &weight) {
  return declareVector(name.str(), size, "norm", weight);
}

Status GGUFModel::declareBias(const Twine &name, int64_t size, llm::WeightOp &weight) {
  std::string tensorName = name.str();
  return findTensor(tensorName) ? declareVector(tensorName, size, "bias", weight) : std::nullopt;
}

Status GGUFModel::declareVector(const std::string &tensorName, int64_t size, StringRef kind, llm::WeightOp &weight) {
  Result<const gguf::Tensor *> tensor = take(tensorName, {size});
  if (!tensor)
    return tensor.takeError();
  // Converters keep vectors in F32, and the dialect's encodings are of matrices alone.
  if ((*tensor)->type != gguf::TensorType::F32)
    return error("tensor " + quoted(tensorName) + " is a " + kind + " of type " +
                 gguf::getTraits((*tensor)->type).name + ", which is not supported; expected F32");
  auto type = RankedTensorType::get({size}, builder.getF32Type());
  weight = declare(tensorName, type);
  Value value = llm::FileTensorOp::create(builder, weight.getLoc(), type, tensorName);
  llm::YieldOp::create(builder, weight.getLoc(), value);
  return std::nullopt;
}

Status GGUFModel::checkAllUsed(int64_t layers) const {
  for (const gguf::Tensor &tensor : file.tensors()) {
    StringRef name = tensor.name;
    if (used.contains(name))
      continue;
    std::string start = "tensor " + quoted(name);
    uint64_t layer;
    StringRef rest = name;
    if (rest.consume_front("blk.") && !rest.consumeInteger(10, layer) && layer >= static_cast<uint64_t>(layers))
      return error(start + " belongs to layer " + Twine(layer) + ", but metadata '" + fullKey("block_count") + "' is " +
                   Twine(layers));
    if (name.starts_with("rope_"))
      return error(start + " asks for RoPE scaling, which is not supported");
    if (name.ends_with(".bias"))
      return error(start + " is a bias, which is not supported for architecture '" + architecture + "'");
    return error(start + " is not part of architecture '" + architecture + "' as this version of hone knows it");
  }
  return std::nullopt;
}
