//===- KernelMemory.h - Numbers in the memory of kernels ------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_KERNELMEMORY_H
#define HONE_EQUIVALENCE_KERNELMEMORY_H

#include "Tensor.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/Encodings.h"

namespace hone::equivalence {

/// Rows rounded to integers, as `#llm.blocked` lays them out. The numbers must be such rows: of each block the scale is
/// found that gives them back bit for bit. Null if there is none.
std::shared_ptr<AlignedBytes> toBlocks(const Tensor &numbers, const llm::BlockLayout &layout);

/// How many bytes a value of a step has in memory.
int64_t getMemoryBytes(mlir::Type type, const Tensor &numbers);
/// The numbers of such a value; `like` has their shape.
TensorRef readMemory(mlir::Type type, const uint8_t *bytes, const Tensor &like);

/// Keys and values in pages, with their tables as hone-rt/ABI.h has them. What no number fills is NaN.
class Pages {
public:
  Pages(const Tensor &numbers, llm::KVType type);

  /// The table of page tables.
  void *getAddress() { return tables.data(); }
  TensorRef toNumbers() const;

private:
  llm::KVType type;
  llvm::SmallVector<int64_t, 6> shape;
  std::vector<AlignedBytes> pages; ///< [sequence][page]
  std::vector<std::vector<void *>> pageTables;
  std::vector<void *> tables;

  /// The numbers of a head at a position: where they are, and in which page. Elements of its page are f16, or bytes.
  struct PageHead {
    bool isKey;
    int64_t number; ///< the first
    size_t page;
    int64_t start; ///< of the head of all positions
    int64_t slot;  ///< of the position in the page

    int64_t getElement(const PageLayout &layout, int64_t column) const;
    int64_t getScale(const PageLayout &layout) const;
  };
  void forEachHead(llvm::function_ref<void(const PageHead &)> visit) const;
  void writeBytes(const float *numbers, const PageHead &head);
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_KERNELMEMORY_H
