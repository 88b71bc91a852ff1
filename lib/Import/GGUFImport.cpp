//===- GGUFImport.cpp - GGUF models as llm modules ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Import/GGUFImport.h"

#include "Architectures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace hone;

namespace {
struct Architecture {
  /// As general.architecture spells it.
  StringLiteral name;
  ArchitectureImporter import;
};
} // namespace

static constexpr Architecture architectures[] = {
    {"granite", importGranite},
    {"llama", importLlama},
};

/// Sets the module attributes that the dialect defines, once the graph is known to be right.
static Status describeModule(GGUFModel &model, const gguf::File &file, StringRef architecture, StringRef path,
                             const GGUFImportOptions &options) {
  int64_t contextLength;
  if (Status failed = model.readContextLength(contextLength))
    return failed;
  if (options.contextLength > static_cast<uint64_t>(contextLength))
    return model.error("a context of " + Twine(options.contextLength) +
                       " positions is not supported: the model was trained for " + Twine(contextLength));
  if (options.contextLength)
    contextLength = options.contextLength;

  // Two models of one file name differ in their general.name, if they have one.
  std::string name = llvm::sys::path::stem(path).str();
  if (file.find("general.name")) {
    Result<std::string_view> given = file.getString("general.name");
    if (!given)
      return given.takeError();
    name = std::string(*given);
  }
  SmallString<256> source(path);
  if (std::error_code code = llvm::sys::fs::make_absolute(source))
    return model.error("cannot make the path absolute: " + code.message());
  llvm::sys::path::remove_dots(source);

  ModuleOp module = model.getModule();
  Builder builder(module.getContext());
  module->setAttr(llm::kArchitectureAttr, builder.getStringAttr(architecture));
  module->setAttr(llm::kNameAttr, builder.getStringAttr(name));
  module->setAttr(llm::kContextLengthAttr, builder.getI64IntegerAttr(contextLength));
  module->setAttr(llm::kSourceAttr, builder.getStringAttr(source));
  module->setAttr(llm::kSourceBytesAttr, builder.getI64IntegerAttr(file.totalBytes()));
  return std::nullopt;
}

Result<OwningOpRef<ModuleOp>> hone::importGGUF(MLIRContext &context, const gguf::File &file, const std::string &path,
                                               const GGUFImportOptions &options) {
  context.loadDialect<llm::LLMDialect, arith::ArithDialect, func::FuncDialect>();
  Result<std::string_view> name = file.getString("general.architecture");
  if (!name)
    return name.takeError();
  const Architecture *architecture =
      llvm::find_if(architectures, [&](const Architecture &candidate) { return candidate.name == StringRef(*name); });
  if (architecture == std::end(architectures)) {
    std::string known =
        llvm::join(llvm::map_range(architectures, [](const Architecture &known) { return known.name; }), ", ");
    return Error(file.name() + ": architecture " + quoted(*name) +
                 " is not supported; this version of hone compiles: " + known);
  }

  OwningOpRef<ModuleOp> module = ModuleOp::create(NameLoc::get(StringAttr::get(&context, path)));
  GGUFModel model(*module, file, architecture->name, options);
  int64_t layers;
  if (Status failed = architecture->import(model, layers))
    return *failed;
  if (Status failed = model.checkAllUsed(layers))
    return *failed;
  if (Status failed = describeModule(model, file, architecture->name, path, options))
    return *failed;
  return Result<OwningOpRef<ModuleOp>>(std::move(module));
}
