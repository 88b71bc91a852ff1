//===- template-fuzzer.cpp - Fuzzes chat templates ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The input is a template, rendered on one conversation.

#include "hone/Text/ChatTemplate.h"

using namespace hone;
using namespace hone::text;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Result<ChatTemplate> parsed = ChatTemplate::parse({reinterpret_cast<const char *>(data), size});
  if (!parsed)
    return 0;
  ChatInputs inputs;
  inputs.messages = {{"system", "Be brief. "}, {"user", "h\u00E4\u00DF\n12"}, {"assistant", ""}};
  inputs.bosToken = "<s>";
  inputs.now = std::tm{};
  Result<std::string> text = parsed->render(inputs);
  return 0;
}
