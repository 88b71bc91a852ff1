//===- ActivationOptions.h - Choosing precisions --------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_ACTIVATIONOPTIONS_H
#define HONE_TOOLS_ACTIVATIONOPTIONS_H

#include "CommandLine.h"
#include "hone/dialects/LLM/LLMAttrs.h"

namespace hone {

/// The options that choose the precision of activations, the same for all tools that run the pipeline.
inline void addActivationOptions(CLI::App &app, std::string &precision, std::vector<std::string> &overrides) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const char *name : {"mixed", "int16", "int8", "f16", "bf16", "f32"})
    choices.emplace_back(name, name);
  addChoice(app, "--activations", precision,
            "Precision that products round their activations to: integers with one scale per 32 (float weights keep "
            "f32), short floats, or no rounding; mixed, the default, is int16 around attention and for logits, and int8 "
            "for all else",
            choices);
  app.add_option(
         "--activations-of", overrides,
         "Precision of the products whose name a regular expression matches, such as 'ffn_down=int8'; the first "
         "match decides")
      ->option_text("REGEX=PRECISION");
}

/// The option that chooses the precision of the keys and values that sequences keep.
inline void addKVCacheOption(CLI::App &app, llm::Precision &precision) {
  addChoice(app, "--kv-cache", precision,
            "Precision of the keys and values that a sequence keeps: half precision, or bytes with one scale per "
            "position and head, which are half as many to read",
            {{"f16", llm::Precision::F16}, {"int8", llm::Precision::Int8}});
}

} // namespace hone

#endif // HONE_TOOLS_ACTIVATIONOPTIONS_H
