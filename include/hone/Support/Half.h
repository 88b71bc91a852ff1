//===- Half.h - f16 and bf16 as f32 ---------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_HALF_H
#define HONE_SUPPORT_HALF_H

#include <cstdint>
#include <cstring>

namespace hone {

inline float floatFromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// An IEEE binary16 as f32, exactly; NaNs keep their payload. No F16C: this runs on any x86-64.
inline float floatFromHalf(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = half >> 10 & 0x1f;
  uint32_t fraction = half & 0x3ff;
  if (exponent == 0x1f)
    return floatFromBits(sign | 0x7f800000 | fraction << 13);
  if (exponent != 0)
    return floatFromBits(sign | (exponent + 112) << 23 | fraction << 13);
  // Zero or denormal: fraction * 2^-24, which f32 holds exactly.
  float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

/// A bfloat16 as f32, exactly.
inline float floatFromBFloat(uint16_t bits) { return floatFromBits(static_cast<uint32_t>(bits) << 16); }

} // namespace hone

#endif // HONE_SUPPORT_HALF_H
