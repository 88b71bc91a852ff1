//===- Model.cpp - The generated program's model, checked -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "Format.h"
#include "Machine.h"

#include "hone/Support/ProgramCheck.h"

#include <algorithm>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

using namespace hone;
using namespace hone::rt;

/// The compiler may assume that two arrays have different addresses, but an empty section has both of its bounds in
/// one place: forget where the pointers came from.
Section rt::sectionBetween(const uint8_t *begin, const uint8_t *end) {
  __asm__("" : "+r"(begin), "+r"(end));
  return {begin, static_cast<size_t>(end - begin)};
}

Section rt::weightSection() { return sectionBetween(hone_weights_begin, hone_weights_end); }
Section rt::tokenizerSection() { return sectionBetween(hone_tokenizer_begin, hone_tokenizer_end); }

static bool hasSoundCalls(const hone_module &module) {
  if ((module.kernel_count != 0 && !module.kernels) || (module.call_count != 0 && !module.calls))
    return false;
  for (uint64_t i = 0; i < module.kernel_count; ++i)
    if (!module.kernels[i].name || module.kernels[i].arithmetic > HONE_ARITHMETIC_INT8)
      return false;
  for (uint64_t i = 0; i < module.call_count; ++i)
    if (module.calls[i].kernel >= module.kernel_count ||
        (module.calls[i].weight >= 0 && static_cast<uint64_t>(module.calls[i].weight) >= module.weight_count))
      return false;
  return true;
}

Result<Model> Model::open(const hone_module &module, Section weights) {
  static const char again[] = "compile the model again with this version of hone";
  if (module.abi_version != HONE_ABI_VERSION)
    return Error(format("expected module ABI %u, got %u; %s", HONE_ABI_VERSION, module.abi_version, again));

  const struct {
    const char *name;
    uint64_t value, most, multiple;
  } numbers[] = {
      {"vocabulary", module.vocabulary, INT32_MAX, 1},
      {"context_length", module.context_length, INT32_MAX, 1},
      {"max_rows", module.max_rows, INT32_MAX, 1},
      {"page_positions", module.page_positions, INT32_MAX, 1},
      {"page_bytes", module.page_bytes, UINT64_C(1) << 40, 1},
      {"arena_bytes", module.arena_bytes, UINT64_C(1) << 40, 1},
      {"worker_arena_bytes", module.worker_arena_bytes, UINT64_C(1) << 40, 64},
  };
  for (const auto &number : numbers) {
    bool arena = number.name[0] == 'a' || number.name[0] == 'w';
    if ((number.value == 0 && !arena) || number.value > number.most)
      return Error(format("module: expected '%s' in 1 to %llu, got %llu; %s", number.name,
                          static_cast<unsigned long long>(number.most), static_cast<unsigned long long>(number.value),
                          again));
    if (number.value % number.multiple != 0)
      return Error(format("module: expected '%s' to be a multiple of %llu, got %llu; %s", number.name,
                          static_cast<unsigned long long>(number.multiple),
                          static_cast<unsigned long long>(number.value), again));
  }
  auto isMade = [](hone_step_function step) { return step != nullptr; };
  const hone_step_function *first = std::find_if(module.steps, std::end(module.steps), isMade);
  if (first == std::end(module.steps) || !module.name || !module.architecture ||
      (module.weight_count != 0 && !module.weights))
    return Error(
        format("module: expected a step function, a name, an architecture and weights, got a null pointer; %s", again));
  if (reinterpret_cast<uintptr_t>(weights.begin) % 64 != 0)
    return Error(format("weight section: expected an address that is a multiple of 64, got %p; %s",
                        static_cast<const void *>(weights.begin), again));

  Model model(module, weights);
  model.useLevel(static_cast<unsigned>(first - module.steps));
  model.table.reserve(module.weight_count);
  for (uint64_t i = 0; i < module.weight_count; ++i) {
    const hone_weight &weight = module.weights[i];
    if (weight.offset > weights.size || weight.bytes > weights.size - weight.offset)
      return Error(format("weight '%s': expected bytes %llu to %llu inside the weight section of %zu bytes; %s",
                          weight.name, static_cast<unsigned long long>(weight.offset),
                          static_cast<unsigned long long>(weight.offset + weight.bytes), weights.size, again));
    if (weight.offset % 64 != 0)
      return Error(format("weight '%s': expected an offset that is a multiple of 64, got %llu; %s", weight.name,
                          static_cast<unsigned long long>(weight.offset), again));
    model.table.push_back(weights.begin + weight.offset);
  }
  model.move = std::make_shared<WeightMove>(weights, module.weights, module.weight_count);
  if (!hasSoundCalls(module))
    return Error(format("module: expected kernel calls that name its kernels and weights, got others; %s", again));
  return model;
}

/// For dl_iterate_phdr: stops at the loaded file that holds hone_program_module.
static int visitLoadedFile(struct dl_phdr_info *file, size_t, void *result) {
  auto address = reinterpret_cast<uintptr_t>(&hone_program_module);
  for (int i = 0; i < file->dlpi_phnum; ++i) {
    uintptr_t begin = file->dlpi_addr + file->dlpi_phdr[i].p_vaddr;
    if (file->dlpi_phdr[i].p_type == PT_LOAD && address >= begin && address < begin + file->dlpi_phdr[i].p_memsz) {
      *static_cast<struct dl_phdr_info *>(result) = *file;
      return 1;
    }
  }
  return 0;
}

Status rt::checkProgramFile() {
  struct dl_phdr_info file;
  struct stat status;
  if (::dl_iterate_phdr(visitLoadedFile, &file) != 1 ||
      ::stat(file.dlpi_name && *file.dlpi_name ? file.dlpi_name : "/proc/self/exe", &status) != 0)
    return {}; // Without /proc, or the file moved away: there is nothing to compare with.
  return checkProgramSize(file.dlpi_phdr, file.dlpi_phnum, static_cast<uint64_t>(status.st_size));
}

namespace {
struct PopulateJob {
  uint8_t *begin;
  size_t size;
  std::atomic<size_t> next; ///< where the next worker goes on
};
} // namespace

static void populatePart(void *context, int32_t, int32_t) {
  constexpr size_t part = 4u << 20;
  auto *job = static_cast<PopulateJob *>(context);
  for (size_t at; (at = job->next.fetch_add(part, std::memory_order_relaxed)) < job->size;) {
    size_t bytes = std::min(part, job->size - at);
    if (::madvise(job->begin + at, bytes, MADV_POPULATE_READ) != 0) // Linux before 5.14.
      ::madvise(job->begin + at, bytes, MADV_WILLNEED);
  }
}

void rt::populateWeights(Section weights, Workers &workers) {
  if (weights.size == 0 || weights.size > availableMemory() / 4 * 3)
    return;
  uintptr_t begin = reinterpret_cast<uintptr_t>(weights.begin) & ~UINT64_C(4095);
  PopulateJob job = {
      reinterpret_cast<uint8_t *>(begin), reinterpret_cast<uintptr_t>(weights.begin) + weights.size - begin, {0}};
  workers.run(populatePart, &job);
}
