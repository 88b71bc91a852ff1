//===- MemRef.h - Memory as compiled code takes it ------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_MEMREF_H
#define HONE_EQUIVALENCE_MEMREF_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace hone::equivalence {

/// MLIR's descriptor of contiguous memory: allocated and aligned pointer, offset, sizes, strides.
class MemRefDescriptor {
public:
  MemRefDescriptor(void *memory, llvm::ArrayRef<int64_t> shape) : words(getWords(shape.size())) {
    words[0] = words[1] = reinterpret_cast<int64_t>(memory);
    int64_t stride = 1;
    for (size_t dim = shape.size(); dim-- > 0;) {
      words[3 + dim] = shape[dim];
      words[3 + shape.size() + dim] = stride;
      stride *= shape[dim];
    }
  }

  int64_t *data() { return words.data(); }
  static size_t getWords(size_t rank) { return 3 + 2 * rank; }

private:
  std::vector<int64_t> words;
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_MEMREF_H
