//===- SamplerTest.cpp - The choice of the next token ---------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace hone;
using namespace hone::rt;

namespace {

const std::vector<float> logits = {1.0f, 3.0f, 2.5f, -1.0f, 2.9f, 0.0f, 3.0f, -4.0f};

SamplerOptions plain(double temperature = 1) {
  SamplerOptions options;
  options.temperature = temperature;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  return options;
}

/// The probabilities by the definition in Sampler.h: full sort, full softmax at each step, libm.
std::vector<double> expected(const SamplerOptions &options, std::vector<float> logits,
                             const std::vector<int32_t> &history = {}) {
  std::vector<bool> seen(logits.size());
  for (size_t i = history.size() > 64 ? history.size() - 64 : 0; i < history.size(); ++i)
    seen[history[i]] = true;
  for (size_t i = 0; i < logits.size(); ++i)
    if (seen[i])
      logits[i] = logits[i] > 0 ? logits[i] / options.repeatPenalty : logits[i] * options.repeatPenalty;
  std::vector<int> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  if (options.topK > 0 && options.topK < static_cast<int64_t>(order.size()))
    order.resize(options.topK);
  auto softmax = [&](double temperature) {
    std::vector<double> p;
    double sum = 0;
    for (int token : order)
      sum += std::exp(logits[token] / temperature);
    for (int token : order)
      p.push_back(std::exp(logits[token] / temperature) / sum);
    return p;
  };
  std::vector<double> p = softmax(1);
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    sum += p[i];
    if (options.topP < 1 && sum >= options.topP) {
      order.resize(i + 1);
      break;
    }
  }
  p = softmax(1);
  while (p.back() < options.minP * p[0])
    p.pop_back();
  order.resize(p.size());
  p = softmax(options.temperature);
  std::vector<double> result(logits.size());
  for (size_t i = 0; i < order.size(); ++i)
    result[order[i]] = p[i];
  return result;
}

/// Pearson's chi-squared of many draws against the expected probabilities; tokens of probability 0 must not come.
void expectDistribution(const SamplerOptions &options, const std::vector<int32_t> &history = {}) {
  std::vector<double> p = expected(options, logits, history);
  Sampler sampler(options);
  const int draws = 40000;
  std::vector<int> counts(logits.size());
  for (int i = 0; i < draws; ++i)
    ++counts.at(sampler.sample(logits.data(), logits.size(), history));
  double chi = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0)
      EXPECT_EQ(counts[i], 0) << "token " << i;
    else
      chi += (counts[i] - draws * p[i]) * (counts[i] - draws * p[i]) / (draws * p[i]);
  }
  EXPECT_LT(chi, 26) << "at most 7 degrees of freedom: exceeded once in 2,000";
}

} // namespace

TEST(SamplerTest, ExponentialAgreesWithTheLibrary) {
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(exponential(-701), 0);
  EXPECT_EQ(exponential(-std::numeric_limits<double>::infinity()), 0);
  for (double x = 0; x > -700; x -= 0.0371)
    EXPECT_NEAR(exponential(x) / std::exp(x), 1, 1e-15) << x;
}

TEST(SamplerTest, TemperatureZeroTakesTheLargestAndTheLowestOfEquals) {
  Sampler sampler{SamplerOptions()};
  EXPECT_EQ(sampler.sample(logits.data(), logits.size(), {}), 1);
}

TEST(SamplerTest, TheLargestIsFoundWhereverItStands) {
  const float infinity = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();
  Sampler sampler(plain(0));
  for (int64_t size : {1, 2, 15, 16, 17, 33, 100}) {
    std::vector<float> values(size, std::nanf(""));
    for (int64_t i = 1; i < size; i += 2)
      values[i] = -infinity;
    for (int64_t place = 0; place < size; ++place) {
      std::vector<float> own = values;
      own[place] = -3.5f;
      EXPECT_EQ(sampler.sample(own.data(), size, {}), place);
      own[size - 1] = own[place];
      EXPECT_EQ(sampler.sample(own.data(), size, {}), place) << "the first of equals";
      own[size / 2] = infinity;
      EXPECT_EQ(sampler.sample(own.data(), size, {}), size / 2);
      own[0] = largest;
      EXPECT_EQ(sampler.sample(own.data(), size, {}), 0) << "infinity counts as the largest number";
    }
  }
}

TEST(SamplerTest, ThePenaltyAppliesAtTemperatureZero) {
  SamplerOptions options;
  options.repeatPenalty = 1.5;
  EXPECT_EQ(Sampler(options).sample(logits.data(), logits.size(), {1}), 6);
  EXPECT_EQ(Sampler(options).sample(logits.data(), logits.size(), {1, 6}), 4);
  std::vector<int32_t> old = {1};
  old.resize(65, 5);
  EXPECT_EQ(Sampler(options).sample(logits.data(), logits.size(), old), 1) << "older than the window";
}

TEST(SamplerTest, Distributions) {
  expectDistribution(plain());
  expectDistribution(plain(0.5));
  expectDistribution(plain(3));
  SamplerOptions options = plain(0.8);
  options.topK = 3;
  expectDistribution(options); // Tokens 1, 6 and 4.
  options.topK = 1;
  expectDistribution(options); // Of two equals the lower.
  options = plain(1.5);
  options.topP = 0.7;
  expectDistribution(options);
  options.topP = 0;
  expectDistribution(options); // The first stays always.
  options = plain(1.2);
  options.minP = 0.5;
  expectDistribution(options);
  options.topK = 5;
  options.topP = 0.95;
  options.minP = 0.1;
  options.repeatPenalty = 1.3;
  expectDistribution(options, {1, 1, 3, 4});
  options.minP = 1;
  expectDistribution(options);
}

TEST(SamplerTest, FiltersTakeTopPOfWhatTopKLeft) {
  // Of all, tokens 1, 6, 4 hold 0.72; of the best three they hold 1, so 0.75 needs all three of them.
  SamplerOptions options = plain();
  options.topK = 3;
  options.topP = 0.75;
  std::vector<double> p = expected(options, logits);
  EXPECT_GT(p[4], 0);
  expectDistribution(options);
}

TEST(SamplerTest, ASeedGivesTheSameTokensOnEveryMachine) {
  SamplerOptions options = plain();
  options.seed = 42;
  Sampler sampler(options);
  std::vector<int32_t> drawn;
  for (int i = 0; i < 12; ++i)
    drawn.push_back(sampler.sample(logits.data(), logits.size(), {}));
  // From SplitMix64 and exact arithmetic in Python: see sampler_reference.py beside this file.
  EXPECT_EQ(drawn, (std::vector<int32_t>{6, 1, 1, 2, 1, 6, 1, 6, 2, 4, 1, 4}));
}

TEST(SamplerTest, LogitsThatAreNotNumbersAreNeverDrawn) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (double temperature : {0.0, 1.0}) {
    Sampler sampler(plain(temperature));
    std::vector<float> some = {nan, -inf, 1, nan};
    EXPECT_EQ(sampler.sample(some.data(), some.size(), {}), 2);
    std::vector<float> large = {nan, 3, inf};
    EXPECT_EQ(sampler.sample(large.data(), large.size(), {}), 2);
    std::vector<float> none = {nan, nan};
    EXPECT_EQ(sampler.sample(none.data(), none.size(), {}), -1);
  }
}
