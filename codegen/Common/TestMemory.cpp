//===- TestMemory.cpp - Numbers in the memory that kernels work on --------- -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestMemory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
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

/// Calls `body` for each head of a position, with the indices of its first number, its page, the element there where
/// the head of all positions begins, and the position in the page.
void forEachHead(ScalarBuilder &b, const TestPages &pages,
                 llvm::function_ref<void(ValueRange indices, Value page, Value start, Value slot)> body) {
  PageLayout layout(pages.type);
  for (int64_t kind : {0, 1}) { // keys, values
    int64_t sizes[] = {layout.layers, pages.sequences, pages.positions, layout.heads};
    b.nest(sizes, [&](ValueRange indices) {
      Value layer = indices[0], sequence = indices[1], position = indices[2], head = indices[3];
      Value start = b.mul(b.add(b.mul(layer, layout.heads), head), layout.headElements());
      if (kind == 1)
        start = b.add(start, layout.valueOffset());
      SmallVector<Value> numberIndices{b.index(kind)};
      llvm::append_range(numberIndices, indices);
      Value page = getPageIndex(b, pages, sequence, b.div(position, PageLayout::positions));
      body(numberIndices, page, start, b.rem(position, PageLayout::positions));
    });
  }
}

/// Calls `body` with the indices of each number of a head, and the element of its page.
void forEachColumn(ScalarBuilder &b, const PageLayout &layout, ValueRange head, Value start, Value slot,
                   llvm::function_ref<void(ValueRange indices, Value element)> body) {
  b.nest(ArrayRef<int64_t>{layout.headDim}, [&](ValueRange indices) {
    Value column = indices[0];
    Value ofKey = b.add(b.mul(column, PageLayout::positions), slot);
    Value ofValue = b.add(b.mul(slot, layout.headDim), column);
    Value isKey = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, head.front(), b.index(0));
    SmallVector<Value> all = llvm::to_vector(head);
    all.push_back(column);
    body(all, b.add(start, arith::SelectOp::create(b, isKey, ofKey, ofValue)));
  });
}

/// Memory for one f32, a place of which is a byte of a page: its scales are moved byte by byte.
class ScaleMemory {
public:
  ScaleMemory(ScalarBuilder &b, const TestPages &pages, Value page, Value start, Value slot)
      : b(b), pages(pages.pages), page(page),
        first(b.add(b.add(start, PageLayout(pages.type).scaleOffset()), b.mul(slot, sizeof(float)))) {}

  void store(Value scale) {
    Value bits = arith::BitcastOp::create(b, b.getI32Type(), scale);
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value shifted = arith::ShRUIOp::create(b, bits, constant(8 * byte));
      b.store(arith::TruncIOp::create(b, b.getI8Type(), shifted), pages, {page, b.add(first, byte)});
    }
  }
  Value load() {
    Value bits = constant(0);
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value part = arith::ExtUIOp::create(b, b.getI32Type(), b.load(pages, {page, b.add(first, byte)}));
      bits = arith::OrIOp::create(b, bits, arith::ShLIOp::create(b, part, constant(8 * byte)));
    }
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  }

private:
  ScalarBuilder &b;
  Value pages, page, first;

  Value constant(int64_t value) { return arith::ConstantOp::create(b, b.getI32IntegerAttr(value)); }
};

/// What a scale makes of a number: an integer of 8 bits.
Value roundToByte(ScalarBuilder &b, Value number, Value scale) {
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, zero);
  Value quotient = math::RoundEvenOp::create(b, arith::DivFOp::create(b, number, scale));
  quotient = arith::SelectOp::create(b, isZero, zero, quotient);
  return arith::FPToSIOp::create(b, b.getI8Type(), quotient);
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
  result.pages = allocate({sequences * perSequence, layout.elements()}, type.getElementType());
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
  PageLayout layout(pages.type);
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  Value most = memref::AllocaOp::create(b, MemRefType::get({}, b.getF32Type()));
  forEachHead(b, pages, [&](ValueRange head, Value page, Value start, Value slot) {
    auto extract = [&](ValueRange indices) -> Value { return tensor::ExtractOp::create(b, numbers, indices); };
    Value scale;
    if (layout.hasScales) {
      b.store(zero, most, {});
      forEachColumn(b, layout, head, start, slot, [&](ValueRange indices, Value) {
        Value magnitude = math::AbsFOp::create(b, extract(indices));
        b.store(arith::MaximumFOp::create(b, b.load(most, {}), magnitude), most, {});
      });
      scale = arith::DivFOp::create(b, b.load(most, {}), arith::ConstantOp::create(b, b.getF32FloatAttr(127)));
      ScaleMemory(b, pages, page, start, slot).store(scale);
    }
    forEachColumn(b, layout, head, start, slot, [&](ValueRange indices, Value element) {
      Value number = extract(indices);
      b.store(scale ? roundToByte(b, number, scale) : number, pages.pages, {page, element});
    });
  });
}

void hone::readPages(OpBuilder &builder, Location loc, const TestPages &pages, Value numbers) {
  ScalarBuilder b(builder, loc);
  PageLayout layout(pages.type);
  forEachHead(b, pages, [&](ValueRange head, Value page, Value start, Value slot) {
    Value scale = layout.hasScales ? ScaleMemory(b, pages, page, start, slot).load() : Value();
    forEachColumn(b, layout, head, start, slot, [&](ValueRange indices, Value element) {
      Value number = b.load(pages.pages, {page, element});
      if (scale)
        number = arith::MulFOp::create(b, arith::SIToFPOp::create(b, b.getF32Type(), number), scale);
      b.store(number, numbers, indices);
    });
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
