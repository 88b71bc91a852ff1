//===- FloatProducts.h - Products in f32 ----------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_FLOATPRODUCTS_H
#define HONE_CODEGEN_X86_FLOATPRODUCTS_H

#include "VectorBuilder.h"
#include "WeightTiles.h"

namespace hone::x86 {

/// Products of rows of floats with a few panels of weights of any scheme. Each result has one f32 accumulator, to which
/// the columns are added in ascending order,
///
///   accumulator = activation * weight + accumulator
///
/// rounded once each, however many rows there are and however wide vectors are: a lane is an output row.
///
/// Few rows read the packed weights as they come, all panels side by side. For many rows, chunks of the panels are
/// unpacked to f32 on the stack once, and read by tiles of rows whose sums stay in registers.
class FloatProducts {
public:
  using Value = mlir::Value;

  static constexpr int64_t kMostRows = 128;  ///< rows that read one unpacked chunk
  static constexpr int64_t kChunkBlocks = 8; ///< blocks of a chunk: with 4 columns of weights, 32 KB

  /// Makes memory for `panels` panels of each weight: at the entry of the kernel, outside of loops. `input` is memory
  /// of f32, f16 or bf16, [row][column].
  FloatProducts(VectorBuilder &b, Value input, llvm::ArrayRef<PackedWeight> weights, int64_t panels);

  int64_t panels() const { return panelCount; }

  /// The most rows that are few: one where weights must be dequantised, which costs more than unpacking them.
  int64_t mostFewRows() const;
  /// Rows that `multiplyFew` takes at a time, ascending.
  llvm::ArrayRef<int64_t> fewRows() const;
  /// The sums of such rows, [column][row], a column being one panel of one weight.
  llvm::SmallVector<Value> multiplyFew(Value panel, llvm::ArrayRef<Value> rows);

  /// Computes the products of rows [first, first + count) with the panels from `panel` on; `count` is at most
  /// `kMostRows`.
  void multiply(Value panel, Value first, Value count);
  /// The sums of row `first + row` with panel `p` of a weight.
  Value getSum(Value row, int64_t weight, int64_t p) {
    return b.load(b.f32s(), sums, {row, b.index(column(weight, p) * kLanes)});
  }

  int64_t column(int64_t weight, int64_t p) const { return weight * panelCount + p; }

private:
  static constexpr int64_t kLanes = VectorBuilder::lanes;
  static constexpr int64_t kChunkColumns = kChunkBlocks * PackedWeight::kBlockColumns;

  /// The vectors that hold the columns of a tile.
  struct Tile {
    int64_t vectors, lanes;
  };

  VectorBuilder &b;
  Value input;
  llvm::ArrayRef<PackedWeight> weights;
  int64_t panelCount;
  int64_t vectorLanes; ///< of the widest vectors of the kernel's ISA level
  Value unpacked;      ///< f32, [group of columns][column of the chunk][column of the group][lane]
  Value sums;          ///< f32, [row][column][lane]
  Value widened;       ///< f32, [row][column of the chunk]: activations of a chunk; null where the input is f32

  int64_t columns() const { return static_cast<int64_t>(weights.size()) * panelCount; }
  /// Columns that a tile of many rows takes at a time; their weights lie together.
  int64_t groupColumns() const;

  const PackedWeight &weightOf(int64_t column) const { return weights[column / panelCount]; }
  bool isPlain() const;

  llvm::SmallVector<Value> addColumns(Value panel, llvm::ArrayRef<Value> rows, int64_t firstColumn, int64_t together);
  llvm::SmallVector<Value> addBlocks(Value panel, llvm::ArrayRef<Value> rows, int64_t firstColumn, int64_t together);
  Value loadActivation(Value memory, Value row, Value column, int64_t lanes);

  void clearSums(Value count);
  void unpackBlock(Value panel, Value block, Value place);
  void widenActivations(Value first, Value count, Value firstColumn, Value chunkColumns);
  void multiplyGroup(Value groupColumn, Value first, Value count, Value firstColumn, Value chunkColumns,
                     llvm::function_ref<void(Value row, int64_t rows, Value column)> prepare);
  void emitTile(llvm::ArrayRef<Value> rows, Tile tile, Value groupColumn, Value first, Value firstColumn,
                Value chunkColumns, llvm::function_ref<void(Value column)> prepare);
  void prefetchAhead(const PackedWeight &weight, Value start, Value column);
  void prefetchLine(const PackedWeight &weight, Value position);
  void prefetch(Value panel, Value block, Value done, Value end, Value total);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_FLOATPRODUCTS_H
