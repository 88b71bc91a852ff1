//===- OptionsTest.cpp - The program's command line -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"

#include <gtest/gtest.h>

using namespace hone;
using namespace hone::rt;

static std::string errorOf(std::vector<std::string> arguments) {
  Result<Options> options = parseOptions(arguments);
  return options ? "" : options.error().message();
}

TEST(OptionsTest, TheWholeOfACommandLineIsRead) {
  Result<Options> options =
      parseOptions({"--prompt", "-5 degrees", "--stop=a=b", "--stop", "c", "--temperature", "0.5", "--top-k=7",
                    "--seed", "9", "--threads", "3", "--max-tokens", "12", "--context", "100", "--system", ""});
  ASSERT_TRUE(bool(options)) << options.error().message();
  EXPECT_EQ(options->command, AnswerCommand);
  EXPECT_EQ(options->prompt, "-5 degrees");
  EXPECT_EQ(options->stops, (std::vector<std::string>{"a=b", "c"}));
  EXPECT_EQ(options->sampler.temperature, 0.5);
  EXPECT_EQ(options->sampler.topK, 7);
  EXPECT_EQ(options->sampler.seed, 9u);
  EXPECT_TRUE(options->seedGiven);
  EXPECT_EQ(options->threads, 3);
  EXPECT_EQ(options->maxTokens, 12);
  EXPECT_EQ(options->context, 100);
  EXPECT_EQ(options->system, "");
}

TEST(OptionsTest, BenchTakesListsOfNumbers) {
  Result<Options> options = parseOptions({"bench", "--prompt", "256", "--json", "--depth=0,1024", "--batch", "1,8",
                                          "--threads", "2,1", "--generate", "0"});
  ASSERT_TRUE(bool(options)) << options.error().message();
  using List = std::vector<int64_t>;
  EXPECT_EQ(options->benchPrompt, List{256});
  EXPECT_EQ(options->benchGenerate, List{0});
  EXPECT_EQ(options->benchDepth, (List{0, 1024}));
  EXPECT_EQ(options->benchThreads, (List{2, 1}));
  EXPECT_EQ(options->benchBatch, (List{1, 8}));
  EXPECT_TRUE(options->json);
  for (const char *bad : {"many", "1,,2", "1,", ",1", "1 2", ""})
    EXPECT_EQ(errorOf({"bench", "--prompt", bad}),
              std::string("'--prompt': expected a whole number from 0 to 2147483647, or several with commas between, "
                          "got '") +
                  bad + "'");
  EXPECT_EQ(errorOf({"bench", "--prompt", "0,0", "--generate", "0"}),
            "'bench' has nothing to measure: expected '--prompt' or '--generate' above 0");
}

TEST(OptionsTest, ProfileMayNameAFile) {
  Result<Options> options = parseOptions({"bench", "--profile", "--json"});
  ASSERT_TRUE(bool(options)) << options.error().message();
  EXPECT_TRUE(options->profile);
  EXPECT_EQ(options->traceFile, "");
  options = parseOptions({"bench", "--profile=trace.json"});
  ASSERT_TRUE(bool(options)) << options.error().message();
  EXPECT_TRUE(options->profile);
  EXPECT_EQ(options->traceFile, "trace.json");
  EXPECT_EQ(errorOf({"bench", "--profile="}), "'--profile=' expects a value after it");
  EXPECT_EQ(errorOf({"bench", "--profile", "trace.json"}),
            "unexpected argument 'trace.json'; quote a text that has spaces in it");
  EXPECT_EQ(errorOf({"bench", "--profile", "--depth", "0,1"}),
            "'--profile' measures one thing: expected one number for each option, got several");
  EXPECT_EQ(errorOf({"bench", "--compare", "other", "--threads", "1,2"}),
            "'--compare' measures one thing: expected one number for each option, got several");
  EXPECT_EQ(errorOf({"bench", "--compare", "other", "--profile"}),
            "expected one of '--profile' and '--compare', got both");
  EXPECT_EQ(errorOf({"bench", "--compare", ""}), "'--compare': expected a program, got ''");
}

TEST(OptionsTest, BadNumbers) {
  EXPECT_EQ(errorOf({"--threads", "0"}), "'--threads': expected a whole number from 1 to 1024, got '0'");
  EXPECT_EQ(errorOf({"--threads", "2x"}), "'--threads': expected a whole number from 1 to 1024, got '2x'");
  EXPECT_EQ(errorOf({"--threads="}), "'--threads': expected a whole number from 1 to 1024, got ''");
  EXPECT_EQ(errorOf({"--max-tokens", "99999999999999999999"}),
            "'--max-tokens': expected a whole number from 1 to 2147483647, got '99999999999999999999'");
  EXPECT_EQ(errorOf({"--temperature", "nan"}), "'--temperature': expected a number from 0 to 100, got 'nan'");
  EXPECT_EQ(errorOf({"--top-p", "1.5"}), "'--top-p': expected a number from 0 to 1, got '1.5'");
  EXPECT_EQ(errorOf({"--seed", "-1"}), "'--seed': expected a whole number from 0, got '-1'");
}

TEST(OptionsTest, HugePages) {
  EXPECT_FALSE(parseOptions({"chat"})->hugePages);
  EXPECT_TRUE(parseOptions({"chat", "--huge-pages", "on"})->hugePages);
  EXPECT_FALSE(parseOptions({"bench", "--huge-pages=off"})->hugePages);
  EXPECT_EQ(errorOf({"chat", "--huge-pages", "auto"}), "'--huge-pages': expected on or off, got 'auto'");
}

TEST(OptionsTest, UnknownNamesGetASuggestion) {
  EXPECT_EQ(errorOf({"--temprature", "1"}), "unknown option '--temprature'; did you mean '--temperature'?");
  EXPECT_EQ(errorOf({"--frobnicate"}), "unknown option '--frobnicate'; see '--help'");
  EXPECT_EQ(errorOf({"chta"}), "unknown command 'chta'; did you mean 'chat'?");
  EXPECT_EQ(errorOf({"What is this?"}),
            "unknown command 'What is this?'; see '--help', and put a prompt after '--prompt'");
  EXPECT_EQ(errorOf({"chat", "--json"}), "'--json' does not go with 'chat', only with 'bench', 'info'");
  EXPECT_EQ(errorOf({"--runs", "3"}), "'--runs' does not go with '--prompt', only with 'bench'");
}

TEST(OptionsTest, WhatIsMissingOrTooMuchIsNamed) {
  EXPECT_EQ(errorOf({}),
            "expected '--prompt TEXT' or a command (chat, bench, info, logits, generate-tokens); see '--help'");
  EXPECT_EQ(errorOf({"--prompt"}), "'--prompt' expects TEXT after it");
  EXPECT_EQ(errorOf({"--prompt", "a", "b"}), "unexpected argument 'b'; quote a text that has spaces in it");
  EXPECT_EQ(errorOf({"--prompt", "a", "--prompt-file", "b"}),
            "expected one of '--prompt' and '--prompt-file', got both");
  EXPECT_EQ(errorOf({"--raw=yes", "--prompt", "a"}), "'--raw' takes no value, got 'yes'");
  EXPECT_EQ(errorOf({"--prompt", "a", "--raw", "--system", "s"}),
            "'--system' needs the chat template, which '--raw' leaves out; drop one of them");
  EXPECT_EQ(errorOf({"--stop", ""}), "'--stop': expected a text that is not empty, got ''");
  EXPECT_EQ(errorOf({"logits", "--tokens", "t"}), "'logits' expects '--tokens FILE' and '--output FILE'");
  EXPECT_EQ(errorOf({"generate-tokens", "--tokens", "t"}),
            "'generate-tokens' expects '--tokens FILE' and '--max-tokens N'");
}

TEST(OptionsTest, EveryCommandHasHelpWithAnExample) {
  for (const char *command : {"", "chat", "bench", "info", "logits", "generate-tokens"}) {
    std::vector<std::string> arguments;
    if (*command)
      arguments.push_back(command);
    arguments.push_back("--help");
    Result<Options> options = parseOptions(arguments);
    ASSERT_TRUE(bool(options));
    EXPECT_TRUE(options->help);
    std::string text = helpText(options->command, "model");
    EXPECT_NE(text.find("usage: model"), std::string::npos);
    EXPECT_NE(text.find("for example: model " + std::string(command)), std::string::npos) << text;
    EXPECT_EQ(text.find("first-logits"), std::string::npos);
  }
}
