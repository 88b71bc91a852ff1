//===- WeightHostileTest.cpp - Modules and files that disagree ------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFFixture.h"

#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone;

namespace {
class WeightHostileTest : public GGUFFixture {
protected:
  WeightHostileTest() {
    addTensor("w", gguf::TensorType::Q4_1, {8, 64});
    addTensor("n", gguf::TensorType::F32, {64});
  }

  /// The error of a weight that reads tensor `name` as `type`.
  std::string errorOfRead(const std::string &name, const std::string &type, bool withFile = true) {
    return errorOf("llm.weight @x : " + type + " {\n  %0 = llm.file_tensor \"" + name + "\" : " + type +
                       "\n  llm.yield %0 : " + type + "\n}\n",
                   withFile);
  }
};
} // namespace

TEST_F(WeightHostileTest, TensorThatIsNotThere) {
  EXPECT_EQ(errorOfRead("nothing\\1B", "tensor<64xf32>"), "weight 'x': model.gguf has no tensor 'nothing\\1B'");
}

TEST_F(WeightHostileTest, NoFile) {
  EXPECT_EQ(errorOfRead("n", "tensor<64xf32>", /*withFile=*/false),
            "weight 'x': reads tensor 'n', but the module names no model file; expected attribute 'llm.source'");
}

TEST_F(WeightHostileTest, OtherShape) {
  EXPECT_EQ(errorOfRead("n", "tensor<65xf32>"),
            "weight 'x': tensor 'n' of model.gguf is 64 of type F32, expected tensor<65xf32>");
  EXPECT_EQ(errorOfRead("n", "tensor<1x64xf32, #llm.stored<scheme = f32>>"),
            "weight 'x': tensor 'n' of model.gguf is 64 of type F32, expected tensor<1x64xf32, #llm.stored<scheme = "
            "f32>>");
  EXPECT_EQ(errorOfRead("w", "tensor<64x64xi4, #llm.stored<scheme = q4_1>>"),
            "weight 'x': tensor 'w' of model.gguf is 8x64 of type Q4_1, expected tensor<64x64xi4, #llm.stored<scheme = "
            "q4_1>>");
  EXPECT_EQ(errorOfRead("n", "tensor<9223372036854775807xf32>"), "weight 'x' takes the weights beyond 2^63 bytes");
}

TEST_F(WeightHostileTest, OtherScheme) {
  EXPECT_EQ(errorOfRead("w", "tensor<8x64xi4, #llm.stored<scheme = q4_0>>"),
            "weight 'x': tensor 'w' of model.gguf is 8x64 of type Q4_1, expected tensor<8x64xi4, #llm.stored<scheme = "
            "q4_0>>");
  EXPECT_EQ(errorOfRead("n", "tensor<64xi32>"),
            "weight 'x': tensor 'n' of model.gguf is 64 of type F32, expected tensor<64xi32>");
}

TEST_F(WeightHostileTest, TypesWithoutBytes) {
  EXPECT_EQ(errorOfRead("n", "tensor<64xi4>"), "weight 'x' has a type without known bytes");
  EXPECT_EQ(errorOfRead("n", "tensor<64xindex>"), "weight 'x' has a type without known bytes");
  EXPECT_EQ(errorOfRead("n", "tensor<64xcomplex<f32>>"), "weight 'x' has a type without known bytes");
}

TEST_F(WeightHostileTest, UnknownRecipe) {
  EXPECT_EQ(errorOf(R"(llm.weight @x : tensor<4xf32> {
              %0 = "other.op"() : () -> tensor<4xf32>
              llm.yield %0 : tensor<4xf32>
            })"),
            "weight 'x': cannot evaluate 'other.op'; recipes are made of llm.file_tensor, llm.decode, llm.pack and "
            "arith.constant");
  EXPECT_EQ(errorOf(R"(llm.weight @x : tensor<4xf32> {
              %0 = arith.constant dense<0.0> : tensor<4xf32>
              %1 = arith.negf %0 : tensor<4xf32>
              llm.yield %1 : tensor<4xf32>
            })"),
            "weight 'x': cannot evaluate 'arith.negf'; recipes are made of llm.file_tensor, llm.decode, llm.pack and "
            "arith.constant");
}

TEST_F(WeightHostileTest, OtherConstants) {
  EXPECT_EQ(errorOf(R"(llm.weight @x : tensor<4xf16> {
              %0 = arith.constant dense<0.0> : tensor<4xf16>
              llm.yield %0 : tensor<4xf16>
            })"),
            "weight 'x': expected a dense f32 tensor as constant, got tensor<4xf16>");
  EXPECT_EQ(errorOf(R"(llm.weight @x : tensor<4xf32> {
              %0 = arith.constant sparse<[[0]], [1.0]> : tensor<4xf32>
              llm.yield %0 : tensor<4xf32>
            })"),
            "weight 'x': expected a dense f32 tensor as constant, got tensor<4xf32>");
}

// A chain that a hand cannot have meant must not exhaust the stack or the time.
TEST_F(WeightHostileTest, LongChain) {
  std::string type = "tensor<8x64xf32, #llm.stored<scheme = f32>>";
  std::string source = "llm.weight @x : " + type + " {\n%0 = arith.constant dense<0.0> : " + type + "\n";
  for (int i = 0; i < 10000; ++i)
    source += "%" + std::to_string(i + 1) + " = llm.decode %" + std::to_string(i) + " : " + type + " to " + type + "\n";
  EXPECT_EQ(errorOf(source + "llm.yield %10000 : " + type + "\n}"), "weight 'x': the recipe has more than 64 steps");
}

// A file that was exchanged since the import is noticed by its size.
TEST_F(WeightHostileTest, ChangedFile) {
  std::string error = errorOf(R"(module attributes {llm.source_bytes = 17 : i64} {})");
  EXPECT_NE(error.find("model.gguf: expected 17 bytes, got "), std::string::npos) << error;
  EXPECT_NE(error.find("; the file changed since the import, import it again"), std::string::npos) << error;
}

// The plan comes from the caller, who may hold one of another module.
TEST_F(WeightHostileTest, PlanOfAnotherModule) {
  OwningOpRef<ModuleOp> module = parse(R"(llm.weight @x : tensor<64xf32> {
    %0 = llm.file_tensor "n" : tensor<64xf32>
    llm.yield %0 : tensor<64xf32>
  })");
  auto errorOfPlan = [&](const std::vector<WeightPlacement> &plan) {
    std::vector<uint8_t> target(256);
    Status failed = evaluateWeights(*module, &file(), plan, target.data(), target.size());
    return failed ? failed->message() : "";
  };
  EXPECT_EQ(errorOfPlan({{"x", "f32", 0, 256}}), "");
  EXPECT_EQ(errorOfPlan({{"y", "f32", 0, 256}}), "the plan places weight 'y', which the module does not have");
  EXPECT_EQ(errorOfPlan({{"x", "f32", 0, 128}}), "weight 'x' was planned with another type");
  EXPECT_EQ(errorOfPlan({{"x", "f32", 64, 256}}), "weight 'x' does not fit its place in the plan");
  EXPECT_EQ(errorOfPlan({{"x", "f32", UINT64_MAX, 256}}), "weight 'x' does not fit its place in the plan");
  EXPECT_EQ(errorOfPlan({{"x", "f32", 0, 256}, {"x", "f32", 0, 256}}), "weight 'x' does not fit its place in the plan");
}

TEST_F(WeightHostileTest, EmptyModule) { EXPECT_EQ(errorOf(""), ""); }
