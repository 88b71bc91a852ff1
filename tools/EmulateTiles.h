//===- EmulateTiles.h - AMX on CPUs without it ----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TOOLS_EMULATETILES_H
#define HONE_TOOLS_EMULATETILES_H

namespace hone {

/// From here on, AMX instructions that the CPU refuses are carried out in software, as Intel's Software Developer's
/// Manual describes them: loads, stores, products of bytes and of bf16. Code runs as it was compiled, about a
/// microsecond per such instruction, ten for a product. One that the manual forbids (tiles without a configuration,
/// shapes that do not fit) ends the process with a message and exit status 1. Each thread has its own tiles. False on
/// systems without what it takes.
bool emulateTiles();

/// Whether emulated tiles of this thread are configured: code should release them before it returns.
bool areTilesInUse();

} // namespace hone

#endif // HONE_TOOLS_EMULATETILES_H
