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
      : layout(type), b(b), element(type.getElementType()), tables(tables), layer(layer) {}

  const PageLayout layout;

  /// The page table of the sequence of a row.
  Value getTable(Value sequences, Value row) {
    return loadPointer(b, b.getLoc(), tables, b.toIndex(b.loadScalar(sequences, {row})));
  }
  /// One page, as memref<elements x f16> or memref<elements x i8>.
  Value getPage(Value table, Value number) {
    return createMemRef(b, b.getLoc(), loadPointer(b, b.getLoc(), table, number),
                        mlir::MemRefType::get({layout.elements()}, element));
  }
  /// Position of the first key, and of the first value, of a head in a page.
  Value getKeys(Value head) { return b.mul(b.add(b.mul(layer, layout.heads), head), layout.headElements()); }
  Value getValues(Value head) { return b.add(getKeys(head), layout.valueOffset()); }

  /// `lanes` numbers of a page from position `place` on, as f32: without their scales, if they have some.
  Value loadNumbers(Value page, Value place, int64_t lanes) {
    Value stored = b.load(b.vectorOf(element, lanes), page, {place});
    if (!layout.hasScales)
      return mlir::arith::ExtFOp::create(b, b.f32s(lanes), stored);
    Value wide = mlir::arith::ExtSIOp::create(b, b.vectorOf(b.getI32Type(), lanes), stored);
    return mlir::arith::SIToFPOp::create(b, b.f32s(lanes), wide);
  }
  /// The scales of `lanes` positions of a page, from `position` on, of the head whose keys or values begin at `start`.
  Value loadScales(Value page, Value start, Value position, int64_t lanes) {
    return b.loadBytes(b.f32s(lanes), page, {getScale(start, position)});
  }
  void storeScale(Value scale, Value page, Value start, Value position) {
    b.storeBytes(scale, page, {getScale(start, position)});
  }

private:
  VectorBuilder &b;
  mlir::Type element;
  Value tables, layer;

  Value getScale(Value start, Value position) {
    return b.add(b.add(start, layout.scaleOffset()), b.mul(position, sizeof(float)));
  }
};

/// Checks that keys and values of this type are what x86 kernels read.
mlir::LogicalResult verifyPages(mlir::Operation *op, llm::KVType type);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_PAGES_H
