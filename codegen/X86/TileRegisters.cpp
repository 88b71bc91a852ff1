//===- TileRegisters.cpp - Instructions of AMX ----------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileRegisters.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

TileRegisters::TileRegisters(VectorBuilder &b) : b(b) {
  configuration = memref::AllocaOp::create(b, MemRefType::get({64}, b.getI8Type()), b.getI64IntegerAttr(64));
}

void TileRegisters::call(StringRef name, ValueRange operands) {
  LLVM::CallIntrinsicOp::create(b, b.getStringAttr(("llvm.x86." + name).str()), operands);
}

void TileRegisters::configure(const Shapes &shapes) {
  // Intel's Software Developer's Manual, LDTILECFG: the palette, then the bytes of a row of each tile and its rows.
  std::array<int8_t, 64> bytes = {1};
  for (auto [tile, shape] : llvm::enumerate(shapes)) {
    bytes[16 + 2 * tile] = static_cast<int8_t>(shape.rowBytes);
    bytes[48 + tile] = static_cast<int8_t>(shape.rows);
  }
  auto attribute = DenseElementsAttr::get(b.vectorOf(b.getI8Type(), bytes.size()), ArrayRef<int8_t>(bytes));
  b.storeBytes(arith::ConstantOp::create(b, attribute), configuration, {b.index(0)});
  call("ldtilecfg", getPointer(configuration, b.index(0)));
}

void TileRegisters::release() { call("tilerelease", {}); }

void TileRegisters::clear(int64_t tile) { call("tilezero", getNumber(tile)); }

void TileRegisters::load(int64_t tile, Value pointer, int64_t stride) {
  call("tileloadd64", {getNumber(tile), pointer, arith::ConstantIntOp::create(b, b.getI64Type(), stride)});
}

void TileRegisters::store(int64_t tile, Value pointer, int64_t stride) {
  call("tilestored64", {getNumber(tile), pointer, arith::ConstantIntOp::create(b, b.getI64Type(), stride)});
}

void TileRegisters::multiply(StringRef name, int64_t sums, int64_t a, int64_t weights) {
  call(name, {getNumber(sums), getNumber(a), getNumber(weights)});
}

Value TileRegisters::getPointer(Value memory, ValueRange indices) {
  auto type = cast<MemRefType>(memory.getType());
  Value position = indices.back();
  if (indices.size() == 2)
    position = b.add(b.mul(indices.front(), type.getDimSize(1)), position);
  position = b.mul(position, type.getElementTypeBitWidth() / 8);
  Value address = b.add(memref::ExtractAlignedPointerAsIndexOp::create(b, memory), position);
  address = arith::IndexCastOp::create(b, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), address);
}
