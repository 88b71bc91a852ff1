//===- Encodings.cpp - Byte layouts of stored weights ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks of integers go through one form, `QuantBlock`.
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "QuantBlocks.h"
#include "hone/Support/Half.h"
#include "hone/dialects/LLM/LLMOps.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace mlir;
using namespace hone;
using namespace hone::llm;

//===----------------------------------------------------------------------===//
// Schemes
//===----------------------------------------------------------------------===//

const SchemeTraits &hone::llm::getSchemeTraits(Scheme scheme) {
  // Plain, bits, elements and bytes of a block, signed, zero point, minimum, low bits; elements of a sub-block, bits of
  // its scale, whether that is signed; in the order of the enum.
  static constexpr SchemeTraits kTraits[] = {
      {true, 32, 1, 4, false, 0, false, 32, 0, 0, false},     // f32
      {true, 16, 1, 2, false, 0, false, 16, 0, 0, false},     // f16
      {true, 16, 1, 2, false, 0, false, 16, 0, 0, false},     // bf16
      {false, 4, 32, 18, false, 8, false, 4, 0, 0, false},    // q4_0
      {false, 4, 32, 20, false, 0, true, 4, 0, 0, false},     // q4_1
      {false, 5, 32, 22, false, 16, false, 4, 0, 0, false},   // q5_0
      {false, 5, 32, 24, false, 0, true, 4, 0, 0, false},     // q5_1
      {false, 8, 32, 34, true, 0, false, 8, 0, 0, false},     // q8_0
      {false, 2, 256, 84, false, 0, true, 2, 16, 4, false},   // q2_K
      {false, 3, 256, 110, false, 4, false, 2, 16, 6, true},  // q3_K
      {false, 4, 256, 144, false, 0, true, 4, 32, 6, false},  // q4_K
      {false, 5, 256, 176, false, 0, true, 4, 32, 6, false},  // q5_K
      {false, 6, 256, 210, false, 32, false, 4, 16, 8, true}, // q6_K
  };
  return kTraits[static_cast<unsigned>(scheme)];
}

Type hone::llm::getSchemeElementType(MLIRContext *context, Scheme scheme) {
  switch (scheme) {
  case Scheme::F32:
    return Float32Type::get(context);
  case Scheme::F16:
    return Float16Type::get(context);
  case Scheme::BF16:
    return BFloat16Type::get(context);
  default:
    return IntegerType::get(context, getSchemeTraits(scheme).elementBits);
  }
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

TileLayout hone::llm::getTileLayout(StoredAttr encoding) {
  PanelAttr panel = encoding.getPanel();
  assert(panel && "only packed weights have tiles");
  const SchemeTraits &traits = getSchemeTraits(encoding.getScheme());
  TileLayout layout{panel.getRows(), panel.getColumns(), -1, -1, -1, -1, -1, 0, 0, 0};
  int64_t offset = 0;
  auto place = [&](int64_t bytesPerRow) {
    int64_t start = offset;
    offset += bytesPerRow * layout.rows;
    return start;
  };
  if (traits.isPlain) {
    layout.quantsOffset = place(layout.columns * traits.elementBits / 8);
    layout.bytes = layout.partBytes = offset;
    return layout;
  }
  layout.scaleOffset = place(2);
  if (traits.hasMin)
    layout.minOffset = place(2);
  if (int64_t subBlocks = traits.getSubBlocks()) {
    layout.subScaleOffset = place(subBlocks);
    if (traits.hasMin)
      layout.subMinOffset = traits.sharesSubScaleBytes() ? layout.subScaleOffset : place(subBlocks);
  }
  const int64_t start = offset;
  // A digit of n bits takes n vectors of 4 bytes.
  if (traits.getHighBits())
    layout.highBitsOffset = place(4 * traits.getHighBits());
  layout.quantsOffset = place(4 * traits.lowBits);
  layout.partBytes = offset - start;
  layout.bytes = start + layout.partBytes * (layout.columns / TileLayout::kPartColumns);
  return layout;
}

/// The encoding of a tensor, if it is an `AttrT`.
template <typename AttrT> static AttrT getEncoding(Type type) {
  auto tensor = dyn_cast_if_present<RankedTensorType>(type);
  return tensor ? dyn_cast_if_present<AttrT>(tensor.getEncoding()) : AttrT();
}

StoredAttr hone::llm::getStored(Type type) { return getEncoding<StoredAttr>(type); }
BlockedAttr hone::llm::getBlocked(Type type) { return getEncoding<BlockedAttr>(type); }

std::optional<BlockLayout> hone::llm::getBlockLayout(Type type) {
  BlockedAttr blocked = getBlocked(type);
  if (!blocked)
    return std::nullopt;
  return BlockLayout{blocked.getColumns(), cast<RankedTensorType>(type).getElementTypeBitWidth() / 8};
}

Precision hone::llm::getPrecision(RankedTensorType rows) {
  if (std::optional<BlockLayout> layout = getBlockLayout(rows))
    return layout->elementBytes == 1 ? Precision::Int8 : Precision::Int16;
  if (rows.getElementType().isF16())
    return Precision::F16;
  return rows.getElementType().isBF16() ? Precision::BF16 : Precision::F32;
}

int64_t hone::llm::getWeightBytes(RankedTensorType type) {
  if (StoredAttr stored = getStored(type))
    return stored.getStoredBytes(type.getShape());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

int64_t StoredAttr::getStoredBytes(ArrayRef<int64_t> shape) const {
  if (PanelAttr panel = getPanel())
    return ::llvm::divideCeil(shape[0], panel.getRows()) * ::llvm::divideCeil(shape[1], panel.getColumns()) *
           getTileLayout(*this).bytes;
  const SchemeTraits &traits = getSchemeTraits(getScheme());
  return shape[0] * (shape[1] / traits.blockElements) * traits.blockBytes;
}

//===----------------------------------------------------------------------===//
// Packing and unpacking
//===----------------------------------------------------------------------===//

/// The element of a plain scheme at `source`.
static float loadPlain(Scheme scheme, const uint8_t *source) {
  switch (scheme) {
  case Scheme::F32:
    return load<float>(source);
  case Scheme::F16:
    return floatFromHalf(load<uint16_t>(source));
  case Scheme::BF16:
    return floatFromBFloat(load<uint16_t>(source));
  default:
    llvm_unreachable("not a plain scheme");
  }
}

void StoredAttr::pack(ArrayRef<int64_t> shape, ArrayRef<uint8_t> source, MutableArrayRef<uint8_t> target) const {
  const SchemeTraits &traits = getSchemeTraits(getScheme());
  assert(static_cast<int64_t>(source.size()) == get(getContext(), getScheme(), PanelAttr()).getStoredBytes(shape) &&
         static_cast<int64_t>(target.size()) == getStoredBytes(shape) && "sizes are those of the encodings");
  if (!getPanel()) {
    std::memcpy(target.data(), source.data(), source.size());
    return;
  }
  const TileLayout layout = getTileLayout(*this);
  const int64_t rows = shape[0], columns = shape[1];
  const int64_t rowBytes = columns / traits.blockElements * traits.blockBytes;
  std::memset(target.data(), 0, target.size());
  uint8_t *tile = target.data();
  for (int64_t firstRow = 0; firstRow < rows; firstRow += layout.rows) {
    const int64_t rowsHere = std::min(layout.rows, rows - firstRow);
    for (int64_t firstColumn = 0; firstColumn < columns; firstColumn += layout.columns, tile += layout.bytes) {
      for (int64_t row = 0; row < rowsHere; ++row) {
        const uint8_t *block =
            source.data() + (firstRow + row) * rowBytes + firstColumn / traits.blockElements * traits.blockBytes;
        if (!traits.isPlain) {
          writeTileRow(traits, layout, readFileBlock(getScheme(), block), row, tile);
          continue;
        }
        const int64_t columnsHere = std::min(layout.columns, columns - firstColumn);
        for (int64_t column = 0; column < columnsHere; ++column)
          std::memcpy(tile + (column * layout.rows + row) * traits.blockBytes, block + column * traits.blockBytes,
                      traits.blockBytes);
      }
    }
  }
}

void StoredAttr::unpackRow(ArrayRef<int64_t> shape, ArrayRef<uint8_t> source, int64_t row,
                           MutableArrayRef<float> values) const {
  const SchemeTraits &traits = getSchemeTraits(getScheme());
  assert(row >= 0 && row < shape[0] && static_cast<int64_t>(values.size()) == shape[1] && "one row of the weight");
  assert(static_cast<int64_t>(source.size()) == getStoredBytes(shape) && "the size is that of the encoding");
  const int64_t columns = shape[1];
  if (!getPanel()) {
    const uint8_t *block = source.data() + row * (columns / traits.blockElements) * traits.blockBytes;
    for (int64_t column = 0; column < columns; column += traits.blockElements, block += traits.blockBytes) {
      if (traits.isPlain)
        values[column] = loadPlain(getScheme(), block);
      else
        dequantize(traits, readFileBlock(getScheme(), block), &values[column]);
    }
    return;
  }

  const TileLayout layout = getTileLayout(*this);
  const int64_t tilesPerPanel = ::llvm::divideCeil(columns, layout.columns);
  const uint8_t *tile = source.data() + row / layout.rows * tilesPerPanel * layout.bytes;
  const int64_t rowInTile = row % layout.rows;
  for (int64_t firstColumn = 0; firstColumn < columns; firstColumn += layout.columns, tile += layout.bytes) {
    if (!traits.isPlain) {
      dequantize(traits, readTileRow(traits, layout, rowInTile, tile), &values[firstColumn]);
      continue;
    }
    const int64_t columnsHere = std::min(layout.columns, columns - firstColumn);
    for (int64_t column = 0; column < columnsHere; ++column)
      values[firstColumn + column] =
          loadPlain(getScheme(), tile + (column * layout.rows + rowInTile) * traits.blockBytes);
  }
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

static void storePlain(Scheme scheme, float value, uint8_t *target) {
  if (scheme == Scheme::F32)
    return store(target, value);
  store(target, roundTo16Bits(value, scheme == Scheme::F16 ? APFloat::IEEEhalf() : APFloat::BFloat()));
}

LogicalResult hone::llm::encodeExactly(StoredAttr encoding, ArrayRef<int64_t> shape, ArrayRef<float> values,
                                       MutableArrayRef<uint8_t> target) {
  const SchemeTraits &traits = getSchemeTraits(encoding.getScheme());
  assert(!encoding.getPanel() && "file order");
  assert(static_cast<int64_t>(target.size()) == encoding.getStoredBytes(shape) && "the size is that of the encoding");
  uint8_t *block = target.data();
  for (size_t i = 0; i < values.size(); i += traits.blockElements, block += traits.blockBytes) {
    if (traits.isPlain)
      storePlain(encoding.getScheme(), values[i], block);
    else
      writeFileBlock(encoding.getScheme(), quantizeExtremes(traits, values.slice(i, traits.blockElements)), block);
  }
  std::vector<float> row(shape[1]);
  for (int64_t number = 0; number < shape[0]; ++number) {
    encoding.unpackRow(shape, target, number, row);
    // As numbers: 0 and -0 are the same one, and a NaN is none.
    if (!std::equal(row.begin(), row.end(), values.begin() + number * shape[1]))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Whether no size that belongs to a weight of this shape exceeds 63 bits. A block takes at most 4 bytes per element.
static bool hasRepresentableSize(ArrayRef<int64_t> shape, PanelAttr panel) {
  int64_t rows = shape[0], columns = shape[1], elements, bytes;
  if (panel &&
      (::llvm::AddOverflow(rows, panel.getRows(), rows) || ::llvm::AddOverflow(columns, panel.getColumns(), columns)))
    return false;
  return !::llvm::MulOverflow(rows, columns, elements) && !::llvm::MulOverflow<int64_t>(elements, 4, bytes);
}

LogicalResult StoredAttr::verifyStored(ArrayRef<int64_t> shape, Type elementType,
                                       function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2)
    return emitError() << "expected a weight of rank 2 with encoding '#llm.stored', got rank " << shape.size();
  if (ShapedType::isDynamicShape(shape) || shape[0] <= 0 || shape[1] <= 0)
    return emitError() << "expected a weight of static, positive sizes with encoding '#llm.stored'";
  Type expected = getSchemeElementType(getContext(), getScheme());
  if (elementType != expected)
    return emitError() << "expected element type " << expected << " for scheme '" << stringifyScheme(getScheme())
                       << "', got " << elementType;
  int64_t blockElements = getSchemeTraits(getScheme()).blockElements;
  if (shape[1] % blockElements != 0)
    return emitError() << "expected columns to be a multiple of " << blockElements << ", the block of scheme '"
                       << stringifyScheme(getScheme()) << "', got " << shape[1];
  if (!hasRepresentableSize(shape, getPanel()))
    return emitError() << "expected a weight of less than 2^63 bytes, got shape '" << shape[0] << "x" << shape[1]
                       << "'";
  return success();
}

LogicalResult StoredAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  return verifyStored(shape, elementType, emitError);
}

llvm::SmallVector<uint64_t> hone::llm::getWeightOffsets(ModuleOp module, uint64_t &total) {
  llvm::SmallVector<uint64_t> offsets;
  total = 0;
  for (auto weight : module.getOps<WeightOp>()) {
    offsets.push_back(total);
    total = llvm::alignTo(total + getWeightBytes(cast<RankedTensorType>(weight.getType())), kWeightAlignment);
  }
  return offsets;
}
