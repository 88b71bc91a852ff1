//===- NumberText.h - Numbers that people read -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_NUMBERTEXT_H
#define HONE_SUPPORT_NUMBERTEXT_H

#include <cstdint>
#include <string>

namespace hone {

/// 98362432 as "98,362,432".
std::string grouped(uint64_t number);

} // namespace hone

#endif // HONE_SUPPORT_NUMBERTEXT_H
