//===- OtherLibrary.c - A library of another version of hone --------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone-rt/ABI.h"

#include <stddef.h>

__asm__(".section .note.hone, \"a\", @note\n"
        ".balign 4\n"
        ".long 5, 56, 1\n"
        ".asciz \"hone\"\n"
        ".balign 4\n"
        ".long 2\n"
        ".zero 52\n"
        ".previous\n");

const hone_library *hone_library_description(void);

const hone_library *hone_library_description(void) {
  static const hone_library library = {OTHER_ABI, 0, "0.0.7", NULL, NULL, NULL, NULL, NULL};
  return &library;
}
