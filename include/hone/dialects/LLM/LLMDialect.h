//===- LLMDialect.h - The llm dialect ---------------------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMDIALECT_H
#define HONE_DIALECTS_LLM_LLMDIALECT_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "hone/dialects/LLM/LLMDialect.h.inc"

namespace hone::llm {

/// Names of the attributes that the dialect defines on modules and functions.
inline constexpr llvm::StringLiteral kStepAttr = "llm.step";
inline constexpr llvm::StringLiteral kKernelAttr = "llm.kernel";
inline constexpr llvm::StringLiteral kNameAttr = "llm.name";
inline constexpr llvm::StringLiteral kArchitectureAttr = "llm.architecture";
inline constexpr llvm::StringLiteral kContextLengthAttr = "llm.context_length";
inline constexpr llvm::StringLiteral kSourceAttr = "llm.source";
inline constexpr llvm::StringLiteral kSourceBytesAttr = "llm.source_bytes";

/// Set by code generation on the module.
inline constexpr llvm::StringLiteral kMaxRowsAttr = "llm.max_rows";
inline constexpr llvm::StringLiteral kArenaBytesAttr = "llm.arena_bytes";
inline constexpr llvm::StringLiteral kPageBytesAttr = "llm.page_bytes";
inline constexpr llvm::StringLiteral kVocabularyAttr = "llm.vocabulary";
inline constexpr llvm::StringLiteral kBytesPerRowAttr = "llm.weight_bytes_per_row";
/// What the kernels of the step read and compute, and its calls, as hone-insert-marks says.
inline constexpr llvm::StringLiteral kKernelsAttr = "llm.kernels";
inline constexpr llvm::StringLiteral kCallsAttr = "llm.calls";
/// Set by code generation on the arguments of kernels: "read", "write" or "read_write".
inline constexpr llvm::StringLiteral kAccessAttr = "llm.access";

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_LLMDIALECT_H
