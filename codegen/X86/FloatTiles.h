//===- FloatTiles.h - Products of many rows of bf16 by AMX ---- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_FLOATTILES_H
#define HONE_CODEGEN_X86_FLOATTILES_H

#include "TileRegisters.h"
#include "WeightTiles.h"
#include "hone/codegen/X86/Levels.h"

namespace hone::x86 {

/// Products of many rows of bf16 with weights of bf16 by AMX. Chunks of the panels are unpacked to memory once, as
/// tiles have them: two columns of an output row side by side. One instruction multiplies 16 rows by 32 columns of 16
/// output rows; four tiles of sums stay in registers through a chunk, and are f32 in memory between chunks.
///
/// This is the one place where a level has bits of its own. Intel's Software Developer's Manual, TDPBF16PS: in each
/// instruction, sums of the even and of the odd columns begin at zero; products are added to them by fused operations
/// in ascending order; both are added, and then their sum to what was there. All of it rounds to nearest, takes
/// denormal operands for zero and makes denormal results zero. With |a| |w| for the sum of magnitudes of a row's
/// products, K columns give an error of at most
///
///   (K / 32 + 17) 2^-24 |a| |w| + K 2^-125 (1 + largest |a|, |w|)
///
/// which is less than what adding the columns one by one may come to, K 2^-24 |a| |w|.
///
/// Weights of other schemes have no tiles: numbers of f32, f16 and dequantised integers (a product of a scale in f16
/// and an integer) have more than the 8 bits of a bf16, and rounding them would lose what the model has.
class FloatTiles {
public:
  using Value = mlir::Value;

  static constexpr int64_t kFewestRows = TileRegisters::kRows;
  static constexpr int64_t kMostRows = 256;  ///< rows that read one unpacked chunk
  static constexpr int64_t kChunkBlocks = 8; ///< blocks of a chunk: with 32 output rows, 16 KB

  /// Whether tiles multiply such rows, a tensor or memory, with a weight of the scheme, or with all of some.
  static bool fits(mlir::Type rows, llm::Scheme scheme) {
    return llvm::cast<mlir::ShapedType>(rows).getElementType().isBF16() && scheme == llm::Scheme::BF16;
  }
  static bool fits(mlir::Type rows, llvm::ArrayRef<PackedWeight> weights) {
    return llvm::all_of(weights, [&](const PackedWeight &weight) { return fits(rows, weight.scheme); });
  }

  /// Makes memory for `panels` panels of each weight: at the entry of the kernel, outside of loops. `input` is memory
  /// of bf16, [row][column].
  FloatTiles(VectorBuilder &b, Value input, llvm::ArrayRef<PackedWeight> weights, int64_t panels);

  int64_t panels() const { return panelCount; }

  /// As those of `TileRegisters`.
  void configure();
  void release() { tiles.release(); }

  /// Computes the products of rows [first, first + count) with the panels from `panel` on; `count` is at most
  /// `kMostRows`, and the input has `kFewestRows` rows or more.
  void multiply(Value panel, Value first, Value count);
  /// The sums of row `first + row` with panel `p` of a weight.
  Value getSum(Value row, int64_t weight, int64_t p);

private:
  /// Tiles of sums that stay in registers; the operands' registers lie behind them.
  static constexpr int64_t kSumsTiles = 4, kWeightTiles = 2, kActivationTiles = 2;
  /// A block is as many columns as a tile of activations has, in pairs.
  static constexpr int64_t kPairs = PackedWeight::kBlockColumns / 2;

  VectorBuilder &b;
  TileRegisters tiles;
  Value input;
  llvm::ArrayRef<PackedWeight> weights;
  int64_t panelCount;
  int64_t together; ///< panels of a column: they share a tile
  Value groupFirst; ///< the first of the rows that are multiplied
  Value unpacked;   ///< bytes, [column][block of the chunk][pair][lane][even, odd], bf16
  Value sums;       ///< f32, [row][column][lane]

  int64_t lanes() const { return together * VectorBuilder::lanes; }
  int64_t columnsOfWeight() const { return panelCount / together; }
  int64_t columns() const { return static_cast<int64_t>(weights.size()) * columnsOfWeight(); }
  int64_t pairBytes() const { return 4 * lanes(); }

  static int64_t getSums(int64_t tile) { return tile; }
  static int64_t getWeights(int64_t column) { return kSumsTiles + column; }
  static int64_t getActivations(int64_t tile) { return kSumsTiles + kWeightTiles + tile % kActivationTiles; }

  Value getUnpackedPosition(int64_t column, Value place);
  /// The first row of the tile of rows from `row` on: earlier where there are fewer than 16.
  Value getTileStart(Value row);
  void clearSums(Value count);
  void unpackBlock(Value panel, Value block, Value place);
  void prefetch(Value panel, Value firstBlock);
  void multiplyTiles(Value firstTile, int64_t count, Value firstBlock, Value chunk);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_FLOATTILES_H
