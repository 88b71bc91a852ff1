//===- Format.h - Text for messages -----------------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_FORMAT_H
#define HONE_LIB_RUNTIME_FORMAT_H

#include "hone/Support/NumberText.h"

namespace hone::rt {

/// printf into a string.
__attribute__((format(printf, 1, 2))) std::string format(const char *pattern, ...);

/// 1536000 bytes as "1.5 MB" (powers of ten).
std::string bytesText(uint64_t bytes);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_FORMAT_H
