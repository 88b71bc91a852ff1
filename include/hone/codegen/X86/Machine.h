//===- Machine.h - A machine, as a file describes it ----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_MACHINE_H
#define HONE_CODEGEN_X86_MACHINE_H

#include "hone/Support/Error.h"
#include "hone/codegen/X86/Levels.h"

#include <array>
#include <string>
#include <vector>

namespace hone::x86 {

/// What a kernel of integer products may choose freely: nothing of it changes a bit of any result.
struct Tuning {
  int64_t aheadBytes = 8192;   ///< how long before their use few rows ask for weights
  int64_t singleRowPanels = 1; ///< panels that share a vector for a single row
  int64_t fewRows = 4;         ///< up to which weights are unpacked in registers as they are read
  int64_t tileRows = 4;        ///< that share a reading of unpacked weights, their sums in registers
  int64_t chunkBlocks = 16;    ///< blocks of 32 columns that are unpacked to memory at a time
  int64_t chunkRows = 128;     ///< that read such a chunk

  inline bool operator==(const Tuning &other) const;
};

/// The choices by name, as attributes, machine files and passes have them.
struct TuningField {
  llvm::StringLiteral name;
  int64_t Tuning::*value;
};
inline constexpr std::array<TuningField, 6> kTuningFields = {{{"ahead_bytes", &Tuning::aheadBytes},
                                                              {"single_row_panels", &Tuning::singleRowPanels},
                                                              {"few_rows", &Tuning::fewRows},
                                                              {"tile_rows", &Tuning::tileRows},
                                                              {"chunk_blocks", &Tuning::chunkBlocks},
                                                              {"chunk_rows", &Tuning::chunkRows}}};
inline bool Tuning::operator==(const Tuning &other) const {
  return llvm::all_of(kTuningFields,
                      [&](const TuningField &field) { return this->*field.value == other.*field.value; });
}

/// The largest number of any choice in a file; what a level takes is less (`checkTuning`).
inline constexpr int64_t kLargestChoice = 65536;

/// What was measured of a machine, and what timing kernels on it has shown.
struct Machine {
  std::string name;                 ///< of the CPU
  int64_t l1Bytes = 0, l2Bytes = 0; ///< of one core
  int64_t coreReadRate = 0;         ///< 10^6 bytes per second that one core reads from memory
  int64_t readRate = 0;             ///< the same of all cores together
  int64_t latency = 0;              ///< nanoseconds until a byte comes from memory
  /// Of one core, for products of a level: 10^6 operations per second; a multiplication and an addition are two.
  struct Peak {
    Level level = Level::V3;
    int64_t f32 = 0, int8 = 0, int16 = 0;
  };
  std::vector<Peak> peaks;
  struct Learned {
    std::string kernel; ///< `getProductKey`
    Level level = Level::V3;
    Tuning tuning;
  };
  std::vector<Learned> learned;

  const Peak *findPeak(Level level) const;
  const Learned *findLearned(llvm::StringRef kernel, Level level) const;
};

/// Reads a machine file: JSON, "format": "hone-machine", "version": 1 (docs/performance.md). The error names the file
/// and the field.
Result<Machine> parseMachine(llvm::StringRef text, const std::string &path);
/// Like `parseMachine`; `hash` receives the XXH3 of the bytes, as 16 hexadecimal digits.
Result<Machine> readMachine(const std::string &path, std::string &hash);

/// The text of a machine file: the same for the same machine.
std::string formatMachine(const Machine &machine);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_MACHINE_H
