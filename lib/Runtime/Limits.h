//===- Limits.h - What a machine allows a step ------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_LIMITS_H
#define HONE_LIB_RUNTIME_LIMITS_H

#include "Model.h"
#include "Recorder.h"

namespace hone::rt {

inline constexpr size_t arithmetics = HONE_ARITHMETIC_INT8 + 1;

/// What was measured of the machine, for as many workers as a step has.
struct MachineRates {
  double read = 0;                     ///< bytes per second, from huge pages
  double weightRead = 0;               ///< the same loop over the weights as they are mapped; 0 if they are too few
  double operations[arithmetics] = {}; ///< per second, by HONE_ARITHMETIC_*
};

/// What kernels read and compute.
struct Work {
  double bytes = 0;
  double operations[arithmetics] = {};

  Work &operator+=(const Work &other);
  double allOperations() const;
  /// Seconds below which `rates` allow no step: for what is read, and for what is computed.
  double readSeconds(const MachineRates &rates) const;
  double computeSeconds(const MachineRates &rates) const;
  double limitSeconds(const MachineRates &rates) const;
};

/// Of one call in a step of that shape; of a whole step. Of a program without a table of calls no more is known than
/// the bytes of weights that a row reads.
Work workOf(const hone_module &module, const hone_call &call, const StepShape &shape);
Work workOf(const hone_module &module, const StepShape &shape);

/// Measures, for at most a second, what memory and the units that `model` computes with do at best. Holds a large
/// buffer meanwhile.
Result<MachineRates> measureLimits(const Model &model, Workers &workers);

/// Operations per second that all workers reach together with the multiply-add that kernels of an ISA level, which the
/// CPU must have, use for this arithmetic; from registers alone.
double measureOperationRate(Workers &workers, uint64_t arithmetic, unsigned level);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_LIMITS_H
