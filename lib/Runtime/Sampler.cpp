//===- Sampler.cpp - The choice of the next token -------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sampler.h"

#include <algorithm>
#include <cfloat>
#include <cstring>
#include <emmintrin.h>

using namespace hone;
using namespace hone::rt;

double rt::exponential(double x) {
  if (!(x > -700))
    return 0;
  // x = k ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first with zeros at its end, so that k * high is exact.
  constexpr double log2e = 0x1.71547652b82fep+0, high = 0x1.62e42fee00000p-1, low = 0x1.a39ef35793c76p-33;
  double scaled = x * log2e;
  auto k = static_cast<int64_t>(scaled - 0.5); // Rounds to nearest: x is not positive.
  double r = (x - static_cast<double>(k) * high) - static_cast<double>(k) * low;
  // Taylor, 1/13! down to 1/0!: the rest is below 2^-57.
  constexpr double inverseFactorials[] = {0x1.6124613a86d09p-33,
                                          0x1.1eed8eff8d898p-29,
                                          0x1.ae64567f544e4p-26,
                                          0x1.27e4fb7789f5cp-22,
                                          0x1.71de3a556c734p-19,
                                          0x1.a01a01a01a01ap-16,
                                          0x1.a01a01a01a01ap-13,
                                          0x1.6c16c16c16c17p-10,
                                          0x1.1111111111111p-7,
                                          0x1.5555555555555p-5,
                                          0x1.5555555555555p-3,
                                          0.5,
                                          1,
                                          1};
  double sum = 0;
  for (double coefficient : inverseFactorials)
    sum = sum * r + coefficient;
  uint64_t bits = static_cast<uint64_t>(k + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

double Sampler::uniform() {
  state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

void Sampler::penalize(const std::vector<int32_t> &history) {
  if (options.repeatPenalty == 1)
    return;
  int64_t begin = std::max<int64_t>(static_cast<int64_t>(history.size()) - SamplerOptions::repeatWindow, 0);
  std::vector<int32_t> recent(history.begin() + begin, history.end());
  std::sort(recent.begin(), recent.end());
  recent.erase(std::unique(recent.begin(), recent.end()), recent.end());
  auto penalty = static_cast<float>(options.repeatPenalty);
  for (int32_t token : recent) {
    if (token < 0 || static_cast<size_t>(token) >= candidates.size())
      continue;
    float &logit = candidates[token].logit;
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

/// Keeps a run of the descending order. That order is made only as far as it is looked at, from a heap.
void Sampler::filter() {
  int64_t count = static_cast<int64_t>(candidates.size());
  int64_t topK = options.topK > 0 ? std::min(options.topK, count) : count;
  bool cutsByProbability = options.topP < 1 || options.minP > 0;
  if (topK == count && !cutsByProbability)
    return;

  float largest = -FLT_MAX;
  for (const Candidate &candidate : candidates)
    largest = std::max(largest, candidate.logit);
  auto probability = [&](const Candidate &candidate) {
    return exponential(static_cast<double>(candidate.logit) - static_cast<double>(largest));
  };
  double total = 0;
  if (topK == count && options.topP < 1)
    for (const Candidate &candidate : candidates)
      total += probability(candidate);

  auto heapOrder = [](const Candidate &a, const Candidate &b) { return precedes(b, a); };
  std::make_heap(candidates.begin(), candidates.end(), heapOrder);
  std::vector<Candidate> kept;
  int64_t heap = count;
  auto pop = [&] {
    std::pop_heap(candidates.begin(), candidates.begin() + heap, heapOrder);
    kept.push_back(candidates[--heap]);
  };
  if (topK < count)
    for (int64_t i = 0; i < topK; ++i) {
      pop();
      total += probability(kept[i]);
    }

  double reached = 0;
  int64_t size = 0;
  while (size < topK && !(size > 0 && options.topP < 1 && reached >= options.topP * total)) {
    if (size == static_cast<int64_t>(kept.size()))
      pop();
    double next = probability(kept[size]);
    if (size > 0 && next < options.minP)
      break;
    reached += next;
    ++size;
  }
  kept.resize(size);
  candidates.swap(kept);
}

int32_t Sampler::draw() {
  float largest = candidates.front().logit;
  for (const Candidate &candidate : candidates)
    largest = std::max(largest, candidate.logit);
  auto weight = [&](const Candidate &candidate) {
    return exponential((static_cast<double>(candidate.logit) - static_cast<double>(largest)) / options.temperature);
  };
  double total = 0;
  weights.clear();
  for (const Candidate &candidate : candidates) {
    weights.push_back(weight(candidate));
    total += weights.back();
  }
  double target = uniform() * total;
  int32_t last = candidates.front().token;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0)
      continue;
    last = candidates[i].token;
    if (target < weights[i])
      break;
    target -= weights[i];
  }
  return last; // Rounding may leave a target that no candidate took: then it is the last one's.
}

/// The first token with the largest logit, at the speed of memory: while one thread chooses, the others wait. -1 where
/// no logit is above the least finite one.
static int32_t findLargest(const float *logits, int64_t vocabulary) {
  constexpr int64_t lanes = 4, parts = 4;
  __m128 largest[parts];
  for (__m128 &part : largest)
    part = _mm_set1_ps(-FLT_MAX);
  int64_t i = 0;
  for (; i + lanes * parts <= vocabulary; i += lanes * parts)
    for (int64_t part = 0; part < parts; ++part) // Where either is not a number, the second is taken.
      largest[part] = _mm_max_ps(_mm_loadu_ps(logits + i + part * lanes), largest[part]);
  float most = -FLT_MAX, values[lanes];
  for (const __m128 &part : largest) {
    _mm_storeu_ps(values, part);
    for (float value : values)
      most = std::max(most, value);
  }
  for (; i < vocabulary; ++i)
    most = logits[i] > most ? logits[i] : most;
  if (most == -FLT_MAX)
    return -1;
  // Infinity counts as the largest finite number.
  most = std::min(most, FLT_MAX);
  return static_cast<int32_t>(std::find_if(logits, logits + vocabulary, [&](float logit) { return logit >= most; }) -
                              logits);
}

int32_t Sampler::sample(const float *logits, int64_t vocabulary, const std::vector<int32_t> &history) {
  if (options.temperature == 0 && options.repeatPenalty == 1)
    if (int32_t token = findLargest(logits, vocabulary); token >= 0)
      return token;
  candidates.clear();
  candidates.reserve(vocabulary);
  bool any = false;
  for (int64_t i = 0; i < vocabulary; ++i) {
    // A difference of infinities would not be a number; what is not one is never drawn.
    float logit = std::max(std::min(logits[i], FLT_MAX), -FLT_MAX);
    if (logits[i] != logits[i])
      logit = -FLT_MAX;
    any |= logits[i] == logits[i];
    candidates.push_back({logit, static_cast<int32_t>(i)});
  }
  if (!any)
    return -1;
  penalize(history);
  if (options.temperature == 0)
    return std::min_element(candidates.begin(), candidates.end(), precedes)->token;
  filter();
  return draw();
}
