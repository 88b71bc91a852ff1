//===- LLMAttrs.td - Attributes and types of llm ----------*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_LLMATTRS
#define HONE_DIALECTS_LLM_LLMATTRS

include "hone/dialects/LLM/LLMDialect.td"
include "hone/dialects/LLM/LLMInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"

class LLM_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<LLM_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class LLM_Enum<string name, string enumSummary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, enumSummary, cases> {
  let cppNamespace = "::hone::llm";
  let genSpecializedAttr = 0;
}

def LLM_Scheme : LLM_Enum<"Scheme", "how one block of a weight is encoded", [
  I32EnumAttrCase<"F32", 0, "f32">,
  I32EnumAttrCase<"F16", 1, "f16">,
  I32EnumAttrCase<"BF16", 2, "bf16">,
  I32EnumAttrCase<"Q4_0", 3, "q4_0">,
  I32EnumAttrCase<"Q4_1", 4, "q4_1">,
  I32EnumAttrCase<"Q5_0", 5, "q5_0">,
  I32EnumAttrCase<"Q5_1", 6, "q5_1">,
  I32EnumAttrCase<"Q8_0", 7, "q8_0">,
  I32EnumAttrCase<"Q2_K", 8, "q2_K">,
  I32EnumAttrCase<"Q3_K", 9, "q3_K">,
  I32EnumAttrCase<"Q4_K", 10, "q4_K">,
  I32EnumAttrCase<"Q5_K", 11, "q5_K">,
  I32EnumAttrCase<"Q6_K", 12, "q6_K">,
]>;

def LLM_Precision : LLM_Enum<"Precision", "the precision that a product rounds its activations to", [
  I32EnumAttrCase<"F32", 0, "f32">,
  I32EnumAttrCase<"Int16", 1, "int16">,
  I32EnumAttrCase<"Int8", 2, "int8">,
  I32EnumAttrCase<"F16", 3, "f16">,
  I32EnumAttrCase<"BF16", 4, "bf16">,
]>;
def LLM_PrecisionAttr : EnumAttr<LLM_Dialect, LLM_Precision, "precision"> {
  let assemblyFormat = "`<` $value `>`";
}

def LLM_Activation : LLM_Enum<"Activation", "the non-linear function of a gated layer", [
  I32EnumAttrCase<"SiLU", 0, "silu">,
]>;
def LLM_ActivationAttr : EnumAttr<LLM_Dialect, LLM_Activation, "activation"> {
  let assemblyFormat = "`<` $value `>`";
}

def LLM_Pairing : LLM_Enum<"Pairing", "which elements of a head a rotary embedding turns together", [
  I32EnumAttrCase<"Interleaved", 0, "interleaved">,
  I32EnumAttrCase<"Halves", 1, "halves">,
]>;
def LLM_PairingAttr : EnumAttr<LLM_Dialect, LLM_Pairing, "pairing"> {
  let assemblyFormat = "`<` $value `>`";
}

def LLM_PanelAttr : LLM_Attr<"Panel", "panel"> {
  let summary = "the tile of output rows and columns that lies together in a packed weight";
  let description = [{
    A packed weight is a sequence of panels of `rows` output rows; a panel is a sequence of tiles of `columns`
    columns. What lies beyond the last row or column is zero. In a tile, the bytes of 4 consecutive columns of one row form a 32-bit
    lane, and the lanes of all rows form a vector, so that a product adds each row in its own lane.

    Example: `#llm.panel<8x32>`.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Of rows and of columns: keeps the bytes of a tile far below 2^31.
    static constexpr int64_t kMaxSize = 4096;
  }];
}

def LLM_StoredAttr : LLM_Attr<"Stored", "stored", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>,
    DeclareAttrInterfaceMethods<WeightEncodingAttrInterface>]> {
  let summary = "how a weight is stored: the scheme of its blocks and the panel that they are packed in";
  let description = [{
    Without `panel`, the bytes are those of the model file: row after row, block after block, as the GGUF
    specification lays them out. With `panel`, as `#llm.panel` says, with the columns of one block of the scheme. The
    element type of the tensor states the bits of one element (i4 for q4_0, q4_1 and q4_K, i5, i8, f16, ...).

    The value of an element is `d * (q - z) + m`, where `z` is the zero point of the scheme (8 for q4_0, 16 for q5_0, 4
    for q3_K, 32 for q6_K, else 0), `d` and `m` are f16 per block of 32 (`m` only for q4_1 and q5_1), and the result is
    f32. K-quants have blocks of 256 in sub-blocks of 16 or 32, each with small integers `s` and `t` of its own:
    `(d * s) * (q - z) - (m * t)` (`m` and `t` only for q2_K, q4_K and q5_K). Only the last operation rounds.

    Example: `tensor<576x1536xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>`.
  }];
  let parameters = (ins EnumParameter<LLM_Scheme>:$scheme, OptionalParameter<"PanelAttr">:$panel);
  let assemblyFormat = "`<` `scheme` `=` $scheme (`,` `panel` `=` $panel^)? `>`";
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "::hone::llm::Scheme":$scheme), [{ return $_get($_ctxt, scheme, PanelAttr()); }]>];
}

def LLM_BlockedAttr : LLM_Attr<"Blocked", "blocked", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "activations rounded to integers with one f32 scale per block of columns";
  let description = [{
    Each row is a sequence of blocks of `columns` elements. In memory a block is its elements in the order in which
    products consume them (i8 as they are, i16 of each 4 consecutive: first, third, second, fourth), the f32 scale, the
    i32 sum of the elements, and the i32 sum of the first half of them. The value of an element is `scale * q`, with
    `scale = max(|x|) / l` and `q = round(x / scale)`, ties to even, where `l` is 32767 for i16 and 127 for i8.

    Example: `tensor<?x576xi16, #llm.blocked<columns = 32>>`.
  }];
  let parameters = (ins "int64_t":$columns);
  let assemblyFormat = "`<` `columns` `=` $columns `>`";
  let genVerifyDecl = 1;
}

class LLM_Type<string name, string typeMnemonic> : TypeDef<LLM_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def LLM_KVType : LLM_Type<"KV", "kv"> {
  let summary = "the keys and values of all sequences, threaded through the graph";
  let description = [{
    `!llm.kv<layers x kv_heads x head_dim x element>`. Its paging is known to code generation and the ABI only.

    Elements are f16, bf16 or f32, or i8 with one f32 scale for the keys and one for the values of each position and
    head: the value of an element is `scale * q`, with `scale = max(|x|) / 127` over the head and `q = round(x / scale)`,
    ties to even and at most 127 in magnitude (0 where the scale is 0). Readers get that value, of a row that was just written too.

    Example: `!llm.kv<30x3x64xf16>`.
  }];
  let parameters = (ins "int64_t":$layers, "int64_t":$heads, "int64_t":$headDim, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Elements of the keys (and of the values) of one position in one layer.
    int64_t getRowSize() const { return getHeads() * getHeadDim(); }
    /// Whether elements are integers with a scale for each position and head.
    bool hasScales() const { return getElementType().isSignlessInteger(8); }
    /// The type of the numbers that are read back: f32 for integers and their scales, else that of the elements.
    ::mlir::Type getNumberType() const {
      return hasScales() ? ::mlir::Float32Type::get(getContext()) : getElementType();
    }
  }];
}

#endif // HONE_DIALECTS_LLM_LLMATTRS
