//===- Console.h - What the program says outside of its answer --*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_CONSOLE_H
#define HONE_LIB_RUNTIME_CONSOLE_H

#include "hone/Support/Error.h"

#include <string_view>

namespace hone::rt {

/// The name before each message: the last part of argv[0]. `path` must live as long as the process.
void setProgramName(const char *path);
const char *programName();

/// "NAME: error: MESSAGE" on standard error, as one line whatever the message holds.
void reportError(const Error &error);

/// "NAME: note: MESSAGE" on standard error.
void reportNote(const std::string &message);

/// All of `text` to a file descriptor, at once and unbuffered. The error names `what`.
Status writeAll(int file, std::string_view text, const char *what = "standard output");

/// Reports an error and ends the process with status 1. Allocates nothing; a signal handler may call it.
[[noreturn]] void die(const char *message);

/// From here on a program file that shrinks or cannot be read while it is mapped (SIGBUS) ends the process with an
/// error of one line.
void catchBusErrors();

/// From here on SIGINT raises `interrupted()` and makes a blocking read return; without the flag `repeatable`, a second
/// SIGINT ends the process with status 130.
void catchInterrupts(bool repeatable);
bool interrupted();
void clearInterrupt();

/// Waits until `file` can be read or an interrupt comes (also one that came before the call). False: interrupted.
bool waitForInput(int file);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_CONSOLE_H
