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

/// Where 32 columns of a panel, or of two neighbours, lie.
struct PackedBlock {
  llvm::SmallVector<mlir::Value, 2> tiles; ///< byte positions of their tiles
  mlir::Value part;                        ///< which part of the tiles they are; null where these have one

  int64_t lanes() const { return static_cast<int64_t>(tiles.size()) * VectorBuilder::lanes; }
};

/// A packed weight in memory, and the code that reads it, 32 columns (a block) of 8 output rows (the lanes) at a time,
/// or of 16 where two panels are read together. A tile is one such block, or the 8 of a K-quant; its layout comes from
/// the encoding.
class PackedWeight {
public:
  using Value = mlir::Value;

  static constexpr int64_t kBlockColumns = 32;

  /// Fails, with an error at `op`, where the encoding is not packed in panels of 8 rows and its tile's columns, or the
  /// columns do not fill their last tile.
  static mlir::FailureOr<PackedWeight> get(mlir::Operation *op, mlir::Value operand);

  int64_t rows, columns;
  const llm::SchemeTraits *traits;
  llm::Scheme scheme;
  llm::TileLayout layout;
  mlir::Value bytes; ///< memref<?xi8>

  int64_t panels() const { return llvm::divideCeil(rows, layout.rows); }
  int64_t blocks() const { return columns / kBlockColumns; }
  /// Columns that share a scale: a block, or a half of it.
  int64_t scaleColumns() const { return traits->subBlockElements ? traits->subBlockElements : kBlockColumns; }

  /// Of `together` panels from `panel` on, one or two.
  PackedBlock getBlock(VectorBuilder &b, Value panel, Value block, int64_t together = 1) const;
  /// The byte position where the columns of a panel begin, from block `block` on.
  Value getStart(VectorBuilder &b, Value panel, Value block) const;
  /// Bytes of 32 columns of a panel.
  int64_t blockBytes() const { return llvm::divideCeil(layout.bytes, layout.columns / kBlockColumns); }
  /// Asks for the 32 columns from `block` on of each of `together` panels from `panel` on.
  void prefetch(VectorBuilder &b, Value panel, Value block, int64_t together) const;

  // Schemes of integers.

  /// The scale of each row, f32, of part `number` of the block in parts of `scaleColumns`.
  Value loadScale(VectorBuilder &b, PackedBlock block, int64_t number) const;
  /// What the scheme adds to each product of a row with its scale, f32; null for schemes without a minimum.
  Value loadMinimum(VectorBuilder &b, PackedBlock block, int64_t number) const;

  /// Calls `body` for t = 0 .. 7 with the integers of columns 4 t .. 4 t + 3, as vectors of i16: lane r of 32 bits
  /// holds columns 4 t and 4 t + 2 of row r in `even`, 4 t + 1 and 4 t + 3 in `odd`. The zero point is not subtracted.
  void forEachPair(VectorBuilder &b, PackedBlock block,
                   llvm::function_ref<void(int64_t t, Value even, Value odd)> body) const;

  /// Calls `body` for t = 0 .. 7 with the integers of columns 4 t .. 4 t + 3 of each row as bytes, unsigned or signed
  /// as the scheme's: byte i of lane r of 32 bits holds column 4 t + i of row r. The zero point is not subtracted.
  void forEachQuad(VectorBuilder &b, PackedBlock block, llvm::function_ref<void(int64_t t, Value quad)> body) const;

  // Schemes of floats.

  /// The f32 values of column `column` of the panel whose first tile is at byte position `start`.
  Value loadColumn(VectorBuilder &b, Value start, Value column) const;

  /// Calls `body` for p = 0 .. 15 with the numbers of columns 2 p and 2 p + 1 of each row, of a scheme of 16 bits, as
  /// they are: lane r of 32 bits holds that of the even column in its lower half, the other one in its upper.
  void forEachShortPair(VectorBuilder &b, PackedBlock block,
                        llvm::function_ref<void(int64_t p, Value pair)> body) const;

  // Every scheme.

  /// Calls `body` with the f32 values of each column of the block, in ascending order.
  void forEachColumn(VectorBuilder &b, PackedBlock block,
                     llvm::function_ref<void(int64_t column, Value values)> body) const;

private:
  /// `count` elements from byte `offset` of each tile on.
  Value load(VectorBuilder &b, PackedBlock block, mlir::Type element, int64_t count, Value offset) const;
  /// The factors of a sub-block, 8 bytes at `offset` of the tile for each sub-block, as i32.
  Value loadFactors(VectorBuilder &b, PackedBlock block, int64_t offset, int64_t number, bool isSigned) const;
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_WEIGHTTILES_H
