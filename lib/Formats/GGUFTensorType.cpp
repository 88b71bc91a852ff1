//===- GGUFTensorType.cpp - How GGUF stores numbers -----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/Formats/GGUFTensorType.h"

#include <cassert>

using namespace hone;
using namespace hone::gguf;

namespace {
struct GgmlType {
  uint32_t id;
  /// `blockElements` is 0 where hone does not read the type.
  TypeTraits traits;
};
} // namespace

/// ggml's `enum ggml_type`, with the types that were removed from it since.
static constexpr GgmlType ggmlTypes[] = {
    {0, {"F32", 1, 4}},         {1, {"F16", 1, 2}},         {2, {"Q4_0", 32, 18}},      {3, {"Q4_1", 32, 20}},
    {4, {"Q4_2", 0, 0}},        {5, {"Q4_3", 0, 0}},        {6, {"Q5_0", 32, 22}},      {7, {"Q5_1", 32, 24}},
    {8, {"Q8_0", 32, 34}},      {9, {"Q8_1", 0, 0}},        {10, {"Q2_K", 256, 84}},    {11, {"Q3_K", 256, 110}},
    {12, {"Q4_K", 256, 144}},   {13, {"Q5_K", 256, 176}},   {14, {"Q6_K", 256, 210}},   {15, {"Q8_K", 0, 0}},
    {16, {"IQ2_XXS", 0, 0}},    {17, {"IQ2_XS", 0, 0}},     {18, {"IQ3_XXS", 0, 0}},    {19, {"IQ1_S", 0, 0}},
    {20, {"IQ4_NL", 0, 0}},     {21, {"IQ3_S", 0, 0}},      {22, {"IQ2_S", 0, 0}},      {23, {"IQ4_XS", 0, 0}},
    {24, {"I8", 0, 0}},         {25, {"I16", 0, 0}},        {26, {"I32", 0, 0}},        {27, {"I64", 0, 0}},
    {28, {"F64", 0, 0}},        {29, {"IQ1_M", 0, 0}},      {30, {"BF16", 1, 2}},       {31, {"Q4_0_4_4", 0, 0}},
    {32, {"Q4_0_4_8", 0, 0}},   {33, {"Q4_0_8_8", 0, 0}},   {34, {"TQ1_0", 0, 0}},      {35, {"TQ2_0", 0, 0}},
    {36, {"IQ4_NL_4_4", 0, 0}}, {37, {"IQ4_NL_4_8", 0, 0}}, {38, {"IQ4_NL_8_8", 0, 0}}, {39, {"MXFP4", 0, 0}},
    {40, {"NVFP4", 0, 0}},      {41, {"Q1_0", 0, 0}},
};

static const TypeTraits *find(uint32_t id) {
  for (const GgmlType &type : ggmlTypes)
    if (type.id == id)
      return &type.traits;
  return nullptr;
}

const TypeTraits &gguf::getTraits(TensorType type) {
  const TypeTraits *traits = find(static_cast<uint32_t>(type));
  assert(traits && traits->blockElements && "not a TensorType");
  return *traits;
}

std::optional<TensorType> gguf::findTensorType(uint32_t id) {
  const TypeTraits *traits = find(id);
  if (!traits || !traits->blockElements)
    return std::nullopt;
  return static_cast<TensorType>(id);
}

const char *gguf::findTypeName(uint32_t id) {
  const TypeTraits *traits = find(id);
  return traits ? traits->name : nullptr;
}

std::string gguf::listTensorTypes() {
  std::string list;
  for (const GgmlType &type : ggmlTypes)
    if (type.traits.blockElements)
      list += (list.empty() ? "" : ", ") + std::string(type.traits.name);
  return list;
}
