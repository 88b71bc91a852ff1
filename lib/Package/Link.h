//===- Link.h - One link by lld, in-process --------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_PACKAGE_LINK_H
#define HONE_LIB_PACKAGE_LINK_H

#include "hone/Package/Program.h"

namespace hone {

/// Links the compiled model and the object of makeSectionObject with the inputs of the bundle, and returns the file
/// that lld wrote. `scratchPath` is where it is written for that moment; it is gone afterwards. All that lld reports
/// becomes one Error of one line. One link at a time: lld keeps its state in globals.
Result<std::vector<uint8_t>> link(const uint8_t *object, size_t objectBytes, const std::vector<uint8_t> &sections,
                                  const LinkOptions &options, const std::string &scratchPath);

} // namespace hone

#endif // HONE_LIB_PACKAGE_LINK_H
