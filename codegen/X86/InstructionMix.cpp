//===- InstructionMix.cpp - What products cannot do without ---------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/InstructionMix.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace hone;
using namespace hone::x86;

using Mix = InstructionMix;

bool InstructionMix::uses(Register wanted) const {
  return llvm::any_of(stages, [&](const Stage &stage) {
    return llvm::any_of(stage, [&](const Instruction &one) { return llvm::is_contained(one.operands, wanted); });
  });
}

SmallVector<std::pair<StringRef, int64_t>> InstructionMix::counts() const {
  SmallVector<std::pair<StringRef, int64_t>> counts;
  for (const Stage &stage : stages)
    for (const Instruction &one : stage) {
      auto *found = llvm::find_if(counts, [&](const auto &entry) { return entry.first == one.name; });
      found == counts.end() ? counts.emplace_back(one.name, 1) : *found = {one.name, found->second + 1};
    }
  return counts;
}

//===----------------------------------------------------------------------===//
// The mix of each encoding
//===----------------------------------------------------------------------===//

int64_t x86::getStepsPerSum(const llm::SchemeTraits &traits, int64_t elementBytes, Level level) {
  int64_t columns = traits.subBlockElements ? traits.subBlockElements : Mix::kColumns;
  int64_t steps = columns * elementBytes / 4;
  if (elementBytes == 2 || hasVNNI(level))
    return steps;
  unsigned bits = traits.elementBits;
  int64_t largestWeight = traits.isSigned ? int64_t(1) << (bits - 1) : (int64_t(1) << bits) - 1;
  constexpr int64_t largestActivation = 127;
  auto fitting = static_cast<uint64_t>(32767 / (2 * largestWeight * largestActivation));
  return std::min(steps, static_cast<int64_t>(llvm::bit_floor(fitting)));
}

/// Sums of 32 bits that begin with minus the zero point times the sum of the activations, or with 0.
static void addDotProducts(Mix &mix, StringLiteral dotProduct, int64_t steps) {
  mix.stages.push_back({{hasAVX512(mix.level) ? StringLiteral("vpxord") : "vpxor", {Mix::Sum, Mix::Sum, Mix::Sum}}});
  for (int64_t step = 0; step < steps; ++step)
    mix.stages.push_back({{dotProduct, {Mix::Sum, Mix::Weights, Mix::Activations}}});
}

/// The same without VNNI, for 16-bit activations.
static void addWordProducts(Mix &mix, int64_t steps, bool hasOffset) {
  for (int64_t step = 0; step < steps; ++step)
    if (step == 0 && !hasOffset)
      mix.stages.push_back({{"vpmaddwd", {Mix::Sum, Mix::Weights, Mix::Activations}}});
    else
      mix.stages.push_back({{"vpmaddwd", {Mix::Product, Mix::Weights, Mix::Activations}},
                            {"vpaddd", {Mix::Sum, step == 0 ? Mix::Activations : Mix::Sum, Mix::Product}}});
}

/// And for bytes: 16-bit sums of a few steps, then pairs of these in 32 bits. The sign of a signed weight goes to the
/// activation, since one factor is unsigned.
static void addByteProducts(Mix &mix, const llm::SchemeTraits &traits, int64_t steps) {
  int64_t perSum = getStepsPerSum(traits, 1, mix.level);
  bool hasOffset = traits.zeroPoint != 0;
  Mix::Register wide = steps > perSum ? Mix::WideSum : Mix::Sum;
  for (int64_t step = 0; step < steps; ++step) {
    Mix::Stage stage;
    if (traits.isSigned)
      stage.push_back({"vpsignb", {Mix::Product, Mix::Activations, Mix::Weights}});
    Mix::Register activations = traits.isSigned ? Mix::Product : Mix::Activations;
    bool isFirst = step % perSum == 0;
    stage.push_back({"vpmaddubsw", {isFirst ? Mix::Sum : Mix::Product, Mix::Weights, activations}});
    if (!isFirst)
      stage.push_back({"vpaddw", {Mix::Sum, Mix::Sum, Mix::Product}});
    if ((step + 1) % perSum == 0) {
      bool begins = step < perSum && !hasOffset;
      stage.push_back({"vpmaddwd", {begins ? wide : Mix::Product, Mix::Sum, Mix::Weights}});
      if (!begins)
        stage.push_back({"vpaddd", {wide, step < perSum ? Mix::Activations : wide, Mix::Product}});
    }
    mix.stages.push_back(std::move(stage));
  }
  mix.stages.push_back({{"vcvtdq2ps", {Mix::Sum, wide}}});
}

static void addSubBlock(Mix &mix, const llm::SchemeTraits &traits, int64_t columns, int64_t elementBytes) {
  int64_t steps = columns * elementBytes / 4;
  if (!hasVNNI(mix.level) && elementBytes == 1) {
    addByteProducts(mix, traits, steps);
  } else {
    if (hasVNNI(mix.level))
      addDotProducts(mix, elementBytes == 1 ? StringLiteral("vpdpbusd") : "vpdpwssd", steps);
    else
      addWordProducts(mix, steps, traits.zeroPoint != 0);
    mix.stages.push_back({{"vcvtdq2ps", {Mix::Sum, Mix::Sum}}});
  }
  mix.stages.push_back({{"vmulps", {Mix::Product, Mix::WeightScale, Mix::RowScale}},
                        {"vfmadd231ps", {Mix::Accumulator, Mix::Product, Mix::Sum}}});
  if (traits.hasMin)
    mix.stages.push_back({{"vfmadd231ps", {Mix::Accumulator, Mix::WeightScale, Mix::RowScale}}});
}

std::optional<InstructionMix> x86::getPeakMix(llm::Precision precision, Level level) {
  Mix mix;
  mix.level = level;
  Mix::Stage stage;
  int64_t columns = 1;
  if (!llm::isInteger(precision)) {
    stage = {{"vfmadd231ps", {Mix::Sum, Mix::Weights, Mix::Activations}}};
  } else if (level == Level::AMX) {
    return std::nullopt;
  } else {
    bool isBytes = precision == llm::Precision::Int8;
    columns = isBytes ? 4 : 2;
    if (hasVNNI(level))
      stage = {{isBytes ? StringLiteral("vpdpbusd") : "vpdpwssd", {Mix::Sum, Mix::Weights, Mix::Activations}}};
    else
      stage = {{isBytes ? StringLiteral("vpmaddubsw") : "vpmaddwd", {Mix::Product, Mix::Weights, Mix::Activations}},
               {isBytes ? StringLiteral("vpaddw") : "vpaddd", {Mix::Sum, Mix::Sum, Mix::Product}}};
  }
  mix.stages.assign(Mix::kColumns / columns, stage);
  return mix;
}

std::optional<InstructionMix> x86::getInstructionMix(const llm::SchemeTraits &traits, llm::Precision precision,
                                                     Level level) {
  if (traits.isPlain || !llm::isInteger(precision) || level == Level::AMX)
    return getPeakMix(traits.isPlain ? llm::Precision::F32 : precision, level);
  Mix mix;
  mix.level = level;
  int64_t columns = traits.subBlockElements ? traits.subBlockElements : Mix::kColumns;
  for (int64_t done = 0; done < Mix::kColumns; done += columns)
    addSubBlock(mix, traits, columns, precision == llm::Precision::Int8 ? 1 : 2);
  return mix;
}

std::optional<InstructionMix> x86::getInstructionMix(Operation *op) {
  if (!isa<llm::LinearOp, llm::QKVOp, llm::GatedLinearOp>(op))
    return std::nullopt;
  auto rows = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  llm::StoredAttr stored = llm::getStored(op->getOperand(1).getType());
  if (!rows || !stored)
    return std::nullopt;
  return getInstructionMix(llm::getSchemeTraits(stored.getScheme()), llm::getPrecision(rows), getLevel(op));
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {

/// Which registers the chains of a mix have. All read the same two, which stand for weights and activations and for
/// their scales, and all write the same product, whose values renaming keeps apart. Accumulators need an addition now
/// and then: chains share them.
class MixRegisters {
public:
  explicit MixRegisters(const Mix &mix) : usesWide(mix.uses(Mix::WideSum)), count(hasAVX512(mix.level) ? 32 : 16) {
    if (mix.uses(Mix::Accumulator))
      accumulators = count == 32 ? 8 : usesWide ? 3 : 4;
  }

  int64_t all() const { return count; }
  int64_t chains() const { return std::min((count - kShared - accumulators) / (usesWide ? 2 : 1), kMostChains); }
  int64_t get(Mix::Register which, int64_t chain) const {
    switch (which) {
    case Mix::Weights:
    case Mix::WeightScale:
      return 0;
    case Mix::Activations:
    case Mix::RowScale:
      return 1;
    case Mix::Product:
      return 2;
    case Mix::Accumulator:
      return kShared + chain % accumulators;
    case Mix::Sum:
      return kShared + accumulators + chain;
    case Mix::WideSum:
      return kShared + accumulators + chains() + chain;
    }
    llvm_unreachable("unknown register");
  }

private:
  static constexpr int64_t kShared = 3, kMostChains = 16;

  bool usesWide;
  int64_t count, accumulators = 0;
};

} // namespace

int64_t x86::getMixChains(const InstructionMix &mix) { return MixRegisters(mix).chains(); }

/// All registers begin with bytes that are ordinary numbers in each way that they are read.
static void writeBeginning(llvm::raw_ostream &os, const MixRegisters &registers, StringRef letter) {
  os << "movl $$0x3f3f3f3f, %eax\n\tvmovd %eax, %xmm0\n";
  for (int64_t number = registers.all() - 1; number >= 0; --number)
    os << "\tvpbroadcastd %xmm0, %" << letter << "mm" << number << '\n';
}

static void writeInstruction(llvm::raw_ostream &os, const Mix &mix, const Mix::Instruction &instruction,
                             const MixRegisters &registers, int64_t chain, StringRef letter) {
  // Without AVX-512 the assembler wants to be told that the form of AVX-VNNI is meant.
  bool isVNNI = instruction.name.starts_with("vpdp");
  os << '\t' << (isVNNI && mix.level == Level::AVXVNNI ? "{vex} " : "") << instruction.name << ' ';
  // The destination comes last in AT&T's order.
  llvm::interleaveComma(llvm::reverse(instruction.operands), os,
                        [&](Mix::Register operand) { os << '%' << letter << "mm" << registers.get(operand, chain); });
  os << '\n';
}

static std::string writeMix(const Mix &mix) {
  std::string text;
  llvm::raw_string_ostream os(text);
  MixRegisters registers(mix);
  StringRef letter = hasAVX512(mix.level) ? "z" : "y";
  writeBeginning(os, registers, letter);
  os << "\t.p2align 6\n1:\n";
  // Each chain is at another place of the mix, so that the units which the last instructions need are never waited for.
  auto count = static_cast<int64_t>(mix.stages.size());
  for (int64_t time = 0; time < count; ++time)
    for (int64_t chain = 0; chain < registers.chains(); ++chain)
      for (const Mix::Instruction &instruction : mix.stages[(time + chain * count / registers.chains()) % count])
        writeInstruction(os, mix, instruction, registers, chain, letter);
  os << "\tdecq $0\n\tjnz 1b\n\tvzeroupper";
  return text;
}

OwningOpRef<ModuleOp> x86::buildMixKernel(MLIRContext *context, const InstructionMix &mix) {
  context->loadDialect<LLVM::LLVMDialect>();
  ImplicitLocOpBuilder b(UnknownLoc::get(context), context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  b.setInsertionPointToStart(module->getBody());
  Type none = LLVM::LLVMVoidType::get(context);
  auto function = LLVM::LLVMFuncOp::create(b, kMixFunction, LLVM::LLVMFunctionType::get(none, {b.getI64Type()}));
  function->setAttr(kLevelAttr, b.getStringAttr(getLevelName(mix.level)));
  b.setInsertionPointToStart(function.addEntryBlock(b));
  std::string constraints = "=r,0,~{rax},~{memory},~{flags}";
  for (int64_t number = 0; number < MixRegisters(mix).all(); ++number)
    constraints += ",~{xmm" + std::to_string(number) + "}";
  LLVM::InlineAsmOp::create(b, b.getI64Type(), function.getArgument(0), writeMix(mix), constraints,
                            /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                            LLVM::AsmDialectAttr(), ArrayAttr());
  LLVM::ReturnOp::create(b, ValueRange());
  return module;
}
