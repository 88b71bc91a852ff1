//===- hone-translate.cpp - Model files to readable modules ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Import/GGUFImport.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "llvm/Support/CommandLine.h"

static llvm::cl::extrahelp example("\nExample: hone-translate --gguf-to-mlir model.gguf -o model.mlir\n");

int main(int argc, char **argv) {
  hone::registerGGUFTranslation();
  return mlir::failed(mlir::mlirTranslateMain(argc, argv, "hone-translate: model files to llm modules\n"));
}
