//===- Sampler.h - The choice of the next token -----------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_SAMPLER_H
#define HONE_LIB_RUNTIME_SAMPLER_H

#include <cstdint>
#include <vector>

namespace hone::rt {

/// How the next token is chosen. The filters apply in this order (llama.cpp's):
///   1. repeat penalty: the logit of each distinct token among the last `repeatWindow` is divided by `repeatPenalty` if
///   it is
///      positive and multiplied by it if not;
///   2. temperature 0: the largest logit wins, the lowest token among equals, and nothing below applies;
///   3. top-k: only the `topK` largest logits stay (0: all); among equals the lower token goes first;
///   4. top-p: of those, in descending order, the shortest run whose probabilities reach `topP` (1: all);
///   5. min-p: of those, the ones at least `minP` times as probable as the first (0: all);
///   6. the logits are divided by `temperature`, and one is drawn with the resulting probabilities.
/// Steps 4 and 5 use the probabilities at temperature 1.
struct SamplerOptions {
  double temperature = 0;
  int64_t topK = 40;
  double topP = 0.95;
  double minP = 0.05;
  double repeatPenalty = 1;
  uint64_t seed = 0;

  static constexpr int64_t repeatWindow = 64;
};

/// e^x for x <= 0, with a relative error below 1e-15; 0 below -700. Only IEEE additions, multiplications and roundings,
/// so that every machine gets the same bits (a C library's exp may differ between versions).
double exponential(double x);

/// Draws tokens. The same options and logits give the same tokens on every machine: the random numbers come from
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), the sums have a fixed order. Not thread-safe.
class Sampler {
public:
  explicit Sampler(const SamplerOptions &options) : options(options), state(options.seed) {}

  /// The token after `history`, which is the whole sequence so far; its logits are `logits[vocabulary]`. -1 if no logit
  /// is a number. O(vocabulary), no full sort unless top-p asks for one.
  int32_t sample(const float *logits, int64_t vocabulary, const std::vector<int32_t> &history);

private:
  struct Candidate {
    float logit;
    int32_t token;
  };

  /// Before `b` in descending order; a total order, so that no sorting algorithm can change the result.
  static bool precedes(const Candidate &a, const Candidate &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  }
  void penalize(const std::vector<int32_t> &history);
  void filter();
  int32_t draw();
  double uniform();

  const SamplerOptions options;
  uint64_t state;
  std::vector<Candidate> candidates;
  std::vector<double> weights; ///< of the candidates, in `draw`
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_SAMPLER_H
