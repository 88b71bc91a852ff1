//===- Disassembler.cpp - Machine code as text --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/codegen/X86/Disassembler.h"

#include "llvm-c/Target.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Format.h"
#include "llvm/TargetParser/Triple.h"

using namespace hone;

Status x86::disassemble(llvm::ArrayRef<uint8_t> code, uint64_t address, llvm::raw_ostream &os) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return Error("this LLVM has no x86-64 disassembler: " + reason);
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCRegisterInfo> registers(target->createMCRegInfo(triple));
  std::unique_ptr<llvm::MCAsmInfo> syntax(target->createMCAsmInfo(*registers, triple, options));
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(target->createMCSubtargetInfo(triple, "x86-64-v4", ""));
  std::unique_ptr<llvm::MCInstrInfo> instructions(target->createMCInstrInfo());
  llvm::MCContext context(triple, syntax.get(), registers.get(), subtarget.get());
  std::unique_ptr<llvm::MCDisassembler> disassembler(target->createMCDisassembler(*subtarget, context));
  std::unique_ptr<llvm::MCInstPrinter> printer(
      target->createMCInstPrinter(triple, /*SyntaxVariant=*/1, *syntax, *instructions, *registers));
  for (size_t at = 0; at < code.size();) {
    llvm::MCInst instruction;
    uint64_t size = 0;
    auto status = disassembler->getInstruction(instruction, size, code.drop_front(at), address + at, llvm::nulls());
    os << llvm::format("%10llx:", static_cast<unsigned long long>(address + at));
    if (status == llvm::MCDisassembler::Success) {
      printer->printInst(&instruction, address + at, "", *subtarget, os);
    } else {
      size = std::max<uint64_t>(size, 1);
      os << llvm::format("\t.byte\t0x%02x", code[at]);
    }
    os << '\n';
    at += size;
  }
  return std::nullopt;
}
