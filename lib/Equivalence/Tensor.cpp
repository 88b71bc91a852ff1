//===- Tensor.cpp - Numbers of a value ------------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensor.h"

#include "hone/dialects/LLM/Encodings.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

unsigned Tensor::getElementBytes(Type element) {
  return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

static int64_t product(ArrayRef<int64_t> shape) {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

Tensor::Tensor(Type element, ArrayRef<int64_t> shape)
    : element(element), shape(shape), bytes(product(shape) * getElementBytes(element)) {}

int64_t Tensor::size() const { return product(shape); }

static double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double magnitude = exponent == 31  ? (mantissa ? NAN : INFINITY)
                     : exponent == 0 ? std::ldexp(mantissa, -24)
                                     : std::ldexp(1024 + mantissa, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

double Tensor::at(int64_t position) const {
  if (element.isF32())
    return as<float>()[position];
  if (element.isF16())
    return halfToDouble(as<uint16_t>()[position]);
  if (element.isF64())
    return as<double>()[position];
  if (element.isBF16())
    return llvm::bit_cast<float>(static_cast<uint32_t>(as<uint16_t>()[position]) << 16);
  switch (getElementBytes(element)) {
  case 1:
    return as<int8_t>()[position];
  case 2:
    return as<int16_t>()[position];
  case 4:
    return as<int32_t>()[position];
  default:
    return static_cast<double>(as<int64_t>()[position]);
  }
}

const std::string &Tensor::key() const {
  if (!cachedKey.empty())
    return cachedKey;
  llvm::raw_string_ostream os(cachedKey);
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(ArrayRef<uint8_t>(bytes.data(), bytes.size()));
  os << element;
  for (int64_t extent : shape)
    os << 'x' << extent;
  os << ':' << llvm::utohexstr(hash.high64) << llvm::utohexstr(hash.low64) << ';';
  return cachedKey;
}

TensorRef equivalence::makeIndex(MLIRContext *context, int64_t value) {
  auto tensor = std::make_shared<Tensor>(IndexType::get(context), ArrayRef<int64_t>());
  *tensor->as<int64_t>() = value;
  return tensor;
}

Type equivalence::getPlainType(Type type) {
  if (auto kv = dyn_cast<llm::KVType>(type))
    return RankedTensorType::get(
        {2, kv.getLayers(), ShapedType::kDynamic, ShapedType::kDynamic, kv.getHeads(), kv.getHeadDim()},
        kv.getNumberType());
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && (llm::getStored(type) || llm::getBlocked(type)))
    return RankedTensorType::get(tensor.getShape(), Float32Type::get(type.getContext()));
  return type;
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

double Difference::relative() const {
  if (absolute == 0)
    return 0;
  return magnitude > 0 ? absolute / magnitude : INFINITY;
}

Difference equivalence::compare(const Tensor &expected, const Tensor &actual) {
  Difference result;
  if (expected.element != actual.element || expected.shape != actual.shape) {
    result.absolute = INFINITY;
    return result;
  }
  if (&expected == &actual || std::memcmp(expected.bytes.data(), actual.bytes.data(), expected.bytes.size()) == 0)
    return result;
  int64_t where = 0;
  for (int64_t i = 0, size = expected.size(); i < size; ++i) {
    double e = expected.at(i), a = actual.at(i);
    if (std::isfinite(e))
      result.magnitude = std::max(result.magnitude, std::fabs(e));
    if (e == a || (std::isnan(e) && std::isnan(a)))
      continue;
    double distance = std::fabs(a - e);
    if (std::isnan(distance))
      distance = INFINITY;
    if (distance > result.absolute) {
      result.absolute = distance;
      where = i;
    }
  }
  result.expected = expected.at(where);
  result.actual = actual.at(where);
  result.index.resize(expected.shape.size());
  for (int64_t dim = expected.shape.size() - 1; dim >= 0; --dim) {
    result.index[dim] = where % expected.shape[dim];
    where /= expected.shape[dim];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

TypedAttr equivalence::toAttribute(const Tensor &tensor) {
  if (tensor.element.isIndex())
    return IntegerAttr::get(tensor.element, *tensor.as<int64_t>());
  auto type = RankedTensorType::get(tensor.shape, tensor.element);
  ArrayRef<char> raw(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
  // One number for all, where that is so: keys and values of an empty memory are large and zero.
  unsigned width = Tensor::getElementBytes(tensor.element);
  bool isSplat = raw.size() > width && std::memcmp(raw.data(), raw.data() + width, raw.size() - width) == 0;
  return cast<TypedAttr>(DenseElementsAttr::getFromRawBuffer(type, isSplat ? raw.take_front(width) : raw));
}

TensorRef equivalence::fromAttribute(TypedAttr attribute) {
  if (auto integer = dyn_cast<IntegerAttr>(attribute); integer && integer.getType().isIndex())
    return makeIndex(attribute.getContext(), integer.getInt());
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense || !dense.getElementType().isIntOrFloat())
    return nullptr;
  auto tensor = std::make_shared<Tensor>(dense.getElementType(), dense.getType().getShape());
  unsigned width = Tensor::getElementBytes(tensor->element);
  uint8_t *target = tensor->bytes.data();
  if (dense.getElementType().isInteger(1)) {
    for (bool value : dense.getValues<bool>())
      *target++ = value;
    return tensor;
  }
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat()) {
    std::memcpy(target, raw.data(), tensor->bytes.size());
    return tensor;
  }
  for (size_t i = 0; i < tensor->bytes.size(); i += width)
    std::memcpy(target + i, raw.data(), width);
  return tensor;
}
