//===- AttentionBlock.h - Attention over some pages -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_ATTENTIONBLOCK_H
#define HONE_CODEGEN_X86_ATTENTIONBLOCK_H

#include "Pages.h"
#include "PartialSoftmax.h"
#include "hone/dialects/LLM/LLMOps.h"

namespace hone::x86 {

/// Adds blocks of pages to the softmax of rows of a sequence, for the heads of a group: first the scores of all rows
/// with the keys of a page, page by page, then the weights of all, then the weighted values, page by page. So a page is
/// in the first cache for all rows, and what has to wait for a row's maximum waits together.
///
/// A score is one sum over the head dim in order, in the lane of its position; a weighted value is one sum over the
/// positions in order, in the lane of its column. So all numbers of lanes have the same bits.
class AttentionBlock {
public:
  using Value = mlir::Value;

  /// `partials` are the softmax of [row of a tile][head of a group].
  AttentionBlock(VectorBuilder &b, llm::AttentionOp op, Pages &pages, Value queries, Value positions);

  /// Lanes of a vector of f32: 16 where the kernel's ISA level has them and heads are whole vectors.
  const int64_t lanes;
  /// Rows that may go through a block together.
  const int64_t tileRows;

  /// Allocates what a block needs, and the softmax of the rows; to be called once, outside of loops.
  void allocate();
  Value allocatePartials();
  PartialSoftmax getPartial(Value row, Value head) { return {b, partials, {row, head}, headDim, lanes}; }

  /// Rows of a tile: `count` rows of one sequence from `first` on, and their page table.
  struct Rows {
    Value first, count, table;
  };
  /// Adds pages [`begin`, `end`), at most a block, to the partials of those rows that see them. `last` is the last page
  /// that may be fetched ahead.
  void emit(const Rows &rows, Value kvHead, Value begin, Value end, Value last);

  /// The number of positions that a row sees, and of their pages.
  Value getSeen(Value row) { return b.add(b.toIndex(b.loadScalar(positions, {row})), 1); }
  Value getPages(Value row) { return b.div(b.add(getSeen(row), PageLayout::positions - 1), PageLayout::positions); }

private:
  VectorBuilder &b;
  Pages &pages;
  Value queries, positions;
  const int64_t headDim, group;
  const float scale;
  Value partials;
  Value weights; ///< [row of a tile][head of a group][position of a block]: scores, then what is left of them
  Value peaks;   ///< [row of a tile][head of a group][lane]: the largest score

  /// The keys or values of pages [begin, end), which begin at `start` of a page, and what is
  /// fetched behind the last: pages from `nextPage` to `lastPage`.
  struct Sweep {
    Value begin, end, start;
    Value nextPage, lastPage, nextStart;
  };
  /// What a row and some heads of its group see of a page.
  struct View {
    Value page, start;         ///< its elements, and where in it the keys or values begin
    Value nextPage, nextStart; ///< what is asked for while these are read
    Value r, row;              ///< of the tile, and of the step
    Value inBlock, valid;      ///< positions of the block before the page; positions of the page that are the row's
    Value column;              ///< of the query of the group's first head
    int64_t firstHead, heads;
  };
  /// The scores of a row and some heads in pages [begin, end).
  struct Scores {
    Value table, valueStart, begin, end, r;
    int64_t firstHead, heads;
  };

  void sweep(const Rows &rows, const Sweep &over, Value column, llvm::function_ref<void(const View &view)> body);
  bool hasWideVectors() const { return lanes > VectorBuilder::lanes; }
  void forEachHeads(int64_t most, llvm::function_ref<void(int64_t first, int64_t count)> body);
  void emitScores(const View &view);
  void emitWeights(const Rows &rows, Value valueStart, Value begin, Value end);
  void emitHeadWeights(const Scores &scores);
  void emitWeightedValues(const View &view);
  Value loadWide(const View &view, Value place, int64_t vector);
  llvm::SmallVector<Value> emitProducts(const View &view, Value place, int64_t vector, mlir::ValueRange sums,
                                        llvm::function_ref<Value(Value head)> loadFactor);
  Value getNumbers(int64_t first);
  int64_t getTileVectors(int64_t heads) const;
  int64_t getPagesAhead() const;
  Value allocateFloats(llvm::ArrayRef<int64_t> shape);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_ATTENTIONBLOCK_H
