//===- ChatCommands.cpp - The commands that take text: the answer to a prompt, chat -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Answer.h"
#include "Commands.h"
#include "Console.h"
#include "Conversation.h"
#include "Format.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

/// generateAnswer to standard output, with a newline at the end, until SIGINT.
static Result<Answer> writeAnswer(Session &session, int32_t sequence, std::vector<int32_t> &history,
                                  const text::Tokenizer &tokenizer, Sampler &sampler, const Options &options) {
  AnswerOptions answerOptions;
  answerOptions.stops = options.stops;
  answerOptions.maxTokens = options.maxTokens;
  answerOptions.receive = [](int32_t, const std::string &text) -> Result<bool> {
    if (Status failed = text.empty() ? Status() : writeAll(STDOUT_FILENO, text))
      return *failed;
    return true;
  };
  answerOptions.interrupted = interrupted;
  auto fed = static_cast<size_t>(session.memory().length(sequence));
  Result<Answer> answer = generateAnswer(session, sequence, history, fed, &tokenizer, sampler, answerOptions);
  if (answer && (answer->text.empty() || answer->text.back() != '\n'))
    if (Status failed = writeAll(STDOUT_FILENO, "\n"))
      return *failed;
  return answer;
}

/// The prompt as tokens, through the chat template unless `--raw`.
static Result<std::vector<int32_t>> promptTokens(const text::Tokenizer &tokenizer, const Options &options) {
  std::string prompt;
  if (options.promptFile) {
    Result<std::string> text = readInput(*options.promptFile);
    if (!text)
      return text.takeError();
    prompt = std::move(*text);
    // The newline at the end of a file is the editor's, not the prompt's.
    if (!options.raw && !prompt.empty() && prompt.back() == '\n')
      prompt.pop_back();
  } else {
    prompt = *options.prompt;
  }
  if (prompt.empty())
    return Error("the prompt is empty; give some text after '--prompt' or in '--prompt-file'");
  Result<std::vector<int32_t>> tokens = std::vector<int32_t>();
  if (options.raw) {
    tokens = plainTokens(tokenizer, prompt);
  } else {
    Result<Conversation> conversation = Conversation::create(tokenizer, options.system);
    if (!conversation)
      return Error(conversation.error().message() + "; use '--raw' to continue the prompt as it stands");
    conversation->add("user", std::move(prompt));
    tokens = conversation->tokens();
  }
  if (tokens && tokens->empty())
    return Error("the prompt has no token that the model knows; use other text");
  return tokens;
}

Result<int> rt::runAnswer(const Options &options) {
  Result<text::Tokenizer> tokenizer = loadTokenizer();
  if (!tokenizer)
    return tokenizer.takeError();
  Result<std::vector<int32_t>> history = promptTokens(*tokenizer, options);
  if (!history)
    return history.takeError();
  Result<Engine> engine = startEngine(options);
  if (!engine)
    return engine.takeError();
  Session &session = *engine->session;
  if (Status failed = checkFits(session, "prompt", history->size()))
    return *failed;
  Result<int32_t> sequence = session.memory().open();
  if (!sequence)
    return sequence.takeError();

  catchInterrupts(/*repeatable=*/false);
  Sampler sampler(options.sampler);
  Result<Answer> answer = writeAnswer(session, *sequence, *history, *tokenizer, sampler, options);
  if (!answer)
    return answer.takeError();
  if (answer->end == AnswerEnd::Interrupted)
    return 130;
  if (answer->end == AnswerEnd::ContextFull)
    reportNote(format("the context of %s tokens is full; the answer stops here", grouped(session.context()).c_str()));
  return 0;
}

namespace {

/// Lines of standard input, given up when SIGINT comes.
class LineReader {
public:
  enum Outcome { Line, End, Interrupt };

  /// The next line without its end; the rest of the input counts as one.
  Result<Outcome> read(std::string &line) {
    for (;;) {
      size_t end = buffer.find('\n');
      if (end != std::string::npos || (ended && !buffer.empty())) {
        line = buffer.substr(0, end);
        buffer.erase(0, end == std::string::npos ? end : end + 1);
        if (!line.empty() && line.back() == '\r')
          line.pop_back();
        return Line;
      }
      if (ended)
        return End;
      if (!waitForInput(STDIN_FILENO)) {
        buffer.clear();
        return Interrupt;
      }
      char bytes[4096];
      ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (got < 0 && errno != EINTR && errno != EAGAIN)
        return Error(format("standard input: cannot be read: %s", std::strerror(errno)));
      ended = got == 0;
      buffer.append(bytes, std::max<ssize_t>(got, 0));
    }
  }

private:
  std::string buffer;
  bool ended = false;
};

/// A conversation in progress. `history` are the tokens whose keys and values the sequence's memory holds.
struct Chat {
  const Options &options;
  const text::Tokenizer &tokenizer;
  Session &session;
  int32_t sequence;
  Conversation conversation;
  Sampler sampler;
  std::vector<int32_t> history = {};

  Status turn(std::string line);
};

} // namespace

/// Only what the template changed since the last turn is read again: nothing, as a rule, but the new message.
Status Chat::turn(std::string line) {
  conversation.add("user", std::move(line));
  Result<std::vector<int32_t>> tokens = conversation.tokens();
  if (!tokens)
    return tokens.takeError();
  if (tokens->empty() || tokens->size() > session.context()) {
    conversation.removeLast();
    reportNote(format("the conversation would have %s tokens but the context holds %s; this message was left out, "
                      "/reset starts over",
                      grouped(tokens->size()).c_str(), grouped(session.context()).c_str()));
    return {};
  }
  int64_t shared =
      std::mismatch(history.begin(), history.end(), tokens->begin(), tokens->end()).first - history.begin();
  shared = std::min<int64_t>(shared, static_cast<int64_t>(tokens->size()) - 1);
  session.memory().trim(sequence, shared);
  history = std::move(*tokens);
  Result<Answer> answer = writeAnswer(session, sequence, history, tokenizer, sampler, options);
  if (!answer)
    return answer.takeError();
  history.resize(session.memory().length(sequence));
  if (answer->text.empty() && answer->end == AnswerEnd::Interrupted)
    conversation.removeLast();
  else
    conversation.add("assistant", std::move(answer->text));
  if (answer->end == AnswerEnd::ContextFull)
    reportNote(format("the context of %s tokens is full; the answer stops here, /reset starts over",
                      grouped(session.context()).c_str()));
  return {};
}

Result<int> rt::runChat(const Options &options) {
  Result<text::Tokenizer> tokenizer = loadTokenizer();
  if (!tokenizer)
    return tokenizer.takeError();
  Result<Conversation> conversation = Conversation::create(*tokenizer, options.system);
  if (!conversation)
    return Error(conversation.error().message() + "; use '--raw' with '--prompt' instead");
  Result<Engine> engine = startEngine(options);
  if (!engine)
    return engine.takeError();
  Result<int32_t> sequence = engine->session->memory().open();
  if (!sequence)
    return sequence.takeError();

  Chat chat = {options, *tokenizer, *engine->session, *sequence, std::move(*conversation), Sampler(options.sampler)};
  bool terminal = ::isatty(STDIN_FILENO);
  auto tell = [&](std::string_view text) {
    if (terminal)
      (void)writeAll(STDERR_FILENO, text, "standard error");
  };
  catchInterrupts(/*repeatable=*/true);
  LineReader reader;
  bool leaving = false;
  for (;;) {
    tell("> ");
    std::string line;
    Result<LineReader::Outcome> outcome = reader.read(line);
    if (!outcome)
      return outcome.takeError();
    if (*outcome == LineReader::Interrupt) {
      clearInterrupt();
      tell(leaving || !terminal ? "\n" : "\n(Ctrl-C again, Ctrl-D or /exit leaves)\n");
      if (leaving || !terminal)
        return terminal ? 0 : 130;
      leaving = true;
      continue;
    }
    leaving = false;
    if (*outcome == LineReader::End) {
      tell("\n");
      return 0;
    }
    if (line.find_first_not_of(" \t") == std::string::npos)
      continue;
    if (line == "/exit")
      return 0;
    if (line == "/reset") {
      chat.conversation.reset();
      chat.session.memory().trim(chat.sequence, 0);
      chat.history.clear();
      tell("(the conversation starts over)\n");
      continue;
    }
    if (Status failed = chat.turn(std::move(line)))
      return *failed;
    clearInterrupt();
  }
}
