//===- TileRegisters.h - Instructions of AMX ------------------ -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_TILEREGISTERS_H
#define HONE_CODEGEN_X86_TILEREGISTERS_H

#include "VectorBuilder.h"

namespace hone::x86 {

/// The tile registers of AMX, by their numbers, and the instructions on them.
class TileRegisters {
public:
  using Value = mlir::Value;

  /// Rows of a tile; products of fewer rows have no use for tiles.
  static constexpr int64_t kRows = 16;

  struct Shape {
    int64_t rows = 0, rowBytes = 0;
  };
  using Shapes = std::array<Shape, 8>;

  /// Makes memory for the configuration: at the entry of the kernel, outside of loops.
  explicit TileRegisters(VectorBuilder &b);

  /// Sets up the shapes of the tiles: before the first product, outside of loops. `release` is for behind the last one:
  /// the system saves tiles in use whenever it switches threads.
  void configure(const Shapes &shapes);
  void release();

  void clear(int64_t tile);
  /// Rows at `pointer` and each `stride` bytes behind the one before.
  void load(int64_t tile, Value pointer, int64_t stride);
  void store(int64_t tile, Value pointer, int64_t stride);
  /// sums[m][n] += a[m][4 k + i] * b[k][4 n + i] over k and i, signed bytes to i32.
  void multiplyBytes(int64_t sums, int64_t a, int64_t b) { multiply("tdpbssd", sums, a, b); }
  /// sums[m][n] += a[m][2 k + i] * b[k][2 n + i] over k and i, bf16 to f32.
  void multiplyFloats(int64_t sums, int64_t a, int64_t b) { multiply("tdpbf16ps", sums, a, b); }

  /// The address of an element of memory of one or two dimensions.
  Value getPointer(Value memory, mlir::ValueRange indices);

private:
  VectorBuilder &b;
  Value configuration; ///< bytes, as ldtilecfg reads them

  Value getNumber(int64_t tile) { return mlir::arith::ConstantIntOp::create(b, b.getI8Type(), tile); }
  void call(llvm::StringRef name, mlir::ValueRange operands);
  void multiply(llvm::StringRef name, int64_t sums, int64_t a, int64_t b);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_TILEREGISTERS_H
