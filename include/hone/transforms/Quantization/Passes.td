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

    Products with integer weights then multiply and add integers; products with float weights get `f32` instead of
    integers. `mixed` is int16 for products beside attention and for those that make results of the function,
    whose errors count most, and int8 for all others. `overrides` names the precision of single products: the first entry whose regular expression matches
    the name of the op's location decides. A product that names a precision already keeps it.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
  let options = [
    Option<"precision", "precision", "std::string", "\"mixed\"",
           "Precision of activations: mixed, f32 (no rounding), f16, bf16, int16 or int8 (integers, one scale per 32)">,
    ListOption<"overrides", "overrides", "std::string",
               "REGEX=PRECISION: products whose name REGEX matches; the first match decides">];
}

def QuantizeActivationsPass : Pass<"hone-quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "Makes the rounding of activations an op of its own";
  let description = [{
    linear(x, w) {activations = p}  =>  linear(quantize_rows(x) {precision = p}, w)

    The rounding is then shared by all products of the same input and precision, and done once for all workers.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

#endif // HONE_TRANSFORMS_QUANTIZATION_PASSES
