//===- Tensor.h - Numbers of a value -------------------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_TENSOR_H
#define HONE_EQUIVALENCE_TENSOR_H

#include "hone/Equivalence/Equivalence.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/AlignOf.h"

#include <cstring>

namespace hone::equivalence {

/// Bytes at a multiple of 64, as kernels want them.
class AlignedBytes {
public:
  explicit AlignedBytes(size_t size) : count(size), memory(::operator new(size + 1, std::align_val_t(64))) {}
  AlignedBytes(AlignedBytes &&other) noexcept : count(other.count), memory(std::exchange(other.memory, nullptr)) {}
  AlignedBytes &operator=(AlignedBytes &&other) noexcept {
    std::swap(count, other.count);
    std::swap(memory, other.memory);
    return *this;
  }
  ~AlignedBytes() { ::operator delete(memory, std::align_val_t(64)); }

  uint8_t *data() { return static_cast<uint8_t *>(memory); }
  const uint8_t *data() const { return static_cast<const uint8_t *>(memory); }
  size_t size() const { return count; }

private:
  size_t count;
  void *memory;
};

/// The numbers that a value stands for, in row-major order: of a stored weight the dequantised f32, of rounded rows the
/// f32 that they mean, of `!llm.kv` the numbers that are read back [keys, values][layer][sequence][position][head][head
/// dim]. An index is a tensor of rank 0.
class Tensor {
public:
  Tensor(mlir::Type element, llvm::ArrayRef<int64_t> shape);

  mlir::Type element; ///< index, or a type of whole bytes, or i1 in a byte
  llvm::SmallVector<int64_t, 6> shape;
  AlignedBytes bytes;

  int64_t size() const;
  static unsigned getElementBytes(mlir::Type element);

  template <typename T> T *as() { return reinterpret_cast<T *>(bytes.data()); }
  template <typename T> const T *as() const { return reinterpret_cast<const T *>(bytes.data()); }
  /// One element as a number.
  double at(int64_t position) const;

  /// Tells tensors apart: type, shape and a 128-bit hash of the numbers. Computed once; not thread-safe.
  const std::string &key() const;

private:
  mutable std::string cachedKey;
};

/// Tensors do not change once they are values.
using TensorRef = std::shared_ptr<const Tensor>;

TensorRef makeIndex(mlir::MLIRContext *context, int64_t value);

/// The plain tensor type that stands for a type of the model, as `hone-lower-to-reference` has it; other types stay.
mlir::Type getPlainType(mlir::Type type);

/// Compares numbers; different shapes are infinitely far apart.
Difference compare(const Tensor &expected, const Tensor &actual);

/// The numbers as an attribute of a dense tensor; an index as an integer.
mlir::TypedAttr toAttribute(const Tensor &tensor);
/// The numbers of such an attribute; null for an attribute without numbers.
TensorRef fromAttribute(mlir::TypedAttr attribute);

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_TENSOR_H
