//===- MessageText.h - What a file holds, made fit to print ----*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_FORMATS_MESSAGETEXT_H
#define HONE_LIB_FORMATS_MESSAGETEXT_H

#include "hone/Support/NumberText.h"

#include <string>
#include <string_view>

namespace hone {

/// The text in 'quotes'. All but printable ASCII becomes \xNN, so that a hostile name cannot steer a terminal, and what
/// follows the first 64 bytes becomes "...".
std::string quoted(std::string_view text);

} // namespace hone

#endif // HONE_LIB_FORMATS_MESSAGETEXT_H
