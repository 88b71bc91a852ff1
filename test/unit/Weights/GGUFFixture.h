//===- GGUFFixture.h - A model file and a module in memory ------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_TEST_UNIT_WEIGHTS_GGUFFIXTURE_H
#define HONE_TEST_UNIT_WEIGHTS_GGUFFIXTURE_H

#include "hone/Formats/GGUF.h"
#include "hone/Weights/WeightEvaluator.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

namespace hone {

/// Builds a GGUF file in memory and evaluates modules against it.
class GGUFFixture : public ::testing::Test {
protected:
  GGUFFixture();

  /// Adds a tensor of pseudo-random blocks, shape in row-major order. Floats and scales are finite.
  void addTensor(const std::string &name, gguf::TensorType type, std::vector<uint64_t> shape);
  /// The file with all tensors added so far; valid until the next call.
  const gguf::File &file();

  /// Parses and verifies a module. An empty one means that the verifier refused it.
  mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &source);

  /// Plans and evaluates; memory is filled with 0xcc before, so that bytes left out show.
  Status evaluate(mlir::ModuleOp module, WeightEvaluationOptions options = {});
  /// The error of evaluating `source`, or "" without one.
  std::string errorOf(const std::string &source, bool withFile = true);

  /// Bytes of the weight after `evaluate`.
  llvm::ArrayRef<uint8_t> bytesOf(const std::string &weight) const;
  /// All f32 values of a matrix after `evaluate`, read by its encoding.
  std::vector<float> valuesOf(mlir::ModuleOp module, const std::string &weight) const;
  /// All f32 values of a tensor of the file, by the GGUF reader.
  std::vector<float> expectedOf(const std::string &tensor);

  mlir::MLIRContext context;
  std::vector<WeightPlacement> plan;
  uint64_t totalBytes = 0;
  std::vector<uint8_t> memory;

private:
  struct NewTensor {
    std::string name;
    gguf::TensorType type;
    std::vector<uint64_t> shape;
    std::vector<uint8_t> data;
  };

  uint32_t random();

  std::vector<NewTensor> added;
  std::vector<uint8_t> fileBytes;
  std::optional<gguf::File> parsed;
  uint64_t state = 1;
};

} // namespace hone

#endif // HONE_TEST_UNIT_WEIGHTS_GGUFFIXTURE_H
