//===- KQuants.cpp - K-quants in the order of the model file --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the numbers of a block of 256 lie, as ggml-common.h and ggml-quants.c of the ggml project have it. Numbers are
// strewn over bytes; each has one place or two, which a table names for readers and writers alike.
//
//===----------------------------------------------------------------------===//

#include "QuantBlocks.h"

#include "llvm/Support/ErrorHandling.h"

#include <array>

using namespace hone::llm;

namespace {
/// Bits of a number: those from bit `at` on lie from bit `shift` of byte `byte` on. Without bits where `mask` is 0.
struct Place {
  uint8_t byte = 0, shift = 0, mask = 0, at = 0;
};
using Number = std::array<Place, 2>;

/// Where the numbers of a block lie; those that the scheme has not have no place.
struct FileLayout {
  int scaleOffset = 0, minOffset = -1;
  int subScaleBias = 0; ///< the file stores s plus this
  std::array<Number, 256> quants{};
  std::array<Number, 16> subScales{}, subMins{};
};

constexpr Place at(int byte, int shift, int bits, int at = 0) {
  return {static_cast<uint8_t>(byte), static_cast<uint8_t>(shift), static_cast<uint8_t>((1 << bits) - 1),
          static_cast<uint8_t>(at)};
}

/// Element `i` of 64 bytes from `start`: each 32 bytes hold four runs of 32, the lowest bits first.
constexpr Place pairAt(int start, int i, int bit = 0) {
  return at(start + i / 128 * 32 + i % 32, i / 32 % 4 * 2, 2, bit);
}

/// {4-bit s, 4-bit t}[16], q[64], d, m.
constexpr FileLayout makeQ2() {
  FileLayout layout;
  layout.scaleOffset = 80;
  layout.minOffset = 82;
  for (int i = 0; i < 256; ++i)
    layout.quants[i][0] = pairAt(16, i);
  for (int i = 0; i < 16; ++i) {
    layout.subScales[i][0] = at(i, 0, 4);
    layout.subMins[i][0] = at(i, 4, 4);
  }
  return layout;
}

/// High bits[32], q[64], 6-bit s[16] in 12 bytes, d.
constexpr FileLayout makeQ3() {
  FileLayout layout;
  layout.scaleOffset = 108;
  layout.subScaleBias = 32;
  for (int i = 0; i < 256; ++i)
    layout.quants[i] = {pairAt(32, i), at(i % 32, i / 32, 1, 2)};
  for (int i = 0; i < 16; ++i)
    layout.subScales[i] = {at(96 + i % 8, i / 8 * 4, 4), at(104 + i % 4, i / 4 * 2, 2, 4)};
  return layout;
}

/// d, m, 6-bit s and t[8] in 12 bytes, the fifth bits[32] (if any), q[128]. Those of sub-blocks 0 to 3 lie whole in the
/// first 8 of the 12 bytes, whose two top bits complete sub-blocks 4 to 7 in the last 4.
constexpr FileLayout makeQ4Or5(bool hasFifthBits) {
  FileLayout layout;
  layout.scaleOffset = 0;
  layout.minOffset = 2;
  for (int i = 0; i < 256; ++i) {
    layout.quants[i][0] = at((hasFifthBits ? 48 : 16) + i / 64 * 32 + i % 32, i / 32 % 2 * 4, 4);
    if (hasFifthBits)
      layout.quants[i][1] = at(16 + i % 32, i / 32, 1, 4);
  }
  for (int i = 0; i < 4; ++i) {
    layout.subScales[i][0] = at(4 + i, 0, 6);
    layout.subMins[i][0] = at(8 + i, 0, 6);
    layout.subScales[4 + i] = {at(12 + i, 0, 4), at(4 + i, 6, 2, 4)};
    layout.subMins[4 + i] = {at(12 + i, 4, 4), at(8 + i, 6, 2, 4)};
  }
  return layout;
}

/// Low nibbles[128], high pairs[64], i8 s[16], d.
constexpr FileLayout makeQ6() {
  FileLayout layout;
  layout.scaleOffset = 208;
  for (int i = 0; i < 256; ++i)
    layout.quants[i] = {at(i / 128 * 64 + i % 64, i / 64 % 2 * 4, 4), pairAt(128, i, 4)};
  for (int i = 0; i < 16; ++i)
    layout.subScales[i][0] = at(192 + i, 0, 8);
  return layout;
}

const FileLayout &getFileLayout(Scheme scheme) {
  static constexpr FileLayout q2 = makeQ2(), q3 = makeQ3(), q4 = makeQ4Or5(false), q5 = makeQ4Or5(true), q6 = makeQ6();
  switch (scheme) {
  case Scheme::Q2_K:
    return q2;
  case Scheme::Q3_K:
    return q3;
  case Scheme::Q4_K:
    return q4;
  case Scheme::Q5_K:
    return q5;
  case Scheme::Q6_K:
    return q6;
  default:
    llvm_unreachable("not a K-quant");
  }
}

int read(const Number &number, const uint8_t *source) {
  int value = 0;
  for (Place place : number)
    value |= (source[place.byte] >> place.shift & place.mask) << place.at;
  return value;
}

void write(const Number &number, int value, uint8_t *target) {
  for (Place place : number)
    target[place.byte] |= (value >> place.at & place.mask) << place.shift;
}
} // namespace

QuantBlock hone::llm::readKQuant(Scheme scheme, const uint8_t *source) {
  const FileLayout &layout = getFileLayout(scheme);
  QuantBlock block;
  block.scale = load<uint16_t>(source + layout.scaleOffset);
  if (layout.minOffset >= 0)
    block.min = load<uint16_t>(source + layout.minOffset);
  for (int64_t i = 0, count = getSchemeTraits(scheme).getSubBlocks(); i < count; ++i) {
    block.subScales[i] = static_cast<uint8_t>(read(layout.subScales[i], source) - layout.subScaleBias);
    if (layout.minOffset >= 0)
      block.subMins[i] = static_cast<uint8_t>(read(layout.subMins[i], source));
  }
  for (int i = 0; i < 256; ++i)
    block.quants[i] = static_cast<uint8_t>(read(layout.quants[i], source));
  return block;
}

void hone::llm::writeKQuant(Scheme scheme, const QuantBlock &block, uint8_t *target) {
  const FileLayout &layout = getFileLayout(scheme);
  std::memset(target, 0, getSchemeTraits(scheme).blockBytes);
  store(target + layout.scaleOffset, block.scale);
  if (layout.minOffset >= 0)
    store(target + layout.minOffset, block.min);
  for (int64_t i = 0, count = getSchemeTraits(scheme).getSubBlocks(); i < count; ++i) {
    write(layout.subScales[i], block.subScales[i] + layout.subScaleBias, target);
    if (layout.minOffset >= 0)
      write(layout.subMins[i], block.subMins[i], target);
  }
  for (int i = 0; i < 256; ++i)
    write(layout.quants[i], block.quants[i], target);
}
