//===- StubSections.c - The sections that the packager adds to a program --===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* 4096 bytes of weights, the tokenizer from the file STUB_TOKENIZER, or none, and the note that marks files of hone. */
__asm__(".section .hone.weights, \"a\"\n"
        ".balign 4096\n"
        ".globl hone_weights_begin, hone_weights_end\n"
        "hone_weights_begin:\n"
        ".set value, 1\n"
        ".rept 4096\n"
        ".byte (value >> 8) & 255\n"
        ".set value, (value * 1103515245 + 12345) & 0x7fffffff\n"
        ".endr\n"
        "hone_weights_end:\n"
        ".section .hone.tokenizer, \"a\"\n"
        ".globl hone_tokenizer_begin, hone_tokenizer_end\n"
        "hone_tokenizer_begin:\n"
#ifdef STUB_TOKENIZER
        ".incbin \"" STUB_TOKENIZER "\"\n"
#endif
        "hone_tokenizer_end:\n"
        ".section .note.hone, \"a\", @note\n"
        ".balign 4\n"
        ".long 5, 56, 1\n"
        ".asciz \"hone\"\n"
        ".balign 4\n"
        ".long 2\n"
        ".zero 52\n"
        ".previous\n");
