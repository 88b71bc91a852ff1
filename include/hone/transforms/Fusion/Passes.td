//===- Passes.td - Fusion passes -------------------------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TRANSFORMS_FUSION_PASSES
#define HONE_TRANSFORMS_FUSION_PASSES

include "mlir/Pass/PassBase.td"

def FuseBiasPass : Pass<"hone-fuse-bias", "::mlir::func::FuncOp"> {
  let summary = "Adds the bias of a projection in its kernel";
  let description = [{
    add_bias(linear(x, w), b)  =>  linear(x, w, b)

    Saves a kernel, a barrier, and writing and reading the product. The bits stay: the sum is rounded before the bias is
    added, as it was. Runs before `hone-fuse-qkv` and `hone-fuse-gated-linear`, which take biases along.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseScalePass : Pass<"hone-fuse-scale", "::mlir::func::FuncOp"> {
  let summary = "Scales the result of a projection in its kernel";
  let description = [{
    scale(linear(x, w)) {factor = f}  =>  linear(x, w) {scale = f}   with the bias that the product may have

    Saves a kernel, a barrier, and writing and reading the product. Runs after `hone-fuse-bias`, since the scale of a
    product applies to its bias too.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseQKVPass : Pass<"hone-fuse-qkv", "::mlir::func::FuncOp"> {
  let summary = "One kernel for the three projections of an attention layer";
  let description = [{
    q = linear(x, wq), k = linear(x, wk), v = linear(x, wv)  =>  q, k, v = qkv(x, wq, wk, wv)   with their biases

    Saves two barriers per layer and reads the activations once. The projections are told apart by their use: values
    and keys go to one `llm.kv_append`, queries to an `llm.attention` that reads it.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseGatedLinearPass : Pass<"hone-fuse-gated-linear", "::mlir::func::FuncOp"> {
  let summary = "One kernel for gate, up and the activation between them";
  let description = [{
    gated_activation(linear(x, wg), linear(x, wu))  =>  gated_linear(x, wg, wu)   with their biases

    Saves two barriers per layer and writing both projections to memory.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseAddRMSNormPass : Pass<"hone-fuse-add-rms-norm", "::mlir::func::FuncOp"> {
  let summary = "Residual addition and the norm that follows it in one kernel";
  let description = [{
    s = add(x, r), n = rms_norm(s, w)  =>  s, n = add_rms_norm(x, r, w)

    Saves a barrier and reading the sum again. The sum stays a result, since the residual stream outlives the norm.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseRoundingPass : Pass<"hone-fuse-rounding", "::mlir::func::FuncOp"> {
  let summary = "Rounds the result of an op where it is computed";
  let description = [{
    quantize_rows(f(x))  =>  f(x) {rounding = int16}   for norms, gated projections and attention

    Saves a barrier, and writing and reading the exact rows, for each of three roundings in a layer. It fires where
    nothing else reads the exact rows.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

def FuseRopeKVAppendPass : Pass<"hone-fuse-rope-kv-append", "::mlir::func::FuncOp"> {
  let summary = "Rotary embedding and the append of keys and values in one kernel";
  let description = [{
    kv_append(kv, rope(k), v), attention(rope(q), kv)  =>  kv, q = rope_kv_append(kv, q, k, v), attention(q, kv)

    Saves two kernels and a barrier per layer, writing turned keys to memory, and computing the angles of a row twice.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect"];
}

#endif // HONE_TRANSFORMS_FUSION_PASSES
