//===- PartialSoftmax.h - A softmax over some positions -------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PARTIALSOFTMAX_H
#define HONE_CODEGEN_X86_PARTIALSOFTMAX_H

#include "VectorBuilder.h"
#include "hone/codegen/Common/Buffers.h"

#include <limits>

namespace hone::x86 {

/// The softmax of a row and head over some of its positions, in memory: [maximum x 16][sum of weights in 16
/// parts][weighted values], where weights are powers of 2 relative to the maximum (Milakov and Gimelshein, "Online
/// normalizer calculation for softmax", 2018). Code in vectors of `lanes` elements, which have the same bits for any
/// number of lanes.
class PartialSoftmax {
public:
  using Value = mlir::Value;

  /// Lies in `memory` at `indices`, which are all but the last.
  PartialSoftmax(VectorBuilder &b, Value memory, mlir::ValueRange indices, int64_t headDim, int64_t lanes)
      : b(b), memory(memory), indices(indices), size(SpanLayout::extra + headDim), lanes(lanes) {}

  /// The maximum, in each lane.
  Value loadMaximum() const { return load(0); }
  void storeMaximum(Value value) const { store(value, 0); }
  /// The parts of the sum, in vectors.
  llvm::SmallVector<Value> loadSums() const {
    llvm::SmallVector<Value> sums;
    for (int64_t part = 0; part < SpanLayout::parts; part += lanes)
      sums.push_back(load(SpanLayout::parts + part));
    return sums;
  }
  void storeSums(mlir::ValueRange sums) const {
    for (auto [i, sum] : llvm::enumerate(sums))
      store(sum, SpanLayout::parts + static_cast<int64_t>(i) * lanes);
  }
  Value loadValues(int64_t vector) const { return load(SpanLayout::extra + vector * lanes); }
  void storeValues(Value value, int64_t vector) const { store(value, SpanLayout::extra + vector * lanes); }

  /// Becomes that over no position.
  void clear() const {
    storeMaximum(b.splat(-std::numeric_limits<float>::infinity(), b.f32s(lanes)));
    forEachVector([&](int64_t offset) { store(b.splat(0.0f, b.f32s(lanes)), offset); });
  }
  void copyFrom(const PartialSoftmax &other) const {
    storeMaximum(other.loadMaximum());
    forEachVector([&](int64_t offset) { store(other.load(offset), offset); });
  }
  /// Takes in that over further positions.
  void add(const PartialSoftmax &further) const {
    Value before = loadMaximum(), own = further.loadMaximum(), maximum = b.maxf(before, own);
    Value correction = b.exp2(b.subf(before, maximum)), factor = b.exp2(b.subf(own, maximum));
    storeMaximum(maximum);
    forEachVector(
        [&](int64_t offset) { store(b.fma(further.load(offset), factor, b.mulf(load(offset), correction)), offset); });
  }

private:
  VectorBuilder &b;
  Value memory;
  llvm::SmallVector<Value> indices;
  int64_t size, lanes;

  /// The parts of the sum and the values.
  void forEachVector(llvm::function_ref<void(int64_t offset)> body) const {
    for (int64_t offset = SpanLayout::parts; offset < size; offset += lanes)
      body(offset);
  }
  Value load(int64_t offset) const { return b.load(b.f32s(lanes), memory, at(offset)); }
  void store(Value vector, int64_t offset) const { b.store(vector, memory, at(offset)); }
  llvm::SmallVector<Value> at(int64_t offset) const {
    llvm::SmallVector<Value> all = indices;
    all.push_back(b.index(offset));
    return all;
  }
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_PARTIALSOFTMAX_H
