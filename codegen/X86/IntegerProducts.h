//===- IntegerProducts.h - Products of integers, block by block -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_INTEGERPRODUCTS_H
#define HONE_CODEGEN_X86_INTEGERPRODUCTS_H

#include "VectorBuilder.h"
#include "WeightTiles.h"
#include "hone/codegen/X86/Tuning.h"

namespace hone::x86 {

/// Products of rows rounded to integers with integer weights: exact sums within a sub-block (the columns that share a
/// scale of the weight), then, for each sub-block in ascending order, which is part of the numerics,
///
///   accumulator = d * scale * (sum of products) + accumulator, then m * (scale * sum of activations) + it
///
/// each rounded once; d and m are the weight's, scale is the activations'. A lane is an output row.
class IntegerProducts {
public:
  using Value = mlir::Value;

  IntegerProducts(VectorBuilder &b, Value input, llm::BlockLayout layout, Level level, const Tuning &tuning)
      : b(b), input(input), layout(layout), level(level), choices(tuning) {}

  const Tuning &tuning() const { return choices; }

  /// Panels that share a vector: two where the level's registers hold 16 lanes.
  int64_t mostPanels() const { return hasAVX512(level) ? 2 : 1; }
  /// The same for a single row.
  int64_t singleRowPanels() const { return choices.singleRowPanels; }
  /// Rows of a tile of two vectors of output rows: their sums of integers stay in registers.
  int64_t tileRows() const { return choices.tileRows; }
  /// So few rows that weights are unpacked in registers as they are read, for all of them at once.
  int64_t fewRows() const { return choices.fewRows; }

  /// Adds the products of block `block` of each row with that of a weight to the row's accumulator.
  void addBlock(const PackedWeight &weight, PackedBlock place, Value block, llvm::ArrayRef<Value> rows,
                llvm::MutableArrayRef<Value> accumulators);

  /// Bytes of a weight that one step of products reads for 8 output rows, and such steps in a sub-block: integers of 2
  /// columns as i16, or of 4 as bytes.
  static constexpr int64_t kStepBytes = 32;
  int64_t stepsPerScale(const PackedWeight &weight) const {
    return weight.scaleColumns() / (layout.elementBytes == 1 ? 4 : 2);
  }
  /// Steps whose sums fit the integers that they are added in first, 16-bit ones for bytes without VNNI; a power of
  /// two.
  int64_t stepsPerSum(const PackedWeight &weight) const;
  /// The types of these sums, and of the weights of a step, for so many output rows.
  mlir::VectorType sumType(int64_t lanes) const;
  mlir::VectorType stepType(int64_t lanes) const;
  /// Whether the steps of two weights are the same instructions, so that they can share the reading of activations.
  bool areAlike(const PackedWeight &a, const PackedWeight &b) const;
  /// Adds a step to `sum`, which may be null: weights as `forEachStep` gives them and activations as `loadStep` does.
  Value addStep(const PackedWeight &weight, Value sum, Value weights, Value activations);
  /// Such a sum as i32.
  Value widen(Value sum);

  /// The weights of all steps of a block.
  void forEachStep(const PackedWeight &weight, PackedBlock place,
                   llvm::function_ref<void(int64_t step, Value weights)> body);
  /// The activations of step `step`, an index, of the block at byte `position` of a row, in all of so many lanes.
  Value loadStep(Value row, Value position, Value step, int64_t lanes);

  /// Factors of sub-block `number` of a block of one row, the same in all lanes.
  struct RowFactors {
    Value scale;  ///< f32
    Value offset; ///< i32: as `loadOffset`; null without, and where sums begin with it
    Value total;  ///< f32: scale * sum of the activations; null where the weight has no minimum
  };
  /// What the weight's zero point adds to the sums of a sub-block: minus the zero point times the sum of the
  /// activations, i32; null without a zero point.
  Value loadOffset(const PackedWeight &weight, Value row, Value position, int64_t number, int64_t lanes);
  RowFactors loadFactors(const PackedWeight &weight, Value row, Value position, int64_t number, int64_t lanes);
  /// Whether sums begin with the offset; otherwise `addScaled` adds it.
  bool beginsWithOffset() const { return hasVNNI(level); }
  /// The end of a sub-block; `minimum` is null for schemes without.
  Value addScaled(Value sum, Value scale, Value minimum, const RowFactors &row, Value accumulator);

  Value getPosition(Value block) { return b.mul(block, layout.bytes()); }

  // For products of bytes by AMX, whose weights are signed.

  bool hasTiles() const { return level == Level::AMX && layout.elementBytes == 1; }
  /// Weights of a step as `forEachStep` gives them, less their zero point.
  Value toSigned(const PackedWeight &weight, Value weights) {
    int64_t zeroPoint = getZeroPoint(weight);
    if (zeroPoint == 0)
      return weights;
    auto type = llvm::cast<mlir::VectorType>(weights.getType());
    return mlir::arith::SubIOp::create(b, weights, b.splatInteger(zeroPoint, type));
  }
  Value rowsInMemory() const { return input; }
  /// Where the activations of a sub-block begin, in a block at byte `position` of a row.
  Value getSubBlockPosition(const PackedWeight &weight, Value position, int64_t number) {
    return b.add(position, number * weight.scaleColumns() * layout.elementBytes);
  }

private:
  VectorBuilder &b;
  Value input; ///< memref<rows x bytes>
  llm::BlockLayout layout;
  Level level;
  Tuning choices;

  Value loadInAllLanes(mlir::Type type, Value row, Value position, int64_t lanes) {
    return b.broadcast(b.loadBytes(type, input, {row, position}), lanes);
  }
  /// The sum of the activations of a sub-block, i32.
  Value loadSum(const PackedWeight &weight, Value row, Value position, int64_t number, int64_t lanes);
  /// VNNI multiplies unsigned bytes of weights: signed ones are moved by 128, which the zero point takes back.
  bool isMoved(const PackedWeight &weight) const {
    return layout.elementBytes == 1 && hasVNNI(level) && weight.traits->isSigned;
  }
  int64_t getZeroPoint(const PackedWeight &weight) const { return isMoved(weight) ? 128 : weight.traits->zeroPoint; }
  Value multiply(const PackedWeight &weight, Value weights, Value activations);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_INTEGERPRODUCTS_H
