//===- Energy.h - What the processor draws ----------------------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_ENERGY_H
#define HONE_LIB_RUNTIME_ENERGY_H

#include <cstdint>
#include <string>
#include <vector>

namespace hone::rt {

/// The counters of the processor packages (RAPL), which Linux keeps below `root`. Often root alone may read them, and
/// virtual machines have none.
class EnergyMeter {
public:
  explicit EnergyMeter(const std::string &root = "/sys/class/powercap");

  bool isReadable() const { return !counters.empty(); }

  /// Joules that all packages drew since the last call, or since the meter was made. Counters wrap around after minutes
  /// to hours; one wrap is seen.
  double take();

private:
  struct Counter {
    std::string path;
    uint64_t last, range; ///< microjoules; at `range` it starts again from 0
  };
  std::vector<Counter> counters;
};

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_ENERGY_H
