//===- WithoutExceptions.cpp - The C++ library's failures, without exceptions -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libstdc++ throws where memory runs out and where a program breaks a container's rules. Nothing here catches, so these
// definitions, which the linker takes before the library's, end the program with one line instead. They also keep the
// unwinder and the demangler out of every program: about 90 kB, and a newer glibc than the rest needs. All are weak:
// where something else brings the library's in (or a sanitizer its allocation), those are taken.
//
//===----------------------------------------------------------------------===//

#include "Console.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <sched.h>
#include <string>

using namespace hone;

#define HONE_WEAK __attribute__((weak))

[[noreturn]] static void outOfMemory() { rt::die("out of memory; use a smaller '--context'"); }

static void *allocate(size_t bytes) {
  void *memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (!memory)
    outOfMemory();
  return memory;
}

static void *allocate(size_t bytes, std::align_val_t alignment) {
  auto align = static_cast<size_t>(alignment);
  void *memory = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (!memory)
    outOfMemory();
  return memory;
}

HONE_WEAK void *operator new(size_t bytes) { return allocate(bytes); }
HONE_WEAK void *operator new[](size_t bytes) { return allocate(bytes); }
HONE_WEAK void *operator new(size_t bytes, std::align_val_t alignment) { return allocate(bytes, alignment); }
HONE_WEAK void *operator new[](size_t bytes, std::align_val_t alignment) { return allocate(bytes, alignment); }
HONE_WEAK void *operator new(size_t bytes, const std::nothrow_t &) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
HONE_WEAK void *operator new[](size_t bytes, const std::nothrow_t &) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
HONE_WEAK void operator delete(void *memory) noexcept { std::free(memory); }
HONE_WEAK void operator delete[](void *memory) noexcept { std::free(memory); }
HONE_WEAK void operator delete(void *memory, size_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete[](void *memory, size_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete[](void *memory, std::align_val_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete(void *memory, size_t, std::align_val_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete[](void *memory, size_t, std::align_val_t) noexcept { std::free(memory); }
HONE_WEAK void operator delete(void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
HONE_WEAK void operator delete[](void *memory, const std::nothrow_t &) noexcept { std::free(memory); }

namespace std {
HONE_WEAK void __throw_bad_alloc() { outOfMemory(); }
HONE_WEAK void __throw_bad_array_new_length() { outOfMemory(); }
HONE_WEAK void __throw_length_error(const char *) { outOfMemory(); }
HONE_WEAK void __throw_logic_error(const char *what) { rt::die(what); }
HONE_WEAK void __throw_invalid_argument(const char *what) { rt::die(what); }
HONE_WEAK void __throw_out_of_range(const char *what) { rt::die(what); }
HONE_WEAK void __throw_out_of_range_fmt(const char *what, ...) { rt::die(what); }
HONE_WEAK void __throw_bad_function_call() { rt::die("an empty function was called"); }

// make_shared without RTTI refers to this and never calls it; its file in the library would bring the unwinder in.
HONE_WEAK bool _Sp_make_shared_tag::_S_eq(const type_info &) noexcept { return false; }

// The library's own copy was compiled with exceptions.
template class basic_string<char>;
} // namespace std

// The guards of local statics (Itanium C++ ABI, 3.3.2), which the library's throw from. Byte 0: made; byte 1: being
// made.
static std::atomic<uint8_t> &guardByte(uint64_t *guard, int index) {
  return reinterpret_cast<std::atomic<uint8_t> *>(guard)[index];
}

extern "C" {
HONE_WEAK int __cxa_guard_acquire(uint64_t *guard) {
  for (;;) {
    if (guardByte(guard, 0).load(std::memory_order_acquire))
      return 0;
    if (!guardByte(guard, 1).exchange(1, std::memory_order_acquire))
      return guardByte(guard, 0).load(std::memory_order_acquire) ? 0 : 1;
    ::sched_yield();
  }
}
HONE_WEAK void __cxa_guard_release(uint64_t *guard) { guardByte(guard, 0).store(1, std::memory_order_release); }
HONE_WEAK void __cxa_guard_abort(uint64_t *guard) { guardByte(guard, 1).store(0, std::memory_order_release); }
}
