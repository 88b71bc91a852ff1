//===- TestMemory.cpp - Numbers in the memory that kernels work on --------- -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestMemory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace {

/// Shorthands for scalar code on indices.
struct ScalarBuilder : ImplicitLocOpBuilder {
  ScalarBuilder(OpBuilder &builder, Location loc) : ImplicitLocOpBuilder(loc, builder) {}

  Value index(int64_t value) { return arith::ConstantIndexOp::create(*this, value); }
  Value add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value mul(Value a, int64_t b) { return arith::MulIOp::create(*this, a, index(b)); }
  Value div(Value a, int64_t b) { return arith::DivUIOp::create(*this, a, index(b)); }
  Value rem(Value a, int64_t b) { return arith::RemUIOp::create(*this, a, index(b)); }
  Value load(Value buffer, ValueRange indices) { return memref::LoadOp::create(*this, buffer, indices); }
  void store(Value value, Value buffer, ValueRange indices) { memref::StoreOp::create(*this, value, buffer, indices); }

  void nest(ArrayRef<Value> sizes, llvm::function_ref<void(ValueRange)> body) {
    SmallVector<Value> starts(sizes.size(), index(0)), steps(sizes.size(), index(1));
    scf::buildLoopNest(*this, getLoc(), starts, sizes, steps, [&](OpBuilder &inner, Location, ValueRange indices) {
      OpBuilder::InsertionGuard guard(*this);
      setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
      body(indices);
    });
  }
  void nest(ArrayRef<int64_t> sizes, llvm::function_ref<void(ValueRange)> body) {
    nest(llvm::map_to_vector(sizes, [&](int64_t size) { return index(size); }), body);
  }
};

int64_t countPages(const TestPages &pages) { return llvm::divideCeil(pages.positions, PageLayout::positions); }

/// The place of page `number` of a sequence: from the last to the first.
Value getPageIndex(ScalarBuilder &b, const TestPages &pages, Value sequence, Value number) {
  Value order = b.add(b.mul(sequence, countPages(pages)), number);
  return arith::SubIOp::create(b, b.index(pages.sequences * countPages(pages) - 1), order);
}

/// The address of the first element of a buffer, i64.
Value getAddress(ScalarBuilder &b, Value buffer) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
  return arith::IndexCastOp::create(b, b.getI64Type(), address);
}

/// Calls `body` with the indices of each number, its page, and its element there.
void forEachNumber(ScalarBuilder &b, const TestPages &pages,
                   llvm::function_ref<void(ValueRange numberIndices, ValueRange pageIndices)> body) {
  PageLayout layout(pages.type);
  for (int64_t kind : {0, 1}) { // keys, values
    int64_t sizes[] = {layout.layers, pages.sequences, pages.positions, layout.heads, layout.headDim};
    b.nest(sizes, [&](ValueRange indices) {
      Value layer = indices[0], sequence = indices[1], position = indices[2], head = indices[3], column = indices[4];
      Value slot = b.rem(position, PageLayout::positions);
      Value element = b.mul(b.add(b.mul(layer, layout.heads), head), layout.headElements());
      if (kind == 0)
        element = b.add(element, b.add(b.mul(column, PageLayout::positions), slot));
      else
        element = b.add(b.add(element, layout.valueOffset()), b.add(b.mul(slot, layout.headDim), column));
      SmallVector<Value> numberIndices{b.index(kind)};
      llvm::append_range(numberIndices, indices);
      Value page = getPageIndex(b, pages, sequence, b.div(position, PageLayout::positions));
      body(numberIndices, ValueRange{page, element});
    });
  }
}

} // namespace

void hone::fillWithGarbage(OpBuilder &builder, Location loc, Value buffer) {
  ScalarBuilder b(builder, loc);
  auto type = cast<MemRefType>(buffer.getType());
  TypedAttr garbage;
  if (auto format = dyn_cast<FloatType>(type.getElementType()))
    garbage = b.getFloatAttr(format, APFloat::getQNaN(format.getFloatSemantics()));
  else
    garbage = b.getIntegerAttr(type.getElementType(), -1);
  Value value = arith::ConstantOp::create(b, garbage);
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(memref::DimOp::create(b, buffer, dim));
  b.nest(sizes, [&](ValueRange indices) { b.store(value, buffer, indices); });
}

TestPages hone::createPages(OpBuilder &builder, Location loc, KVType type, int64_t sequences, int64_t positions) {
  ScalarBuilder b(builder, loc);
  TestPages result{type, sequences, positions, {}, {}, {}, {}};
  int64_t perSequence = countPages(result);
  PageLayout layout(type);
  Type i64 = b.getI64Type();
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocOp::create(b, MemRefType::get(shape, element));
  };
  result.pages = allocate({sequences * perSequence, layout.elements()}, b.getF16Type());
  result.pageTables = allocate({sequences, perSequence}, i64);
  result.tables = allocate({sequences}, i64);
  fillWithGarbage(b, loc, result.pages);

  auto offset = [&](Value address, Value index, int64_t bytes) -> Value {
    return arith::AddIOp::create(b, address, arith::IndexCastOp::create(b, i64, b.mul(index, bytes)));
  };
  Value pages = getAddress(b, result.pages), pageTables = getAddress(b, result.pageTables);
  b.nest(ArrayRef<int64_t>{sequences, perSequence}, [&](ValueRange indices) {
    Value page = getPageIndex(b, result, indices[0], indices[1]);
    b.store(offset(pages, page, layout.bytes()), result.pageTables, indices);
  });
  b.nest(ArrayRef<int64_t>{sequences},
         [&](ValueRange indices) { b.store(offset(pageTables, indices[0], 8 * perSequence), result.tables, indices); });
  result.address =
      LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), getAddress(b, result.tables));
  return result;
}

void hone::writePages(OpBuilder &builder, Location loc, const TestPages &pages, Value numbers) {
  ScalarBuilder b(builder, loc);
  forEachNumber(b, pages, [&](ValueRange numberIndices, ValueRange pageIndices) {
    b.store(tensor::ExtractOp::create(b, numbers, numberIndices), pages.pages, pageIndices);
  });
}

void hone::readPages(OpBuilder &builder, Location loc, const TestPages &pages, Value numbers) {
  ScalarBuilder b(builder, loc);
  forEachNumber(b, pages, [&](ValueRange numberIndices, ValueRange pageIndices) {
    b.store(b.load(pages.pages, pageIndices), numbers, numberIndices);
  });
}

void hone::readBlocked(OpBuilder &builder, Location loc, const BlockLayout &layout, Value bytes, Value numbers) {
  ScalarBuilder b(builder, loc);
  int64_t columns = layout.columns, elementBytes = layout.elementBytes;
  auto loadInteger = [&](Value row, Value position, IntegerType type) {
    Value result = arith::ConstantOp::create(b, b.getIntegerAttr(type, 0));
    for (unsigned byte = 0; byte < type.getWidth() / 8; ++byte) {
      Value part = b.load(bytes, {row, b.add(position, byte)});
      if (type.getWidth() == 8)
        return part;
      part = arith::ExtUIOp::create(b, type, part);
      Value shift = arith::ConstantOp::create(b, b.getIntegerAttr(type, 8 * byte));
      result = arith::OrIOp::create(b, result, arith::ShLIOp::create(b, part, shift));
    }
    return result;
  };
  Value sizes[] = {memref::DimOp::create(b, numbers, 0), memref::DimOp::create(b, numbers, 1)};
  b.nest(sizes, [&](ValueRange indices) {
    Value row = indices[0], block = b.mul(b.div(indices[1], columns), layout.bytes());
    Value slot = b.rem(indices[1], columns);
    if (elementBytes == 2) {
      // Of each 4 consecutive: first, third, second, fourth.
      Value inGroup = b.rem(slot, 4);
      Value place = b.add(b.mul(b.rem(inGroup, 2), 2), b.div(inGroup, 2));
      slot = b.add(b.mul(b.div(slot, 4), 4), place);
    }
    Value integer = loadInteger(row, b.add(block, b.mul(slot, elementBytes)), b.getIntegerType(8 * elementBytes));
    Value scale = loadInteger(row, b.add(block, layout.scaleOffset()), b.getI32Type());
    scale = arith::BitcastOp::create(b, b.getF32Type(), scale);
    Value number = arith::MulFOp::create(b, arith::SIToFPOp::create(b, b.getF32Type(), integer), scale);
    b.store(number, numbers, indices);
  });
}
