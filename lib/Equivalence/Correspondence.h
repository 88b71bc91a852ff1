//===- Correspondence.h - The same value in two modules ------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_CORRESPONDENCE_H
#define HONE_EQUIVALENCE_CORRESPONDENCE_H

#include "Interpreter.h"

namespace hone::equivalence {

/// The name of a value: that of its op's location, or its part of a fused location. `blk.3.attn_q`, `@blk.3.attn_q` for
/// the weight, `model.mlir:12:8` for an op of a file. Empty for a value of an unknown place.
std::string getName(mlir::OpResult result);

/// The names that a location gives, in their order.
llvm::SmallVector<std::string> getParts(mlir::Location location);

/// Values of a run by their names. Two values have one name if they have one type; of several in one module, the last
/// counts: what a pass puts before an op has the location of that op.
class NamedValues {
public:
  explicit NamedValues(const Trace &trace);

  /// The value of that name and type here; null without one. Only the counting value of its own module is asked about.
  mlir::OpResult find(mlir::OpResult other) const { return values.lookup(getKey(other)); }
  bool counts(mlir::OpResult result) const { return find(result) == result; }

private:
  llvm::StringMap<mlir::OpResult> values;

  static std::string getKey(mlir::OpResult result);
};

/// The op and what goes into it, by names, on one line: `llm.add(blk.0.attn_output, token_embd)`.
std::string describe(mlir::Operation *op);
/// The name of the op; of a call, that of the op in the kernel.
std::string getOpName(mlir::Operation *op);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_CORRESPONDENCE_H
