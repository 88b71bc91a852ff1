//===- Passes.td - The pass of this plugin ---------------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

def DropBranchesPass : Pass<"drop-branches", "::mlir::ModuleOp"> {
  let summary = "Leaves out attention or feed-forward branches of chosen layers";
  let description = [{
    add(branch(x), x)  =>  x   where a part of the addition's name matches the option

    What the branch alone needs goes with it: its weights, and its layer of the KV memory. Some branches of a trained
    model change its answers little; without them it is smaller and faster.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect", "::mlir::arith::ArithDialect"];
  let options = [
    Option<"match", "match", "std::string", "",
           "Extended regular expression for the names of residual additions, such as blk.7.attn_residual">];
}
