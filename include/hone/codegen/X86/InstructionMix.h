//===- InstructionMix.h - What products cannot do without ------ -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_INSTRUCTIONMIX_H
#define HONE_CODEGEN_X86_INSTRUCTIONMIX_H

#include "hone/codegen/X86/Levels.h"
#include "hone/dialects/LLM/Encodings.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace hone::x86 {

/// The arithmetic that products of rows of one precision with weights of one encoding cannot do without at one ISA
/// level, by what the numerics demand: the sum of integers in each sub-block, its conversion, the product of the two
/// scales, and the addition to the sum in f32, then that of the minimum. Loads, stores, unpacking, and what rows of a
/// tile or output rows share are no part of it. In the order in which one vector of output rows needs them for 32
/// columns of one row of activations.
struct InstructionMix {
  /// What a register holds. A product is a value that nobody needs later.
  enum Register { Weights, Activations, WeightScale, RowScale, Product, Sum, WideSum, Accumulator };
  struct Instruction {
    llvm::StringLiteral name;
    llvm::SmallVector<Register, 3> operands; ///< the destination first
  };
  /// Instructions of which each needs the one before.
  using Stage = llvm::SmallVector<Instruction, 2>;

  Level level = Level::V3;
  llvm::SmallVector<Stage> stages;

  static constexpr int64_t kColumns = 32;
  int64_t lanes() const { return hasAVX512(level) ? 16 : 8; }
  /// Multiplications and additions of the product, which are two operations.
  int64_t operations() const { return 2 * kColumns * lanes(); }
  bool uses(Register wanted) const;
  /// How often it has each instruction, in the order of their first use.
  llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> counts() const;
};

/// Steps of 4 columns whose products with bytes fit the integers that they are added in first, 16-bit ones without
/// VNNI; a power of two. For 16-bit activations, all steps of a sub-block.
int64_t getStepsPerSum(const llm::SchemeTraits &traits, int64_t elementBytes, Level level);

/// The mix of a scheme. Nothing for products on tiles (AMX), whose rates this does not describe.
std::optional<InstructionMix> getInstructionMix(const llm::SchemeTraits &traits, llm::Precision precision, Level level);
/// That of a product op in a kernel, by its first weight; nothing for other ops.
std::optional<InstructionMix> getInstructionMix(mlir::Operation *op);

/// The products alone, which no mix of that precision is faster than; the same for all precisions of floats.
std::optional<InstructionMix> getPeakMix(llm::Precision precision, Level level);

/// A module in the llvm dialect with the function `hone_mix(i64 rounds)`, which runs the mix `getMixChains` times in
/// each round, on registers alone. It is written as one piece of assembly: no compiler merges, moves or spills
/// anything.
inline constexpr llvm::StringLiteral kMixFunction = "hone_mix";
mlir::OwningOpRef<mlir::ModuleOp> buildMixKernel(mlir::MLIRContext *context, const InstructionMix &mix);
/// How many mixes that do not wait for each other a round has.
int64_t getMixChains(const InstructionMix &mix);

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_INSTRUCTIONMIX_H
