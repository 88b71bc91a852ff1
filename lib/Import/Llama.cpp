//===- Llama.cpp - The llama architecture ---------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architectures.h"
#include "StepBuilder.h"

#include <cmath>

using namespace mlir;
using namespace hone;

namespace {
struct Config {
  int64_t layers, hidden, feedForward, heads, kvHeads, headDim, vocabulary;
  double epsilon, ropeBase;
};

struct LayerWeights {
  llm::WeightOp attentionNorm, query, key, value, attentionOutput;
  llm::WeightOp feedForwardNorm, gate, up, down;
};

struct Weights {
  llm::WeightOp embedding, outputNorm, output;
  SmallVector<LayerWeights> layers;
};
} // namespace

/// Refuses what a file may ask for and the graph does not do.
static Status checkSupported(const GGUFModel &model) {
  if (!model.isNeutral("rope.scaling.type", "none"))
    return model.error("RoPE scaling (metadata '" + model.fullKey("rope.scaling.type") + "') is not supported");
  // Files of before `rope.scaling` say `rope.scale_linear`; a factor without a type means linear.
  for (StringRef key : {"rope.scaling.factor", "rope.scale_linear"})
    if (!model.isNeutral(key, 1) && !model.isNeutral(key, 0))
      return model.error("RoPE scaling (metadata '" + model.fullKey(key) + "') is not supported");
  if (!model.isNeutral("expert_count", 0))
    return model.error("mixtures of experts (metadata '" + model.fullKey("expert_count") + "') are not supported");
  if (!model.isNeutral("attention.causal", 1))
    return model.error("attention that is not causal (metadata '" + model.fullKey("attention.causal") +
                       "') is not supported for architecture 'llama'");
  if (!model.isNeutral("attention.sliding_window", 0))
    return model.error("sliding-window attention (metadata '" + model.fullKey("attention.sliding_window") +
                       "') is not supported");
  return std::nullopt;
}

static Status readHeads(const GGUFModel &model, Config &config) {
  if (Status failed = model.readSize("attention.head_count", config.heads))
    return failed;
  if (Status failed = model.readSize("attention.head_count_kv", config.kvHeads, config.heads))
    return failed;
  if (config.heads % config.kvHeads)
    return model.error("expected metadata '" + model.fullKey("attention.head_count") + "' to be a multiple of '" +
                       model.fullKey("attention.head_count_kv") + "', got " + Twine(config.heads) + " and " +
                       Twine(config.kvHeads));
  if (!model.has("attention.key_length") && config.hidden % config.heads)
    return model.error("expected metadata '" + model.fullKey("embedding_length") + "' to be a multiple of '" +
                       model.fullKey("attention.head_count") + "', got " + Twine(config.hidden) + " and " +
                       Twine(config.heads));
  // Files of a model whose heads differ from hidden / heads state their length.
  if (Status failed =
          model.readSize("attention.key_length", config.headDim, std::max<int64_t>(config.hidden / config.heads, 1)))
    return failed;
  if (config.headDim % 2)
    return model.error("heads of " + Twine(config.headDim) +
                       " elements are not supported: RoPE turns pairs of them, expected an even number");
  int64_t valueLength, ropeLength;
  if (Status failed = model.readSize("attention.value_length", valueLength, config.headDim))
    return failed;
  if (valueLength != config.headDim)
    return model.error("values of another length than keys are not supported: metadata '" +
                       model.fullKey("attention.value_length") + "' is " + Twine(valueLength) + ", expected " +
                       Twine(config.headDim));
  if (Status failed = model.readSize("rope.dimension_count", ropeLength, config.headDim))
    return failed;
  if (ropeLength != config.headDim)
    return model.error("RoPE of a part of each head is not supported: metadata '" +
                       model.fullKey("rope.dimension_count") + "' is " + Twine(ropeLength) + ", expected " +
                       Twine(config.headDim) + ", the length of a head");
  return std::nullopt;
}

static Status readConfig(const GGUFModel &model, Config &config) {
  if (Status failed = checkSupported(model))
    return failed;
  if (Status failed = model.readSize("block_count", config.layers))
    return failed;
  if (Status failed = model.readSize("embedding_length", config.hidden))
    return failed;
  if (Status failed = model.readSize("feed_forward_length", config.feedForward))
    return failed;
  if (Status failed = model.readPositive("attention.layer_norm_rms_epsilon", config.epsilon))
    return failed;
  if (Status failed = model.readPositive("rope.freq_base", config.ropeBase, 10000))
    return failed;
  if (Status failed = readHeads(model, config))
    return failed;
  return model.readVocabulary("token_embd.weight", config.vocabulary);
}

static Status declareLayer(GGUFModel &model, const Config &config, const Twine &layer, LayerWeights &weights) {
  int64_t hidden = config.hidden, kv = config.kvHeads * config.headDim, queries = config.heads * config.headDim;
  if (Status failed = model.declareNorm(layer + "attn_norm.weight", hidden, weights.attentionNorm))
    return failed;
  if (Status failed = model.declareNorm(layer + "ffn_norm.weight", hidden, weights.feedForwardNorm))
    return failed;
  struct Matrix {
    const char *name;
    int64_t rows, columns;
    llm::WeightOp &weight;
  } matrices[] = {
      {"attn_q.weight", queries, hidden, weights.query},
      {"attn_k.weight", kv, hidden, weights.key},
      {"attn_v.weight", kv, hidden, weights.value},
      {"attn_output.weight", hidden, queries, weights.attentionOutput},
      {"ffn_gate.weight", config.feedForward, hidden, weights.gate},
      {"ffn_up.weight", config.feedForward, hidden, weights.up},
      {"ffn_down.weight", hidden, config.feedForward, weights.down},
  };
  for (Matrix &matrix : matrices)
    if (Status failed = model.declareMatrix(layer + matrix.name, matrix.rows, matrix.columns, matrix.weight))
      return failed;
  return std::nullopt;
}

static Status declareWeights(GGUFModel &model, const Config &config, Weights &weights) {
  if (Status failed = model.declareMatrix("token_embd.weight", config.vocabulary, config.hidden, weights.embedding))
    return failed;
  // As layers are found, not reserved: a file may claim more than it has.
  for (int64_t i = 0; i < config.layers; ++i)
    if (Status failed = declareLayer(model, config, "blk." + Twine(i) + ".", weights.layers.emplace_back()))
      return failed;
  if (Status failed = model.declareNorm("output_norm.weight", config.hidden, weights.outputNorm))
    return failed;
  // A model whose output is tied to its embedding has one tensor for both.
  weights.output = weights.embedding;
  if (model.findTensor("output.weight"))
    return model.declareMatrix("output.weight", config.vocabulary, config.hidden, weights.output);
  return std::nullopt;
}

static void buildGraph(ModuleOp module, const Config &config, const Weights &weights) {
  StepBuilder step(module, {config.vocabulary, config.layers, config.kvHeads, config.headDim});
  double scale = 1 / std::sqrt(static_cast<double>(config.headDim));

  Value residual = step.embedding(weights.embedding);
  for (auto [i, layer] : llvm::enumerate(weights.layers)) {
    step.beginLayer(i);
    Value normed = step.rmsNorm(residual, layer.attentionNorm, config.epsilon);
    Value query = step.linear(normed, layer.query);
    Value key = step.linear(normed, layer.key);
    Value value = step.linear(normed, layer.value);
    // The converter to GGUF reorders the rows of Q and K, so that a pair lies side by side.
    query = step.rope("rope_q", query, config.ropeBase, llm::Pairing::Interleaved);
    key = step.rope("rope_k", key, config.ropeBase, llm::Pairing::Interleaved);
    step.appendKV(key, value);
    Value attended = step.linear(step.attention(query, scale), layer.attentionOutput);
    residual = step.add("attn_residual", attended, residual);

    normed = step.rmsNorm(residual, layer.feedForwardNorm, config.epsilon);
    Value gate = step.linear(normed, layer.gate);
    Value up = step.linear(normed, layer.up);
    Value activated = step.gatedActivation("ffn_act", gate, up, llm::Activation::SiLU);
    residual = step.add("ffn_residual", step.linear(activated, layer.down), residual);
  }
  // Only rows that need logits take part in the largest product.
  Value selected = step.selectLogitRows(residual);
  Value normed = step.rmsNorm(selected, weights.outputNorm, config.epsilon);
  step.finish(step.linear(normed, weights.output, "output"));
}

Status hone::importLlama(GGUFModel &model, int64_t &layers) {
  Config config;
  Weights weights;
  if (Status failed = readConfig(model, config))
    return failed;
  if (Status failed = declareWeights(model, config, weights))
    return failed;
  buildGraph(model.getModule(), config, weights);
  layers = config.layers;
  return std::nullopt;
}
