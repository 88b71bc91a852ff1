//===- Registration.cpp - Everything that hone registers ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Driver/Registration.h"

#include "hone/Driver/Phases.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/codegen/X86/Passes.h"
#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/LLMDialect.h"
#include "hone/transforms/Contracts/Passes.h"
#include "hone/transforms/Fusion/Passes.h"
#include "hone/transforms/Quantization/Passes.h"
#include "hone/transforms/Reference/Passes.h"
#include "hone/transforms/Tiling/Passes.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void hone::registerDialects(DialectRegistry &registry) {
  registry
      .insert<llm::LLMDialect, check::CheckDialect, arith::ArithDialect, bufferization::BufferizationDialect,
              cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect, linalg::LinalgDialect, math::MathDialect,
              memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect, vector::VectorDialect>();
  registerReferenceExtensions(registry);
}

void hone::registerPasses() {
  // MLIR takes the name of a pipeline once.
  static bool registered = false;
  if (std::exchange(registered, true))
    return;
  registerContractsPasses();
  registerFusionPasses();
  registerQuantizationPasses();
  registerReferencePasses();
  registerTilingPasses();
  registerCommonPasses();
  registerX86Passes();
  registerPipelines();
  registerReferencePipelines();
  mlir::registerTransformsPasses();
  mlir::registerConversionPasses();
}
