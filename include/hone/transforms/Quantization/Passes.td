//===- Passes.td - Quantization passes -------------------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_QUANTIZATION_PASSES
#define HONE_TRANSFORMS_QUANTIZATION_PASSES

include "mlir/Pass/PassBase.td"

def AssignActivationPrecisionPass : Pass<"hone-assign-activation-precision", "::mlir::func::FuncOp"> {
  let summary = "Names the precision that each product rounds its activations to";
  let description = [{
    linear(x, w)  =>  linear(x, w) {activations = precision}

    Products with integer weights then multiply and add integers; products with float weights get `f32`. A product that
    names a precision already keeps it.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
  let options = [
    Option<"precision", "precision", "::hone::llm::Precision", "::hone::llm::Precision::Int16",
           "Precision of activations that meet integer weights",
           [{::llvm::cl::values(
               clEnumValN(::hone::llm::Precision::F32, "f32", "no rounding"),
               clEnumValN(::hone::llm::Precision::Int16, "int16", "16-bit integers, one scale per 32"))}]>];
}

def QuantizeActivationsPass : Pass<"hone-quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "Makes the rounding of activations an op of its own";
  let description = [{
    linear(x, w) {activations = int16}  =>  linear(quantize_rows(x), w)

    The rounding is then shared by all products of the same input, and done once for all workers.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

#endif // HONE_TRANSFORMS_QUANTIZATION_PASSES
