//===- LLMOps.td - Operations of the llm dialect ----------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMOPS
#define HONE_DIALECTS_LLM_LLMOPS

include "hone/dialects/LLM/LLMAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Constraints and base classes
//===----------------------------------------------------------------------===//

def LLM_NoEncodingPred : CPred<"!::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding()">;
class LLM_EncodingPred<string attr>
  : CPred<"::llvm::isa_and_present<" # attr # ">(::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding())">;

/// [rows][columns], f32, no encoding; the rows may be dynamic.
def LLM_Rows : ConfinedType<RankedTensorOf<[F32]>, [LLM_NoEncodingPred], "ranked tensor of f32 without an encoding",
                            "::mlir::RankedTensorType">;
/// [rows][columns], rounded to f16 or bf16.
def LLM_HalfRows : ConfinedType<RankedTensorOf<[F16, BF16]>, [LLM_NoEncodingPred],
                                "tensor of f16 or bf16 without an encoding", "::mlir::RankedTensorType">;
/// [rows][columns], integers with `#llm.blocked`.
def LLM_BlockedRows : ConfinedType<RankedTensorOf<[I16, I8]>, [LLM_EncodingPred<"::hone::llm::BlockedAttr">],
                                   "tensor of i16 or i8 with '#llm.blocked'", "::mlir::RankedTensorType">;
/// [rows][columns], f32 or rounded.
def LLM_Activations : AnyTypeOf<[LLM_Rows, LLM_HalfRows, LLM_BlockedRows], "", "::mlir::RankedTensorType">;
/// One i32 per row.
def LLM_RowIndices : 1DTensorOf<[I32]>;
/// [output][input] with `#llm.stored`, or [size] f32 for norms.
def LLM_WeightTensor : ConfinedType<StaticShapeTensorOf<[AnyType]>,
                                    [Or<[LLM_NoEncodingPred, LLM_EncodingPred<"::hone::llm::StoredAttr">]>],
                                    "statically shaped tensor, plain or with '#llm.stored'",
                                    "::mlir::RankedTensorType">;

class LLM_Op<string mnemonic, list<Trait> traits = []> : Op<LLM_Dialect, mnemonic, traits>;

/// An op of the graph: free of side effects, with a reference lowering and an inferred result type.
class LLM_GraphOp<string mnemonic, list<Trait> traits = []> : LLM_Op<mnemonic, traits # [
    Pure, DeclareOpInterfaceMethods<ReferenceLoweringOpInterface>,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def LLM_WeightOp : LLM_Op<"weight", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "a weight of the model, with the recipe that makes its bytes";
  let description = [{
    The region yields the weight as the graph sees it. It is evaluated when the program is packaged, tensor by tensor;
    no pass holds the values.
    - (C1) The recipe takes no arguments and yields one value of the weight's type.

    ```mlir
    llm.weight @output : tensor<49152x576xi8, #llm.stored<scheme = q8_0, panel = <8x32>>> {
      %0 = llm.file_tensor "token_embd.weight" : tensor<49152x576xi8, #llm.stored<scheme = q8_0>>
      %1 = llm.pack %0 : tensor<49152x576xi8, #llm.stored<scheme = q8_0>>
        to tensor<49152x576xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
      llm.yield %1 : tensor<49152x576xi8, #llm.stored<scheme = q8_0, panel = <8x32>>>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type);
  let regions = (region SizedRegion<1>:$recipe);
  let assemblyFormat = "$sym_name `:` $type attr-dict-with-keyword $recipe";
  let hasRegionVerifier = 1;
}

def LLM_YieldOp : LLM_Op<"yield", [Pure, Terminator, HasParent<"WeightOp">]> {
  let summary = "the result of a weight's recipe";
  let arguments = (ins LLM_WeightTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def LLM_FileTensorOp : LLM_Op<"file_tensor", [Pure]> {
  let summary = "a tensor of the model file, as stored there";
  let description = [{
    Reads the tensor `name` of the file that the module's `llm.source` names. The result type states its shape (in
    row-major order: [output][input]) and scheme.
    - (C1) A result with more than one dimension has a `#llm.stored` encoding without a panel.
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs LLM_WeightTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def LLM_DecodeOp : LLM_Op<"decode", [Pure]> {
  let summary = "the f32 values of a stored weight";
  let description = [{
    result = dequantised input, exactly. For what computes with values instead of a scheme.
    - (C1) The shapes are equal.
    - (C2) `input` is stored without a panel, the result as `f32` without a panel.
  }];
  let arguments = (ins LLM_WeightTensor:$input);
  let results = (outs LLM_WeightTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def LLM_PackOp : LLM_Op<"pack", [Pure]> {
  let summary = "the same weight, its blocks laid out in panels";
  let description = [{
    Moves bytes; no value changes.
    - (C1) Input and result have the same shape, element type and scheme.
    - (C2) `input` is stored without a panel, the result with one.
  }];
  let arguments = (ins LLM_WeightTensor:$input);
  let results = (outs LLM_WeightTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

def LLM_WeightRefOp : LLM_Op<"weight_ref", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "brings a weight into the graph";
  let description = [{
    - (C1) `weight` names an `llm.weight` whose type is the result's.
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs LLM_WeightTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Rows in, rows out
//===----------------------------------------------------------------------===//

def LLM_EmbeddingOp : LLM_GraphOp<"embedding"> {
  let summary = "the row of a table for each token";
  let description = [{
    result[r] = table[tokens[r]], dequantised to f32. A token outside the table is undefined behaviour: the runtime
    checks tokens before a step.
    - (C1) `table` has rank 2.

    ```mlir
    %0 = llm.embedding %tokens, %table : tensor<?xi32>, tensor<64x32xi8, #llm.stored<scheme = q8_0>>
    ```
  }];
  let arguments = (ins LLM_RowIndices:$tokens, LLM_WeightTensor:$table);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$tokens `,` $table attr-dict `:` type($tokens) `,` type($table)";
  // Inference checks all.
  let hasVerifier = 0;
}

def LLM_SelectRowsOp : LLM_GraphOp<"select_rows"> {
  let summary = "the rows that need logits";
  let description = [{
    result[i] = input[rows[i]]. A row outside the input is undefined behaviour: the runtime checks it before a step.
    - (C1) `input` has rank 2.

    ```mlir
    %0 = llm.select_rows %input, %rows : tensor<?x32xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, LLM_RowIndices:$rows);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$input `,` $rows attr-dict `:` type($input) `,` type($rows)";
  // Inference checks all.
  let hasVerifier = 0;
}

def LLM_AddOp : LLM_GraphOp<"add", [Commutative, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "the sum of two activations";
  let description = [{
    result = lhs + rhs, element by element in f32.
    - (C1) The operands have the same type, of rank 2.

    ```mlir
    %0 = llm.add %lhs, %rhs : tensor<?x32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$lhs, LLM_Rows:$rhs);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

def LLM_AddBiasOp : LLM_GraphOp<"add_bias"> {
  let summary = "one number per column, added to each row";
  let description = [{
    result[r][n] = input[r][n] + bias[n], in f32.

    What follows a product in models whose projections have biases. `hone-fuse-bias` makes it part of the product.
    - (C1) `input` has rank 2.
    - (C2) `bias` is f32 of shape [columns].

    ```mlir
    %0 = llm.add_bias %input, %bias : tensor<?x32xf32>, tensor<32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, LLM_WeightTensor:$bias);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$input `,` $bias attr-dict `:` type($input) `,` type($bias)";
}

def LLM_ScaleOp : LLM_GraphOp<"scale"> {
  let summary = "each element times one number";
  let description = [{
    result = input * factor, element by element in f32.

    Models that keep their residual stream small scale embeddings, what a layer adds, and logits.
    - (C1) `input` has rank 2.
    - (C2) `factor` is finite.

    ```mlir
    %0 = llm.scale %input {factor = 0.25 : f32} : tensor<?x32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, F32Attr:$factor);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def LLM_RMSNormOp : LLM_GraphOp<"rms_norm"> {
  let summary = "root mean square normalization of each row";
  let description = [{
    result[r][i] = input[r][i] * weight[i] / sqrt(mean_j(input[r][j]^2) + epsilon)

    Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019. The mean is accumulated in f32, in an order
    that depends on the number of columns alone.
    `rounding` makes the result what `llm.quantize_rows` makes of it.
    - (C1) `input` has rank 2.
    - (C2) `weight` is f32 of shape [columns].
    - (C3) `epsilon` is positive and finite.
    - (C4) `rounding` to integers needs a multiple of 32 columns.

    ```mlir
    %0 = llm.rms_norm %input, %weight {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, LLM_WeightTensor:$weight, F32Attr:$epsilon,
                       OptionalAttr<LLM_PrecisionAttr>:$rounding);
  let results = (outs LLM_Activations:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` type($input) `,` type($weight)";
}

def LLM_AddRMSNormOp : LLM_GraphOp<"add_rms_norm", [AllTypesMatch<["input", "residual"]>]> {
  let summary = "residual addition and the norm that follows it";
  let description = [{
    sum[r][i]    = input[r][i] + residual[r][i]
    normed[r][i] = sum[r][i] * weight[i] / sqrt(mean_j(sum[r][j]^2) + epsilon)

    Both results are returned because the residual stream outlives the norm. The mean is accumulated as in
    `llm.rms_norm`. `rounding` makes `normed` what `llm.quantize_rows` makes of it.
    - (C1) `input` and `residual` have the same type, of rank 2.
    - (C2) `weight` is f32 of shape [columns].
    - (C3) `epsilon` is positive and finite.
    - (C4) `rounding` to integers needs a multiple of 32 columns.

    ```mlir
    %sum, %normed = llm.add_rms_norm %input, %residual, %weight {epsilon = 1.0e-5 : f32}
      : tensor<?x32xf32>, tensor<32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, LLM_Rows:$residual, LLM_WeightTensor:$weight, F32Attr:$epsilon,
                       OptionalAttr<LLM_PrecisionAttr>:$rounding);
  let results = (outs LLM_Rows:$sum, LLM_Activations:$normed);
  let assemblyFormat = "$input `,` $residual `,` $weight attr-dict `:` type($input) `,` type($weight)";
}

def LLM_QuantizeRowsOp : LLM_GraphOp<"quantize_rows"> {
  let summary = "rounds activations, to integers with one scale per block or to short floats";
  let description = [{
    `int16` (the default, l = 32767) and `int8` (l = 127):

    scale[r][b]  = max_i(|input[r][32 b + i]|) / l
    result[r][j] = round(input[r][j] / scale[r][j / 32]), ties to even; 0 where the scale is 0

    as `#llm.blocked` says; products of the result add integers exactly inside a block. `f16` and `bf16`: result[r][j] is
    the nearest number of that type, ties to even; products multiply and add in f32.
    - (C1) `input` has rank 2.
    - (C2) Integers need a multiple of 32 columns.
    - (C3) `precision` is not f32.

    ```mlir
    %0 = llm.quantize_rows %input {precision = #llm.precision<int8>} : tensor<?x32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, DefaultValuedAttr<LLM_PrecisionAttr, "::hone::llm::Precision::Int16">:$precision);
  let results = (outs LLM_Activations:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  // Inference checks all.
  let hasVerifier = 0;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def LLM_LinearOp : LLM_GraphOp<"linear"> {
  let summary = "product of each row with a weight";
  let description = [{
    result[r][n] = (sum_k input[r][k] * weight[n][k] + bias[n]) * scale

    One f32 accumulator per element adds the blocks of k in their order. `bias` and `scale` are optional: the sum is
    rounded to f32, then the sum with the bias, then the product with the scale, so that the bits are those of
    `llm.linear`, `llm.add_bias` and `llm.scale` one after another. `activations` names the precision that `input` is
    to be rounded to first; it is absent once `llm.quantize_rows` did that and where f32 is meant.
    - (C1) `input` has rank 2.
    - (C2) `weight` has rank 2, a `#llm.stored` encoding, and as many columns as `input`.
    - (C3) `activations` is absent when `input` is rounded.
    - (C4) `bias` is f32 of shape [rows of `weight`]. Its type is not written.
    - (C5) `scale` is finite.

    ```mlir
    %0 = llm.linear %input, %weight : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
    %1 = llm.linear %input, %weight bias %bias {scale = 0.25 : f32}
      : tensor<?x32xf32>, tensor<64x32xi4, #llm.stored<scheme = q4_1>>
    ```
  }];
  let arguments = (ins LLM_Activations:$input, LLM_WeightTensor:$weight, Optional<LLM_WeightTensor>:$bias,
                       OptionalAttr<LLM_PrecisionAttr>:$activations, OptionalAttr<F32Attr>:$scale);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:` type($input) `,` type($weight)
    custom<BiasType>(ref($bias), type($bias), ref(type($weight)))
  }];
}

def LLM_QKVOp : LLM_GraphOp<"qkv", [AttrSizedOperandSegments]> {
  let summary = "the three projections of an attention layer in one kernel";
  let description = [{
    query = linear(input, query_weight, query_bias), key = linear(input, key_weight, key_bias),
    value = linear(input, value_weight, value_bias)

    The weights stay separate operands, so each may be stored in its own scheme. Each bias is optional.
    - (C1) `input` has rank 2.
    - (C2) Each weight has rank 2, a `#llm.stored` encoding, and as many columns as `input`.
    - (C3) `activations` is absent when `input` is rounded.
    - (C4) Each bias is f32 of shape [rows of its weight]. Its type is not written.

    ```mlir
    %q, %k, %v = llm.qkv %input, %wq, %wk, %wv query_bias %bq : tensor<?x32xf32>,
      tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<32x32xf16, #llm.stored<scheme = f16>>,
      tensor<32x32xf16, #llm.stored<scheme = f16>>
    ```
  }];
  let arguments = (ins LLM_Activations:$input, LLM_WeightTensor:$query_weight, LLM_WeightTensor:$key_weight,
                       LLM_WeightTensor:$value_weight, Optional<LLM_WeightTensor>:$query_bias,
                       Optional<LLM_WeightTensor>:$key_bias, Optional<LLM_WeightTensor>:$value_bias,
                       OptionalAttr<LLM_PrecisionAttr>:$activations);
  let results = (outs LLM_Rows:$query, LLM_Rows:$key, LLM_Rows:$value);
  let assemblyFormat = [{
    $input `,` $query_weight `,` $key_weight `,` $value_weight (`query_bias` $query_bias^)? (`key_bias` $key_bias^)?
    (`value_bias` $value_bias^)? attr-dict `:` type($input) `,` type($query_weight) `,` type($key_weight) `,`
    type($value_weight) custom<BiasType>(ref($query_bias), type($query_bias), ref(type($query_weight)))
    custom<BiasType>(ref($key_bias), type($key_bias), ref(type($key_weight)))
    custom<BiasType>(ref($value_bias), type($value_bias), ref(type($value_weight)))
  }];
}

def LLM_GatedActivationOp : LLM_GraphOp<"gated_activation", [AllTypesMatch<["gate", "up"]>]> {
  let summary = "the non-linear function of a gated layer";
  let description = [{
    result = f(gate) * up, where f is silu(x) = x / (1 + exp(-x))

    Shazeer, "GLU Variants Improve Transformer", 2020.
    - (C1) `gate` and `up` have the same type, of rank 2.

    ```mlir
    %0 = llm.gated_activation %gate, %up {function = #llm.activation<silu>} : tensor<?x32xf32>
    ```
  }];
  let arguments = (ins LLM_Rows:$gate, LLM_Rows:$up, LLM_ActivationAttr:$function);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($gate)";
}

def LLM_GatedLinearOp : LLM_GraphOp<"gated_linear", [AttrSizedOperandSegments]> {
  let summary = "gate and up projections with the activation between them, in one kernel";
  let description = [{
    result = gated_activation(linear(input, gate_weight, gate_bias), linear(input, up_weight, up_bias))

    Neither projection is written to memory. Each bias is optional. `rounding` makes the result what
    `llm.quantize_rows` makes of it.
    - (C1) `input` has rank 2.
    - (C2) Each weight has rank 2, a `#llm.stored` encoding, and as many columns as `input`.
    - (C3) `activations` is absent when `input` is rounded.
    - (C4) Both weights have the same number of rows.
    - (C5) `rounding` to integers needs weights of a multiple of 32 rows.
    - (C6) Each bias is f32 of shape [rows of its weight]. Its type is not written.

    ```mlir
    %0 = llm.gated_linear %input, %gate, %up {function = #llm.activation<silu>} : tensor<?x32xf32>,
      tensor<64x32xf16, #llm.stored<scheme = f16>>, tensor<64x32xf16, #llm.stored<scheme = f16>>
    ```
  }];
  let arguments = (ins LLM_Activations:$input, LLM_WeightTensor:$gate_weight, LLM_WeightTensor:$up_weight,
                       Optional<LLM_WeightTensor>:$gate_bias, Optional<LLM_WeightTensor>:$up_bias,
                       LLM_ActivationAttr:$function, OptionalAttr<LLM_PrecisionAttr>:$activations,
                       OptionalAttr<LLM_PrecisionAttr>:$rounding);
  let results = (outs LLM_Activations:$result);
  let assemblyFormat = [{
    $input `,` $gate_weight `,` $up_weight (`gate_bias` $gate_bias^)? (`up_bias` $up_bias^)? attr-dict `:`
    type($input) `,` type($gate_weight) `,` type($up_weight)
    custom<BiasType>(ref($gate_bias), type($gate_bias), ref(type($gate_weight)))
    custom<BiasType>(ref($up_bias), type($up_bias), ref(type($up_weight)))
  }];
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def LLM_RopeOp : LLM_GraphOp<"rope"> {
  let summary = "rotary position embedding of each head";
  let description = [{
    Within each head of `head_dim` = d columns, pair i (0 <= i < d / 2) turns by angle
    positions[r] * base^(-2 i / d). `pairing` says which columns form pair i: `interleaved` 2 i and 2 i + 1, `halves`
    i and i + d / 2.

    Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021. Angles are computed in f64,
    their sine and cosine rounded to f32.
    - (C1) `input` has rank 2 and as many rows as `positions`.
    - (C2) `head_dim` is positive, even, and divides the columns of `input`.
    - (C3) `base` is positive and finite.

    ```mlir
    %0 = llm.rope %input, %positions {base = 1.0e5 : f64, head_dim = 16 : i64, pairing = #llm.pairing<interleaved>}
      : tensor<?x32xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins LLM_Rows:$input, LLM_RowIndices:$positions, I64Attr:$head_dim, F64Attr:$base,
                       LLM_PairingAttr:$pairing);
  let results = (outs LLM_Rows:$result);
  let assemblyFormat = "$input `,` $positions attr-dict `:` type($input) `,` type($positions)";
}

def LLM_KVAppendOp : LLM_GraphOp<"kv_append", [AllTypesMatch<["keys", "values"]>,
                                        AllTypesMatch<["positions", "sequences"]>]> {
  let summary = "stores keys and values of each row at its position";
  let description = [{
    kv[layer][sequences[r]][positions[r]] = (keys[r], values[r]), rounded as the type of `kv` says. All else is as in
    `kv`.
    - (C1) `keys` and `values` have the same type, of rank 2, with kv_heads * head_dim columns.
    - (C2) `positions` and `sequences` have the same type, with as many rows as `keys`.

    ```mlir
    %1 = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences
      : !llm.kv<2x2x16xf16>, tensor<?x32xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins LLM_KVType:$kv, Index:$layer, LLM_Rows:$keys, LLM_Rows:$values, LLM_RowIndices:$positions,
                       LLM_RowIndices:$sequences);
  let results = (outs LLM_KVType:$result);
  let assemblyFormat = [{
    $kv `[` $layer `]` `,` $keys `,` $values `,` $positions `,` $sequences attr-dict `:`
    qualified(type($kv)) `,` type($keys) `,` type($positions)
  }];
}

def LLM_RopeKVAppendOp : LLM_GraphOp<"rope_kv_append", [AllTypesMatch<["keys", "values"]>,
                                                        AllTypesMatch<["positions", "sequences"]>]> {
  let summary = "rotary embedding of queries and keys, and the append of keys and values, in one kernel";
  let description = [{
    turned = rope(queries, positions), result = kv_append(kv[layer], rope(keys, positions), values, positions, sequences)

    with heads of the head dim of `kv`. The angles of a row are computed once for queries and keys, and turned keys are
    not written to memory between.
    - (C1) `keys` and `values` have the same type, of rank 2, with kv_heads * head_dim columns.
    - (C2) `queries` has rank 2, and its columns are a multiple of head_dim, which is even.
    - (C3) `positions` and `sequences` have the same type, with as many rows as `keys` and `queries`.
    - (C4) `base` is positive and finite.

    ```mlir
    %1, %turned = llm.rope_kv_append %kv[%layer], %queries, %keys, %values, %positions, %sequences
      {base = 1.0e5 : f64, pairing = #llm.pairing<interleaved>}
      : !llm.kv<2x2x16xf16>, tensor<?x64xf32>, tensor<?x32xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins LLM_KVType:$kv, Index:$layer, LLM_Rows:$queries, LLM_Rows:$keys, LLM_Rows:$values,
                       LLM_RowIndices:$positions, LLM_RowIndices:$sequences, F64Attr:$base, LLM_PairingAttr:$pairing);
  let results = (outs LLM_KVType:$result, LLM_Rows:$turned);
  let assemblyFormat = [{
    $kv `[` $layer `]` `,` $queries `,` $keys `,` $values `,` $positions `,` $sequences attr-dict `:`
    qualified(type($kv)) `,` type($queries) `,` type($keys) `,` type($positions)
  }];
}

def LLM_AttentionOp : LLM_GraphOp<"attention", [AllTypesMatch<["positions", "sequences"]>]> {
  let summary = "causal attention of each row over the stored keys and values of its sequence";
  let description = [{
    For each row r and head h, with g = h / (heads / kv_heads), over positions p <= positions[r]:

    result[r][h] = sum_p softmax_p(scale * queries[r][h] . keys[layer][sequences[r]][p][g])
                   * values[layer][sequences[r]][p][g]

    Vaswani et al., "Attention Is All You Need", 2017; grouped heads: Ainslie et al., "GQA", 2023. Sums run in f32
    over fixed blocks of positions in their order, and over fixed spans of blocks, so that they depend on the row's own
    position alone. Scales of keys and values in i8 are factors of the scores and of the weights. `rounding` makes the result what `llm.quantize_rows` makes of it.
    - (C1) `queries` has rank 2, and its columns are a multiple of kv_heads * head_dim.
    - (C2) `scale` is positive and finite.
    - (C3) `positions` and `sequences` have the same type, with as many rows as `queries`.
    - (C4) `rounding` to integers needs a multiple of 32 columns.

    ```mlir
    %0 = llm.attention %queries, %kv[%layer], %positions, %sequences {scale = 0.25 : f32}
      : tensor<?x64xf32>, !llm.kv<2x2x16xf16>, tensor<?xi32>
    ```
  }];
  let arguments = (ins LLM_Rows:$queries, LLM_KVType:$kv, Index:$layer, LLM_RowIndices:$positions,
                       LLM_RowIndices:$sequences, F32Attr:$scale, OptionalAttr<LLM_PrecisionAttr>:$rounding);
  let results = (outs LLM_Activations:$result);
  let assemblyFormat = [{
    $queries `,` $kv `[` $layer `]` `,` $positions `,` $sequences attr-dict `:` type($queries) `,`
    qualified(type($kv)) `,` type($positions)
  }];
  let extraClassDeclaration = [{
    /// Number of query heads.
    int64_t getHeads() {
      return ::llvm::cast<::mlir::ShapedType>(getQueries().getType()).getDimSize(1) / getKv().getType().getHeadDim();
    }
  }];
}

//===----------------------------------------------------------------------===//
// Where the schedule ends
//===----------------------------------------------------------------------===//

def LLM_FromBufferOp : LLM_Op<"from_buffer", [Pure]> {
  let summary = "a kernel's operand, read from memory";
  let description = [{
    Stands between the signature of a kernel, which is memory once the schedule ends, and its op, which is still whole.
    Rows are a `memref` of the same shape, blocked rows and stored weights one of bytes, `!llm.kv` a bare pointer to
    the page tables of the sequences.

    ```mlir
    %0 = llm.from_buffer %buffer : memref<?x76xi8> to tensor<?x32xi16, #llm.blocked<columns = 32>>
    ```
  }];
  let arguments = (ins AnyType:$buffer);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer) `to` type($result)";
}

def LLM_ToBufferOp : LLM_Op<"to_buffer"> {
  let summary = "a kernel's result, written to memory";
  let description = [{
    The counterpart of `llm.from_buffer`: memory of a caller receives the result of a kernel's op.

    ```mlir
    llm.to_buffer %value, %buffer : tensor<?x32xf32> to memref<?x32xf32>
    ```
  }];
  let arguments = (ins AnyType:$value, AnyType:$buffer);
  let assemblyFormat = "$value `,` $buffer attr-dict `:` type($value) `to` type($buffer)";
}

#endif // HONE_DIALECTS_LLM_LLMOPS
