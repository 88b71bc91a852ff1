//===- Conversation.cpp - A conversation as tokens ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conversation.h"

using namespace hone;
using namespace hone::rt;

Result<Conversation> Conversation::create(const text::Tokenizer &tokenizer, const std::optional<std::string> &system) {
  if (tokenizer.chatTemplate().empty())
    return Error("this model has no chat template");
  Result<text::ChatTemplate> form = text::ChatTemplate::parse(tokenizer.chatTemplate());
  if (!form)
    return Error("chat template: " + form.error().message());
  Conversation conversation(tokenizer, std::move(*form));
  if (system)
    conversation.add("system", *system);
  conversation.fixed = conversation.messages.size();
  return conversation;
}

void Conversation::add(const char *role, std::string content) { messages.push_back({role, std::move(content)}); }

/// The text of a control token such as BOS.
static std::optional<std::string> controlText(const text::Tokenizer &tokenizer, std::optional<int32_t> token) {
  return token ? std::optional<std::string>(tokenizer.tokenBytes(*token)) : std::nullopt;
}

Result<std::string> rt::renderChat(const text::Tokenizer &tokenizer, const text::ChatTemplate &form,
                                   std::vector<text::ChatMessage> messages, bool beginAnswer) {
  text::ChatInputs inputs; // Without a date, so that the same conversation has the same tokens tomorrow.
  inputs.messages = std::move(messages);
  inputs.addGenerationPrompt = beginAnswer;
  inputs.bosToken = controlText(tokenizer, tokenizer.bos());
  inputs.eosToken = controlText(tokenizer, tokenizer.eos());
  Result<std::string> text = form.render(inputs);
  if (!text)
    return Error("chat template: " + text.error().message());
  return text;
}

Result<std::vector<int32_t>> Conversation::tokens() const {
  Result<std::string> text = renderChat(*tokenizer, form, messages, /*beginAnswer=*/true);
  if (!text)
    return text.takeError();
  Result<std::vector<int32_t>> tokens = tokenizer->encode(*text, /*allowSpecial=*/true);
  // Most templates write BOS themselves.
  if (tokens && tokenizer->addBos() && tokenizer->bos() && (tokens->empty() || tokens->front() != *tokenizer->bos()))
    tokens->insert(tokens->begin(), *tokenizer->bos());
  return tokens;
}

Result<std::vector<int32_t>> rt::plainTokens(const text::Tokenizer &tokenizer, const std::string &text) {
  Result<std::vector<int32_t>> tokens = tokenizer.encode(text, /*allowSpecial=*/true);
  if (tokens && tokenizer.addBos() && tokenizer.bos())
    tokens->insert(tokens->begin(), *tokenizer.bos());
  return tokens;
}
