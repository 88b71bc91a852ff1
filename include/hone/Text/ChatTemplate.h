//===- ChatTemplate.h - A model's template for conversations ----*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEXT_CHATTEMPLATE_H
#define HONE_TEXT_CHATTEMPLATE_H

#include "hone/Support/Error.h"

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hone::text {

struct ChatMessage {
  std::string role, content;
};

/// What a template may ask for, under the names that transformers' apply_chat_template gives it: `messages`,
/// `add_generation_prompt`, `bos_token`, `eos_token`, `tools` and `documents` (always none), `strftime_now` and
/// `variables`.
struct ChatInputs {
  std::vector<ChatMessage> messages;
  bool addGenerationPrompt = true;
  /// Undefined in the template where absent.
  std::optional<std::string> bosToken, eosToken;
  /// The date for `strftime_now`, which is undefined where absent; most templates then have a date of their own.
  std::optional<std::tm> now;
  /// Variables of this model alone, such as {"enable_thinking", false}.
  std::vector<std::pair<std::string, std::variant<bool, int64_t, std::string>>> variables;
};

/// A chat template in the part of Jinja that published templates use, with the settings of transformers (trim_blocks,
/// lstrip_blocks, break and continue). What is outside of that part is an error that names the line and the
/// construct, never other text. Known difference from Python: upper, lower, title and capitalize change ASCII letters
/// only. Cheap to copy; rendering is thread-safe.
///
/// A hostile template gives an error too: its size (1 MiB), nesting, steps (20 million), created bytes (256 MiB) and
/// output (64 MiB) are bounded.
class ChatTemplate {
public:
  static Result<ChatTemplate> parse(std::string_view source);

  /// The prompt. Fails with the template's own message if it calls raise_exception.
  Result<std::string> render(const ChatInputs &inputs) const;

private:
  struct Parsed;
  explicit ChatTemplate(std::shared_ptr<const Parsed> parsed) : parsed(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed;
};

} // namespace hone::text

#endif // HONE_TEXT_CHATTEMPLATE_H
