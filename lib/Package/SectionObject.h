//===- SectionObject.h - The packager's own link input ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_PACKAGE_SECTIONOBJECT_H
#define HONE_LIB_PACKAGE_SECTIONOBJECT_H

#include <cstdint>
#include <vector>

namespace hone {

/// A relocatable object with
/// - `.hone.weights`: reserves `weightBytes` (at least 1) at `weightAlignment` without content (SHT_NOBITS), so that
/// the
///   weights never pass through the linker;
/// - `.hone.tokenizer`: `tokenizer`;
/// - `.note.hone`: a ProgramNote that refers to both and to `hone_program_module`;
/// - the hidden symbols `hone_weights_begin`, `hone_weights_end`, `hone_tokenizer_begin`, `hone_tokenizer_end`.
std::vector<uint8_t> makeSectionObject(uint64_t weightBytes, uint64_t weightAlignment,
                                       const std::vector<uint8_t> &tokenizer);

} // namespace hone

#endif // HONE_LIB_PACKAGE_SECTIONOBJECT_H
