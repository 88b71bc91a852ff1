//===- TestMemory.h - Numbers in the memory that kernels work on ---*- C++ -* -===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_COMMON_TESTMEMORY_H
#define HONE_CODEGEN_COMMON_TESTMEMORY_H

#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/Encodings.h"

namespace hone {

/// Pages of `sequences` sequences of `positions` positions, and their tables as hone-rt/ABI.h has them. Pages do not
/// lie in the order of their positions.
struct TestPages {
  llm::KVType type;
  int64_t sequences, positions;
  mlir::Value pages;      ///< memref<pages x elements x f16, or i8 with scales between>
  mlir::Value pageTables; ///< memref<sequences x pages of one x i64>: addresses of pages
  mlir::Value tables;     ///< memref<sequences x i64>: addresses of page tables
  mlir::Value address;    ///< of the tables, an `!llvm.ptr`, which is what kernels take
};

/// Code that sets every element of a buffer to a NaN, or to all bits set.
void fillWithGarbage(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value buffer);

/// Code that allocates pages full of NaN.
TestPages createPages(mlir::OpBuilder &builder, mlir::Location loc, llm::KVType type, int64_t sequences,
                      int64_t positions);

/// Code that copies between pages and `numbers`, [keys, values][layer][sequence][position][head][head dim]: a tensor to
/// write from, or a buffer to read into. For pages of i8 these are f32, and written as `llm.kv_append` rounds them.
void writePages(mlir::OpBuilder &builder, mlir::Location loc, const TestPages &pages, mlir::Value numbers);
void readPages(mlir::OpBuilder &builder, mlir::Location loc, const TestPages &pages, mlir::Value numbers);

/// Code that writes the values of blocked rows to the buffer `numbers`.
void readBlocked(mlir::OpBuilder &builder, mlir::Location loc, const llm::BlockLayout &layout, mlir::Value bytes,
                 mlir::Value numbers);

} // namespace hone

#endif // HONE_CODEGEN_COMMON_TESTMEMORY_H
