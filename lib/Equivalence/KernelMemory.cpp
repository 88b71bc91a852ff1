//===- KernelMemory.cpp - Numbers in the memory of kernels ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelMemory.h"

#include "hone/dialects/LLM/Encodings.h"

#include <cmath>

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

/// A scale whose multiples are `values`, to the bit; NaN if there is none.
static float findScale(ArrayRef<float> values, float greatest) {
  float largest = 0;
  for (float value : values)
    largest = std::max(largest, std::fabs(value));
  if (largest == 0)
    return 0;
  float candidate = largest / greatest;
  for (int step = 0; step < 4; ++step)
    candidate = std::nextafter(candidate, 0.0f);
  for (int step = 0; step < 9; ++step, candidate = std::nextafter(candidate, INFINITY)) {
    bool fits =
        llvm::all_of(values, [&](float value) { return std::nearbyint(value / candidate) * candidate == value; });
    if (fits)
      return candidate;
  }
  return NAN;
}

std::shared_ptr<AlignedBytes> equivalence::toBlocks(const Tensor &numbers, const llm::BlockLayout &layout) {
  int64_t columns = layout.columns, blocks = numbers.size() / columns;
  auto bytes = std::make_shared<AlignedBytes>(blocks * layout.bytes());
  for (int64_t block = 0; block < blocks; ++block) {
    ArrayRef<float> values(numbers.as<float>() + block * columns, columns);
    float scale = findScale(values, static_cast<float>(layout.largest()));
    if (std::isnan(scale))
      return nullptr;
    uint8_t *target = bytes->data() + block * layout.bytes();
    int32_t sum = 0, firstHalf = 0;
    for (int64_t column = 0; column < columns; ++column) {
      // Little-endian: the first bytes of a short integer.
      auto integer = static_cast<int32_t>(scale == 0 ? 0 : std::nearbyint(values[column] / scale));
      sum += integer;
      firstHalf += column < columns / 2 ? integer : 0;
      std::memcpy(target + layout.getSlot(column) * layout.elementBytes, &integer, layout.elementBytes);
    }
    std::memcpy(target + layout.scaleOffset(), &scale, sizeof scale);
    std::memcpy(target + layout.sumOffset(), &sum, sizeof sum);
    std::memcpy(target + layout.halfSumOffset(), &firstHalf, sizeof firstHalf);
  }
  return bytes;
}

/// The numbers that blocks mean.
static TensorRef fromBlocks(const uint8_t *bytes, const Tensor &like, const llm::BlockLayout &layout) {
  auto numbers = std::make_shared<Tensor>(like.element, like.shape);
  for (int64_t i = 0, size = numbers->size(); i < size; ++i) {
    const uint8_t *block = bytes + i / layout.columns * layout.bytes();
    const uint8_t *element = block + layout.getSlot(i % layout.columns) * layout.elementBytes;
    int16_t integer = static_cast<int8_t>(*element);
    if (layout.elementBytes == 2)
      std::memcpy(&integer, element, sizeof integer);
    float scale;
    std::memcpy(&scale, block + layout.scaleOffset(), sizeof scale);
    numbers->as<float>()[i] = static_cast<float>(integer) * scale;
  }
  return numbers;
}

//===----------------------------------------------------------------------===//
// Values between kernels
//===----------------------------------------------------------------------===//

int64_t equivalence::getMemoryBytes(Type type, const Tensor &numbers) {
  if (std::optional<llm::BlockLayout> layout = llm::getBlockLayout(type))
    return numbers.size() / layout->columns * layout->bytes();
  return static_cast<int64_t>(numbers.bytes.size());
}

TensorRef equivalence::readMemory(Type type, const uint8_t *bytes, const Tensor &like) {
  if (std::optional<llm::BlockLayout> layout = llm::getBlockLayout(type))
    return fromBlocks(bytes, like, *layout);
  auto plain = std::make_shared<Tensor>(like.element, like.shape);
  std::memcpy(plain->bytes.data(), bytes, plain->bytes.size());
  return plain;
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

Pages::Pages(const Tensor &numbers, llm::KVType type) : type(type), shape(numbers.shape) {
  PageLayout layout(type);
  int64_t perSequence = llvm::divideCeil(shape[3], PageLayout::positions);
  pageTables.resize(shape[2]);
  for (std::vector<void *> &table : pageTables) {
    for (int64_t number = 0; number < perSequence; ++number) {
      std::memset(pages.emplace_back(layout.bytes()).data(), 0xff, layout.bytes());
      table.push_back(pages.back().data());
    }
    tables.push_back(table.data());
  }
  forEachHead([&](const PageHead &head) {
    if (layout.hasScales)
      return writeBytes(numbers.as<float>() + head.number, head);
    for (int64_t column = 0; column < layout.headDim; ++column)
      reinterpret_cast<uint16_t *>(pages[head.page].data())[head.getElement(layout, column)] =
          numbers.as<uint16_t>()[head.number + column];
  });
}

/// Numbers that no scale gives, of which no kernel reads any, are left out.
void Pages::writeBytes(const float *numbers, const PageHead &head) {
  PageLayout layout(type);
  float scale = findScale(ArrayRef<float>(numbers, layout.headDim), 127);
  uint8_t *page = pages[head.page].data();
  std::memcpy(page + head.getScale(layout), &scale, sizeof scale);
  for (int64_t column = 0; column < layout.headDim; ++column) {
    float quotient = scale == 0 || std::isnan(scale) ? 0 : std::nearbyint(numbers[column] / scale);
    page[head.getElement(layout, column)] = static_cast<uint8_t>(static_cast<int8_t>(quotient));
  }
}

TensorRef Pages::toNumbers() const {
  PageLayout layout(type);
  auto numbers = std::make_shared<Tensor>(type.getNumberType(), shape);
  forEachHead([&](const PageHead &head) {
    const uint8_t *page = pages[head.page].data();
    float scale = 0;
    if (layout.hasScales)
      std::memcpy(&scale, page + head.getScale(layout), sizeof scale);
    for (int64_t column = 0; column < layout.headDim; ++column) {
      int64_t element = head.getElement(layout, column), number = head.number + column;
      if (layout.hasScales)
        numbers->as<float>()[number] = static_cast<float>(static_cast<int8_t>(page[element])) * scale;
      else
        numbers->as<uint16_t>()[number] = reinterpret_cast<const uint16_t *>(page)[element];
    }
  });
  return numbers;
}

int64_t Pages::PageHead::getElement(const PageLayout &layout, int64_t column) const {
  return start + (isKey ? column * PageLayout::positions + slot : slot * layout.headDim + column);
}

int64_t Pages::PageHead::getScale(const PageLayout &layout) const {
  return start + layout.scaleOffset() + slot * static_cast<int64_t>(sizeof(float));
}

void Pages::forEachHead(llvm::function_ref<void(const PageHead &)> visit) const {
  PageLayout layout(type);
  int64_t perSequence = llvm::divideCeil(shape[3], PageLayout::positions), number = 0;
  for (int64_t kind : {0, 1}) // keys, values
    for (int64_t layer = 0; layer < layout.layers; ++layer)
      for (int64_t sequence = 0; sequence < shape[2]; ++sequence)
        for (int64_t position = 0; position < shape[3]; ++position)
          for (int64_t head = 0; head < layout.heads; ++head, number += layout.headDim) {
            int64_t start = (layer * layout.heads + head) * layout.headElements() + kind * layout.valueOffset();
            auto page = static_cast<size_t>(sequence * perSequence + position / PageLayout::positions);
            visit({kind == 0, number, page, start, position % PageLayout::positions});
          }
}
