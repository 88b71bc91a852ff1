//===- Console.cpp - What the program says outside of its answer ----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Console.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <unistd.h>

using namespace hone;

static const char *name = "hone";
static std::atomic<bool> interruptSeen{false};
static bool interruptRepeatable = false;

void rt::setProgramName(const char *path) {
  if (!path || !*path)
    return;
  const char *slash = std::strrchr(path, '/');
  name = slash && slash[1] ? slash + 1 : path;
}

const char *rt::programName() { return name; }

static void say(const char *kind, const std::string &message) {
  std::string line = std::string(name) + ": " + kind + ": " + message;
  for (char &c : line)
    if (static_cast<unsigned char>(c) < ' ')
      c = ' ';
  line += '\n';
  (void)rt::writeAll(STDERR_FILENO, line, "standard error");
}

void rt::reportError(const Error &error) { say("error", error.message()); }
void rt::reportNote(const std::string &message) { say("note", message); }

Status rt::writeAll(int file, std::string_view text, const char *what) {
  while (!text.empty()) {
    ssize_t wrote = ::write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0 && errno == EAGAIN) {
      struct pollfd ready = {file, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (wrote < 0)
      return Error(std::string(what) + ": cannot be written: " + std::strerror(errno));
    text.remove_prefix(wrote);
  }
  return {};
}

void rt::die(const char *message) {
  const char *parts[] = {name, ": error: ", message, "\n"};
  for (const char *part : parts)
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0)
      break;
  ::_exit(1);
}

static void onBusError(int) {
  rt::die("the program's file was cut short, or could not be read, while it ran; copy or compile it again");
}

static void onInterrupt(int) {
  if (interruptSeen.exchange(true) && !interruptRepeatable)
    ::_exit(130);
}

void rt::catchBusErrors() {
  struct sigaction action = {};
  action.sa_handler = onBusError;
  ::sigaction(SIGBUS, &action, nullptr);
}

void rt::catchInterrupts(bool repeatable) {
  interruptRepeatable = repeatable;
  struct sigaction action = {};
  action.sa_handler = onInterrupt; // No SA_RESTART: a read at the prompt must return.
  ::sigaction(SIGINT, &action, nullptr);
}

bool rt::interrupted() { return interruptSeen.load(); }
void rt::clearInterrupt() { interruptSeen.store(false); }

bool rt::waitForInput(int file) {
  // Blocked except inside ppoll, so that no signal is lost between the look at the flag and the wait.
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  struct pollfd ready = {file, POLLIN, 0};
  while (!interrupted() && ::ppoll(&ready, 1, nullptr, &before) < 0 && errno == EINTR) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return !interrupted();
}
