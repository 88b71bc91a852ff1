//===- Buffers.cpp - Memory of the values of a step ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/Common/Buffers.h"

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;
using namespace hone;

Type hone::getBufferType(Type type) {
  MLIRContext *context = type.getContext();
  if (isa<llm::KVType>(type))
    return LLVM::LLVMPointerType::get(context);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  Type byte = IntegerType::get(context, 8);
  if (llm::getStored(type))
    return MemRefType::get({llm::getWeightBytes(tensor)}, byte);
  if (std::optional<llm::BlockLayout> layout = llm::getBlockLayout(type))
    return MemRefType::get({tensor.getDimSize(0), tensor.getDimSize(1) / layout->columns * layout->bytes()}, byte);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

MemRefType hone::getSharedType(Operation *op) {
  auto attention = dyn_cast<llm::AttentionOp>(op);
  if (!attention)
    return {};
  return MemRefType::get({SpanLayout::rows, attention.getHeads(), SpanLayout::spans,
                          SpanLayout::extra + attention.getKv().getType().getHeadDim()},
                         Float32Type::get(op->getContext()));
}

bool hone::isNextPhase(func::CallOp call, func::CallOp next) {
  return call.getCallee() == next.getCallee() && call.getNumOperands() > 3 &&
         call.getOperands().drop_back(3) == next.getOperands().drop_back(3);
}

Value hone::createMemRef(OpBuilder &builder, Location loc, Value pointer, MemRefType type, ValueRange dynamicSizes) {
  assert(type.getLayout().isIdentity() && static_cast<size_t>(type.getNumDynamicDims()) == dynamicSizes.size());
  LLVMTypeConverter converter(builder.getContext());
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), builder.getI64IntegerAttr(value));
  };
  SmallVector<Value> sizes;
  auto dynamic = dynamicSizes.begin();
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size))
      sizes.push_back(UnrealizedConversionCastOp::create(builder, loc, builder.getI64Type(), *dynamic++).getResult(0));
    else
      sizes.push_back(constant(size));
  }
  auto descriptor = MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc, 0);
  Value stride = constant(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    descriptor.setSize(builder, loc, dim, sizes[dim]);
    descriptor.setStride(builder, loc, dim, stride);
    if (dim > 0)
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, Value(descriptor)).getResult(0);
}

Value hone::loadPointer(OpBuilder &builder, Location loc, Value table, Value index) {
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value offset = UnrealizedConversionCastOp::create(builder, loc, builder.getI64Type(), index).getResult(0);
  Value address = LLVM::GEPOp::create(builder, loc, pointer, pointer, table, ValueRange{offset});
  return LLVM::LoadOp::create(builder, loc, pointer, address);
}
