//===- GGUFImport.h - GGUF models as llm modules ---------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_IMPORT_GGUFIMPORT_H
#define HONE_IMPORT_GGUFIMPORT_H

#include "hone/Formats/GGUF.h"
#include "hone/Text/TokenizerSource.h"
#include "hone/dialects/LLM/LLMAttrs.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>

namespace hone {

struct GGUFImportOptions {
  /// Positions that a sequence of the program may have; 0 takes what the model was trained for, the most allowed.
  uint64_t contextLength = 0;
  /// Precision of the keys and values that a sequence keeps: F16 or Int8.
  llm::Precision kvCache = llm::Precision::F16;
};

/// Builds the llm module of a model: its graph as `@step`, and one `llm.weight` per tensor whose recipe reads the
/// tensor from `path` (made absolute) when the program is packaged. Nothing but the index of `file` is read here, so
/// this costs milliseconds for a model of any size. Nothing in `file` is trusted: what hone does not support, and what
/// contradicts itself, gives an error that begins with the file's name. Loads the dialects that it needs.
Result<mlir::OwningOpRef<mlir::ModuleOp>> importGGUF(mlir::MLIRContext &context, const gguf::File &file,
                                                     const std::string &path, const GGUFImportOptions &options = {});

/// The tokenizer that a model carries, as views of the file's bytes; none if it has none. What is in it is checked by
/// `text::serializeTokenizer`, not here.
Result<std::optional<text::TokenizerSource>> tokenizerFromGGUF(const gguf::File &file);

/// Registers `--gguf-to-mlir` for mlirTranslateMain.
void registerGGUFTranslation();

} // namespace hone

#endif // HONE_IMPORT_GGUFIMPORT_H
