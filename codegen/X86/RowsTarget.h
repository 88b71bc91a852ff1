//===- RowsTarget.h - Where kernels leave rows ----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_ROWSTARGET_H
#define HONE_CODEGEN_X86_ROWSTARGET_H

#include "VectorBuilder.h"
#include "hone/dialects/LLM/Encodings.h"

namespace hone::x86 {

/// The memory of a kernel's result, and the code that stores rows there: as f32, or rounded as the result's type says.
/// A row is stored in units of one vector, or of the vectors of one block.
class RowsTarget {
public:
  using Value = mlir::Value;

  RowsTarget(VectorBuilder &b, Value result);

  Value memory() const { return target; }
  int64_t columns() const { return type.getDimSize(1); }
  /// Vectors of a unit, and units of a row.
  int64_t unitVectors() const { return layout ? layout->columns / VectorBuilder::lanes : 1; }
  int64_t unitColumns() const { return unitVectors() * VectorBuilder::lanes; }
  int64_t units() const { return columns() / unitColumns(); }

  /// Stores unit `unit` of row `row`: `unitVectors` vectors of f32 in ascending order of columns.
  void store(llvm::ArrayRef<Value> values, Value row, Value unit);
  /// Stores the first `count` lanes of unit `unit` of rows without blocks.
  void storeFirst(int64_t count, Value values, Value row, Value unit);

private:
  VectorBuilder &b;
  mlir::RankedTensorType type;
  std::optional<llm::BlockLayout> layout;
  Value target;

  Value convert(Value values);
  void storeBlock(llvm::ArrayRef<Value> values, Value row, Value number);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_ROWSTARGET_H
