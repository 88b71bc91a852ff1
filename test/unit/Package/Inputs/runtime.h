/*===- runtime.h - What the test runtime exports ------------------*- C -*-===*\
|*
|* Part of hone, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef HONE_TEST_RUNTIME_H
#define HONE_TEST_RUNTIME_H

#ifdef __cplusplus
extern "C" {
#endif

/* One line about the program that this is linked into. Valid until the next call. */
const char *hone_test_describe(void);

#ifdef __cplusplus
}
#endif

#endif
