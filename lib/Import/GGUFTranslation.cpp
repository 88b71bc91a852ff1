//===- GGUFTranslation.cpp - GGUF models in hone-translate ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Import/GGUFImport.h"

#include "hone/dialects/LLM/LLMDialect.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace hone;

static OwningOpRef<Operation *> translate(llvm::SourceMgr &sources, MLIRContext *context) {
  const llvm::MemoryBuffer *buffer = sources.getMemoryBuffer(sources.getMainFileID());
  std::string path = buffer->getBufferIdentifier().str();
  auto fail = [&](const Error &error) {
    emitError(UnknownLoc::get(context)) << error.message();
    return OwningOpRef<Operation *>();
  };
  // The module names the file that its weights are read from later.
  if (path == "<stdin>")
    return fail(Error("expected the path of a GGUF file, got standard input; name the file"));
  Result<gguf::File> file =
      gguf::File::parse(reinterpret_cast<const uint8_t *>(buffer->getBufferStart()), buffer->getBufferSize(), path);
  if (!file)
    return fail(file.error());
  Result<OwningOpRef<ModuleOp>> module = importGGUF(*context, *file, path);
  if (!module)
    return fail(module.error());
  return OwningOpRef<Operation *>(module->release());
}

void hone::registerGGUFTranslation() {
  static TranslateToMLIRRegistration registration(
      "gguf-to-mlir", "a GGUF model as a module of the llm dialect; its weights stay in the file", translate,
      [](DialectRegistry &registry) { registry.insert<llm::LLMDialect, arith::ArithDialect, func::FuncDialect>(); });
}
