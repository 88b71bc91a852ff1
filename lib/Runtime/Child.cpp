//===- Child.cpp - Other processes of the command bench -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Child.h"
#include "Format.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace hone;
using namespace hone::rt;

Result<Child> Child::start(const std::string &path, std::vector<std::string> words, int pipeEnd) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error(format("a pipe cannot be made: %s", std::strerror(errno)));
  // The child's copy must have another number than the original: otherwise it stays closed on exec.
  if (ends[1] == pipeEnd) {
    int other = ::fcntl(ends[1], F_DUPFD_CLOEXEC, pipeEnd + 1);
    ::close(ends[1]);
    ends[1] = other;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], pipeEnd);
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process;
  int failure = ::posix_spawn(&process, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failure != 0) {
    ::close(ends[0]);
    return Error(format("'%s' cannot be started: %s", path.c_str(), std::strerror(failure)));
  }
  return Child(process, ends[0]);
}

Child::~Child() {
  if (process >= 0)
    finish();
}

std::string Child::read(size_t most) {
  std::string text;
  char buffer[4096];
  while (text.size() < most) {
    ssize_t got = ::read(pipe, buffer, std::min(sizeof buffer, most - text.size()));
    if (got == 0 || (got < 0 && errno != EINTR))
      break;
    text.append(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }
  return text;
}

int Child::finish() {
  ::close(pipe);
  int status;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  process = pipe = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
