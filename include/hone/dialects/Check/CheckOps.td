//===- CheckOps.td - Operations of the check dialect ------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_CHECK_CHECKOPS
#define HONE_DIALECTS_CHECK_CHECKOPS

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Check_Dialect : Dialect {
  let name = "check";
  let cppNamespace = "::hone::check";
  let summary = "Expectations, so that a test's IR holds the numbers that it must compute";
  let description = [{
    `hone-check` compiles a module by a named pipeline, runs its public functions that take and return nothing, and
    reports each expectation that does not hold at the line that states it. The same file thus checks every target
    that a pipeline exists for. Nothing here knows how a model's values are stored: `check.convert` takes plain
    numbers into a type of the model and back, and each pipeline says what that means for it.
  }];
}

class Check_Op<string mnemonic, list<Trait> traits = []> : Op<Check_Dialect, mnemonic, traits>;

/// What an expectation compares: every value of these is exact as f64, which is what reports print.
def Check_Floats : RankedTensorOf<[F16, BF16, F32, F64]>;
def Check_Numbers : RankedTensorOf<[F16, BF16, F32, F64, I<1>, I<8>, I<16>, I<32>]>;

def Check_ExpectCloseOp : Check_Op<"expect_close"> {
  let summary = "expects every element to be near a number";
  let description = [{
    |actual[i] - expected[i]| <= atol + rtol * |expected[i]| for every i, in f64. A NaN is close to nothing; an
    infinity is close to itself alone.
    - (C1) Both operands have the same element type.
    - (C2) Their shapes are compatible; a dynamic size is compared when the program runs.
    - (C3) `atol` and `rtol` are finite and not negative.

    ```mlir
    check.expect_close %actual, %expected {atol = 1.0e-5 : f64, rtol = 1.0e-4 : f64}
      : tensor<?x4xf32>, tensor<3x4xf32>
    ```
  }];
  let arguments = (ins Check_Floats:$actual, Check_Floats:$expected, DefaultValuedAttr<F64Attr, "0.0">:$atol,
                       DefaultValuedAttr<F64Attr, "0.0">:$rtol);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual) `,` type($expected)";
  let hasVerifier = 1;
}

def Check_ExpectEqualOp : Check_Op<"expect_equal"> {
  let summary = "expects every element to have the bits of a number";
  let description = [{
    The bits of actual[i] and expected[i] are the same for every i: 0.0 and -0.0 differ, a NaN equals its own bits.
    - (C1) Both operands have the same element type.
    - (C2) Their shapes are compatible; a dynamic size is compared when the program runs.

    ```mlir
    check.expect_equal %actual, %expected : tensor<?x4xf32>, tensor<3x4xf32>
    ```
  }];
  let arguments = (ins Check_Numbers:$actual, Check_Numbers:$expected);
  let assemblyFormat = "$actual `,` $expected attr-dict `:` type($actual) `,` type($expected)";
  let hasVerifier = 1;
}

def Check_ConvertOp : Check_Op<"convert", [Pure]> {
  let summary = "the same numbers in another type";
  let description = [{
    Takes plain numbers into a type that only the model's dialect knows (a stored weight, rounded activations, the
    memory of keys and values), or back. Which of them a pipeline can convert, and how, is its own business. Rounds
    nothing: the numbers must have a representation in the result's type.
    - (C1) At least one of the two types is a tensor without an encoding.

    ```mlir
    %kv = check.convert %numbers : tensor<2x1x2x8x1x16xf16> to !llm.kv<1x1x16xf16>
    ```
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

#endif // HONE_DIALECTS_CHECK_CHECKOPS
