//===- TimedMix.cpp - How fast a mix of instructions runs -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TimedMix.h"

#include "HostCode.h"
#include "hone/codegen/X86/EmitCode.h"
#include "hone/codegen/X86/TimedTeam.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

/// Of a run, which takes some 50 microseconds: short enough that one is undisturbed.
static constexpr int64_t kRounds = 1000;

Result<TimedMix> TimedMix::compile(MLIRContext *context, const x86::InstructionMix &mix) {
  if (Status failed = checkHost(mix.level))
    return *failed;
  OwningOpRef<ModuleOp> module = x86::buildMixKernel(context, mix);
  auto engine = compileForHost(*module, "", "the mix of instructions");
  if (!engine)
    return engine.takeError();
  TimedMix timed;
  timed.engine = std::move(*engine);
  auto function = timed.engine->lookup(x86::kMixFunction);
  if (!function)
    return Error(llvm::toString(function.takeError()));
  timed.function = reinterpret_cast<void (*)(int64_t)>(*function);
  timed.operations = mix.operations() * x86::getMixChains(mix);
  return timed;
}

double TimedMix::measure(int64_t threads, double seconds) const {
  x86::Timing timing = x86::timeTogether(threads, seconds, [&](int64_t, int64_t) { function(kRounds); });
  return static_cast<double>(operations * kRounds * threads) / timing.best;
}

Result<double> equivalence::measurePeak(MLIRContext *context, x86::Level level, llm::Precision precision,
                                        int64_t threads, double seconds) {
  std::optional<x86::InstructionMix> mix = x86::getPeakMix(precision, level);
  if (!mix || checkHost(level))
    return 0.0;
  Result<TimedMix> timed = TimedMix::compile(context, *mix);
  if (!timed)
    return timed.takeError();
  return timed->measure(threads, seconds);
}

Result<std::string> equivalence::getMixAssembly(MLIRContext *context, const x86::InstructionMix &mix) {
  OwningOpRef<ModuleOp> module = x86::buildMixKernel(context, mix);
  // Functions that nothing refers to are left out.
  ImplicitLocOpBuilder b(UnknownLoc::get(context), context);
  b.setInsertionPointToEnd(module->getBody());
  auto pointer = LLVM::LLVMPointerType::get(context);
  auto address =
      LLVM::GlobalOp::create(b, pointer, /*isConstant=*/true, LLVM::Linkage::External, "hone_mix_address", Attribute());
  b.createBlock(&address.getInitializerRegion());
  LLVM::ReturnOp::create(b, ValueRange{LLVM::AddressOfOp::create(b, pointer, x86::kMixFunction)});
  auto code = x86::emitCode(*module, x86::CodeFormat::Assembly);
  if (!code)
    return code.takeError();
  return std::string(code->begin(), code->end());
}
