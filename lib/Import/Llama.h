//===- Llama.h - What kin of llama share with it ----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_IMPORT_LLAMA_H
#define HONE_LIB_IMPORT_LLAMA_H

#include "GGUFModel.h"

namespace hone {

/// Factors that kin of llama put into its graph; by default those of llama itself. A factor of 1 costs no op.
struct LlamaScales {
  double embedding = 1;
  double residual = 1;  ///< of what attention and feed-forward add to the residual stream, biases included
  double attention = 0; ///< of the scores; 0: 1 / sqrt(head dim)
  double logits = 1;
};

/// `importLlama` with factors.
Status importScaledLlama(GGUFModel &model, const LlamaScales &scales, int64_t &layers);

} // namespace hone

#endif // HONE_LIB_IMPORT_LLAMA_H
