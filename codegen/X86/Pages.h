//===- Pages.h - Keys and values in memory, as kernels see them -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_PAGES_H
#define HONE_CODEGEN_X86_PAGES_H

#include "VectorBuilder.h"
#include "hone/codegen/Common/Buffers.h"

namespace hone::x86 {

/// The pages of all sequences, and one layer in them.
class Pages {
public:
  using Value = mlir::Value;

  Pages(VectorBuilder &b, Value tables, llm::KVType type, Value layer)
      : b(b), layout(type), tables(tables), layer(layer) {}

  /// The page table of the sequence of a row.
  Value getTable(Value sequences, Value row) {
    return loadPointer(b, b.getLoc(), tables, b.toIndex(b.loadScalar(sequences, {row})));
  }
  /// One page, as memref<elements x f16>.
  Value getPage(Value table, Value number) {
    return createMemRef(b, b.getLoc(), loadPointer(b, b.getLoc(), table, number),
                        mlir::MemRefType::get({layout.elements()}, b.getF16Type()));
  }
  /// Position of the first key, and of the first value, of a head in a page.
  Value getKeys(Value head) { return b.mul(b.add(b.mul(layer, layout.heads), head), layout.headElements()); }
  Value getValues(Value head) { return b.add(getKeys(head), layout.valueOffset()); }

private:
  VectorBuilder &b;
  PageLayout layout;
  Value tables, layer;
};

/// Checks that keys and values of this type are what x86 kernels read.
mlir::LogicalResult verifyPages(mlir::Operation *op, llm::KVType type);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_PAGES_H
