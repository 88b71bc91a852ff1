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

/// Gives a kernel the signature (memory of its operands, memory of its results, worker, workers), without memory for a
/// `!llm.kv` result, whose pages are updated in place. Its op stays whole between `llm.from_buffer` and
/// `llm.to_buffer`, and each argument that is memory says how it is used (`llm.access`). The calls are the caller's to
/// change. Returns the argument whose number of rows each result has.
mlir::FailureOr<unsigned> bufferizeKernel(mlir::func::FuncOp kernel);

} // namespace hone

#endif // HONE_CODEGEN_COMMON_BUFFERIZEKERNEL_H
