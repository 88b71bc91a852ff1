//===- PassPipeline.h - Passes that a user adds ---------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_PASSPIPELINE_H
#define HONE_DRIVER_PASSPIPELINE_H

#include "hone/Support/Error.h"
#include "mlir/Pass/PassManager.h"

#include <string>

namespace hone {

/// Loads a library that "hone/Driver/PassPlugin.h" made a plugin and lets it register its passes, for the rest of the
/// process. Refuses one that was built for another version of hone or MLIR before any of its functions is called; its
/// static constructors have run then. A plugin that takes the name of a pass ends the process with one line of error.
Status loadPassPlugin(const std::string &path);

/// The passes of "builtin.module(...)", each of which is registered. The error begins with "--pass-pipeline: ".
Result<mlir::OpPassManager> parseModulePipeline(llvm::StringRef pipeline);

} // namespace hone

#endif // HONE_DRIVER_PASSPIPELINE_H
