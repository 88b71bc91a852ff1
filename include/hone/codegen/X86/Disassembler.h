//===- Disassembler.h - Machine code as text ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_DISASSEMBLER_H
#define HONE_CODEGEN_X86_DISASSEMBLER_H

#include "hone/Support/Error.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"

namespace hone::x86 {

/// Writes one line per instruction of `code`, which lies at `address`: address, then Intel syntax. Bytes that are no
/// instruction become `.byte`.
Status disassemble(llvm::ArrayRef<uint8_t> code, uint64_t address, llvm::raw_ostream &os);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_DISASSEMBLER_H
