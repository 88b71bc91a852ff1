//===- Machine.cpp - What the program finds out about its machine ---------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Format.h"

#include <algorithm>
#include <cpuid.h>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace hone;

std::string rt::cpuName() {
  uint32_t words[12] = {};
  for (uint32_t leaf = 0; leaf < 3; ++leaf)
    __get_cpuid(0x80000002 + leaf, words + leaf * 4, words + leaf * 4 + 1, words + leaf * 4 + 2, words + leaf * 4 + 3);
  const char *text = reinterpret_cast<const char *>(words);
  std::string name(text, strnlen(text, sizeof words));
  size_t begin = name.find_first_not_of(' '), end = name.find_last_not_of(' ');
  return begin == std::string::npos ? "unknown" : name.substr(begin, end - begin + 1);
}

int32_t rt::affinityCPUs() {
  // The raw call returns the size of the kernel's mask, so no count of CPUs has to be known first.
  uint64_t mask[1024];
  long bytes = ::syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int32_t count = 0;
  for (long i = 0; i < bytes / 8; ++i)
    count += __builtin_popcountll(mask[i]);
  return std::max(count, 1);
}

/// The limit that one group states, in CPUs; 0 if none.
static double groupLimit(const std::string &folder, bool unified) {
  std::string quotaText = rt::readSmallFile(folder + (unified ? "/cpu.max" : "/cpu.cfs_quota_us"));
  char *end = nullptr;
  double quota = std::strtod(quotaText.c_str(), &end); // "max 100000", "-1" and "" give no positive number.
  if (quota <= 0)
    return 0;
  std::string periodText = unified ? std::string(end) : rt::readSmallFile(folder + "/cpu.cfs_period_us");
  double period = std::strtod(periodText.c_str(), nullptr);
  return period > 0 ? quota / period : 0;
}

/// The smallest limit of a group and those above it.
static double hierarchyLimit(const std::string &mount, std::string path, bool unified) {
  double smallest = 0;
  for (;;) {
    double limit = groupLimit(mount + path, unified);
    if (limit > 0 && (smallest == 0 || limit < smallest))
      smallest = limit;
    if (path.empty())
      return smallest;
    size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

int32_t rt::cgroupCPUs(const std::string &memberships, const std::string &root) {
  double smallest = 0;
  size_t begin = 0;
  while (begin < memberships.size()) {
    // A line is ID:CONTROLLERS:PATH; version 2 has ID 0 and no controllers.
    size_t end = std::min(memberships.find('\n', begin), memberships.size());
    std::string line = memberships.substr(begin, end - begin);
    begin = end + 1;
    size_t first = line.find(':');
    size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string path = line.substr(second + 1);
    if (path == "/")
      path.clear();
    double limits[2] = {0, 0};
    if (controllers == ",,") {
      limits[0] = hierarchyLimit(root, path, true);
      limits[1] = hierarchyLimit(root + "/unified", path, true);
    } else if (controllers.find(",cpu,") != std::string::npos) {
      limits[0] = hierarchyLimit(root + "/cpu", path, false);
    }
    for (double limit : limits)
      if (limit > 0 && (smallest == 0 || limit < smallest))
        smallest = limit;
  }
  return smallest > 0 ? std::max(static_cast<int32_t>(smallest + 0.5), 1) : 0;
}

int32_t rt::usableCPUs() {
  int32_t affinity = affinityCPUs();
  int32_t limit = cgroupCPUs(readSmallFile("/proc/self/cgroup"), "/sys/fs/cgroup");
  return limit > 0 ? std::min(affinity, limit) : affinity;
}

uint64_t rt::availableMemory() {
  std::string text = readSmallFile("/proc/meminfo");
  size_t place = text.find("MemAvailable:");
  return place == std::string::npos ? 0 : std::strtoull(text.c_str() + place + 13, nullptr, 10) * 1024;
}

uint64_t rt::peakResidentMemory() {
  struct rusage usage;
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<uint64_t>(usage.ru_maxrss) * 1024 : 0;
}

void rt::resetPeakMemory() {
  int file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return;
  [[maybe_unused]] ssize_t written = ::write(file, "5", 1);
  ::close(file);
}

int64_t rt::now() {
  struct timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

std::string rt::readSmallFile(const std::string &path) {
  std::string text;
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return text;
  char buffer[4096];
  ssize_t got;
  while (text.size() < (1u << 20) && (got = ::read(file, buffer, sizeof buffer)) > 0)
    text.append(buffer, got);
  ::close(file);
  return text;
}
