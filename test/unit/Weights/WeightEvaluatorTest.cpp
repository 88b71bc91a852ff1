//===- WeightEvaluatorTest.cpp - What recipes compute ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFFixture.h"

#include "hone/dialects/LLM/LLMOps.h"
#include "llvm/ADT/STLExtras.h"

#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace hone;

using WeightEvaluatorTest = GGUFFixture;

namespace {
struct SchemeCase {
  const char *scheme;
  const char *element;
  gguf::TensorType type;
};
} // namespace

static constexpr SchemeCase packedSchemes[] = {
    {"f32", "f32", gguf::TensorType::F32},    {"f16", "f16", gguf::TensorType::F16},
    {"bf16", "bf16", gguf::TensorType::BF16}, {"q4_0", "i4", gguf::TensorType::Q4_0},
    {"q4_1", "i4", gguf::TensorType::Q4_1},   {"q5_0", "i5", gguf::TensorType::Q5_0},
    {"q5_1", "i5", gguf::TensorType::Q5_1},   {"q8_0", "i8", gguf::TensorType::Q8_0},
};
static constexpr SchemeCase kQuants[] = {
    {"q2_K", "i2", gguf::TensorType::Q2_K}, {"q3_K", "i3", gguf::TensorType::Q3_K},
    {"q4_K", "i4", gguf::TensorType::Q4_K}, {"q5_K", "i5", gguf::TensorType::Q5_K},
    {"q6_K", "i6", gguf::TensorType::Q6_K},
};

/// "tensor<20x64xi4, #llm.stored<scheme = q4_1, panel = <8x32>>>"
static std::string typeOf(const std::string &shape, const SchemeCase &scheme, bool packed = false) {
  bool isKQuant = StringRef(scheme.scheme).ends_with("_K");
  return "tensor<" + shape + "x" + scheme.element + ", #llm.stored<scheme = " + scheme.scheme +
         (!packed    ? ">>"
          : isKQuant ? ", panel = <8x256>>>"
                     : ", panel = <8x32>>>");
}

static std::string packRecipe(const std::string &symbol, const std::string &tensor, const std::string &shape,
                              const SchemeCase &scheme) {
  std::string stored = typeOf(shape, scheme), packed = typeOf(shape, scheme, true);
  return "llm.weight @" + symbol + " : " + packed + " {\n  %0 = llm.file_tensor \"" + tensor + "\" : " + stored +
         "\n  %1 = llm.pack %0 : " + stored + " to " + packed + "\n  llm.yield %1 : " + packed + "\n}\n";
}

static std::string keepRecipe(const std::string &symbol, const std::string &tensor, const std::string &type) {
  return "llm.weight @" + symbol + " : " + type + " {\n  %0 = llm.file_tensor \"" + tensor + "\" : " + type +
         "\n  llm.yield %0 : " + type + "\n}\n";
}

/// Panels of f32 with the values of any scheme.
static std::string decodeRecipe(const std::string &symbol, const std::string &tensor, const std::string &shape,
                                const SchemeCase &scheme) {
  std::string stored = typeOf(shape, scheme);
  std::string decoded = typeOf(shape, packedSchemes[0]), packed = typeOf(shape, packedSchemes[0], true);
  return "llm.weight @" + symbol + " : " + packed + " {\n  %0 = llm.file_tensor \"" + tensor + "\" : " + stored +
         "\n  %1 = llm.decode %0 : " + stored + " to " + decoded + "\n  %2 = llm.pack %1 : " + decoded + " to " +
         packed + "\n  llm.yield %2 : " + packed + "\n}\n";
}

/// Equal bit for bit: -0 is not +0.
static bool sameBits(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// A packed weight has the values that the file has, for each scheme, also where the last panel is not full.
TEST_F(WeightEvaluatorTest, PackKeepsValues) {
  std::string source;
  for (const SchemeCase &scheme : packedSchemes) {
    addTensor(scheme.scheme, scheme.type, {20, 96});
    source += packRecipe(scheme.scheme, scheme.scheme, "20x96", scheme);
  }
  OwningOpRef<ModuleOp> module = parse(source);
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  for (const SchemeCase &scheme : packedSchemes)
    EXPECT_TRUE(sameBits(valuesOf(*module, scheme.scheme), expectedOf(scheme.scheme))) << scheme.scheme;
}

TEST_F(WeightEvaluatorTest, PackKeepsValuesOfKQuants) {
  std::string source;
  for (const SchemeCase &scheme : kQuants) {
    addTensor(scheme.scheme, scheme.type, {20, 512});
    source += packRecipe(scheme.scheme, scheme.scheme, "20x512", scheme);
    source += keepRecipe(std::string("kept_") + scheme.scheme, scheme.scheme, typeOf("20x512", scheme));
  }
  OwningOpRef<ModuleOp> module = parse(source);
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  for (const SchemeCase &scheme : kQuants) {
    EXPECT_TRUE(sameBits(valuesOf(*module, scheme.scheme), expectedOf(scheme.scheme))) << scheme.scheme;
    EXPECT_TRUE(sameBits(valuesOf(*module, std::string("kept_") + scheme.scheme), expectedOf(scheme.scheme)));
  }
}

TEST_F(WeightEvaluatorTest, DecodeAndPackKeepsValues) {
  std::string source;
  for (const SchemeCase &scheme : kQuants) {
    addTensor(scheme.scheme, scheme.type, {20, 512});
    source += decodeRecipe(scheme.scheme, scheme.scheme, "20x512", scheme);
  }
  OwningOpRef<ModuleOp> module = parse(source);
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  for (const SchemeCase &scheme : kQuants)
    EXPECT_TRUE(sameBits(valuesOf(*module, scheme.scheme), expectedOf(scheme.scheme))) << scheme.scheme;
}

// Without steps a weight's bytes are the file's, whatever its scheme or rank.
TEST_F(WeightEvaluatorTest, FileTensorKeepsBytes) {
  addTensor("norm", gguf::TensorType::F32, {50});
  addTensor("matrix", gguf::TensorType::Q6_K, {3, 256});
  OwningOpRef<ModuleOp> module =
      parse(keepRecipe("norm", "norm", "tensor<50xf32>") + keepRecipe("matrix", "matrix", typeOf("3x256", kQuants[4])));
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  for (const char *name : {"norm", "matrix"}) {
    const gguf::Tensor *tensor = file().findTensor(name);
    EXPECT_EQ(bytesOf(name), ArrayRef<uint8_t>(tensor->data, tensor->bytes)) << name;
  }
}

// Weights lie in the order of their symbols at multiples of 64, and what lies between is zero.
TEST_F(WeightEvaluatorTest, PlanAlignsAndClears) {
  addTensor("norm", gguf::TensorType::F32, {5});
  addTensor("matrix", gguf::TensorType::Q4_1, {9, 32});
  OwningOpRef<ModuleOp> module =
      parse(keepRecipe("z", "norm", "tensor<5xf32>") + packRecipe("a", "matrix", "9x32", packedSchemes[4]) +
            keepRecipe("norm", "norm", "tensor<5xf32>"));
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].name, "z");
  EXPECT_EQ(plan[0].encoding, "f32");
  EXPECT_EQ(plan[0].offset, 0u);
  EXPECT_EQ(plan[0].bytes, 20u);
  EXPECT_EQ(plan[1].name, "a");
  EXPECT_EQ(plan[1].encoding, "q4_1, panel = <8x32>");
  EXPECT_EQ(plan[1].offset, 64u);
  // Two panels of one tile: 8 rows of 16 bytes of quants and two f16.
  EXPECT_EQ(plan[1].bytes, 2u * 8 * 20);
  EXPECT_EQ(plan[2].offset, 384u);
  EXPECT_EQ(totalBytes, 448u);
  auto isZero = [&](size_t begin, size_t end) {
    return llvm::all_of(ArrayRef<uint8_t>(memory).slice(begin, end - begin), [](uint8_t byte) { return byte == 0; });
  };
  EXPECT_TRUE(isZero(20, 64));
  EXPECT_TRUE(isZero(404, 448));
}

// A tied weight is one symbol, and two symbols may read one tensor.
TEST_F(WeightEvaluatorTest, TwoWeightsOfOneTensor) {
  addTensor("token_embd.weight", gguf::TensorType::Q8_0, {40, 64});
  OwningOpRef<ModuleOp> module = parse(packRecipe("output", "token_embd.weight", "40x64", packedSchemes[7]) +
                                       keepRecipe("embedding", "token_embd.weight", typeOf("40x64", packedSchemes[7])));
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  EXPECT_TRUE(sameBits(valuesOf(*module, "output"), valuesOf(*module, "embedding")));
}

// Constants: dense and splat, kept and packed; no file is needed.
TEST_F(WeightEvaluatorTest, Constants) {
  OwningOpRef<ModuleOp> module = parse(R"(
    llm.weight @dense : tensor<3xf32> {
      %0 = arith.constant dense<[1.0, -2.0, 0.5]> : tensor<3xf32>
      llm.yield %0 : tensor<3xf32>
    }
    llm.weight @splat : tensor<5xf32> {
      %0 = arith.constant dense<7.0> : tensor<5xf32>
      llm.yield %0 : tensor<5xf32>
    }
    llm.weight @packed : tensor<9x33xf32, #llm.stored<scheme = f32, panel = <8x32>>> {
      %0 = arith.constant dense<3.0> : tensor<9x33xf32, #llm.stored<scheme = f32>>
      %1 = llm.pack %0 : tensor<9x33xf32, #llm.stored<scheme = f32>>
        to tensor<9x33xf32, #llm.stored<scheme = f32, panel = <8x32>>>
      llm.yield %1 : tensor<9x33xf32, #llm.stored<scheme = f32, panel = <8x32>>>
    })");
  Status failed = evaluate(*module);
  ASSERT_FALSE(failed) << failed->message();
  float dense[3], splat[5];
  std::memcpy(dense, bytesOf("dense").data(), sizeof(dense));
  std::memcpy(splat, bytesOf("splat").data(), sizeof(splat));
  EXPECT_EQ(std::vector<float>(dense, dense + 3), std::vector<float>({1, -2, 0.5}));
  EXPECT_EQ(std::vector<float>(splat, splat + 5), std::vector<float>(5, 7));
  EXPECT_EQ(valuesOf(*module, "packed"), std::vector<float>(9 * 33, 3));
}

// The bytes do not depend on the number of threads; each byte is reported once, ascending.
TEST_F(WeightEvaluatorTest, ThreadsAndProgress) {
  // Several pieces each, the last one with a panel that is not full.
  addTensor("a", gguf::TensorType::Q4_1, {1003, 2048});
  addTensor("b", gguf::TensorType::Q4_K, {515, 2048});
  OwningOpRef<ModuleOp> module =
      parse(packRecipe("a", "a", "1003x2048", packedSchemes[4]) + packRecipe("b", "b", "515x2048", kQuants[2]));
  ASSERT_FALSE(evaluate(*module));
  std::vector<uint8_t> expected = memory;
  EXPECT_TRUE(sameBits(valuesOf(*module, "a"), expectedOf("a")));
  EXPECT_TRUE(sameBits(valuesOf(*module, "b"), expectedOf("b")));
  for (unsigned threads : {0u, 2u, 5u}) {
    std::vector<uint64_t> reports;
    WeightEvaluationOptions options;
    options.threads = threads;
    options.progress = [&](uint64_t done) { reports.push_back(done); };
    ASSERT_FALSE(evaluate(*module, options));
    EXPECT_EQ(memory, expected);
    EXPECT_GT(reports.size(), 4u);
    EXPECT_TRUE(llvm::is_sorted(reports));
    EXPECT_EQ(reports.back(), plan[0].bytes + plan[1].bytes);
  }
}

TEST_F(WeightEvaluatorTest, ReleasedTargetKeepsItsBytes) {
  addTensor("a", gguf::TensorType::Q4_1, {1003, 2048});
  OwningOpRef<ModuleOp> module = parse(packRecipe("a", "a", "1003x2048", packedSchemes[4]));
  ASSERT_FALSE(evaluate(*module));

  // A mapped file, as the packager gives; pages that are let go must come back from it.
  std::FILE *target = std::tmpfile();
  ASSERT_TRUE(target);
  ASSERT_EQ(ftruncate(fileno(target), memory.size()), 0);
  void *mapped = mmap(nullptr, memory.size(), PROT_READ | PROT_WRITE, MAP_SHARED, fileno(target), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  WeightEvaluationOptions options;
  options.threads = 2;
  options.releaseTarget = true;
  EXPECT_FALSE(evaluateWeights(*module, &file(), plan, static_cast<uint8_t *>(mapped), memory.size(), options));
  EXPECT_EQ(std::memcmp(mapped, memory.data(), memory.size()), 0);
  munmap(mapped, memory.size());
  std::fclose(target);
}

TEST_F(WeightEvaluatorTest, Cancel) {
  addTensor("a", gguf::TensorType::F32, {4096, 1024});
  OwningOpRef<ModuleOp> module = parse(packRecipe("a", "a", "4096x1024", packedSchemes[0]));
  std::atomic<bool> cancel = false;
  size_t reports = 0;
  WeightEvaluationOptions options;
  options.threads = 2;
  options.cancel = &cancel;
  options.progress = [&](uint64_t) {
    ++reports;
    cancel = true;
  };
  Status failed = evaluate(*module, options);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message(), "cancelled");
  // The piece that each thread had begun.
  EXPECT_LE(reports, 2u);
}
