//===- LLMInterfaces.td - Interfaces of the llm dialect ---*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMINTERFACES
#define HONE_DIALECTS_LLM_LLMINTERFACES

include "mlir/IR/OpBase.td"

def ReferenceLoweringOpInterface : OpInterface<"ReferenceLoweringOpInterface"> {
  let cppNamespace = "::hone::llm";
  let description = [{
    The plainly right lowering of an op, to linalg, scf, tensor, arith and math: the oracle that passes and kernels
    are checked against. Slow on purpose. Encoded weights arrive as their dequantised f32 values, quantised
    activations as the f32 values that they stand for, and `!llm.kv` as a tensor of shape
    [2 (keys, values)][layer][sequence][position][kv head][head dim].
  }];
  let methods = [InterfaceMethod<
    [{Builds the reference computation at the rewriter's insertion point and returns one value per result, of the
      converted type. `operands` are the converted operands, in the op's order.}],
    "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "lowerToReference",
    (ins "::mlir::RewriterBase &":$rewriter, "::mlir::ValueRange":$operands)>];
}

def WeightEncodingAttrInterface : AttrInterface<"WeightEncodingAttrInterface"> {
  let cppNamespace = "::hone::llm";
  let description = [{
    How a two-dimensional weight of shape [output rows][columns] lies in memory. Owns the byte layout, packing and
    unpacking; code generation reads the layout from here and keeps no copy of it.
  }];
  let methods = [
    InterfaceMethod<"Bytes that a weight of this shape takes, padding included.", "int64_t", "getStoredBytes",
                    (ins "::llvm::ArrayRef<int64_t>":$shape)>,
    InterfaceMethod<[{Packs `source`, the bytes of the same scheme in file order, into `target`. Both have the sizes
                      that `getStoredBytes` states.}],
                    "void", "pack",
                    (ins "::llvm::ArrayRef<int64_t>":$shape, "::llvm::ArrayRef<uint8_t>":$source,
                         "::llvm::MutableArrayRef<uint8_t>":$target)>,
    InterfaceMethod<"The f32 values of output row `row`, computed by the canonical expression of the scheme.",
                    "void", "unpackRow",
                    (ins "::llvm::ArrayRef<int64_t>":$shape, "::llvm::ArrayRef<uint8_t>":$source, "int64_t":$row,
                         "::llvm::MutableArrayRef<float>":$values)>,
    InterfaceMethod<[{Checks that a weight of this shape and element type can be stored so.}],
                    "::mlir::LogicalResult", "verifyStored",
                    (ins "::llvm::ArrayRef<int64_t>":$shape, "::mlir::Type":$elementType,
                         "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError)>,
  ];
}

#endif // HONE_DIALECTS_LLM_LLMINTERFACES
