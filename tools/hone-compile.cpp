//===- hone-compile.cpp - Compiles a model to a program -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ActivationOptions.h"
#include "CommandLine.h"
#include "IsaOption.h"
#include "ProgressBar.h"
#include "hone/Driver/Compile.h"
#include "hone/Driver/Registration.h"
#include "hone/Equivalence/Autotune.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <csignal>
#include <thread>

using namespace hone;

static std::atomic<bool> cancelled{false};

static void printReport(const CompileReport &report, bool json) {
  if (json) {
    llvm::json::OStream writer(llvm::outs(), 2);
    writer.object([&] {
      writer.attribute("output", report.output);
      writer.attribute("output_bytes", report.outputBytes);
      writer.attribute("weight_bytes", report.weightBytes);
      writer.attribute("code_bytes", report.codeBytes);
      writer.attribute("arena_bytes", report.arenaBytes);
      writer.attribute("kernels", report.kernels);
      writer.attributeObject("seconds", [&] {
        llvm::StringMap<double> sums;
        for (const auto &time : report.phases)
          sums[getPhaseName(time.phase)] += time.seconds;
        for (unsigned phase = 0; phase < kPhases; ++phase)
          if (auto found = sums.find(getPhaseName(static_cast<Phase>(phase))); found != sums.end())
            writer.attribute(found->first(), found->second);
      });
    });
    llvm::outs() << "\n";
    return;
  }
  if (report.output == "-")
    return;
  double seconds = 0;
  for (const auto &time : report.phases)
    seconds += time.seconds;
  llvm::errs() << report.output << ": " << llvm::format("%.1f", static_cast<double>(report.outputBytes) / 1e6)
               << " MB in " << llvm::format("%.1f", seconds) << " s\n";
}

/// The words of the command line that stand for phases.
static std::vector<std::pair<std::string, std::optional<Phase>>> getPhaseWords(Phase first, Phase last) {
  std::vector<std::pair<std::string, std::optional<Phase>>> words;
  for (auto phase = static_cast<unsigned>(first); phase <= static_cast<unsigned>(last); ++phase)
    words.emplace_back(getPhaseName(static_cast<Phase>(phase)).str(), static_cast<Phase>(phase));
  return words;
}

/// Where the result goes without -o: text to standard output, files beside the user under the model's name.
static std::string getDefaultOutput(const CompileOptions &options) {
  if (options.emit == EmitKind::Assembly || options.emit == EmitKind::LLVM || options.emit == EmitKind::MLIR)
    return "-";
  std::string stem = llvm::sys::path::stem(options.input).str();
  Phase last = options.emit == EmitKind::Object ? Phase::Object : options.stopAfter.value_or(Phase::Program);
  if (options.emit == EmitKind::Shared)
    return "lib" + stem + ".so";
  return stem + (last == Phase::Program ? "" : last == Phase::Object ? ".o" : ".mlirbc");
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CLI::App app("Compiles a model to one self-contained program.\n\n"
               "Example: hone compile SmolLM2-135M-Instruct.Q4_1.gguf -o smollm2 && ./smollm2 chat\n"
               "         hone compile MODEL.gguf --load-pass-plugin=DropBranches.so "
               "--pass-pipeline='builtin.module(drop-branches{match=blk[.]1[.]})'\n"
               "         hone compile MODEL.gguf --autotune --machine here.json, then MODEL.gguf --machine here.json",
               "hone compile");
  CompileOptions options;
  unsigned jobs = 0;
  bool json = false, autotunes = false;
  app.add_option("model", options.input, "A GGUF file, or a module with --start-at")->required();
  app.add_option("-o,--output", options.output, "Output file; default: the model's name in this folder");
  addChoice(app, "--emit", options.emit,
            "What to write: a program, a shared library, their object, assembly or LLVM IR, or "
            "textual MLIR of --stop-after",
            {{"exe", EmitKind::Program},
             {"shared", EmitKind::Shared},
             {"object", EmitKind::Object},
             {"asm", EmitKind::Assembly},
             {"llvm", EmitKind::LLVM},
             {"mlir", EmitKind::MLIR}});
  addChoice(app, "--stop-after", options.stopAfter, "Stop after a phase and write its result",
            getPhaseWords(Phase::Import, Phase::Program));
  addChoice(app, "--start-at", options.startAt, "Go on from what --stop-after of this phase wrote",
            getPhaseWords(Phase::Import, Phase::Lowered));
  app.add_option("--dump-phases", options.dumpPhases, "Write the IR after each phase into a folder")
      ->option_text("FOLDER");
  addActivationOptions(app, options.activations, options.activationOverrides);
  addKVCacheOption(app, options.kvCache);
  app.add_option("--pass-pipeline", options.passPipeline,
                 "Run passes of your own on the module, 'builtin.module(...)' as hone-opt takes it")
      ->option_text("PASSES");
  addChoice(app, "--pipeline-before", options.pipelineBefore,
            "The phase before whose passes --pass-pipeline runs; default: compressed, which is right after the import",
            getPhaseWords(Phase::Compressed, Phase::Object));
  app.add_option("--load-pass-plugin", options.passPlugins,
                 "Load a library with passes for --pass-pipeline; may be given several times")
      ->option_text("FILE")
      ->allow_extra_args(false);
  addIsaOption(
      app, options.isaLevels,
      "ISA levels to generate code for, of which a program takes the highest that its machine has: " HONE_ISA_LIST
      "; default: all");
  CLI::Option *machine =
      app.add_option("--machine", options.machineFile,
                     "Tune the code for a machine, by the file that --autotune wrote there; results keep their bits")
          ->option_text("FILE");
  app.add_flag("--autotune", autotunes, "Measure this machine, time what kernels may choose, and write --machine FILE")
      ->needs(machine);
  app.add_option("--context", options.contextLength, "Positions that a sequence may have; default: the model's");
  app.add_option("--max-rows", options.maxRows, "Largest number of rows of one step")->capture_default_str();
  app.add_option("-j,--jobs", jobs, "Threads that pack weights; default: all");
  app.add_flag("--keep-symbols", options.keepSymbols, "Keep the symbol table, for profilers and debuggers");
  app.add_flag("--remarks", options.remarks, "Report what passes did and what they refused");
  app.add_flag("--json", json, "Report the result as JSON on standard output");
  if (std::optional<int> status = parseCommandLine(app, argc, argv))
    return *status;

  std::signal(SIGINT, [](int) {
    if (cancelled.exchange(true)) // A second Ctrl-C does not wait.
      _exit(130);
  });
  options.threads = jobs ? jobs : std::max(1u, std::thread::hardware_concurrency());
  options.cancel = &cancelled;
  if (options.output.empty())
    options.output = getDefaultOutput(options);

  ProgressBar bar;
  options.progress = [&](Phase phase, double done) { bar.update(getPhaseName(phase), done); };
  equivalence::AutotuneOptions tuning;
  if (autotunes) {
    registerPasses();
    options.autotune = [&](mlir::ModuleOp scheduled) {
      tuning.file = options.machineFile;
      tuning.maxRows = options.maxRows;
      tuning.isaLevels = options.isaLevels;
      tuning.progress = [&](double done) { bar.update("timing kernels", done); };
      tuning.cancel = options.cancel;
      return equivalence::autotune(scheduled, tuning);
    };
  }
  options.report = [&](llvm::StringRef line) {
    bar.clear();
    llvm::errs() << "hone: " << line << "\n";
  };
  Result<CompileReport> report = compile(options);
  bar.clear();
  if (!report) {
    llvm::errs() << "hone: error: " << report.error().message() << "\n";
    return cancelled ? 130 : 1;
  }
  printReport(*report, json);
  return 0;
}
