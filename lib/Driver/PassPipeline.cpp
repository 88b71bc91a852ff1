//===- PassPipeline.cpp - Passes that a user adds -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/PassPipeline.h"

#include "hone/Driver/PassPlugin.h"
#include "hone/Support/MappedFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/DynamicLibrary.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"

#include <cstdlib>

using namespace mlir;
using namespace hone;

//===----------------------------------------------------------------------===//
// Plugins
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kHowToDefine = "; define it with HONE_PASS_PLUGIN of \"hone/Driver/PassPlugin.h\"";

/// Whether the file is a whole library of this machine. The system's loader maps parts that a file cut short lacks, and
/// faults later.
static Status checkLibrary(const std::string &path) {
  Result<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  llvm::StringRef bytes(reinterpret_cast<const char *>(file->data()), file->size());
  auto library = llvm::object::ELF64LEFile::create(bytes);
  if (!library || !library->getHeader().checkMagic() || library->getHeader().getFileClass() != llvm::ELF::ELFCLASS64 ||
      library->getHeader().e_type != llvm::ELF::ET_DYN) {
    llvm::consumeError(library.takeError());
    return Error(path + ": expected a shared library, got another kind of file");
  }
  auto segments = library->program_headers();
  if (!segments) {
    llvm::consumeError(segments.takeError());
    return Error(path + ": is cut short; build or copy it again");
  }
  for (const auto &segment : *segments)
    if (segment.p_offset > bytes.size() || segment.p_filesz > bytes.size() - segment.p_offset)
      return Error(path + ": is cut short; build or copy it again");
  return std::nullopt;
}

/// The system's reason, without the path that the message begins with, and with C++ names as in their source.
static std::string describeLoadFailure(llvm::StringRef reason, llvm::StringRef path) {
  reason.consume_front(path);
  reason.consume_front(": ");
  auto [before, symbol] = reason.split("undefined symbol: ");
  if (symbol.empty())
    return reason.str();
  return "it needs '" + llvm::demangle(symbol) +
         "', which is not in this program; build it against this version of hone";
}

/// MLIR ends the process where a name is taken; it shall say which plugin that was.
static void reportFatal(void *path, const char *reason, bool) {
  llvm::errs() << "hone: error: " << *static_cast<const std::string *>(path) << ": " << reason << "\n";
  std::exit(1);
}

Status hone::loadPassPlugin(const std::string &path) {
  if (Status failed = checkLibrary(path))
    return failed;
  // The system's loader does not look a bare name up in this folder.
  llvm::SmallString<128> absolute(path);
  if (std::error_code error = llvm::sys::fs::make_absolute(absolute))
    return Error(path + ": cannot be found: " + error.message());
  std::string reason;
  auto library = llvm::sys::DynamicLibrary::getPermanentLibrary(absolute.c_str(), &reason);
  if (!library.isValid())
    return Error(path + ": cannot be loaded: " + describeLoadFailure(reason, absolute));
  static llvm::SmallPtrSet<void *, 4> loaded;
  if (loaded.contains(library.getOSSpecificHandle()))
    return std::nullopt;

  const auto *build = static_cast<const char *>(library.getAddressOfSymbol("honePassPluginBuild"));
  auto *getInfo =
      reinterpret_cast<decltype(mlirGetPassPluginInfo) *>(library.getAddressOfSymbol("mlirGetPassPluginInfo"));
  if (!getInfo)
    return Error(path + ": expected a pass plugin, got a library without 'mlirGetPassPluginInfo'" + kHowToDefine.str());
  if (!build)
    return Error(path + ": expected a pass plugin for " HONE_PLUGIN_BUILD ", got one that names no version" +
                 kHowToDefine.str());
  if (llvm::StringRef(build) != HONE_PLUGIN_BUILD)
    return Error(path + ": expected a pass plugin for " HONE_PLUGIN_BUILD ", got one for " + build +
                 "; build it again");
  PassPluginLibraryInfo info = getInfo();
  if (info.apiVersion != MLIR_PLUGIN_API_VERSION || !info.registerPassRegistryCallbacks)
    return Error(path + ": expected version " + std::to_string(MLIR_PLUGIN_API_VERSION) +
                 " of MLIR's plugin interface, got " +
                 (info.registerPassRegistryCallbacks ? std::to_string(info.apiVersion) : "one that registers nothing") +
                 kHowToDefine.str());
  llvm::ScopedFatalErrorHandler handler(reportFatal, const_cast<std::string *>(&path));
  info.registerPassRegistryCallbacks();
  loaded.insert(library.getOSSpecificHandle());
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

Result<OpPassManager> hone::parseModulePipeline(llvm::StringRef pipeline) {
  if (!pipeline.trim().starts_with((ModuleOp::getOperationName() + "(").str()))
    return Error("--pass-pipeline: expected 'builtin.module(...)', got '" + pipeline.str() + "'");
  std::string text;
  llvm::raw_string_ostream os(text);
  FailureOr<OpPassManager> parsed = parsePassPipeline(pipeline, os);
  if (succeeded(parsed))
    return std::move(*parsed);
  // "MLIR Textual PassPipeline Parser:1:16: error: <Pass-Options-Parser>: ...", the pipeline and a caret.
  llvm::StringRef reason = llvm::StringRef(text).split('\n').first;
  if (reason.contains("error: "))
    reason = reason.split("error: ").second;
  reason.consume_front("<Pass-Options-Parser>: ");
  if (reason.empty()) // LLVM's parser of values has its own way to standard error.
    reason = "expected a value that the option takes; the line above says which is none";
  std::string message = "--pass-pipeline: " + reason.str();
  if (reason.contains("does not refer to a registered pass"))
    message += "; 'hone-opt --list-passes' lists them, with --load-pass-plugin those of a plugin too";
  return Error(std::move(message));
}
