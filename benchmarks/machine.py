# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is recorded of the machine beside every figure."""
import os
import platform
from pathlib import Path


def read(path):
    """A file of /sys, or "unknown" where the kernel does not have it, as in most virtual machines."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def describe():
    with open("/proc/cpuinfo") as file:
        lines = [line for line in file if line.startswith(("model name", "flags"))]
    cpu, flags = (next((line.split(":")[1].strip() for line in lines if line.startswith(key)), "unknown")
                  for key in ("model name", "flags"))
    return {"cpu": cpu, "usable_cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "transparent_huge_pages": read("/sys/kernel/mm/transparent_hugepage/enabled"),
            "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "isa": [flag for flag in flags.split() if flag.startswith(("avx", "amx", "fma", "f16c"))],
            "load_average": os.getloadavg()[0]}


def warning(machine):
    """A sentence where other work spoils the figures, else None."""
    load = machine["load_average"]
    return f"the load average is {load:.1f}; other work spoils the figures" if load > 0.5 else None
