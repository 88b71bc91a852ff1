//===- Encodings.cpp - Byte layouts of stored weights ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks of affine schemes go through one form, `QuantBlock`, whose readers and writers are the only places that know
// how the bytes lie.
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/Support/Half.h"
#include "hone/dialects/LLM/LLMOps.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

using namespace mlir;
using namespace hone;
using namespace hone::llm;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weights are stored in the byte order of the host");

//===----------------------------------------------------------------------===//
// Schemes
//===----------------------------------------------------------------------===//

/// Elements of a block of every affine scheme.
static constexpr int64_t kBlock = 32;

const SchemeTraits &hone::llm::getSchemeTraits(Scheme scheme) {
  // Plain, affine, bits, elements and bytes of a block, signed, zero point, minimum; in the order of the enum.
  static constexpr SchemeTraits kTraits[] = {
      {true, false, 32, 1, 4, false, 0, false},       // f32
      {true, false, 16, 1, 2, false, 0, false},       // f16
      {true, false, 16, 1, 2, false, 0, false},       // bf16
      {false, true, 4, kBlock, 18, false, 8, false},  // q4_0
      {false, true, 4, kBlock, 20, false, 0, true},   // q4_1
      {false, true, 5, kBlock, 22, false, 16, false}, // q5_0
      {false, true, 5, kBlock, 24, false, 0, true},   // q5_1
      {false, true, 8, kBlock, 34, true, 0, false},   // q8_0
      {false, false, 2, 256, 84, false, 0, false},    // q2_K
      {false, false, 3, 256, 110, false, 0, false},   // q3_K
      {false, false, 4, 256, 144, false, 0, false},   // q4_K
      {false, false, 5, 256, 176, false, 0, false},   // q5_K
      {false, false, 6, 256, 210, false, 0, false},   // q6_K
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

bool hone::llm::hasPackedForm(Scheme scheme) {
  const SchemeTraits &traits = getSchemeTraits(scheme);
  return traits.isPlain || traits.isAffine;
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

TileLayout hone::llm::getTileLayout(StoredAttr encoding) {
  PanelAttr panel = encoding.getPanel();
  assert(panel && "only packed weights have tiles");
  const SchemeTraits &traits = getSchemeTraits(encoding.getScheme());
  TileLayout layout{panel.getRows(), panel.getColumns(), -1, -1, -1, 0, 0};
  int64_t offset = 0;
  auto place = [&](int64_t bytesPerRow) {
    int64_t start = offset;
    offset += bytesPerRow * layout.rows;
    return start;
  };
  if (traits.isAffine)
    layout.scaleOffset = place(2);
  if (traits.hasMin)
    layout.minOffset = place(2);
  if (traits.elementBits == 5)
    layout.highBitsOffset = place(4);
  // The fifth bits lie apart, so that 5-bit quants take as much as 4-bit ones.
  int64_t bits = traits.elementBits == 5 ? 4 : traits.elementBits;
  layout.quantsOffset = place(layout.columns * bits / 8);
  layout.bytes = offset;
  return layout;
}

/// The encoding of a tensor, if it is an `AttrT`.
template <typename AttrT> static AttrT getEncoding(Type type) {
  auto tensor = dyn_cast_if_present<RankedTensorType>(type);
  return tensor ? dyn_cast_if_present<AttrT>(tensor.getEncoding()) : AttrT();
}

StoredAttr hone::llm::getStored(Type type) { return getEncoding<StoredAttr>(type); }
BlockedAttr hone::llm::getBlocked(Type type) { return getEncoding<BlockedAttr>(type); }

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
// Elements and blocks
//===----------------------------------------------------------------------===//

template <typename T> static T load(const uint8_t *source) {
  T value;
  std::memcpy(&value, source, sizeof(T));
  return value;
}

template <typename T> static void store(uint8_t *target, T value) { std::memcpy(target, &value, sizeof(T)); }

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

namespace {
/// One row of one block of an affine scheme.
struct QuantBlock {
  uint16_t scale = 0;          ///< f16
  uint16_t min = 0;            ///< f16
  uint8_t quants[kBlock] = {}; ///< as stored: two's complement for signed schemes, zero point not subtracted
};
} // namespace

/// Reads a block in file order: d, m, the fifth bits, the quants.
static QuantBlock readFileBlock(const SchemeTraits &traits, const uint8_t *source) {
  QuantBlock block;
  block.scale = load<uint16_t>(source);
  source += 2;
  if (traits.hasMin) {
    block.min = load<uint16_t>(source);
    source += 2;
  }
  if (traits.elementBits == 8) {
    std::memcpy(block.quants, source, kBlock);
    return block;
  }
  uint32_t highBits = 0;
  if (traits.elementBits == 5) {
    highBits = load<uint32_t>(source);
    source += 4;
  }
  for (int i = 0; i < kBlock / 2; ++i) {
    block.quants[i] = (source[i] & 15) | (highBits >> i & 1) << 4;
    block.quants[i + 16] = source[i] >> 4 | (highBits >> (i + 16) & 1) << 4;
  }
  return block;
}

/// The reverse of `readFileBlock`.
static void writeFileBlock(const SchemeTraits &traits, const QuantBlock &block, uint8_t *target) {
  store(target, block.scale);
  target += 2;
  if (traits.hasMin) {
    store(target, block.min);
    target += 2;
  }
  if (traits.elementBits == 8) {
    std::memcpy(target, block.quants, kBlock);
    return;
  }
  if (traits.elementBits == 5) {
    uint32_t highBits = 0;
    for (int i = 0; i < kBlock; ++i)
      highBits |= static_cast<uint32_t>(block.quants[i] >> 4) << i;
    store(target, highBits);
    target += 4;
  }
  for (int i = 0; i < kBlock / 2; ++i)
    target[i] = (block.quants[i] & 15) | (block.quants[i + 16] & 15) << 4;
}

/// Writes row `row` of a tile, as `TileLayout` says.
static void writeTileRow(const SchemeTraits &traits, const TileLayout &layout, const QuantBlock &block, int64_t row,
                         uint8_t *tile) {
  store(tile + layout.scaleOffset + 2 * row, block.scale);
  if (traits.hasMin)
    store(tile + layout.minOffset + 2 * row, block.min);
  uint8_t *lane = tile + layout.quantsOffset + 4 * row;
  const int64_t vectorBytes = 4 * layout.rows;
  if (traits.elementBits == 8) {
    for (int t = 0; t < kBlock / 4; ++t)
      std::memcpy(lane + t * vectorBytes, block.quants + 4 * t, 4);
    return;
  }
  for (int g = 0; g < kBlock / 8; ++g)
    for (int j = 0; j < 4; ++j)
      lane[g * vectorBytes + j] = (block.quants[8 * g + j] & 15) | (block.quants[8 * g + 4 + j] & 15) << 4;
  if (traits.elementBits == 5) {
    uint32_t highBits = 0;
    for (int i = 0; i < kBlock; ++i)
      highBits |= static_cast<uint32_t>(block.quants[i] >> 4) << (8 * (i % 4) + i / 4);
    store(tile + layout.highBitsOffset + 4 * row, highBits);
  }
}

/// The reverse of `writeTileRow`.
static QuantBlock readTileRow(const SchemeTraits &traits, const TileLayout &layout, int64_t row, const uint8_t *tile) {
  QuantBlock block;
  block.scale = load<uint16_t>(tile + layout.scaleOffset + 2 * row);
  if (traits.hasMin)
    block.min = load<uint16_t>(tile + layout.minOffset + 2 * row);
  const uint8_t *lane = tile + layout.quantsOffset + 4 * row;
  const int64_t vectorBytes = 4 * layout.rows;
  if (traits.elementBits == 8) {
    for (int t = 0; t < kBlock / 4; ++t)
      std::memcpy(block.quants + 4 * t, lane + t * vectorBytes, 4);
    return block;
  }
  uint32_t highBits = traits.elementBits == 5 ? load<uint32_t>(tile + layout.highBitsOffset + 4 * row) : 0;
  for (int i = 0; i < kBlock; ++i) {
    uint8_t byte = lane[i / 8 * vectorBytes + i % 4];
    block.quants[i] = (i % 8 < 4 ? byte & 15 : byte >> 4) | (highBits >> (8 * (i % 4) + i / 4) & 1) << 4;
  }
  return block;
}

/// The canonical expression: d * (q - z) + m. The product is exact in f32 (11 bits times at most 8), so the sum is the
/// only rounding.
static void dequantize(const SchemeTraits &traits, const QuantBlock &block, float *values) {
  float scale = floatFromHalf(block.scale);
  float min = floatFromHalf(block.min);
  for (int i = 0; i < kBlock; ++i) {
    int32_t q = traits.isSigned ? static_cast<int8_t>(block.quants[i]) : block.quants[i];
    float value = scale * static_cast<float>(q - traits.zeroPoint);
    // Not for all: adding the zero of a scheme without a minimum would turn -0 into +0.
    values[i] = traits.hasMin ? value + min : value;
  }
}

//===----------------------------------------------------------------------===//
// Packing and unpacking
//===----------------------------------------------------------------------===//

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
        if (traits.isAffine) {
          writeTileRow(traits, layout, readFileBlock(traits, block), row, tile);
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
  if (!hasPackedForm(getScheme()))
    llvm_unreachable("K-quants are read by 'llm.decode' alone");

  const int64_t columns = shape[1];
  if (!getPanel()) {
    const uint8_t *block = source.data() + row * (columns / traits.blockElements) * traits.blockBytes;
    for (int64_t column = 0; column < columns; column += traits.blockElements, block += traits.blockBytes) {
      if (traits.isAffine)
        dequantize(traits, readFileBlock(traits, block), &values[column]);
      else
        values[column] = loadPlain(getScheme(), block);
    }
    return;
  }

  const TileLayout layout = getTileLayout(*this);
  const int64_t tilesPerPanel = ::llvm::divideCeil(columns, layout.columns);
  const uint8_t *tile = source.data() + row / layout.rows * tilesPerPanel * layout.bytes;
  const int64_t rowInTile = row % layout.rows;
  for (int64_t firstColumn = 0; firstColumn < columns; firstColumn += layout.columns, tile += layout.bytes) {
    if (traits.isAffine) {
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

/// The bits of the nearest number of a 16-bit format, ties to even.
static uint16_t roundTo16Bits(float value, const ::llvm::fltSemantics &format) {
  APFloat rounded(value);
  bool losesInfo;
  rounded.convert(format, APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue());
}

static uint16_t halfFromFloat(float value) { return roundTo16Bits(value, APFloat::IEEEhalf()); }

static void storePlain(Scheme scheme, float value, uint8_t *target) {
  if (scheme == Scheme::F32)
    return store(target, value);
  store(target, scheme == Scheme::F16 ? halfFromFloat(value) : roundTo16Bits(value, APFloat::BFloat()));
}

/// The block whose extremes are the extremes of the values.
static QuantBlock quantizeExtremes(const SchemeTraits &traits, ArrayRef<float> values) {
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  const int32_t largest = traits.isSigned ? (1 << (traits.elementBits - 1)) - 1 : (1 << traits.elementBits) - 1;
  const int32_t smallest = traits.isSigned ? -largest : 0;
  QuantBlock block;
  block.scale = halfFromFloat((*high - *low) / static_cast<float>(largest - smallest));
  block.min = traits.hasMin ? halfFromFloat(*low) : 0;
  const float scale = floatFromHalf(block.scale), min = floatFromHalf(block.min);
  for (int i = 0; i < kBlock; ++i) {
    float steps = scale == 0 ? 0 : std::nearbyint((values[i] - min) / scale) + static_cast<float>(traits.zeroPoint);
    // Also false for a NaN, which nothing represents.
    bool fits = steps >= static_cast<float>(smallest) && steps <= static_cast<float>(largest);
    block.quants[i] = static_cast<uint8_t>(fits ? static_cast<int32_t>(steps) : 0);
  }
  return block;
}

LogicalResult hone::llm::encodeExactly(StoredAttr encoding, ArrayRef<int64_t> shape, ArrayRef<float> values,
                                       MutableArrayRef<uint8_t> target) {
  const SchemeTraits &traits = getSchemeTraits(encoding.getScheme());
  assert(!encoding.getPanel() && hasPackedForm(encoding.getScheme()) && "file order, with a packed form");
  assert(static_cast<int64_t>(target.size()) == encoding.getStoredBytes(shape) && "the size is that of the encoding");
  uint8_t *block = target.data();
  for (size_t i = 0; i < values.size(); i += traits.blockElements, block += traits.blockBytes) {
    if (traits.isAffine)
      writeFileBlock(traits, quantizeExtremes(traits, values.slice(i, kBlock)), block);
    else
      storePlain(encoding.getScheme(), values[i], block);
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
