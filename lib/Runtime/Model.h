//===- Model.h - The generated program's model, checked ---------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_MODEL_H
#define HONE_LIB_RUNTIME_MODEL_H

#include "WeightMove.h"
#include "Workers.h"
#include "hone-rt/ABI.h"
#include "hone/Support/Error.h"

#include <memory>
#include <vector>

namespace hone::rt {

/// The range between two addresses that the link defines.
Section sectionBetween(const uint8_t *begin, const uint8_t *end);

/// The sections between the symbols that the link defines (ABI.h).
Section weightSection();
Section tokenizerSection();

/// What generated code needs of the model. Immutable, but for where its weights are, which copies share; cheap to make:
/// it touches no weight.
class Model {
public:
  /// Checks all that `module` states about itself and `weights`. Does not ask for the CPU: see `chooseLevel`.
  static Result<Model> open(const hone_module &module, Section weights);

  const hone_module &module() const { return *description; }
  /// As mapped.
  const uint8_t *const *weights() const { return table.data(); }
  const std::vector<const uint8_t *> &weightTable() const { return table; }
  WeightMove &weightMove() const { return *move; }
  Section weightBytes() const { return section; }

  /// The level whose code runs, which the program has code for; before the first step.
  void useLevel(unsigned chosen) { level = chosen; }
  unsigned isaLevel() const { return level; }
  hone_step_function step() const { return description->steps[level]; }

private:
  Model(const hone_module &module, Section section) : description(&module), section(section) {}

  const hone_module *description;
  Section section;
  unsigned level = HONE_ISA_X86_64_V3;
  std::vector<const uint8_t *> table;
  std::shared_ptr<WeightMove> move;
};

/// An error if the file that this code is loaded from, a program or a library, is shorter than its program headers say.
/// Costs one stat; without it a missing tail shows as SIGBUS in the middle of an answer.
Status checkProgramFile();

/// Maps the weights' pages by all workers at once, reading from disk what is not in memory. Touching them one by one in
/// the first step costs half as much again (300 MB: 42 ms of CPU time against 28). Leaves weights that may not fit into
/// memory to the first touch.
void populateWeights(Section weights, Workers &workers);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_MODEL_H
