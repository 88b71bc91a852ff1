//===- Program.cpp - The program from its arguments to its exit status ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Console.h"
#include "Format.h"
#include "IsaLevel.h"
#include "Machine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

#ifndef HONE_VERSION
#define HONE_VERSION "unknown"
#endif

Result<Engine> rt::startEngine(const Options &options, uint32_t sequences) {
  Result<Model> model = Model::open(hone_program_module, weightSection());
  if (!model)
    return model.takeError();
  if (options.chunk > hone_program_module.max_rows)
    return Error(format("'--chunk': expected at most %u tokens, which the program takes at once, got %lld",
                        hone_program_module.max_rows, static_cast<long long>(options.chunk)));

  Engine engine;
  Result<unsigned> level = chooseLevel(hone_program_module, hostLevels(), options.isa);
  if (!level)
    return level.takeError();
  model->useLevel(*level);
  engine.model = std::make_unique<Model>(std::move(*model));
  int32_t cpus = usableCPUs();
  Result<std::unique_ptr<Workers>> workers =
      Workers::create(options.threads == 0 ? cpus : static_cast<int32_t>(options.threads), cpus);
  if (!workers)
    return workers.takeError();
  engine.workers = std::move(*workers);
  populateWeights(weightSection(), *engine.workers);
  SessionOptions sessionOptions;
  sessionOptions.context = static_cast<uint32_t>(options.context);
  sessionOptions.rowsPerStep = static_cast<uint32_t>(options.chunk);
  sessionOptions.sequences = sequences;
  sessionOptions.hugePages = options.hugePages;
  Result<std::unique_ptr<Session>> session = Session::create(*engine.model, *engine.workers, sessionOptions);
  if (!session)
    return session.takeError();
  engine.session = std::move(*session);
  return engine;
}

Result<text::Tokenizer> rt::loadTokenizer() {
  Section section = tokenizerSection();
  if (section.size == 0)
    return Error(
        "this program has no tokenizer, so it takes no text; use 'logits' or 'generate-tokens', or compile the "
        "model from a file that has its tokenizer");
  Result<text::Tokenizer> tokenizer = text::Tokenizer::load(section.begin, section.size);
  if (!tokenizer)
    return Error("tokenizer section: " + tokenizer.error().message());
  if (tokenizer->vocabularySize() > hone_program_module.vocabulary)
    return Error(
        format("tokenizer section: expected at most %u tokens, the model's vocabulary, got %zu; compile the model "
               "again with this version of hone",
               hone_program_module.vocabulary, tokenizer->vocabularySize()));
  return tokenizer;
}

Result<std::string> rt::readInput(const std::string &path) {
  bool standard = path == "-";
  int file = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string name = standard ? "standard input" : path;
  if (file < 0)
    return Error(name + ": cannot be opened: " + std::strerror(errno));
  std::string text;
  char buffer[65536];
  ssize_t got;
  while ((got = ::read(file, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
    text.append(buffer, std::max<ssize_t>(got, 0));
  int reason = errno;
  if (!standard)
    ::close(file);
  if (got < 0)
    return Error(name + ": cannot be read: " + std::strerror(reason));
  return text;
}

Status rt::checkFits(const Session &session, const std::string &what, size_t tokens) {
  if (tokens <= session.context())
    return {};
  bool most = session.context() == session.model().module().context_length;
  return Error(format("%s has %s tokens but the context holds %s; shorten it%s", what.c_str(), grouped(tokens).c_str(),
                      grouped(session.context()).c_str(), most ? "" : " or raise '--context'"));
}

uint64_t rt::randomSeed() {
  uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
    seed = static_cast<uint64_t>(now());
  return seed;
}

static Result<int> runCommand(const Options &options) {
  switch (options.command) {
  case AnswerCommand:
    return runAnswer(options);
  case ChatCommand:
    return runChat(options);
  case BenchCommand:
    return runBench(options);
  case InfoCommand:
    return runInfo(options);
  case LogitsCommand:
    return runLogits(options);
  case GenerateTokensCommand:
    return runGenerateTokens(options);
  case FirstLogitsCommand:
    return runFirstLogits(options);
  }
  return 1;
}

int rt::programMain(int argumentCount, char **arguments) {
  setProgramName(argumentCount > 0 ? arguments[0] : nullptr);
  catchBusErrors();
  Result<Options> options = parseOptions({arguments + std::min(argumentCount, 1), arguments + argumentCount});
  if (!options)
    return reportError(options.error()), 2;
  // Before the file: it is true of the program whatever became of that. A program can describe itself on any CPU.
  Status unusable;
  if (!options->help && !options->version && options->command != InfoCommand)
    if (Result<unsigned> level = chooseLevel(hone_program_module, hostLevels(), options->isa); !level)
      unusable = level.takeError();
  if (!unusable)
    unusable = checkProgramFile();
  if (unusable)
    return reportError(*unusable), 1;
  Result<int> status = 0;
  if (options->help || options->version) {
    std::string text = options->help ? helpText(options->command, programName())
                                     : format("%s, made by hone %s\n", programName(), HONE_VERSION);
    if (Status failed = writeAll(STDOUT_FILENO, text))
      status = *failed;
  } else {
    if (!options->seedGiven)
      options->sampler.seed = randomSeed();
    status = runCommand(*options);
  }
  if (!status)
    return reportError(status.error()), 1;
  return *status;
}
