//===- Levels.cpp - What the ISA levels of x86-64 offer -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Levels.h"

#include "hone/codegen/Common/Buffers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/TargetParser/Host.h"

#include <atomic>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace mlir;
using namespace hone;
using namespace hone::x86;

llvm::StringRef x86::getLevelName(Level level) { return kIsaLevelNames[static_cast<unsigned>(level)]; }

std::optional<Level> x86::findLevel(llvm::StringRef name) {
  const auto *found = llvm::find(kIsaLevelNames, name);
  if (found == std::end(kIsaLevelNames))
    return std::nullopt;
  return static_cast<Level>(found - std::begin(kIsaLevelNames));
}

Level x86::getLevel(Operation *op) {
  Operation *function = isa<FunctionOpInterface>(op) ? op : op->getParentOfType<FunctionOpInterface>().getOperation();
  auto name = function ? function->getAttrOfType<StringAttr>(kLevelAttr) : StringAttr();
  return name ? findLevel(name.getValue()).value_or(Level::V3) : Level::V3;
}

LevelTarget x86::getTarget(Level level) {
  // Without fast-dpwssd, chains of vpdpwssd become vpmaddwd and vpaddd: latency that other blocks hide anyway is traded
  // for twice the instructions.
  switch (level) {
  case Level::V3:
    return {"x86-64-v3", ""};
  case Level::AVXVNNI:
    return {"x86-64-v3", "+avxvnni,+fast-dpwssd"};
  case Level::AVX512:
    return {"x86-64-v4", "+avx512vnni,+fast-dpwssd"};
  case Level::AMX:
    return {"x86-64-v4", "+avx512vnni,+avx512bf16,+amx-tile,+amx-int8,+amx-bf16,+fast-dpwssd"};
  }
  llvm_unreachable("unknown level");
}

static std::atomic<bool> emulatesTiles = false;

void x86::assumeEmulatedTiles() { emulatesTiles = true; }

/// Linux lets a process use AMX tiles after it has asked (Documentation/arch/x86/xstate.rst).
static bool requestTiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
}

llvm::SmallVector<Level> x86::getHostLevels() {
  static constexpr llvm::StringLiteral v3[] = {"avx2", "fma", "f16c", "bmi2"};
  static constexpr llvm::StringLiteral vnni[] = {"avxvnni"};
  static constexpr llvm::StringLiteral avx512[] = {"avx512f",  "avx512bw", "avx512cd",
                                                   "avx512dq", "avx512vl", "avx512vnni"};
  static constexpr llvm::StringLiteral amx[] = {"avx512bf16", "amx-tile", "amx-int8", "amx-bf16"};
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](ArrayRef<llvm::StringLiteral> needed) {
    return llvm::all_of(needed, [&](StringRef feature) { return features.lookup(feature); });
  };
  llvm::SmallVector<Level> levels;
  if (!hasAll(v3))
    return levels;
  levels.push_back(Level::V3);
  if (hasAll(vnni))
    levels.push_back(Level::AVXVNNI);
  if (!hasAll(avx512))
    return levels;
  levels.push_back(Level::AVX512);
  // Tiles must be asked for, too; a process that has not done so has no use for them.
  if ((hasAll(amx) && requestTiles()) || emulatesTiles)
    levels.push_back(Level::AMX);
  return levels;
}
