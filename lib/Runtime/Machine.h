//===- Machine.h - What the program finds out about its machine -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_LIB_RUNTIME_MACHINE_H
#define HONE_LIB_RUNTIME_MACHINE_H

#include <cstdint>
#include <string>

namespace hone::rt {

/// As the CPU states it, for example "AMD EPYC 7763 64-Core Processor".
std::string cpuName();

/// CPUs in the affinity mask of the calling thread, at least 1.
int32_t affinityCPUs();

/// The CPU time limit of the process's control group (cpu.max of version 2, cpu.cfs_quota_us of version 1, of the group
/// and every group above it that is visible), rounded to the nearest whole CPU, at least 1; 0 if there is none.
/// `memberships` is the text of /proc/self/cgroup, `root` where the hierarchies are mounted.
int32_t cgroupCPUs(const std::string &memberships, const std::string &root);

/// The default for --threads: the smaller of the two above.
int32_t usableCPUs();

/// MemAvailable of /proc/meminfo, in bytes; 0 if unknown.
uint64_t availableMemory();

/// The most memory that the process has had resident so far, in bytes; mapped files count. 0 if unknown.
uint64_t peakResidentMemory();

/// From here on that counts anew, if the system lets it.
void resetPeakMemory();

/// Nanoseconds of CLOCK_MONOTONIC.
int64_t now();

/// The whole of a small file (such as one of /proc); empty if it cannot be read. Never more than 1 MiB.
std::string readSmallFile(const std::string &path);

} // namespace hone::rt

#endif // HONE_LIB_RUNTIME_MACHINE_H
