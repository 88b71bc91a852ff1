//===- hone-opt.cpp - Runs passes on textual IR -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  hone::registerDialects(registry);
  hone::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv,
                                                  "Runs passes of hone and MLIR on a module.\n\nExample: hone-opt "
                                                  "model.mlir --hone-compress-pipeline --hone-fuse-pipeline\n",
                                                  registry));
}
