//===- UnpackedPanels.h - Products of many rows ---------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_UNPACKEDPANELS_H
#define HONE_CODEGEN_X86_UNPACKEDPANELS_H

#include "IntegerProducts.h"

namespace hone::x86 {

/// Products of many rows with a few panels. Chunks of the panels are unpacked to memory once and read by all rows, in
/// tiles of some rows by all panels whose sums of integers stay in registers; sums of blocks are added, in memory, in
/// the same order as for one row. All of it fits the first-level cache.
class UnpackedPanels {
public:
  using Value = mlir::Value;

  /// Makes memory for `panels` panels of each weight: at the entry of the kernel, outside of loops.
  UnpackedPanels(VectorBuilder &b, IntegerProducts &products, llvm::ArrayRef<PackedWeight> weights, int64_t panels)
      : UnpackedPanels(b, products, weights, panels, products.tileRows()) {}
  virtual ~UnpackedPanels() = default;

  int64_t panels() const { return panelCount; }
  /// The fewest rows that an input must have.
  int64_t rowsOfTile() const { return tileRows; }
  /// Blocks that are unpacked at a time, and rows that read them then.
  int64_t chunkBlocks() const { return products.tuning().chunkBlocks; }
  int64_t chunkRows() const { return products.tuning().chunkRows; }

  /// Computes the products of rows [first, first + count), at most `chunkRows` of at least `rowsOfTile`, with the
  /// panels from `panel` on.
  void multiply(Value panel, Value first, Value count);
  /// The sums of row `first + row` with panel `p` of a weight.
  Value getSum(Value row, int64_t weight, int64_t p) {
    return b.load(b.f32s(), sums, {getSumRow(row), b.index((weight * panelCount + p) * VectorBuilder::lanes)});
  }

protected:
  VectorBuilder &b;
  IntegerProducts &products;
  llvm::ArrayRef<PackedWeight> weights;
  int64_t panelCount;
  int64_t together; ///< panels of a column: they share a vector
  int64_t tileRows;
  Value groupFirst; ///< the first of the rows that are multiplied
  Value steps;      ///< bytes, [block][step][column of `together` times 32]
  Value scales;     ///< f32, [block][sub-block][column of `lanes`]
  Value minimums;   ///< likewise; null where no weight has one
  Value sums;       ///< f32, [row][column]

  int64_t lanes() const { return together * VectorBuilder::lanes; }
  int64_t columnsOfWeight() const { return panelCount / together; }
  int64_t columns() const { return static_cast<int64_t>(weights.size()) * columnsOfWeight(); }
  int64_t stepBytes() const { return together * IntegerProducts::kStepBytes; }
  UnpackedPanels(VectorBuilder &b, IntegerProducts &products, llvm::ArrayRef<PackedWeight> weights, int64_t panels,
                 int64_t tileRows);

  /// Weights of a step as they lie in memory.
  virtual Value toStored(const PackedWeight &weight, Value values) { return values; }
  /// Adds the products of a chunk of `count` blocks from `firstBlock` on to the sums of a tile of rows.
  virtual void emitTile(Value firstRow, Value sumRow, Value firstBlock, Value count);
  /// The first row of the tile of rows from `row` on: earlier where there are fewer, so that the rows of a tile are one
  /// behind the other.
  Value getTileStart(Value row);
  /// Where the sums of row `groupFirst + row` lie.
  Value getSumRow(Value row);

  /// Weights with other sub-blocks take as many places as the one with the most.
  int64_t subBlocks() const;
  int64_t blockSteps() const;

  void unpackBlock(Value panel, Value block, Value place);
  void unpackFactors(const PackedWeight &weight, PackedBlock source, Value place, int64_t column);
  Value getFactorPosition(Value place, int64_t number, int64_t column);
  void addBlock(int64_t firstWeight, int64_t count, llvm::ArrayRef<Value> rows, Value sumRow, Value place,
                Value position);
  llvm::SmallVector<Value> addSteps(int64_t firstColumn, int64_t count, llvm::ArrayRef<Value> rows,
                                    llvm::ArrayRef<Value> initial, Value place, Value position, int64_t firstStep);
  /// Whether the steps of all weights are alike, so that they share the reading of activations.
  bool isUniform() const;
  const PackedWeight &weightOf(int64_t column) const { return weights[column / columnsOfWeight()]; }
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_UNPACKEDPANELS_H
