//===- Tuning.h - What product kernels may choose -------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_TUNING_H
#define HONE_CODEGEN_X86_TUNING_H

#include "hone/Support/Error.h"
#include "hone/codegen/X86/Machine.h"

namespace hone::x86 {

/// Of a kernel: the choices that its products take, a dictionary of integers; without, those of `getDefaultTuning`.
inline constexpr llvm::StringLiteral kTuningAttr = "x86.tuning";

/// Of a module: the machine that its code was tuned for, {name, xxh3 of the file that describes it}.
inline constexpr llvm::StringLiteral kMachineAttr = "llm.machine";

/// What the choices of a product depend on.
struct ProductKind {
  Level level = Level::V3;
  int64_t elementBytes = 2;  ///< of an activation: 1 or 2
  int64_t columns = 32;      ///< of the inner dimension
  int64_t weightBytes = 160; ///< of 32 columns of a panel, as packed
  int64_t factors = 4;       ///< f32 factors of 32 columns of an output row: scales and minimums, of 2 parts at most

  int64_t registers() const { return hasAVX512(level) ? 32 : 16; }
  /// Panels that a vector holds, and that a unit of work has: two vectors.
  int64_t mostPanels() const { return hasAVX512(level) ? 2 : 1; }
  int64_t unitPanels() const { return 2 * mostPanels(); }
};

/// The choices without a description of the machine.
Tuning getDefaultTuning(const ProductKind &kind);

/// The choices by the cost model (docs/performance.md).
Tuning chooseTuning(const ProductKind &kind, const Machine &machine);

/// An error unless the choices fit the level's registers and a kernel's share of the stack.
Status checkTuning(const ProductKind &kind, const Tuning &tuning);

/// The integer product in `op`, a kernel's op whose activations are integers; nothing otherwise. An op with several
/// weights is of the kind of its first.
std::optional<ProductKind> getProductKind(mlir::Operation *op);

/// What tells product ops with different code apart in a machine file: the op's name and types.
std::string getProductKey(mlir::Operation *op);

/// The choices as attribute, and those of the kernel that `op` stands in: an error at `op` where these do not fit.
mlir::DictionaryAttr getTuningAttr(mlir::MLIRContext *context, const Tuning &tuning);
mlir::FailureOr<Tuning> getTuning(mlir::Operation *op, const ProductKind &kind);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_TUNING_H
