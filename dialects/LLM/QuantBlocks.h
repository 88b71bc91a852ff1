//===- QuantBlocks.h - Blocks of integers with their scales -----*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row of one block of a weight, whatever the order of its bytes. The readers and writers here are the only places
// that know how the bytes lie.
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_QUANTBLOCKS_H
#define HONE_DIALECTS_LLM_QUANTBLOCKS_H

#include "hone/dialects/LLM/Encodings.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

namespace hone::llm {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weights are stored in the byte order of the host");

template <typename T> T load(const uint8_t *source) {
  T value;
  std::memcpy(&value, source, sizeof(T));
  return value;
}

template <typename T> void store(uint8_t *target, T value) { std::memcpy(target, &value, sizeof(T)); }

/// The bits of the nearest number of a 16-bit format, ties to even.
uint16_t roundTo16Bits(float value, const ::llvm::fltSemantics &format);

/// The numbers of a block. What its scheme has not, or beyond its elements, is unspecified.
struct QuantBlock {
  uint16_t scale = 0;    ///< d, f16
  uint16_t min = 0;      ///< m, f16
  uint8_t subScales[16]; ///< s, two's complement where it is signed
  uint8_t subMins[16];   ///< t
  uint8_t quants[256];   ///< q: two's complement for signed schemes, zero point not subtracted
};

/// Reads and writes a block in file order.
QuantBlock readFileBlock(Scheme scheme, const uint8_t *source);
void writeFileBlock(Scheme scheme, const QuantBlock &block, uint8_t *target);

/// The part of it that K-quants have, in KQuants.cpp.
QuantBlock readKQuant(Scheme scheme, const uint8_t *source);
void writeKQuant(Scheme scheme, const QuantBlock &block, uint8_t *target);

/// Reads and writes row `row` of a tile, as `TileLayout` says.
QuantBlock readTileRow(const SchemeTraits &traits, const TileLayout &layout, int64_t row, const uint8_t *tile);
void writeTileRow(const SchemeTraits &traits, const TileLayout &layout, const QuantBlock &block, int64_t row,
                  uint8_t *tile);

/// The canonical expression of the scheme for each element.
void dequantize(const SchemeTraits &traits, const QuantBlock &block, float *values);

/// The block whose extremes are the extremes of the values, as `encodeExactly` says.
QuantBlock quantizeExtremes(const SchemeTraits &traits, ::llvm::ArrayRef<float> values);

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_QUANTBLOCKS_H
