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

/// What is fixed about a scheme: the bits of an element and the expression that gives its value. GGUF specification and
/// ggml's quantization reference.
///
/// Plain schemes store the value. All others have blocks of integers q with d and m (if `hasMin`) in f16 per block:
/// value = d * (q - zeroPoint) + m without sub-blocks (affine schemes), and with them (K-quants), where each has
/// integers s and t (if `hasMin`), value = (d * s) * (q - zeroPoint) - (m * t). The products are exact in f32.
struct SchemeTraits {
  bool isPlain;          ///< f32, f16, bf16
  unsigned elementBits;  ///< bits of the tensor's element type
  int64_t blockElements; ///< elements of one block of the model file; 1 for plain schemes
  int64_t blockBytes;    ///< bytes of such a block
  bool isSigned;         ///< q is two's complement
  int32_t zeroPoint;
  bool hasMin;
  unsigned lowBits;         ///< the bits of q that a tile keeps together (2, 4 or 8); the others lie apart
  int64_t subBlockElements; ///< elements that share s and t; 0 without sub-blocks
  unsigned subScaleBits;    ///< bits of s and t
  bool hasSignedSubScales;  ///< s is two's complement

  unsigned getHighBits() const { return elementBits - lowBits; }
  /// Sub-blocks of a block; 0 without.
  int64_t getSubBlocks() const { return subBlockElements ? blockElements / subBlockElements : 0; }
  /// Whether s and t are nibbles of one byte of a tile.
  bool sharesSubScaleBytes() const { return hasMin && subScaleBits == 4; }
};
const SchemeTraits &getSchemeTraits(Scheme scheme);

/// The element type that a tensor of this scheme has.
mlir::Type getSchemeElementType(mlir::MLIRContext *context, Scheme scheme);

/// Byte layout of one tile of a packed weight: `rows` output rows times `columns` input columns.
///
/// Plain schemes: [columns][rows] elements. All others have a block of each row in a tile:
/// - [rows] f16 d, then [rows] f16 m (if any);
/// - [sub-blocks][rows] bytes s, then [sub-blocks][rows] bytes t (if any); where both have 4 bits, s is the low nibble
///   and t the high nibble of one byte;
/// - parts of 32 columns, each with the high bits of its elements (if any), then the low bits.
/// Low bits and high bits are each stored as digits of n bits, n vectors of 4 bytes per row: byte j of vector g holds
/// for f = 0, 1, .. 8 / n - 1, lowest bits first, the digits of columns 4 (8 / n) g + 4 f + j of the part. With 4 bits
/// these are columns 8 g + j and 8 g + 4 + j, with 8 bits column 4 g + j, and with 1 bit column 4 t + j is bit 8 j + t
/// of the only word.
///
/// Tiles of a panel follow each other, and so do panels. Rows beyond the last of the weight are zero bytes, and so are
/// columns beyond the last, which only plain schemes have: others have a multiple of the tile's columns.
struct TileLayout {
  static constexpr int64_t kPartColumns = 32;

  int64_t rows;
  int64_t columns;
  int64_t scaleOffset;    ///< bytes from the start of the tile; -1 for plain schemes
  int64_t minOffset;      ///< -1 without
  int64_t subScaleOffset; ///< -1 without
  int64_t subMinOffset;   ///< -1 without; that of the scales where they share bytes
  int64_t highBitsOffset; ///< of the first part; -1 without
  int64_t quantsOffset;   ///< of the first part, or of the elements of a plain scheme
  int64_t partBytes;      ///< from one part to the next
  int64_t bytes;
};

/// Layout of the tiles of a packed encoding. Asserts that it has a panel.
TileLayout getTileLayout(StoredAttr encoding);

/// The encoding of a tensor type, or null for any other type or encoding.
StoredAttr getStored(mlir::Type type);
BlockedAttr getBlocked(mlir::Type type);

/// How one block of rows with `#llm.blocked` lies in memory: elements, f32 scale, i32 sum of the elements, i32 sum of
/// the first half of them.
struct BlockLayout {
  int64_t columns;
  int64_t elementBytes; ///< 1 or 2

  int64_t scaleOffset() const { return columns * elementBytes; }
  int64_t sumOffset() const { return scaleOffset() + 4; }
  int64_t halfSumOffset() const { return scaleOffset() + 8; }
  int64_t bytes() const { return scaleOffset() + 12; }
  /// The largest integer, which the largest magnitude of a block becomes.
  int64_t largest() const { return (int64_t(1) << (8 * elementBytes - 1)) - 1; }
  /// Which element of the block in memory column `column` is: of each 4 consecutive i16 the second and third change
  /// places.
  int64_t getSlot(int64_t column) const {
    return elementBytes == 1 ? column : column / 4 * 4 + column % 4 % 2 * 2 + column % 4 / 2;
  }
};

/// The layout of blocked rows; none for any other type.
std::optional<BlockLayout> getBlockLayout(mlir::Type type);

/// The precision that rows have by their type: `F32` unless they were rounded.
Precision getPrecision(mlir::RankedTensorType rows);
inline bool isInteger(Precision precision) { return precision == Precision::Int16 || precision == Precision::Int8; }

/// Bytes of a weight as stored: by its encoding, or as plain elements for a tensor without one (norm weights).
int64_t getWeightBytes(mlir::RankedTensorType type);

/// Writes `values`, [output row][column], to `target` in file order, which `encoding` has. For numbers that were made
/// to fit, such as those of tests: fails where the scheme does not represent all of them exactly. Scale and minimum of
/// a block (or sub-block) come from its largest and smallest value, which must stand for the largest and smallest
/// integer of the scheme; likewise d and m of a K-quant from the largest of its sub-blocks' scales and minimums.
mlir::LogicalResult encodeExactly(StoredAttr encoding, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values,
                                  llvm::MutableArrayRef<uint8_t> target);

/// Where the weights of a module lie in the weight section: one offset per `llm.weight` in their order, each aligned
/// to `kWeightAlignment`; `total` gets the bytes of the section.
llvm::SmallVector<uint64_t> getWeightOffsets(mlir::ModuleOp module, uint64_t &total);
inline constexpr uint64_t kWeightAlignment = 64;

} // namespace hone::llm

#endif // HONE_DIALECTS_LLM_ENCODINGS_H
