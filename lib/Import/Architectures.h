//===- Architectures.h - The models that hone can import --------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An architecture is one file of this folder with one function, which composes existing ops, and one line in the
// table of GGUFImport.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_IMPORT_ARCHITECTURES_H
#define HONE_LIB_IMPORT_ARCHITECTURES_H

#include "GGUFModel.h"

namespace hone {

/// Builds weights and graph into the model's module and states how many layers the graph has.
using ArchitectureImporter = Status (*)(GGUFModel &model, int64_t &layers);

/// Llama and its kin: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023.
Status importLlama(GGUFModel &model, int64_t &layers);

/// Granite (dense): llama with factors on embeddings, scores, what layers add, and logits.
Status importGranite(GGUFModel &model, int64_t &layers);

} // namespace hone

#endif // HONE_LIB_IMPORT_ARCHITECTURES_H
