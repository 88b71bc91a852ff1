//===- BufferizeKernel.h - The memory form of a kernel --------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_COMMON_BUFFERIZEKERNEL_H
#define HONE_CODEGEN_COMMON_BUFFERIZEKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace hone {

/// What the callers of a kernel in memory form must know of it.
struct KernelForm {
  unsigned rowSource;      ///< the argument whose number of rows each result has
  mlir::MemRefType shared; ///< memory that workers fill in a first phase and read in a second, or null

  /// How often all workers call it, with a barrier between.
  int64_t getPhases() const { return shared ? 2 : 1; }
};

/// Gives a kernel the signature (memory of its operands, memory of its results, worker, workers), without memory for a
/// `!llm.kv` result, whose pages are updated in place; memory that workers share and the number of the phase come
/// before the worker where there are phases. Its op stays whole between `llm.from_buffer` and `llm.to_buffer`, and each
/// argument that is memory says how it is used (`llm.access`). The calls are the caller's to change.
mlir::FailureOr<KernelForm> bufferizeKernel(mlir::func::FuncOp kernel);

} // namespace hone

#endif // HONE_CODEGEN_COMMON_BUFFERIZEKERNEL_H
