//===- HostCode.h - Compiled code in memory ------------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_HOSTCODE_H
#define HONE_EQUIVALENCE_HOSTCODE_H

#include "hone/Support/Error.h"
#include "hone/codegen/X86/Levels.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

namespace hone::equivalence {

/// Runs `pipeline` (passes with commas between them) on the module, which it leaves in the llvm dialect, and compiles
/// it for this machine as `hone compile` does. Weights are no code and are erased. `what` names the code in errors.
Result<std::unique_ptr<mlir::ExecutionEngine>> compileForHost(mlir::ModuleOp module, llvm::StringRef pipeline,
                                                              llvm::StringRef what);

/// An error unless this machine runs code of the level.
Status checkHost(x86::Level level);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_HOSTCODE_H
