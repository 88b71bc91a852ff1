//===- Buffers.h - Memory of the values of a step -------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_COMMON_BUFFERS_H
#define HONE_CODEGEN_COMMON_BUFFERS_H

#include "hone-rt/ABI.h"
#include "hone-rt/ABI.h"
#include "hone/dialects/LLM/LLMAttrs.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace hone {

/// Arguments of a bufferized step, in order.
enum StepArgument : unsigned {
  kTokens,
  kPositions,
  kSequences,
  kLogitRows,
  kPages,
  kLogits,
  kWeights,
  kArena,
  kBarrier,
  kWorker,
  kWorkers,
  kStepArguments
};

/// Symbols of the ABI.
inline constexpr llvm::StringLiteral kBarrierFunction = "hone_rt_barrier";
inline constexpr llvm::StringLiteral kTapFunction = "hone_rt_tap";
inline constexpr llvm::StringLiteral kMarkFunction = "hone_rt_mark";
inline constexpr llvm::StringLiteral kStepFunction = "hone_step";
/// Of a kernel, or an entry of the step: the name of the ISA level that its code is for; without, the first.
inline constexpr llvm::StringLiteral kLevelAttr = "x86.level";
/// Of a step: the names of the levels that its kernels have code for. With several, its last argument says which to run.
inline constexpr llvm::StringLiteral kLevelsAttr = "x86.levels";
inline constexpr llvm::StringLiteral kIsaLevelNames[] = HONE_ISA_NAMES;
inline constexpr llvm::StringLiteral kModuleSymbol = "hone_program_module";

/// What workers share the units of a kernel out with: as many i32, one for each of its parallel loops and zero between
/// calls. A memref of them is the last argument of each kernel after hone-partition-workers.
inline constexpr int64_t kKernelCounters = 16;
/// Of a module: how many bytes at the end of the arena are such counters. They must be zero when the arena is made.
inline constexpr llvm::StringLiteral kCounterBytesAttr = "llm.counter_bytes";

/// The memory of a value: `memref<?xNxf32>` for rows, `memref<?xBxi8>` for blocked rows (B bytes a row),
/// `memref<Bxi8>` for a stored weight, the memref of the same shape for other tensors, a bare pointer for `!llm.kv`.
/// Types that are not memory (index) stay.
mlir::Type getBufferType(mlir::Type type);

/// A memref over the memory at `pointer` (an `!llvm.ptr`), with one size per dynamic dimension. Only the identity
/// layout.
mlir::Value createMemRef(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value pointer, mlir::MemRefType type,
                         mlir::ValueRange dynamicSizes = {});

/// Loads the pointer at index `index` of the table of pointers at `table`.
mlir::Value loadPointer(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value table, mlir::Value index);

/// One page of keys and values: keys [layer][head][head dim][position], then values [layer][head][position][head dim].
/// Keys are transposed so that scores of consecutive positions fill a vector and nothing is summed across lanes.
/// Attention combines blocks of a page's positions, so their number is part of the numerics. In pages of i8, each head
/// of a layer is followed by the f32 scales of its positions: [layer][head]([head dim][position], [scale of position]),
/// and so on.
struct PageLayout {
  static constexpr int64_t positions = 64;

  explicit PageLayout(llm::KVType type)
      : layers(type.getLayers()), heads(type.getHeads()), headDim(type.getHeadDim()), hasScales(type.hasScales()) {}

  int64_t layers, heads, headDim;
  bool hasScales;

  /// Of f16 without scales, else of bytes.
  int64_t elementBytes() const { return hasScales ? 1 : 2; }
  /// Where in the elements of a head its scales begin.
  int64_t scaleOffset() const { return headDim * positions; }
  /// Elements of one head of one layer: of keys as of values.
  int64_t headElements() const {
    return scaleOffset() + (hasScales ? positions * static_cast<int64_t>(sizeof(float)) : 0);
  }
  /// Elements before the first value.
  int64_t valueOffset() const { return layers * heads * headElements(); }
  int64_t elements() const { return 2 * valueOffset(); }
  int64_t bytes() const { return elementBytes() * elements(); }
};

/// How attention divides the positions that a row sees: into spans of pages, each with a softmax of its own, which are
/// combined in their order. Spans depend on the row's position alone, and are part of the numerics.
struct SpanLayout {
  static constexpr int64_t block = 4;  ///< pages of a span, from its first on, whose scores have one maximum
  static constexpr int64_t pages = 4;  ///< of a span, or as many as it takes for
  static constexpr int64_t spans = 16; ///< at most
  static constexpr int64_t rows = 8;   ///< of a step whose spans workers share; more rows are enough to share as such
  static constexpr int64_t parts = 16; ///< of the sum of weights: part i has the positions of a page with p mod 16 = i
  /// f32 beside the weighted values of a head: for the maximum, and for the parts of the sum of weights.
  static constexpr int64_t extra = 2 * parts;
};

/// The memory that workers fill in the first phase of an op's kernel and read in its second, or null for a kernel of
/// one phase. For `llm.attention`: [row][head][span][maximum, sum, weighted values], as SpanLayout says.
mlir::MemRefType getSharedType(mlir::Operation *op);

/// Whether `next` is the same kernel on the same memory as `call`: only the phase, an index before worker and workers,
/// differs.
bool isNextPhase(mlir::func::CallOp call, mlir::func::CallOp next);

} // namespace hone

#endif // HONE_CODEGEN_COMMON_BUFFERS_H
