//===- hone-opt.cpp - Runs passes on textual IR -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/PassPipeline.h"
#include "hone/Driver/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

/// Loads the plugins that the command line names, and takes them off it. MLIR's own loader would go on after a failure,
/// and knows of no version of hone.
static hone::Status loadPlugins(int &argc, char **argv) {
  int kept = 0;
  for (int i = 0; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    bool isOption = argument.consume_front("--load-pass-plugin") || argument.consume_front("-load-pass-plugin");
    bool hasValue = isOption && argument.consume_front("=");
    if (!isOption || (!hasValue && (!argument.empty() || i + 1 == argc))) {
      argv[kept++] = argv[i];
      continue;
    }
    if (hone::Status failed = hone::loadPassPlugin(hasValue ? argument.str() : argv[++i]))
      return failed;
  }
  argc = kept;
  argv[argc] = nullptr;
  return std::nullopt;
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  hone::registerDialects(registry);
  hone::registerPasses();
  if (hone::Status failed = loadPlugins(argc, argv)) {
    llvm::errs() << "hone: error: " << failed->message() << "\n";
    return 1;
  }
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv,
                                                  "Runs passes of hone and MLIR on a module.\n\nExample: hone-opt "
                                                  "model.mlir --hone-compress-pipeline --hone-fuse-pipeline\n"
                                                  "         hone-opt model.mlir --load-pass-plugin=DropBranches.so "
                                                  "--drop-branches='match=blk[.]1[.]'\n",
                                                  registry));
}
