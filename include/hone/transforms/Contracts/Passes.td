//===- Passes.td - What each phase promises --------------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_CONTRACTS_PASSES
#define HONE_TRANSFORMS_CONTRACTS_PASSES

include "mlir/Pass/PassBase.td"

class ContractPass<string name, string phase> : Pass<"hone-contract-" # name, "::mlir::ModuleOp"> {
  let summary = "Checks what the phase '" # name # "' promises: " # phase;
}

def ContractImportPass : ContractPass<"import", "the model as it was trained"> {
  let description = [{
    One step; the graph consists of `llm` ops; weights are stored in file order; nothing is rounded or packed yet.
  }];
}

def ContractCompressedPass : ContractPass<"compressed", "bits, sparsity and precision are chosen"> {
  let description = "As `import`, and every product names the precision of its activations.";
}

def ContractFusedPass : ContractPass<"fused", "the ops are those that will be kernels"> {
  let description = "Rounding is explicit: no product names a precision any more.";
}

def ContractScheduledPass : ContractPass<"scheduled", "a step is a list of kernel calls"> {
  let description = [{
    Stored weights are packed in panels. The step holds constants, weight references, calls and its return; a kernel
    holds one `llm` op and its return.
  }];
}

#endif // HONE_TRANSFORMS_CONTRACTS_PASSES
