//===- Inputs.cpp - Numbers for the arguments of a function ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpreter.h"

#include "hone/dialects/LLM/Encodings.h"

#include <random>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// What the indices of an argument mean, by the first op that says so.
namespace {
enum class Meaning { Tokens, Positions, Sequences, Rows };

/// Rows of all sequences, and memory for them.
class InputMaker {
public:
  InputMaker(func::FuncOp function, const Options &options) : function(function), options(options) {}

  Result<std::vector<TensorRef>> make() {
    isStep = function->hasAttr(llm::kStepAttr);
    if (Status failed = checkSequences())
      return *failed;
    std::vector<TensorRef> inputs;
    for (BlockArgument argument : function.getArguments()) {
      TensorRef input = makeInput(argument);
      if (!input)
        return Error("'" + function.getName().str() + "': no numbers can be made for argument " +
                     std::to_string(argument.getArgNumber()) + "; expected rows, indices, weights or '!llm.kv'");
      inputs.push_back(std::move(input));
    }
    return inputs;
  }

private:
  func::FuncOp function;
  const Options &options;
  bool isStep = false;
  std::mt19937 random{12345};

  /// The smallest table that tokens look up; 0 if none is.
  int64_t getVocabulary() {
    int64_t vocabulary = 0;
    function.walk([&](llm::EmbeddingOp op) { vocabulary = op.getTable().getType().getDimSize(0); });
    // Once it is a kernel, the only weight of a call that takes tokens.
    if (!isStep || function.getNumArguments() == 0)
      return vocabulary;
    for (Operation *user : function.getArgument(0).getUsers())
      if (auto call = dyn_cast<func::CallOp>(user))
        for (Value operand : call.getOperands())
          if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && llm::getStored(type))
            vocabulary = type.getDimSize(0);
    return vocabulary;
  }

  Status checkSequences() {
    int64_t vocabulary = getVocabulary();
    for (const std::vector<int32_t> &tokens : options.sequences) {
      if (tokens.empty())
        return Error("expected at least one token in each sequence");
      for (int32_t token : tokens)
        if (token < 0 || (isStep && vocabulary && token >= vocabulary))
          return Error("expected tokens from 0 to " + std::to_string(vocabulary - 1) + ", got " +
                       std::to_string(token) + "; say --tokens");
    }
    if (options.sequences.empty() || options.rows < 1)
      return Error("expected at least one sequence and one row");
    return std::nullopt;
  }

  int64_t getRows() const {
    if (!isStep)
      return options.rows;
    int64_t rows = 0;
    for (const auto &tokens : options.sequences)
      rows += tokens.size();
    return rows;
  }

  Meaning getMeaning(BlockArgument argument) {
    if (isStep)
      return static_cast<Meaning>(argument.getArgNumber());
    for (Operation *user : argument.getUsers()) {
      if (isa<llm::EmbeddingOp>(user))
        return Meaning::Tokens;
      if (auto select = dyn_cast<llm::SelectRowsOp>(user); select && select.getRows() == argument)
        return Meaning::Rows;
      if (auto append = dyn_cast<llm::KVAppendOp>(user))
        return append.getPositions() == argument ? Meaning::Positions : Meaning::Sequences;
      if (auto append = dyn_cast<llm::RopeKVAppendOp>(user))
        return append.getPositions() == argument ? Meaning::Positions : Meaning::Sequences;
      if (auto attention = dyn_cast<llm::AttentionOp>(user))
        return attention.getPositions() == argument ? Meaning::Positions : Meaning::Sequences;
    }
    return Meaning::Positions;
  }

  TensorRef makeIndices(BlockArgument argument) {
    Meaning meaning = getMeaning(argument);
    std::vector<int32_t> numbers;
    if (!isStep) {
      int64_t vocabulary = std::max<int64_t>(getVocabulary(), 1);
      for (int32_t row = 0; row < options.rows; ++row)
        numbers.push_back(meaning == Meaning::Sequences ? 0 : meaning == Meaning::Tokens ? row % vocabulary : row);
    } else {
      for (auto [number, tokens] : llvm::enumerate(options.sequences))
        for (auto [position, token] : llvm::enumerate(tokens)) {
          // Logits of every other row, and of the last of each sequence.
          if (meaning == Meaning::Rows) {
            ++rowNumber;
            if (position % 2 == 1 || position + 1 == tokens.size())
              numbers.push_back(rowNumber - 1);
            continue;
          }
          numbers.push_back(static_cast<int32_t>(meaning == Meaning::Tokens      ? token
                                                 : meaning == Meaning::Positions ? position
                                                                                 : number));
        }
      rowNumber = 0;
    }
    auto tensor = std::make_shared<Tensor>(IntegerType::get(function.getContext(), 32),
                                           ArrayRef<int64_t>(static_cast<int64_t>(numbers.size())));
    std::memcpy(tensor->bytes.data(), numbers.data(), tensor->bytes.size());
    return tensor;
  }
  int32_t rowNumber = 0;

  TensorRef makeMemory(llm::KVType type) {
    int64_t sequences = 1, positions = options.rows;
    if (isStep) {
      sequences = options.sequences.size();
      positions = 0;
      for (const auto &tokens : options.sequences)
        positions = std::max<int64_t>(positions, tokens.size());
    }
    auto tensor =
        std::make_shared<Tensor>(type.getNumberType(), ArrayRef<int64_t>{2, type.getLayers(), sequences, positions,
                                                                         type.getHeads(), type.getHeadDim()});
    std::memset(tensor->bytes.data(), 0, tensor->bytes.size());
    return tensor;
  }

  TensorRef makeInput(BlockArgument argument) {
    Type type = argument.getType();
    if (type.isIndex())
      return makeIndex(function.getContext(), 0);
    if (auto kv = dyn_cast<llm::KVType>(type))
      return makeMemory(kv);
    auto plain = dyn_cast<RankedTensorType>(getPlainType(type));
    if (!plain)
      return nullptr;
    if (plain.getElementType().isInteger(32) && plain.getRank() == 1)
      return makeIndices(argument);
    if (!plain.getElementType().isF32())
      return nullptr;
    SmallVector<int64_t> shape;
    for (int64_t size : plain.getShape())
      shape.push_back(ShapedType::isDynamic(size) ? getRows() : size);
    auto tensor = std::make_shared<Tensor>(plain.getElementType(), shape);
    std::normal_distribution<float> normal;
    for (int64_t i = 0, size = tensor->size(); i < size; ++i)
      tensor->as<float>()[i] = normal(random);
    return tensor;
  }
};
} // namespace

Result<std::vector<TensorRef>> equivalence::makeInputs(func::FuncOp function, const Options &options) {
  return InputMaker(function, options).make();
}
