//===- PartialSoftmax.h - A softmax over some positions -------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PARTIALSOFTMAX_H
#define HONE_CODEGEN_X86_PARTIALSOFTMAX_H

#include "VectorBuilder.h"

#include <limits>

namespace hone::x86 {

/// The softmax of a row and head over some of its positions, in memory: [maximum x 8][sum of weights in 8
/// parts][weighted values], where weights are relative to the maximum (Milakov and Gimelshein, "Online normalizer
/// calculation for softmax", 2018).
class PartialSoftmax {
public:
  using Value = mlir::Value;

  /// Lies in `memory` at `indices`, which are all but the last.
  PartialSoftmax(VectorBuilder &b, Value memory, mlir::ValueRange indices, int64_t headDim)
      : b(b), memory(memory), indices(indices), size(2 * VectorBuilder::lanes + headDim) {}

  Value loadMaximum() const { return load(0); }
  Value loadSum() const { return load(VectorBuilder::lanes); }
  Value loadValues(int64_t vector) const { return load((2 + vector) * VectorBuilder::lanes); }
  void storeMaximum(Value value) const { store(value, 0); }
  void storeSum(Value value) const { store(value, VectorBuilder::lanes); }
  void storeValues(Value value, int64_t vector) const { store(value, (2 + vector) * VectorBuilder::lanes); }

  /// Becomes that over no position.
  void clear() const {
    storeMaximum(b.splat(-std::numeric_limits<float>::infinity()));
    for (int64_t i = VectorBuilder::lanes; i < size; i += VectorBuilder::lanes)
      store(b.splat(0.0f), i);
  }
  void copyFrom(const PartialSoftmax &other) const {
    for (int64_t i = 0; i < size; i += VectorBuilder::lanes)
      store(other.load(i), i);
  }
  /// Takes in that over further positions.
  void add(const PartialSoftmax &further) const {
    Value before = loadMaximum(), own = further.loadMaximum(), maximum = b.maxf(before, own);
    Value correction = b.exp(b.subf(before, maximum)), factor = b.exp(b.subf(own, maximum));
    storeMaximum(maximum);
    for (int64_t i = VectorBuilder::lanes; i < size; i += VectorBuilder::lanes)
      store(b.fma(further.load(i), factor, b.mulf(load(i), correction)), i);
  }

private:
  VectorBuilder &b;
  Value memory;
  llvm::SmallVector<Value> indices;
  int64_t size;

  Value load(int64_t offset) const { return b.load(b.f32s(), memory, at(offset)); }
  void store(Value vector, int64_t offset) const { b.store(vector, memory, at(offset)); }
  llvm::SmallVector<Value> at(int64_t offset) const {
    llvm::SmallVector<Value> all = indices;
    all.push_back(b.index(offset));
    return all;
  }
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_PARTIALSOFTMAX_H
