//===- Limits.cpp - What a machine allows a step --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Limits.h"
#include "Machine.h"
#include "ReadRate.h"

#include <cstring>

using namespace hone;
using namespace hone::rt;

static constexpr int readPasses = 10;

Work &Work::operator+=(const Work &other) {
  bytes += other.bytes;
  for (size_t i = 0; i < arithmetics; ++i)
    operations[i] += other.operations[i];
  return *this;
}

double Work::allOperations() const {
  double sum = 0;
  for (double number : operations)
    sum += number;
  return sum;
}

double Work::readSeconds(const MachineRates &rates) const { return rates.read > 0 ? bytes / rates.read : 0; }

double Work::computeSeconds(const MachineRates &rates) const {
  double seconds = 0;
  for (size_t i = 0; i < arithmetics; ++i)
    if (rates.operations[i] > 0)
      seconds += operations[i] / rates.operations[i];
  return seconds;
}

double Work::limitSeconds(const MachineRates &rates) const {
  return std::max(readSeconds(rates), computeSeconds(rates));
}

Work rt::workOf(const hone_module &module, const hone_call &call, const StepShape &shape) {
  Work work;
  const hone_kernel &kernel = module.kernels[call.kernel];
  auto rows = static_cast<double>(call.flags & HONE_CALL_LOGIT_ROWS ? shape.logitRows : shape.rows);
  if (rows == 0 || (call.flags & HONE_CALL_LATER_PHASE))
    return work;
  work.bytes = static_cast<double>(kernel.weight_bytes) + rows * static_cast<double>(kernel.row_weight_bytes) +
               static_cast<double>(shape.positions) * static_cast<double>(kernel.position_bytes);
  work.operations[kernel.arithmetic] =
      rows * static_cast<double>(kernel.row_operations) +
      static_cast<double>(shape.rowPositions) * static_cast<double>(kernel.position_operations);
  return work;
}

Work rt::workOf(const hone_module &module, const StepShape &shape) {
  Work work;
  for (uint64_t i = 0; i < module.call_count; ++i)
    work += workOf(module, module.calls[i], shape);
  if (module.call_count == 0)
    work.bytes = static_cast<double>(module.weight_bytes_per_token);
  return work;
}

Result<MachineRates> rt::measureLimits(const Model &model, Workers &workers) {
  MachineRates rates;
  const hone_module &module = model.module();
  uint64_t bytes = availableMemory() >= (UINT64_C(4) << 30) ? UINT64_C(1) << 30 : UINT64_C(256) << 20;
  Result<Memory> buffer = Memory::allocate(bytes);
  if (!buffer)
    return buffer.takeError();
  std::memset(buffer->data(), 1, bytes);
  rates.read = measureReadRate(workers, buffer->data(), bytes, readPasses);
  if (weightSection().size >= (64u << 20))
    rates.weightRead = measureReadRate(workers, weightSection().begin, weightSection().size, readPasses);
  for (uint64_t i = 0; i < module.kernel_count; ++i) {
    uint64_t arithmetic = module.kernels[i].arithmetic;
    if (arithmetic != HONE_ARITHMETIC_NONE && rates.operations[arithmetic] == 0)
      rates.operations[arithmetic] = measureOperationRate(workers, arithmetic, model.isaLevel());
  }
  return rates;
}
