//===- Child.h - Other processes of the command bench -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_CHILD_H
#define HONE_LIB_RUNTIME_CHILD_H

#include "hone/Support/Error.h"

#include <sys/types.h>
#include <vector>

namespace hone::rt {

/// A program that runs beside this one, with a pipe from it. Ends with it: `finish`, or the destructor, waits.
class Child {
public:
  /// Starts the file at `path`. It writes into the pipe on the file descriptor `pipeEnd` of its own, or on its standard
  /// output if that is 1.
  static Result<Child> start(const std::string &path, std::vector<std::string> words, int pipeEnd);
  Child(Child &&other) noexcept : process(other.process), pipe(other.pipe) { other.process = other.pipe = -1; }
  ~Child();

  /// Reads until `most` bytes have come, or the end.
  std::string read(size_t most);

  /// Waits for its end; the exit status, or 128 and the signal that ended it.
  int finish();

private:
  Child(pid_t process, int pipe) : process(process), pipe(pipe) {}

  pid_t process;
  int pipe;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_CHILD_H
