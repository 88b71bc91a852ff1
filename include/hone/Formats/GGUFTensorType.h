//===- GGUFTensorType.h - How GGUF stores numbers --------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_FORMATS_GGUFTENSORTYPE_H
#define HONE_FORMATS_GGUFTENSORTYPE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace hone::gguf {

/// The encodings that hone reads; the values are ggml's type ids, as written in the file.
enum class TensorType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  BF16 = 30,
};

/// A row is a sequence of blocks of `blockBytes` bytes, each holding `blockElements` elements (1 for plain types).
struct TypeTraits {
  const char *name;
  uint32_t blockElements;
  uint32_t blockBytes;
};

const TypeTraits &getTraits(TensorType type);

/// The encoding with this ggml id; none if hone does not read it.
std::optional<TensorType> findTensorType(uint32_t id);

/// ggml's name for an id, also of encodings that hone does not read; null for an id that ggml never defined.
const char *findTypeName(uint32_t id);

/// "F32, F16, ...": what a user may convert to.
std::string listTensorTypes();

/// Converts a row, or any number of whole blocks, to f32. The result has the bits that `gguf.quants.dequantize` of the
/// Python package `gguf` computes, except that the payload of a NaN is unspecified. `elements` is a multiple of the
/// block; `src` holds elements / blockElements * blockBytes bytes, at any alignment, and does not overlap `dst`.
void dequantizeRow(TensorType type, const uint8_t *src, float *dst, size_t elements);

} // namespace hone::gguf

#endif // HONE_FORMATS_GGUFTENSORTYPE_H
