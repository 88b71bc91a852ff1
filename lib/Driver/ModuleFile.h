//===- ModuleFile.h - Modules that a phase hands on as files --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_MODULEFILE_H
#define HONE_DRIVER_MODULEFILE_H

#include "hone/Driver/Phases.h"
#include "mlir/IR/BuiltinOps.h"

namespace hone {

/// On a module that was written to a file: the phase that it came out of.
inline constexpr llvm::StringLiteral kPhaseAttr = "llm.phase";

/// Writes what `phase` made, as bytecode that has the same bytes each time, or as text. False if it cannot be written;
/// the attribute is gone from the module afterwards.
bool writeModule(mlir::ModuleOp module, llvm::raw_ostream &os, Phase phase, bool text);

} // namespace hone

#endif // HONE_DRIVER_MODULEFILE_H
