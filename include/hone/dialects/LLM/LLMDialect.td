//===- LLMDialect.td - The llm dialect --------------------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMDIALECT
#define HONE_DIALECTS_LLM_LLMDIALECT

include "mlir/IR/OpBase.td"

def LLM_Dialect : Dialect {
  let name = "llm";
  let cppNamespace = "::hone::llm";
  let summary = "What a transformer model means: its graph, its weights and how they are stored";
  let description = [{
    One module holds one model. Its weights are symbols (`llm.weight`) with a recipe region that says where the bytes
    come from and what happens to them; its graph is one function marked `llm.step` that computes the logits of any
    number of rows, a row being one token of one sequence at one position. Model dimensions are static in the types,
    the number of rows is dynamic. How a weight is stored is part of its type (`#llm.stored`); only ops of this
    dialect accept such tensors.

    Module attributes: `llm.architecture` and `llm.name` (strings), `llm.context_length` (i64, positions),
    `llm.source` (the model file that `llm.file_tensor` reads), `llm.source_bytes` (i64, its size). Function
    attributes: `llm.step` and `llm.kernel` (unit).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

#endif // HONE_DIALECTS_LLM_LLMDIALECT
