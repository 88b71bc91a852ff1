//===- runtime.cpp - A runtime for tests ----------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime.h"

#include "hone-rt/ABI.h"

#include <cstdio>
#include <link.h>
#include <string>
#include <thread>
#include <vector>

extern "C" void hone_rt_barrier(hone_barrier *) {}
extern "C" void hone_rt_mark(hone_barrier *, int64_t, int64_t) {}

/// "yes" if a read-only PT_LOAD begins at the weights and covers them.
static int visit(dl_phdr_info *object, size_t, void *found) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = object->dlpi_phdr[i];
    uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && segment.p_flags == PF_R &&
        begin == reinterpret_cast<uintptr_t>(hone_weights_begin) &&
        begin + segment.p_memsz >= reinterpret_cast<uintptr_t>(hone_weights_end))
      *static_cast<const char **>(found) = "yes";
  }
  return 0;
}

/// Ends of the weights and what lies between, sampled every 4093 bytes.
const char *hone_test_describe(void) {
  static std::string line;
  size_t bytes = hone_weights_end - hone_weights_begin;
  unsigned sum = 0;
  for (size_t i = 0; i < bytes && bytes < (size_t(1) << 30); i += 4093)
    sum = sum * 31 + hone_weights_begin[i];
  int first = bytes ? hone_weights_begin[0] : -1, last = bytes ? hone_weights_end[-1] : -1;
  const char *segment = "no";
  dl_iterate_phdr(visit, &segment);

  // Threads and the step, to see that the C++ library and calls across the link work.
  std::vector<float> logits(2);
  const uint8_t *weights[] = {bytes ? hone_weights_begin : hone_tokenizer_begin};
  hone_step step = {};
  step.logits = logits.data();
  step.weights = weights;
  if (bytes) {
    std::thread other([&] { hone_program_module.steps[HONE_ISA_X86_64_V3](&step, 1, 2); });
    hone_program_module.steps[HONE_ISA_X86_64_V3](&step, 0, 2);
    other.join();
  }
  line = std::string(hone_program_module.name) + ": " + std::to_string(bytes) + " bytes, first " +
         std::to_string(first) + ", last " + std::to_string(last) + ", sum " + std::to_string(sum) + ", tokenizer '" +
         std::string(reinterpret_cast<const char *>(hone_tokenizer_begin), hone_tokenizer_end - hone_tokenizer_begin) +
         "', segment " + segment + ", logits " + std::to_string(static_cast<int>(logits[0])) + " " +
         std::to_string(static_cast<int>(logits[1])) + ", page " +
         std::to_string(reinterpret_cast<uintptr_t>(hone_weights_begin) % 4096);
  return line.c_str();
}

int main() { std::puts(hone_test_describe()); }
