//===- Options.cpp - The program's command line ---------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Format.h"
#include "hone-rt/ABI.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

using namespace hone;
using namespace hone::rt;

namespace {

struct CommandRow {
  Command command;
  const char *name; ///< empty: the program without a command
  const char *usage;
  const char *summary;
  const char *example;
};

struct OptionRow {
  const char *name;
  const char *argument; ///< what its value is called; null for a flag, "[=X]" where it may be left out
  uint32_t commands;
  const char *help;
  /// Takes the value over, or says what it should have been.
  Status (*apply)(Options &options, const std::string &value);
};

} // namespace

static const CommandRow commandRows[] = {
    {AnswerCommand, "", "--prompt TEXT [options]", "answer one prompt",
     "--prompt \"Name three rivers.\" --max-tokens 64"},
    {ChatCommand, "chat", "chat [options]",
     "converse, one line a turn; Ctrl-C stops an answer, /reset forgets, /exit leaves",
     "chat --system \"Answer briefly.\" --temperature 0.7"},
    {BenchCommand, "bench", "bench [options]",
     "measure speed beside the limits of the machine, kernel by kernel, or beside another program",
     "bench --prompt 512 --generate 128 --depth 0,4096 --threads 1,2"},
    {InfoCommand, "info", "info [--json]", "say what the program holds", "info"},
    {LogitsCommand, "logits", "logits --tokens FILE --output FILE [options]",
     "write the logits (f32, [token][vocabulary]) after each of the given tokens",
     "logits --tokens tokens.txt --output logits.f32"},
    {GenerateTokensCommand, "generate-tokens", "generate-tokens --tokens FILE --max-tokens N [options]",
     "continue a list of token ids; print the new ones, one a line",
     "generate-tokens --tokens tokens.txt --max-tokens 32"},
    {FirstLogitsCommand, "first-logits", nullptr, nullptr, nullptr},
};

/// Reads all of `text` as a whole number in [least, most].
static Status readWhole(const std::string &text, int64_t least, int64_t most, int64_t &value) {
  char *end = nullptr;
  errno = 0;
  long long number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || errno != 0 || number < least || number > most || text[0] == ' ')
    return Error(most == INT64_MAX ? format("a whole number from %lld", static_cast<long long>(least))
                                   : format("a whole number from %lld to %lld", static_cast<long long>(least),
                                            static_cast<long long>(most)));
  value = number;
  return {};
}

/// Numbers with commas between.
static Status readList(const std::string &text, int64_t least, int64_t most, std::vector<int64_t> &values) {
  values.clear();
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    int64_t value;
    if (Status expected = readWhole(text.substr(begin, end - begin), least, most, value))
      return Error(expected->message() + ", or several with commas between");
    values.push_back(value);
    begin = end + 1;
  }
  return {};
}

static Status readReal(const std::string &text, double least, double most, double &value) {
  char *end = nullptr;
  double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !(number >= least && number <= most) || text[0] == ' ')
    return Error(format("a number from %g to %g", least, most));
  value = number;
  return {};
}

static constexpr uint32_t textCommands = AnswerCommand | ChatCommand;
static constexpr uint32_t samplingCommands = textCommands | GenerateTokensCommand;
static constexpr uint32_t threadCommands = samplingCommands | LogitsCommand | FirstLogitsCommand;
static constexpr uint32_t runningCommands = threadCommands | BenchCommand;
static constexpr int64_t most32 = INT32_MAX;

static const OptionRow optionRows[] = {
    {"--prompt", "TEXT", AnswerCommand, "the prompt",
     [](Options &o, const std::string &v) -> Status { return o.prompt = v, std::nullopt; }},
    {"--prompt-file", "FILE", AnswerCommand, "read the prompt from FILE; - is standard input",
     [](Options &o, const std::string &v) -> Status { return o.promptFile = v, std::nullopt; }},
    {"--raw", nullptr, AnswerCommand, "continue the prompt as it stands, without the chat template",
     [](Options &o, const std::string &) -> Status { return o.raw = true, std::nullopt; }},
    {"--system", "TEXT", textCommands, "the system message before the conversation",
     [](Options &o, const std::string &v) -> Status { return o.system = v, std::nullopt; }},
    {"--stop", "TEXT", textCommands, "end the answer before TEXT; may be given several times",
     [](Options &o, const std::string &v) -> Status {
       if (v.empty())
         return Error("a text that is not empty");
       return o.stops.push_back(v), std::nullopt;
     }},
    {"--tokens", "FILE", LogitsCommand | GenerateTokensCommand,
     "token ids, separated by white space; - is standard input",
     [](Options &o, const std::string &v) -> Status { return o.tokensFile = v, std::nullopt; }},
    {"--output", "FILE", LogitsCommand, "where the logits go",
     [](Options &o, const std::string &v) -> Status { return o.outputFile = v, std::nullopt; }},
    {"--chunk", "N", LogitsCommand | GenerateTokensCommand,
     "run N tokens at once (default: as many as the program takes)",
     [](Options &o, const std::string &v) { return readWhole(v, 1, most32, o.chunk); }},
    {"--max-tokens", "N", samplingCommands, "stop after N tokens (default: when the model ends or the context is full)",
     [](Options &o, const std::string &v) { return readWhole(v, 1, most32, o.maxTokens); }},
    {"--temperature", "X", samplingCommands, "0 (default) takes the likeliest token; higher is more varied",
     [](Options &o, const std::string &v) { return readReal(v, 0, 100, o.sampler.temperature); }},
    {"--top-k", "N", samplingCommands, "draw among the N likeliest tokens (default 40; 0: all)",
     [](Options &o, const std::string &v) { return readWhole(v, 0, most32, o.sampler.topK); }},
    {"--top-p", "X", samplingCommands,
     "draw among the likeliest tokens that reach probability X (default 0.95; 1: all)",
     [](Options &o, const std::string &v) { return readReal(v, 0, 1, o.sampler.topP); }},
    {"--min-p", "X", samplingCommands, "drop tokens below X times the likeliest (default 0.05; 0: none)",
     [](Options &o, const std::string &v) { return readReal(v, 0, 1, o.sampler.minP); }},
    {"--repeat-penalty", "X", samplingCommands, "divide the logits of the last 64 tokens by X (default 1: off)",
     [](Options &o, const std::string &v) { return readReal(v, 0.01, 100, o.sampler.repeatPenalty); }},
    {"--seed", "N", samplingCommands, "make the draws repeatable (default: another seed each time)",
     [](Options &o, const std::string &v) -> Status {
       int64_t seed;
       if (Status failed = readWhole(v, 0, INT64_MAX, seed))
         return failed;
       o.sampler.seed = static_cast<uint64_t>(seed);
       return o.seedGiven = true, std::nullopt;
     }},
    {"--prompt", "N,...", BenchCommand, "tokens of the prompt (default 512; 0: none)",
     [](Options &o, const std::string &v) { return readList(v, 0, most32, o.benchPrompt); }},
    {"--generate", "N,...", BenchCommand, "tokens to generate (default 128; 0: none)",
     [](Options &o, const std::string &v) { return readList(v, 0, most32, o.benchGenerate); }},
    {"--depth", "N,...", BenchCommand, "tokens in the context before either is measured (default 0)",
     [](Options &o, const std::string &v) { return readList(v, 0, most32, o.benchDepth); }},
    {"--threads", "N,...", BenchCommand, "workers (default: the CPUs that the process may use)",
     [](Options &o, const std::string &v) { return readList(v, 1, 1024, o.benchThreads); }},
    {"--batch", "N,...", BenchCommand, "sequences that generate together, a token of each in a step (default 1)",
     [](Options &o, const std::string &v) { return readList(v, 1, most32, o.benchBatch); }},
    {"--profile", "[=FILE]", BenchCommand, "show the time of each kernel; write a trace for ui.perfetto.dev to FILE",
     [](Options &o, const std::string &v) -> Status { return o.profile = true, o.traceFile = v, std::nullopt; }},
    {"--compare", "PROGRAM", BenchCommand,
     "measure this program and PROGRAM, round by round, in processes of their own",
     [](Options &o, const std::string &v) -> Status {
       if (v.empty())
         return Error("a program");
       return o.compareWith = v, std::nullopt;
     }},
    {"--runs", "N", BenchCommand, "measured runs, or rounds of --compare (default 5)",
     [](Options &o, const std::string &v) { return readWhole(v, 1, 1000, o.benchRuns); }},
    {"--json", nullptr, BenchCommand | InfoCommand, "print JSON",
     [](Options &o, const std::string &) -> Status { return o.json = true, std::nullopt; }},
    {"--threads", "N", threadCommands, "workers (default: the CPUs that the process may use)",
     [](Options &o, const std::string &v) { return readWhole(v, 1, 1024, o.threads); }},
    {"--isa", "LEVEL", runningCommands,
     "run the code for this level, of " HONE_ISA_LIST " (default: the highest of the CPU)",
     [](Options &o, const std::string &v) -> Status { return o.isa = v, std::nullopt; }},
    {"--context", "N", runningCommands, "positions to keep (default: as many as the model has)",
     [](Options &o, const std::string &v) { return readWhole(v, 1, most32, o.context); }},
    {"--huge-pages", "WHEN", runningCommands,
     "on: move the weights into huge pages while it runs; off (default): leave them in the file's",
     [](Options &o, const std::string &v) -> Status {
       if (v != "on" && v != "off")
         return Error("on or off");
       return o.hugePages = v == "on", std::nullopt;
     }},
    {"--ready", "N", FirstLogitsCommand, nullptr,
     [](Options &o, const std::string &v) { return readWhole(v, 0, most32, o.readyFile); }},
    {"--help", nullptr, ~0u, "print this",
     [](Options &o, const std::string &) -> Status { return o.help = true, std::nullopt; }},
    {"--version", nullptr, AnswerCommand, "print the version",
     [](Options &o, const std::string &) -> Status { return o.version = true, std::nullopt; }},
};

/// Edits (insert, delete, replace) that turn `a` into `b`.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// "; did you mean 'X'?" for the nearest of `names` if it is near enough, else `otherwise`.
static std::string suggestion(const std::string &given, const std::vector<std::string> &names,
                              const std::string &otherwise) {
  size_t best = std::max<size_t>(2, given.size() / 4) + 1;
  const std::string *nearest = nullptr;
  for (const std::string &name : names)
    if (size_t distance = editDistance(given, name); distance < best) {
      best = distance;
      nearest = &name;
    }
  return nearest ? "; did you mean '" + *nearest + "'?" : otherwise;
}

static std::string commandName(Command command) {
  for (const CommandRow &row : commandRows)
    if (row.command == command && row.name[0])
      return std::string("'") + row.name + "'";
  return "'--prompt'";
}

static Error unknownOption(const std::string &name, Command command) {
  std::string others;
  for (const CommandRow &row : commandRows)
    for (const OptionRow &option : optionRows)
      if (name == option.name && (option.commands & row.command) && row.usage)
        others += (others.empty() ? "" : ", ") + commandName(row.command);
  if (!others.empty())
    return Error(
        format("'%s' does not go with %s, only with %s", name.c_str(), commandName(command).c_str(), others.c_str()));
  std::vector<std::string> names;
  for (const OptionRow &option : optionRows)
    if ((option.commands & command) && option.help)
      names.push_back(option.name);
  return Error(format("unknown option '%s'", name.c_str()) + suggestion(name, names, "; see '--help'"));
}

static Status checkBench(const Options &options) {
  auto isZero = [](int64_t number) { return number == 0; };
  if (std::all_of(options.benchPrompt.begin(), options.benchPrompt.end(), isZero) &&
      std::all_of(options.benchGenerate.begin(), options.benchGenerate.end(), isZero))
    return Error("'bench' has nothing to measure: expected '--prompt' or '--generate' above 0");
  bool single = true;
  for (const std::vector<int64_t> *list :
       {&options.benchPrompt, &options.benchGenerate, &options.benchDepth, &options.benchThreads, &options.benchBatch})
    single &= list->size() == 1;
  for (auto [given, name] : {std::pair(options.profile, "--profile"), {!options.compareWith.empty(), "--compare"}})
    if (given && !single)
      return Error(format("'%s' measures one thing: expected one number for each option, got several", name));
  if (options.profile && !options.compareWith.empty())
    return Error("expected one of '--profile' and '--compare', got both");
  return {};
}

static Status checkOptions(const Options &options) {
  if (options.help || options.version)
    return {};
  switch (options.command) {
  case AnswerCommand:
    if (options.prompt && options.promptFile)
      return Error("expected one of '--prompt' and '--prompt-file', got both");
    if (!options.prompt && !options.promptFile)
      return Error("expected '--prompt TEXT' or a command (chat, bench, info, logits, generate-tokens); see '--help'");
    if (options.raw && options.system)
      return Error("'--system' needs the chat template, which '--raw' leaves out; drop one of them");
    return {};
  case LogitsCommand:
    if (options.tokensFile.empty() || options.outputFile.empty())
      return Error("'logits' expects '--tokens FILE' and '--output FILE'");
    return {};
  case GenerateTokensCommand:
    if (options.tokensFile.empty() || options.maxTokens == INT64_MAX)
      return Error("'generate-tokens' expects '--tokens FILE' and '--max-tokens N'");
    return {};
  case BenchCommand:
    return checkBench(options);
  default:
    return {};
  }
}

Result<Options> rt::parseOptions(const std::vector<std::string> &arguments) {
  Options options;
  size_t next = 0;
  if (!arguments.empty() && (arguments[0].empty() || arguments[0][0] != '-')) {
    std::vector<std::string> names;
    bool known = false;
    for (const CommandRow &row : commandRows) {
      if (row.name[0] && arguments[0] == row.name) {
        options.command = row.command;
        known = true;
      }
      if (row.name[0] && row.usage)
        names.push_back(row.name);
    }
    if (!known)
      return Error(format("unknown command '%s'", arguments[0].c_str()) +
                   suggestion(arguments[0], names, "; see '--help', and put a prompt after '--prompt'"));
    next = 1;
  }

  while (next < arguments.size()) {
    std::string name = arguments[next++], value;
    if (name == "-h")
      name = "--help";
    if (name.compare(0, 1, "-") != 0 || name == "-")
      return Error(format("unexpected argument '%s'; quote a text that has spaces in it", name.c_str()));
    size_t equals = name.find('=');
    bool attached = equals != std::string::npos;
    if (attached) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const OptionRow *option = nullptr;
    for (const OptionRow &row : optionRows)
      if ((row.commands & options.command) && name == row.name)
        option = &row;
    if (!option)
      return unknownOption(name, options.command);
    if (!option->argument && attached)
      return Error(format("'%s' takes no value, got '%s'", option->name, value.c_str()));
    bool optional = option->argument && option->argument[0] == '[';
    if (optional && attached && value.empty())
      return Error(format("'%s=' expects a value after it", option->name));
    if (option->argument && !optional && !attached) {
      if (next == arguments.size())
        return Error(format("'%s' expects %s after it", option->name, option->argument));
      value = arguments[next++];
    }
    if (Status expected = option->apply(options, value))
      return Error(format("'%s': expected %s, got '%s'", option->name, expected->message().c_str(), value.c_str()));
  }
  if (Status failed = checkOptions(options))
    return *failed;
  return options;
}

std::string rt::helpText(Command command, const std::string &program) {
  std::string text;
  for (const CommandRow &row : commandRows) {
    if (!row.usage || (command != AnswerCommand && row.command != command))
      continue;
    text += (text.empty() ? "usage: " : "       ") + program + " " + row.usage + "\n";
    if (row.command == command)
      text +=
          std::string("           ") + row.summary + "\n           for example: " + program + " " + row.example + "\n";
    else
      text += std::string("           ") + row.summary + "\n";
  }
  text += "\noptions:\n";
  for (const OptionRow &option : optionRows)
    if ((option.commands & command) && option.help) {
      std::string argument = option.argument ? option.argument : "";
      std::string left = option.name + (argument.empty() || argument[0] == '[' ? argument : " " + argument);
      text += format("  %-20s  %s\n", left.c_str(), option.help);
    }
  if (command == AnswerCommand)
    text += "\n'" + program + " COMMAND --help' lists the options of a command.\n";
  return text;
}
