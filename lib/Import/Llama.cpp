//===- Llama.cpp - The llama architecture ---------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Llama.h"

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

/// A product, and its bias if the file has one.
struct Projection {
  llm::WeightOp weight, bias;
};

struct LayerWeights {
  llm::WeightOp attentionNorm, feedForwardNorm;
  Projection query, key, value, attentionOutput, gate, up, down;
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
                       "') is not supported for architecture '" + model.getArchitecture() + "'");
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
    Projection &projection;
  } matrices[] = {
      {"attn_q", queries, hidden, weights.query},
      {"attn_k", kv, hidden, weights.key},
      {"attn_v", kv, hidden, weights.value},
      {"attn_output", hidden, queries, weights.attentionOutput},
      {"ffn_gate", config.feedForward, hidden, weights.gate},
      {"ffn_up", config.feedForward, hidden, weights.up},
      {"ffn_down", hidden, config.feedForward, weights.down},
  };
  for (auto &[name, rows, columns, projection] : matrices) {
    if (Status failed = model.declareMatrix(layer + name + ".weight", rows, columns, projection.weight))
      return failed;
    if (Status failed = model.declareBias(layer + name + ".bias", rows, projection.bias))
      return failed;
  }
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

namespace {
/// The graph of a step, op by op.
class GraphBuilder {
public:
  GraphBuilder(GGUFModel &model, const Config &config, const LlamaScales &scales)
      : config(config), scales(scales), step(model.getModule(), {config.vocabulary, config.layers, config.kvHeads,
                                                                 config.headDim, model.getOptions().kvCache}) {
    if (!this->scales.attention)
      this->scales.attention = 1 / std::sqrt(static_cast<double>(config.headDim));
  }

  void build(const Weights &weights) {
    Value residual = scale("token_embd.scale", step.embedding(weights.embedding), scales.embedding);
    for (auto [i, layer] : llvm::enumerate(weights.layers)) {
      step.beginLayer(i);
      residual = addFeedForward(layer, addAttention(layer, residual));
    }
    // Only rows that need logits take part in the largest product.
    Value selected = step.selectLogitRows(residual);
    Value normed = step.rmsNorm(selected, weights.outputNorm, config.epsilon);
    step.finish(scale("output.scale", step.linear(normed, weights.output, "output"), scales.logits));
  }

private:
  const Config &config;
  LlamaScales scales;
  StepBuilder step;

  Value scale(StringRef name, Value input, double factor) {
    return factor == 1 ? input : step.scale(name, input, factor);
  }

  Value project(Value input, const Projection &projection) {
    Value product = step.linear(input, projection.weight);
    return projection.bias ? step.addBias(product, projection.bias) : product;
  }

  Value addAttention(const LayerWeights &layer, Value residual) {
    Value normed = step.rmsNorm(residual, layer.attentionNorm, config.epsilon);
    Value query = project(normed, layer.query);
    Value key = project(normed, layer.key);
    Value value = project(normed, layer.value);
    // The converter to GGUF reorders the rows of Q and K, so that a pair lies side by side.
    query = step.rope("rope_q", query, config.ropeBase, llm::Pairing::Interleaved);
    key = step.rope("rope_k", key, config.ropeBase, llm::Pairing::Interleaved);
    step.appendKV(key, value);
    Value attended = project(step.attention(query, scales.attention), layer.attentionOutput);
    return step.add("attn_residual", scale("attn_output.scale", attended, scales.residual), residual);
  }

  Value addFeedForward(const LayerWeights &layer, Value residual) {
    Value normed = step.rmsNorm(residual, layer.feedForwardNorm, config.epsilon);
    Value gate = project(normed, layer.gate);
    Value up = project(normed, layer.up);
    Value activated = step.gatedActivation("ffn_act", gate, up, llm::Activation::SiLU);
    return step.add("ffn_residual", scale("ffn_down.scale", project(activated, layer.down), scales.residual), residual);
  }
};
} // namespace

Status hone::importScaledLlama(GGUFModel &model, const LlamaScales &scales, int64_t &layers) {
  Config config;
  Weights weights;
  if (Status failed = readConfig(model, config))
    return failed;
  if (Status failed = declareWeights(model, config, weights))
    return failed;
  GraphBuilder(model, config, scales).build(weights);
  layers = config.layers;
  return std::nullopt;
}

Status hone::importLlama(GGUFModel &model, int64_t &layers) { return importScaledLlama(model, LlamaScales(), layers); }
