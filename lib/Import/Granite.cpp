//===- Granite.cpp - The granite architecture -----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architectures.h"
#include "Llama.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace hone;

/// Reads a factor. llama.cpp takes 0 for one that is absent: `value` stays.
static Status readFactor(const GGUFModel &model, StringRef key, double &value) {
  return model.isNeutral(key, 0) ? std::nullopt : model.readPositive(key, value);
}

Status hone::importGranite(GGUFModel &model, int64_t &layers) {
  // Granite's switch for RoPE as a whole, on if absent.
  if (!model.isNeutral("rope.scaling.finetuned", 1))
    return model.error("layers without RoPE (metadata '" + model.fullKey("rope.scaling.finetuned") +
                       "') are not supported");
  if (model.has("deepstack_mapping"))
    return model.error("embeddings of images (metadata '" + model.fullKey("deepstack_mapping") +
                       "') are not supported");
  LlamaScales scales;
  double divisor;
  if (Status failed = readFactor(model, "embedding_scale", scales.embedding))
    return failed;
  if (Status failed = readFactor(model, "residual_scale", scales.residual))
    return failed;
  if (Status failed = readFactor(model, "attention.scale", scales.attention))
    return failed;
  if (Status failed = model.readPositive("logit_scale", divisor))
    return failed;
  // Logits are divided: multiplied by the reciprocal in f32, as llama.cpp does it.
  float reciprocal = 1.0f / static_cast<float>(divisor);
  if (!std::isfinite(reciprocal))
    return model.error("expected metadata '" + model.fullKey("logit_scale") + "' to have a finite reciprocal, got " +
                       llvm::formatv("{0:e}", divisor).str());
  scales.logits = reciprocal;
  return importScaledLlama(model, scales, layers);
}
