//===- Autotune.h - What kernels do best on this machine ------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_AUTOTUNE_H
#define HONE_EQUIVALENCE_AUTOTUNE_H

#include "hone/Support/Error.h"
#include "mlir/IR/BuiltinOps.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace hone::equivalence {

struct AutotuneOptions {
  std::string file;                   ///< machine file that is written; what it knows of other kernels is kept
  int64_t maxRows = 64;               ///< the largest number of rows that kernels are timed with
  std::vector<std::string> isaLevels; ///< names; the highest that this machine runs is tuned. All if empty
  std::function<void(double done)> progress;
  const std::atomic<bool> *cancel = nullptr;
};

/// Measures this machine, times the choices of each kernel of integer products in `scheduled`, which stays as it is,
/// and writes the machine file. Fails where `file` exists and is no machine file, or where this machine runs none of
/// the levels. The passes of codegen are registered. Takes seconds; the file appears complete or not at all.
Status autotune(mlir::ModuleOp scheduled, const AutotuneOptions &options);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_AUTOTUNE_H
