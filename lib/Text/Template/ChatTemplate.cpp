//===- ChatTemplate.cpp - A model's template for conversations ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Text/ChatTemplate.h"

#include "Interpreter.h"
#include "Parser.h"

using namespace hone;
using namespace hone::text;
using namespace hone::text::jinja;

struct ChatTemplate::Parsed {
  Block block;
};

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  Result<Block> block = parseTemplate(source);
  if (!block)
    return block.takeError();
  auto parsed = std::make_shared<Parsed>();
  parsed->block = std::move(*block);
  return ChatTemplate(std::move(parsed));
}

Result<std::string> ChatTemplate::render(const ChatInputs &inputs) const {
  static const std::string names[] = {
      "messages", "add_generation_prompt", "bos_token", "eos_token", "tools", "documents", "role", "content"};
  Context context;
  Interpreter interpreter(context, inputs.now);
  std::vector<Value> messages;
  for (const ChatMessage &message : inputs.messages) {
    Dict *dict = context.dict();
    dict->entries.emplace_back(Value::of(&names[6]), Value::of(&message.role));
    dict->entries.emplace_back(Value::of(&names[7]), Value::of(&message.content));
    messages.push_back(Value::of(dict));
  }
  interpreter.define(names[0], Value::of(context.list(std::move(messages))));
  interpreter.define(names[1], Value::of(inputs.addGenerationPrompt));
  if (inputs.bosToken)
    interpreter.define(names[2], Value::of(&*inputs.bosToken));
  if (inputs.eosToken)
    interpreter.define(names[3], Value::of(&*inputs.eosToken));
  interpreter.define(names[4], Value::none());
  interpreter.define(names[5], Value::none());
  for (auto &[name, variable] : inputs.variables) {
    if (const bool *flag = std::get_if<bool>(&variable))
      interpreter.define(name, Value::of(*flag));
    else if (const int64_t *number = std::get_if<int64_t>(&variable))
      interpreter.define(name, Value::of(*number));
    else
      interpreter.define(name, Value::of(&std::get<std::string>(variable)));
  }
  std::string text = interpreter.run(parsed->block);
  if (context.error)
    return Error("chat " + *context.error);
  return text;
}
