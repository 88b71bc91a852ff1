//===- Memory.cpp - Memory straight from the system -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Memory.h"
#include "Format.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <utility>

using namespace hone;
using namespace hone::rt;

static constexpr uint64_t hugePage = 2u << 20;
static constexpr uint64_t smallPage = 4096;

Result<Memory> Memory::allocate(uint64_t bytes) {
  Memory memory;
  if (bytes == 0)
    return memory;
  bytes = (bytes + smallPage - 1) / smallPage * smallPage;
  uint64_t slack = bytes >= hugePage ? hugePage : 0;
  void *address = ::mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    return Error(format("%s of memory cannot be had: %s", bytesText(bytes).c_str(), std::strerror(errno)));
  auto *begin = static_cast<uint8_t *>(address);
  if (slack != 0) {
    uint64_t front = -reinterpret_cast<uintptr_t>(begin) % hugePage;
    if (front != 0)
      ::munmap(begin, front);
    begin += front;
    if (slack != front)
      ::munmap(begin + bytes, slack - front);
    ::madvise(begin, bytes, MADV_HUGEPAGE);
  }
  memory.begin = begin;
  memory.bytes = bytes;
  return memory;
}

Memory::Memory(Memory &&other) noexcept : begin(other.begin), bytes(other.bytes) {
  other.begin = nullptr;
  other.bytes = 0;
}

Memory &Memory::operator=(Memory &&other) noexcept {
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

Memory::~Memory() {
  if (begin)
    ::munmap(begin, bytes);
}
