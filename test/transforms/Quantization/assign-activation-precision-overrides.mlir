// Short floats meet any weight, and single products may have a precision of their own.
// RUN: hone-opt %s -hone-assign-activation-precision=precision=f16 | FileCheck %s --check-prefix=F16
// RUN: hone-opt %s -hone-assign-activation-precision="overrides=attn_(q|k)=int8,attn=bf16" 2>&1 | FileCheck %s --check-prefix=NAMES
// RUN: not hone-opt %s -hone-assign-activation-precision="overrides=attn" 2>&1 | FileCheck %s --check-prefix=NO-PRECISION
// RUN: not hone-opt %s -hone-assign-activation-precision="overrides=attn=int4" 2>&1 | FileCheck %s --check-prefix=NO-SUCH
// RUN: not hone-opt %s -hone-assign-activation-precision="overrides=attn(=int8" 2>&1 | FileCheck %s --check-prefix=NO-REGEX
// RUN: not hone-opt %s -hone-assign-activation-precision="overrides=mlp=int8" 2>&1 | FileCheck %s --check-prefix=NO-MATCH
// RUN: not hone-opt %s -hone-assign-activation-precision="overrides=attn_v=int8" 2>&1 | FileCheck %s --check-prefix=FLOATS

// NO-PRECISION: error: expected REGEX=PRECISION with a precision of f32, f16, bf16, int16 or int8, got 'attn'
// NO-SUCH: error: expected REGEX=PRECISION with a precision of f32, f16, bf16, int16 or int8, got 'attn=int4'
// NO-REGEX: error: expected a regular expression, got 'attn(':
// NO-MATCH: error: expected a product whose name matches 'mlp', got none; names are like 'blk.0.attn_q'
// FLOATS: 'llm.linear' op expected integer weights to meet activations of 'int8', got float weights; choose f32, f16 or bf16 for 'blk.0.attn_v'

!q4 = tensor<32x32xi4, #llm.stored<scheme = q4_1>>
!f16 = tensor<32x32xf16, #llm.stored<scheme = f16>>

// F16-LABEL: func.func @names
// F16-COUNT-3: activations = #llm.precision<f16>

// Single products have a precision of their own; the first entry that matches decides.
// NAMES-LABEL: func.func @names
// NAMES: llm.linear {{.*}} {activations = #llm.precision<int8>}
// NAMES: llm.linear {{.*}} {activations = #llm.precision<bf16>}
// NAMES: llm.linear {{.*}} {activations = #llm.precision<int8>}
func.func @names(%x: tensor<?x32xf32>, %q4: !q4, %f16: !f16) {
  %0 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4 loc("blk.0.attn_q")
  %1 = llm.linear %x, %f16 : tensor<?x32xf32>, !f16 loc("blk.0.attn_v")
  %2 = llm.linear %x, %q4 : tensor<?x32xf32>, !q4 loc("blk.0.ffn_down")
  return
}
