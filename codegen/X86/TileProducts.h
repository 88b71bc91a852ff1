//===- TileProducts.h - Products of many rows of bytes by AMX -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_TILEPRODUCTS_H
#define HONE_CODEGEN_X86_TILEPRODUCTS_H

#include "TileRegisters.h"
#include "UnpackedPanels.h"

namespace hone::x86 {

/// Unpacked panels whose sums of products AMX computes: of a sub-block of 16 rows with the output rows of a column at
/// once, in one instruction. The unpacked chunk is what it reads: a row of the tile of weights is a step.
///
/// The sums leave their tile through memory, to vectors that scale and add them as at any other level, so the bits are
/// the same. That is the limit: 16 x 16 sums of 32 products take the tiles 16 cycles (Intel's Optimization Reference
/// Manual), the vectors three operations a row, or 24 cycles on two ports, and 56 vectors loaded, or 28. To keep it at
/// that,
/// - weights are unpacked less their zero points, so that no offset is left to be added;
/// - accumulators stay in 16 registers throughout a chunk: a tile of several columns would load its activations once
///   for all of them, and would load and store accumulators instead;
/// - tiles run two sub-blocks ahead of the vectors, so that nothing waits for a store to be read.
class TileProducts : public UnpackedPanels {
public:
  static constexpr int64_t kFewestRows = TileRegisters::kRows;

  TileProducts(VectorBuilder &b, IntegerProducts &products, llvm::ArrayRef<PackedWeight> weights, int64_t panels);

  /// As those of `TileRegisters`.
  void configure();
  void release() { tiles.release(); }

protected:
  void emitTile(Value firstRow, Value sumRow, Value firstBlock, Value count) override;
  Value toStored(const PackedWeight &weight, Value values) override { return products.toSigned(weight, values); }

private:
  static constexpr int64_t kAhead = 2;     ///< sub-blocks that tiles run ahead of vectors
  static constexpr int64_t kSumsTiles = 4; ///< places for tiles of sums, in turn; a power of two above `kAhead`

  TileRegisters tiles;
  Value tileSums; ///< bytes, [place][row of the tile][lane], i32

  /// Rows and one column, of a chunk from `firstBlock` on.
  struct Tile {
    Value firstRow, firstBlock;
    int64_t column;
  };
  int64_t subBlocksOf(const PackedWeight &weight) const { return PackedWeight::kBlockColumns / weight.scaleColumns(); }
  int64_t tileBytes() const { return kFewestRows * lanes() * 4; }
  /// Where the sums of a sub-block lie; `block` counts those of the chunk.
  Value getSumsPosition(const PackedWeight &weight, Value block, int64_t number);
  void multiplyColumn(const Tile &tile, Value sumRow, Value count);
  void multiplySubBlock(const Tile &tile, Value place, int64_t number, Value target);
  void addSubBlock(const Tile &tile, Value place, int64_t number, llvm::MutableArrayRef<Value> accumulators);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_TILEPRODUCTS_H
