//===- Conversation.h - A conversation as tokens ----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_CONVERSATION_H
#define HONE_LIB_RUNTIME_CONVERSATION_H

#include "hone/Text/ChatTemplate.h"
#include "hone/Text/Tokenizer.h"

namespace hone::rt {

/// The messages so far, and what the model is to read of them. Refers to the tokenizer.
class Conversation {
public:
  /// Fails if the tokenizer has no chat template, or one that is not understood. `system` is the first message.
  static Result<Conversation> create(const text::Tokenizer &tokenizer, const std::optional<std::string> &system);

  void add(const char *role, std::string content);
  void removeLast() { messages.pop_back(); }
  void reset() { messages.resize(fixed); }

  /// The tokens of all messages and of what begins the assistant's next one.
  Result<std::vector<int32_t>> tokens() const;

private:
  Conversation(const text::Tokenizer &tokenizer, text::ChatTemplate form)
      : tokenizer(&tokenizer), form(std::move(form)) {}

  const text::Tokenizer *tokenizer;
  text::ChatTemplate form;
  std::vector<text::ChatMessage> messages;
  size_t fixed = 0; ///< messages that a reset keeps
};

/// What the model is to read of `messages`; `beginAnswer`: up to where its answer begins.
Result<std::string> renderChat(const text::Tokenizer &tokenizer, const text::ChatTemplate &form,
                               std::vector<text::ChatMessage> messages, bool beginAnswer);

/// The tokens of a text without a template, with the model's BOS before them if it expects one.
Result<std::vector<int32_t>> plainTokens(const text::Tokenizer &tokenizer, const std::string &text);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_CONVERSATION_H
