//===- Energy.cpp - What the processor draws ------------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Energy.h"
#include "Machine.h"

#include <cstdlib>

using namespace hone;
using namespace hone::rt;

/// False if the file cannot be read or holds no number.
static bool readCounter(const std::string &path, uint64_t &value) {
  std::string text = readSmallFile(path);
  char *end = nullptr;
  value = std::strtoull(text.c_str(), &end, 10);
  return end != text.c_str();
}

EnergyMeter::EnergyMeter(const std::string &root) {
  // Zones below a package ("intel-rapl:0:0") are parts of it. AMD's counters have the same names.
  for (int package = 0;; ++package) {
    std::string zone = root + "/intel-rapl:" + std::to_string(package);
    std::string name = readSmallFile(zone + "/name");
    if (name.empty())
      return;
    Counter counter = {zone + "/energy_uj", 0, 0};
    if (name.compare(0, 7, "package") == 0 && readCounter(counter.path, counter.last)) {
      readCounter(zone + "/max_energy_range_uj", counter.range);
      counters.push_back(counter);
    }
  }
}

double EnergyMeter::take() {
  uint64_t sum = 0;
  for (Counter &counter : counters) {
    uint64_t value;
    if (!readCounter(counter.path, value))
      continue;
    sum += value >= counter.last ? value - counter.last : value + counter.range - counter.last;
    counter.last = value;
  }
  return static_cast<double>(sum) * 1e-6;
}
