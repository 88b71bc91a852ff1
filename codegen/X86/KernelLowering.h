//===- KernelLowering.h - Lowering of one kind of kernel ------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_KERNELLOWERING_H
#define HONE_CODEGEN_X86_KERNELLOWERING_H

#include "VectorBuilder.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"

namespace hone::x86 {

/// The memory behind an operand of a kernel's op.
inline mlir::Value getSource(mlir::Value operand) { return operand.getDefiningOp<llm::FromBufferOp>().getBuffer(); }

/// The memory that receives a result of a kernel's op.
inline mlir::Value getTarget(mlir::Value result) {
  return llvm::cast<llm::ToBufferOp>(*result.getUsers().begin()).getBuffer();
}

/// A lowering emits the loops of one op in place; the pass then removes op and bridges. Errors are reported at the op
/// and name what the kernel cannot do.
mlir::LogicalResult lowerEmbedding(llm::EmbeddingOp op, VectorBuilder &builder);
mlir::LogicalResult lowerSelectRows(llm::SelectRowsOp op, VectorBuilder &builder);
mlir::LogicalResult lowerAdd(llm::AddOp op, VectorBuilder &builder);
mlir::LogicalResult lowerAddBias(llm::AddBiasOp op, VectorBuilder &builder);
mlir::LogicalResult lowerScale(llm::ScaleOp op, VectorBuilder &builder);
mlir::LogicalResult lowerGatedActivation(llm::GatedActivationOp op, VectorBuilder &builder);
mlir::LogicalResult lowerRMSNorm(llm::RMSNormOp op, VectorBuilder &builder);
mlir::LogicalResult lowerAddRMSNorm(llm::AddRMSNormOp op, VectorBuilder &builder);
mlir::LogicalResult lowerQuantizeRows(llm::QuantizeRowsOp op, VectorBuilder &builder);
mlir::LogicalResult lowerLinear(llm::LinearOp op, VectorBuilder &builder);
mlir::LogicalResult lowerQKV(llm::QKVOp op, VectorBuilder &builder);
mlir::LogicalResult lowerGatedLinear(llm::GatedLinearOp op, VectorBuilder &builder);
mlir::LogicalResult lowerRope(llm::RopeOp op, VectorBuilder &builder);
mlir::LogicalResult lowerKVAppend(llm::KVAppendOp op, VectorBuilder &builder);
mlir::LogicalResult lowerRopeKVAppend(llm::RopeKVAppendOp op, VectorBuilder &builder);
mlir::LogicalResult lowerAttention(llm::AttentionOp op, VectorBuilder &builder);

/// f(gate) * up for a vector of each.
mlir::Value emitGatedActivation(VectorBuilder &builder, llm::Activation function, mlir::Value gate, mlir::Value up);

/// Checks that rows of `columns` elements are whole vectors.
mlir::LogicalResult verifyWholeVectors(mlir::Operation *op, int64_t columns);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_KERNELLOWERING_H
