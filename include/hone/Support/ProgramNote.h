//===- ProgramNote.h - The note that marks a program -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_SUPPORT_PROGRAMNOTE_H
#define HONE_SUPPORT_PROGRAMNOTE_H

#include <cstdint>

namespace hone {

inline constexpr char programNoteOwner[] = "hone";
inline constexpr uint32_t programNoteType = 1;
inline constexpr uint32_t programNoteVersion = 2;

/// The description of the note `.note.hone`, which is allocated and so outlives `strip`. Each distance is from the
/// address of its own field, filled in by the link.
struct ProgramNote {
  uint32_t version; ///< programNoteVersion
  uint32_t reserved;
  int64_t module; ///< to `hone_program_module`
  int64_t weightsBegin;
  int64_t weightsEnd;
  int64_t tokenizerBegin;
  int64_t tokenizerEnd;
  uint64_t digest; ///< digestProgram (ProgramCheck.h) of the file; 0: not stated
};

} // namespace hone

#endif // HONE_SUPPORT_PROGRAMNOTE_H
