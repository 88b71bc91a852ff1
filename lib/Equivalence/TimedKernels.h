//===- TimedKernels.h - Kernels that run on made-up memory ---- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_EQUIVALENCE_TIMEDKERNELS_H
#define HONE_EQUIVALENCE_TIMEDKERNELS_H

#include "MemRef.h"
#include "hone/Support/Error.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/X86/InstructionMix.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <array>
#include <memory>
#include <vector>

namespace hone::equivalence {

/// Zeroed pages from the system, large ones if it has them.
class ZeroedMemory {
public:
  static Result<std::unique_ptr<ZeroedMemory>> create(size_t bytes);
  ~ZeroedMemory();
  ZeroedMemory(const ZeroedMemory &) = delete;
  ZeroedMemory &operator=(const ZeroedMemory &) = delete;

  uint8_t *data() { return start; }
  size_t size() const { return bytes; }

  /// Bytes from 0x30 to 0x3f, at random: read as f16, bf16 or f32, ordinary numbers from 1e-10 to 2.
  void fill();

private:
  ZeroedMemory(uint8_t *start, size_t bytes) : start(start), bytes(bytes) {}
  uint8_t *start;
  size_t bytes;
};

/// A kernel that can be called: its function, and the types of its memory.
struct TimedKernel {
  std::string name, op; ///< of the function, and of its first op
  llvm::SmallVector<mlir::MemRefType> types;
  llvm::SmallVector<bool> isWeight;
  std::optional<x86::InstructionMix> mix; ///< of a product
  void (*function)(void **) = nullptr;
};

/// Kernels in memory, for as long as it lives.
struct TimedKernels {
  std::unique_ptr<mlir::ExecutionEngine> engine;
  std::vector<TimedKernel> kernels;
};

/// Compiles the kernels of a module, in which nothing else is left, for an ISA level by a pipeline from kernels over
/// memory to the llvm dialect.
Result<TimedKernels> compileKernels(mlir::ModuleOp module, llvm::StringRef level, llvm::StringRef lowering);

/// The memory of one kernel for one number of rows.
class KernelCall {
public:
  /// Weights are repeated up to `memoryBytes`, so that caches do not hold them.
  static Result<std::unique_ptr<KernelCall>> create(const TimedKernel &kernel, int64_t rows, int64_t memoryBytes);

  /// Calls what has the types of the kernel, with the weights of copy `number`, modulo their count.
  void run(void (*function)(void **), int64_t number, int64_t worker, int64_t workers) const;

  size_t getWeightBytes() const { return weightBytes; }

  /// Of the results of a run by `workers`, one after another; the same for the same bits.
  std::string getResultHash(void (*function)(void **), int64_t workers) const;

private:
  std::unique_ptr<ZeroedMemory> others, weights;
  std::vector<std::unique_ptr<MemRefDescriptor>> descriptors;   ///< [copy][argument]
  alignas(64) std::array<int32_t, kKernelCounters> counts = {}; ///< what workers share units out with
  std::unique_ptr<MemRefDescriptor> counters = std::make_unique<MemRefDescriptor>(counts.data(), kKernelCounters);
  int64_t copies = 1;
  size_t weightBytes = 0;
};

} // namespace hone::equivalence

#endif // HONE_EQUIVALENCE_TIMEDKERNELS_H
