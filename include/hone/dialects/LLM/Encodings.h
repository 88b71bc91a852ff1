//===- Encodings.h - Byte layouts of stored weights -------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_LLM_ENCODINGS_H
#define HONE_DIALECTS_LLM_ENCODINGS_H

#include "hone/dialects/LLM/LLMAttrs.h"
#include "mlir/IR/BuiltinOps.h"

namespace hone::llm {

/// What is fixed about a scheme: the bits of an element and the expression that gives its value. For affine schemes
/// value = d * (q - zeroPoint) + m, with d and m (if `hasMin`) in f16 per block; plain schemes store the value.
/// GGUF specification and ggml's quantization reference.
struct SchemeTraits {
  bool isPlain;          ///< f32, f16, bf16
  bool isAffine;         ///< q4_0 to q8_0; K-quants are neither
  unsigned elementBits;  ///< bits of the tensor's element type
  int64_t blockElements; ///< elements of one block of the model file; 1 for plain schemes
  int64_t blockBytes;    ///< bytes of such a block
  bool isSigned;         ///< q is two's complement
  int32_t zeroPoint;
  bool hasMin;
};
const SchemeTraits &getSchemeTraits(Scheme scheme);

/// The element type that a tensor of this scheme has.
mlir::Type getSchemeElementType(mlir::MLIRContext *context, Scheme scheme);

/// Whether the scheme can be packed in panels.
bool hasPackedForm(Scheme scheme);

/// Byte layout of one tile of a packed weight: `rows` output rows times `columns` input columns.
///
/// Affine schemes: [rows] f16 d, then [rows] f16 m (if any), then [rows] u32 with the fifth bit of each element (5-bit
/// schemes: column 4 t + j of a row at bit 8 j + t), then the quants. With 8 bits, vector t (t < columns / 4) holds
/// for each row the 4 bytes of columns 4 t .. 4 t + 3. With 4 or 5 bits, vector g (g < columns / 8) holds for each row
/// 4 bytes whose low nibbles are columns 8 g .. 8 g + 3 and whose high nibbles are columns 8 g + 4 .. 8 g + 7.
/// Plain schemes: [columns][rows] elements.
///
/// Tiles of a panel follow each other, and so do panels. Rows beyond the last of the weight are zero bytes, and so are
/// columns beyond the last, which only plain schemes have: others have a multiple of the tile's columns.
struct TileLayout {
  int64_t rows;
  int64_t columns;
  int64_t scaleOffset;    ///< bytes from the start of the tile; -1 for plain schemes
  int64_t minOffset;      ///< -1 without
  int64_t highBitsOffset; ///< -1 without
  int64_t quantsOffset;
  int64_t bytes;
};

/// Layout of the tiles of a packed encoding. Asserts that it has a panel.
TileLayout getTileLayout(StoredAttr encoding);

/// The encoding of a tensor type, or null for any other type or encoding.
StoredAttr getStored(mlir::Type type);
BlockedAttr getBlocked(mlir::Type type);

/// Bytes of a weight as stored: by its encoding, or as plain elements for a tensor without one (norm weights).
int64_t getWeightBytes(mlir::RankedTensorType type);

/// Writes `values`, [output row][column], to `target` in file order, which `encoding` has. For numbers that were made to
/// fit, such as those of tests: fails where the scheme does not represent all of them exactly. Scale and minimum of a
/// block come from its largest and smallest value, which must stand for the largest and smallest integer of the scheme.
/// Not for schemes without a packed form.
mlir::LogicalResult encodeExactly(StoredAttr encoding, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values,
                                  llvm::MutableArrayRef<uint8_t> target);

/// Where the weights of a module lie in the weight section: one offset per `llm.weight` in their order, each aligned
/// to `kWeightAlignment`; `total` gets the bytes of the section.
llvm::SmallVector<uint64_t> getWeightOffsets(mlir::ModuleOp module, uint64_t &total);
inline constexpr uint64_t kWeightAlignment = 64;

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_ENCODINGS_H
