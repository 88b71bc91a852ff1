//===- WeightTiles.h - Reading packed weights in vector code --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_WEIGHTTILES_H
#define HONE_CODEGEN_X86_WEIGHTTILES_H

#include "VectorBuilder.h"
#include "hone/dialects/LLM/Encodings.h"

namespace hone::x86 {

/// A packed weight in memory, and the code that reads its tiles. A tile is 8 output rows (the lanes) by 32 columns;
/// its layout comes from the encoding.
class PackedWeight {
public:
  using Value = mlir::Value;

  /// Fails, with an error at `op`, where the encoding is not packed in panels of 8 x 32 or the columns do not fill
  /// their last tile.
  static mlir::FailureOr<PackedWeight> get(mlir::Operation *op, mlir::Value operand);

  int64_t rows, columns;
  const llm::SchemeTraits *traits;
  llm::Scheme scheme;
  llm::TileLayout layout;
  mlir::Value bytes; ///< memref<?xi8>

  int64_t panels() const { return llvm::divideCeil(rows, layout.rows); }
  int64_t blocks() const { return columns / layout.columns; }

  /// Byte position of a tile.
  Value getTile(VectorBuilder &b, Value panel, Value block) const;

  /// Affine schemes: the scale of each row, f32.
  Value loadScale(VectorBuilder &b, Value tile) const;
  /// The minimum of each row, f32, or null for schemes without one.
  Value loadMinimum(VectorBuilder &b, Value tile) const;

  /// Affine schemes: calls `body` for t = 0 .. 7 with the integers of columns 4 t .. 4 t + 3, as vector<16xi16>: lane r
  /// of 32 bits holds columns 4 t and 4 t + 2 of row r in `even`, 4 t + 1 and 4 t + 3 in `odd`. The zero point is not
  /// subtracted.
  void forEachPair(VectorBuilder &b, Value tile, llvm::function_ref<void(int64_t t, Value even, Value odd)> body) const;

  /// Calls `body` with the f32 values of each column of the tile, in ascending order.
  void forEachColumn(VectorBuilder &b, Value tile, llvm::function_ref<void(int64_t column, Value values)> body) const;

private:
  /// The unsigned or signed bytes of columns 4 t .. 4 t + 3 of each row, one vector<16xi16> per t.
  void forEachQuad(VectorBuilder &b, Value tile, llvm::function_ref<void(int64_t t, Value quad)> body) const;
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_WEIGHTTILES_H
