// Each error of the pass.
// RUN: not hone-opt %s --load-pass-plugin=%plugin --drop-branches 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: errors.mlir:{{.*}} error: drop-branches: expected a regular expression as 'match', got ''
// RUN: not hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=blk[ 2>&1 | FileCheck %s --check-prefix=REGEX
// REGEX: error: drop-branches: expected a regular expression as 'match', got 'blk[': brackets ([ ]) not balanced
// RUN: not hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=blk[.]7 2>&1 | FileCheck %s --check-prefix=MATCH
// MATCH: error: drop-branches: expected an 'llm.add' whose name matches 'blk[.]7', got none; 'hone compile --stop-after=import --emit=mlir' shows the names
// RUN: not hone-opt %s --load-pass-plugin=%plugin --drop-branches=match=blk 2>&1 | FileCheck %s --check-prefix=ALL
// ALL: error: {{.*}}drop-branches: expected an attention to be left, got none; let fewer names match

func.func @step(%x: tensor<?x32xf32>, %positions: tensor<?xi32>, %kv: !llm.kv<1x2x16xf16>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %0 = llm.attention %x, %kv[%c0], %positions, %positions {scale = 2.5e-01 : f32}
    : tensor<?x32xf32>, !llm.kv<1x2x16xf16>, tensor<?xi32>
  %1 = llm.add %0, %x : tensor<?x32xf32> loc("blk.0.attn_residual")
  return %1 : tensor<?x32xf32>
}
