//===- Passes.td - Layout, outlining and schedule passes --*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_TILING_PASSES
#define HONE_TRANSFORMS_TILING_PASSES

include "mlir/Pass/PassBase.td"

def PackWeightsPass : Pass<"hone-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Lays the blocks of each weight out in panels";
  let description = [{
    weight @w : T<scheme>  =>  weight @w : T<scheme, panel = <rows x columns>>   with `llm.pack` in its recipe

    A product then adds each output row in its own vector lane and reads the weight front to back. A tile has the
    columns of one block of the scheme (32, or 256 for K-quants); plain schemes have no blocks, and take `columns`.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
  let options = [
    Option<"rows", "rows", "int64_t", "8", "Output rows of a panel">,
    Option<"columns", "columns", "int64_t", "32", "Columns of a tile of a plain scheme">];
}

def OutlineKernelsPass : Pass<"hone-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Moves each op of the graph into a kernel function that ops alike share";
  let description = [{
    r = op(a, b)  =>  r = call @op_...(a, b),  @op_...(a, b) { return op(a, b) }

    In every function that is no kernel: the step of a model, or one that tests an op. Ops of the same name, attributes
    and types share one kernel, so the code to generate does not grow with the number of layers.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect", "::mlir::func::FuncDialect"];
}

#endif // HONE_TRANSFORMS_TILING_PASSES
