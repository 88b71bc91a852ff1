//===- GGUFFixture.cpp - A model file and a module in memory --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFFixture.h"

#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace hone;

GGUFFixture::GGUFFixture() {
  context.loadDialect<llm::LLMDialect, arith::ArithDialect, func::FuncDialect>();
  context.allowUnregisteredDialects();
}

uint32_t GGUFFixture::random() {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state >> 33);
}

/// Where the f16 numbers of a block lie.
static std::vector<size_t> halvesOf(gguf::TensorType type) {
  switch (type) {
  case gguf::TensorType::F16:
  case gguf::TensorType::Q4_0:
  case gguf::TensorType::Q5_0:
  case gguf::TensorType::Q8_0:
    return {0};
  case gguf::TensorType::Q4_1:
  case gguf::TensorType::Q5_1:
  case gguf::TensorType::Q4_K:
  case gguf::TensorType::Q5_K:
    return {0, 2};
  case gguf::TensorType::Q2_K:
    return {80, 82};
  case gguf::TensorType::Q3_K:
    return {108};
  case gguf::TensorType::Q6_K:
    return {208};
  case gguf::TensorType::F32:
  case gguf::TensorType::BF16:
    return {};
  }
  return {};
}

void GGUFFixture::addTensor(const std::string &name, gguf::TensorType type, std::vector<uint64_t> shape) {
  const gguf::TypeTraits &traits = gguf::getTraits(type);
  uint64_t elements = 1;
  for (uint64_t size : shape)
    elements *= size;
  std::vector<uint8_t> data(elements / traits.blockElements * traits.blockBytes);
  for (uint8_t &byte : data)
    byte = static_cast<uint8_t>(random());
  // An exponent below the largest, so that neither infinity nor NaN occurs.
  for (size_t block = 0; block < data.size(); block += traits.blockBytes) {
    for (size_t half : halvesOf(type))
      data[block + half + 1] &= 0xbb;
    if (traits.blockElements == 1)
      data[block + traits.blockBytes - 1] &= 0xbb;
  }
  added.push_back({name, type, std::move(shape), std::move(data)});
}

template <typename T> static void append(std::vector<uint8_t> &bytes, T value) {
  const uint8_t *begin = reinterpret_cast<const uint8_t *>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof(T));
}

static void appendText(std::vector<uint8_t> &bytes, const std::string &text) {
  append<uint64_t>(bytes, text.size());
  bytes.insert(bytes.end(), text.begin(), text.end());
}

const gguf::File &GGUFFixture::file() {
  fileBytes.assign({'G', 'G', 'U', 'F'});
  append<uint32_t>(fileBytes, 3);
  append<uint64_t>(fileBytes, added.size());
  append<uint64_t>(fileBytes, 0);
  uint64_t offset = 0;
  for (const NewTensor &tensor : added) {
    appendText(fileBytes, tensor.name);
    append<uint32_t>(fileBytes, tensor.shape.size());
    for (uint64_t size : llvm::reverse(tensor.shape))
      append<uint64_t>(fileBytes, size);
    append<uint32_t>(fileBytes, static_cast<uint32_t>(tensor.type));
    append<uint64_t>(fileBytes, offset);
    offset = llvm::alignTo(offset + tensor.data.size(), 32);
  }
  for (const NewTensor &tensor : added) {
    fileBytes.resize(llvm::alignTo(fileBytes.size(), 32));
    fileBytes.insert(fileBytes.end(), tensor.data.begin(), tensor.data.end());
  }
  Result<gguf::File> result = gguf::File::parse(fileBytes.data(), fileBytes.size(), "model.gguf");
  EXPECT_TRUE(bool(result)) << (result ? "" : result.error().message());
  parsed.emplace(std::move(*result));
  return *parsed;
}

OwningOpRef<ModuleOp> GGUFFixture::parse(const std::string &source) {
  std::string diagnostics;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { diagnostics += diagnostic.str() + "\n"; });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &context);
  EXPECT_TRUE(module) << diagnostics;
  return module;
}

Status GGUFFixture::evaluate(ModuleOp module, WeightEvaluationOptions options) {
  Result<std::vector<WeightPlacement>> planned = planWeights(module, totalBytes);
  if (!planned)
    return planned.takeError();
  plan = std::move(*planned);
  memory.assign(totalBytes, 0xcc);
  return evaluateWeights(module, &file(), plan, memory.data(), totalBytes, options);
}

std::string GGUFFixture::errorOf(const std::string &source, bool withFile) {
  OwningOpRef<ModuleOp> module = parse(source);
  if (!module)
    return "not a module";
  Result<std::vector<WeightPlacement>> planned = planWeights(*module, totalBytes);
  if (!planned)
    return planned.error().message();
  memory.assign(totalBytes, 0xcc);
  Status failed = evaluateWeights(*module, withFile ? &file() : nullptr, *planned, memory.data(), totalBytes);
  // Everything is checked before anything is written.
  if (failed)
    EXPECT_TRUE(llvm::all_of(memory, [](uint8_t byte) { return byte == 0xcc; }));
  return failed ? failed->message() : "";
}

ArrayRef<uint8_t> GGUFFixture::bytesOf(const std::string &weight) const {
  for (const WeightPlacement &placement : plan)
    if (placement.name == weight)
      return ArrayRef<uint8_t>(memory).slice(placement.offset, placement.bytes);
  ADD_FAILURE() << "no weight " << weight;
  return {};
}

std::vector<float> GGUFFixture::valuesOf(ModuleOp module, const std::string &weight) const {
  auto op = cast<llm::WeightOp>(SymbolTable::lookupSymbolIn(module, weight));
  auto type = cast<RankedTensorType>(op.getType());
  auto encoding = cast<llm::WeightEncodingAttrInterface>(type.getEncoding());
  std::vector<float> values(type.getNumElements());
  int64_t columns = type.getDimSize(1);
  for (int64_t row = 0; row < type.getDimSize(0); ++row)
    encoding.unpackRow(type.getShape(), bytesOf(weight), row, {values.data() + row * columns, size_t(columns)});
  return values;
}

std::vector<float> GGUFFixture::expectedOf(const std::string &name) {
  const gguf::Tensor *tensor = file().findTensor(name);
  std::vector<float> values(tensor->elements());
  gguf::dequantizeRow(tensor->type, tensor->data, values.data(), values.size());
  return values;
}
