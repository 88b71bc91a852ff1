//===- Passes.td - Reference passes -*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_REFERENCE_PASSES
#define HONE_TRANSFORMS_REFERENCE_PASSES

include "mlir/Pass/PassBase.td"

def LowerToReferencePass : Pass<"hone-lower-to-reference", "::mlir::ModuleOp"> {
  let summary = "Lower llm to plain loops over tensors: what a module means, slowly";
  let description = [{
    Replaces each op by the computation that its `ReferenceLoweringOpInterface` builds, and each type of the model by
    the numbers that it stands for:

    ```
    tensor<NxKx_, #llm.stored<...>>  =>  tensor<NxKxf32>              the dequantised values
    tensor<?xKxi16, #llm.blocked<>>  =>  tensor<?xKxf32>              the rounded values
    !llm.kv<LxHxDxf16>               =>  tensor<2xLx?x?xHxDxf16>      [keys, values][layer][sequence][position]...
    llm.weight_ref @constant         =>  arith.constant               the recipe is built on an arith.constant
    llm.weight_ref @file             =>  an argument of the function  the recipe reads the model file
    ```

    A weight whose recipe reads a file becomes one more argument of each function that uses it, behind those that the
    function has, in the order of the first use, marked `{llm.weight = "name"}`: the caller supplies the values that the
    recipe yields, dequantised. Functions that call such a function take and pass on the same arguments. In constant
    recipes, `llm.pack`, `llm.decode` and `check.convert` keep the values.

    `check.convert` between plain numbers and a type of the model becomes a `tensor.cast`, and attributes of the llm
    dialect go, that on weight arguments excepted. The result is what kernels and passes are compared with; nothing in
    it is fast.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerCheckPass : Pass<"hone-lower-check", "::mlir::ModuleOp"> {
  let summary = "Lower expectations to loops that report what differs";
  let description = [{
    Each expectation becomes calls of four functions of the program that runs the module (`hone-check`):

    ```
    check.expect_close %a, %e  =>  hone_check_begin(location)
                                   hone_check_size(a's size, e's size)            for each dimension
                                   if all sizes are equal, for each element that is not near enough
                                     hone_check_difference(index in row-major order, a's element, e's)
                                   hone_check_end()
    ```

    Sizes and the index are i64, elements f64, and the location is a C string, `file:line`. Operands are plain tensors:
    this runs on tensors, after the model's types were lowered and before bufferization.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

#endif // HONE_TRANSFORMS_REFERENCE_PASSES
