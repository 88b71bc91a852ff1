//===- QuantBlocks.cpp - Blocks of integers with their scales -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantBlocks.h"

#include "hone/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::llm;

static constexpr int64_t kPart = TileLayout::kPartColumns;

uint16_t hone::llm::roundTo16Bits(float value, const ::llvm::fltSemantics &format) {
  APFloat rounded(value);
  bool losesInfo;
  rounded.convert(format, APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue());
}

//===----------------------------------------------------------------------===//
// File order
//===----------------------------------------------------------------------===//

/// d, m, the fifth bits, the quants.
QuantBlock hone::llm::readFileBlock(Scheme scheme, const uint8_t *source) {
  const SchemeTraits &traits = getSchemeTraits(scheme);
  if (traits.subBlockElements)
    return readKQuant(scheme, source);
  QuantBlock block;
  block.scale = load<uint16_t>(source);
  source += 2;
  if (traits.hasMin) {
    block.min = load<uint16_t>(source);
    source += 2;
  }
  if (traits.elementBits == 8) {
    std::memcpy(block.quants, source, kPart);
    return block;
  }
  uint32_t highBits = 0;
  if (traits.elementBits == 5) {
    highBits = load<uint32_t>(source);
    source += 4;
  }
  for (int i = 0; i < kPart / 2; ++i) {
    block.quants[i] = (source[i] & 15) | (highBits >> i & 1) << 4;
    block.quants[i + 16] = source[i] >> 4 | (highBits >> (i + 16) & 1) << 4;
  }
  return block;
}

void hone::llm::writeFileBlock(Scheme scheme, const QuantBlock &block, uint8_t *target) {
  const SchemeTraits &traits = getSchemeTraits(scheme);
  if (traits.subBlockElements)
    return writeKQuant(scheme, block, target);
  store(target, block.scale);
  target += 2;
  if (traits.hasMin) {
    store(target, block.min);
    target += 2;
  }
  if (traits.elementBits == 8) {
    std::memcpy(target, block.quants, kPart);
    return;
  }
  if (traits.elementBits == 5) {
    uint32_t highBits = 0;
    for (int i = 0; i < kPart; ++i)
      highBits |= static_cast<uint32_t>(block.quants[i] >> 4) << i;
    store(target, highBits);
    target += 4;
  }
  for (int i = 0; i < kPart / 2; ++i)
    target[i] = (block.quants[i] & 15) | (block.quants[i + 16] & 15) << 4;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Writes bits [shift, shift + bits) of a part's elements as digits; a vector of `vectorBytes` bytes has the 4 of this
/// row at `lane`.
static void writeDigits(const uint8_t *quants, unsigned bits, unsigned shift, int64_t vectorBytes, uint8_t *lane) {
  const unsigned fields = 8 / bits, mask = (1 << bits) - 1;
  for (unsigned g = 0; g < bits; ++g, quants += 4 * fields, lane += vectorBytes)
    for (unsigned j = 0; j < 4; ++j) {
      unsigned byte = 0;
      for (unsigned f = 0; f < fields; ++f)
        byte |= (quants[4 * f + j] >> shift & mask) << (bits * f);
      lane[j] = static_cast<uint8_t>(byte);
    }
}

/// The reverse of `writeDigits`: adds the bits to the elements.
static void readDigits(const uint8_t *lane, unsigned bits, unsigned shift, int64_t vectorBytes, uint8_t *quants) {
  const unsigned fields = 8 / bits, mask = (1 << bits) - 1;
  for (unsigned g = 0; g < bits; ++g, quants += 4 * fields, lane += vectorBytes)
    for (unsigned j = 0; j < 4; ++j)
      for (unsigned f = 0; f < fields; ++f)
        quants[4 * f + j] |= (lane[j] >> (bits * f) & mask) << shift;
}

void hone::llm::writeTileRow(const SchemeTraits &traits, const TileLayout &layout, const QuantBlock &block, int64_t row,
                             uint8_t *tile) {
  store(tile + layout.scaleOffset + 2 * row, block.scale);
  if (traits.hasMin)
    store(tile + layout.minOffset + 2 * row, block.min);
  for (int64_t i = 0; i < traits.getSubBlocks(); ++i) {
    uint8_t &scale = tile[layout.subScaleOffset + i * layout.rows + row];
    scale = block.subScales[i];
    if (traits.sharesSubScaleBytes())
      scale |= block.subMins[i] << 4;
    else if (traits.hasMin)
      tile[layout.subMinOffset + i * layout.rows + row] = block.subMins[i];
  }
  uint8_t *lane = tile + 4 * row;
  for (int64_t column = 0; column < layout.columns; column += kPart, lane += layout.partBytes) {
    if (unsigned highBits = traits.getHighBits())
      writeDigits(block.quants + column, highBits, traits.lowBits, 4 * layout.rows, lane + layout.highBitsOffset);
    writeDigits(block.quants + column, traits.lowBits, 0, 4 * layout.rows, lane + layout.quantsOffset);
  }
}

QuantBlock hone::llm::readTileRow(const SchemeTraits &traits, const TileLayout &layout, int64_t row,
                                  const uint8_t *tile) {
  QuantBlock block;
  block.scale = load<uint16_t>(tile + layout.scaleOffset + 2 * row);
  if (traits.hasMin)
    block.min = load<uint16_t>(tile + layout.minOffset + 2 * row);
  for (int64_t i = 0; i < traits.getSubBlocks(); ++i) {
    uint8_t scale = tile[layout.subScaleOffset + i * layout.rows + row];
    block.subScales[i] = traits.sharesSubScaleBytes() ? scale & 15 : scale;
    if (traits.hasMin)
      block.subMins[i] = traits.sharesSubScaleBytes() ? scale >> 4 : tile[layout.subMinOffset + i * layout.rows + row];
  }
  std::memset(block.quants, 0, layout.columns);
  const uint8_t *lane = tile + 4 * row;
  for (int64_t column = 0; column < layout.columns; column += kPart, lane += layout.partBytes) {
    if (unsigned highBits = traits.getHighBits())
      readDigits(lane + layout.highBitsOffset, highBits, traits.lowBits, 4 * layout.rows, block.quants + column);
    readDigits(lane + layout.quantsOffset, traits.lowBits, 0, 4 * layout.rows, block.quants + column);
  }
  return block;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// What an integer of sub-block (or block) `number` is multiplied with: exact in f32, 11 bits times at most 8.
static float getScale(const SchemeTraits &traits, const QuantBlock &block, int64_t number) {
  float scale = floatFromHalf(block.scale);
  if (!traits.subBlockElements)
    return scale;
  uint8_t stored = block.subScales[number];
  int32_t factor = traits.hasSignedSubScales ? static_cast<int8_t>(stored) : stored;
  return scale * static_cast<float>(factor);
}

/// What is added to the products of a scheme with a minimum: exact, too.
static float getMinimum(const SchemeTraits &traits, const QuantBlock &block, int64_t number) {
  float min = floatFromHalf(block.min);
  return traits.subBlockElements ? -(min * static_cast<float>(block.subMins[number])) : min;
}

/// d * q is exact in f32, and so is (d * s) * q: 24 bits at most. The sum is the only rounding.
void hone::llm::dequantize(const SchemeTraits &traits, const QuantBlock &block, float *values) {
  const int64_t step = traits.subBlockElements ? traits.subBlockElements : traits.blockElements;
  for (int64_t first = 0, number = 0; first < traits.blockElements; first += step, ++number) {
    const float scale = getScale(traits, block, number);
    const float min = traits.hasMin ? getMinimum(traits, block, number) : 0;
    for (int64_t i = first; i < first + step; ++i) {
      int32_t q = traits.isSigned ? static_cast<int8_t>(block.quants[i]) : block.quants[i];
      float value = scale * static_cast<float>(q - traits.zeroPoint);
      // Not for all: adding the zero of a scheme without a minimum would turn -0 into +0.
      values[i] = traits.hasMin ? value + min : value;
    }
  }
}

/// The f16 of `value` in bits.
static uint16_t halfFromFloat(float value) { return roundTo16Bits(value, APFloat::IEEEhalf()); }

/// Gives each sub-block the integer multiple of one f16 factor that is nearest to its number; the largest number gets
/// the largest integer. Returns the factor.
static uint16_t factorize(::llvm::ArrayRef<float> numbers, int32_t largest, uint8_t *integers) {
  const float peak = *std::max_element(numbers.begin(), numbers.end());
  const uint16_t half = halfFromFloat(peak / static_cast<float>(largest));
  const float factor = floatFromHalf(half);
  for (size_t i = 0; i < numbers.size(); ++i) {
    float steps = factor == 0 ? 0 : std::nearbyint(numbers[i] / factor);
    bool fits = steps >= 0 && steps <= static_cast<float>(largest);
    integers[i] = static_cast<uint8_t>(fits ? static_cast<int32_t>(steps) : 0);
  }
  return half;
}

QuantBlock hone::llm::quantizeExtremes(const SchemeTraits &traits, ::llvm::ArrayRef<float> values) {
  const int32_t largest = traits.isSigned ? (1 << (traits.elementBits - 1)) - 1 : (1 << traits.elementBits) - 1;
  const int32_t smallest = traits.isSigned ? -largest : 0;
  const int64_t step = traits.subBlockElements ? traits.subBlockElements : traits.blockElements;
  ::llvm::SmallVector<float, 16> scales, minimums;
  for (int64_t first = 0; first < traits.blockElements; first += step) {
    ::llvm::ArrayRef<float> own = values.slice(first, step);
    auto [low, high] = std::minmax_element(own.begin(), own.end());
    scales.push_back((*high - *low) / static_cast<float>(largest - smallest));
    minimums.push_back(*low);
  }
  QuantBlock block;
  if (traits.subBlockElements) {
    const int32_t largestScale = (1 << (traits.subScaleBits - traits.hasSignedSubScales)) - 1;
    block.scale = factorize(scales, largestScale, block.subScales);
    for (float &minimum : minimums)
      minimum = -minimum;
    if (traits.hasMin)
      block.min = factorize(minimums, largestScale, block.subMins);
  } else {
    block.scale = halfFromFloat(scales.front());
    block.min = traits.hasMin ? halfFromFloat(minimums.front()) : 0;
  }
  for (int64_t i = 0; i < traits.blockElements; ++i) {
    const float scale = getScale(traits, block, i / step);
    const float min = traits.hasMin ? getMinimum(traits, block, i / step) : 0;
    float steps = scale == 0 ? 0 : std::nearbyint((values[i] - min) / scale) + static_cast<float>(traits.zeroPoint);
    // Also false for a NaN, which nothing represents.
    bool fits = steps >= static_cast<float>(smallest) && steps <= static_cast<float>(largest);
    block.quants[i] = static_cast<uint8_t>(fits ? static_cast<int32_t>(steps) : 0);
  }
  return block;
}
