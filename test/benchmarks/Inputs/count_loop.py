# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the instructions of the only loop in the assembly of an instruction mix, for each of its chains.

  count_loop.py FILE CHAINS

Exit status: 0; 1 where a count is no multiple of CHAINS, or chains share a register for their sums.
"""
import re
import sys
from collections import Counter
from pathlib import Path

text, chains = Path(sys.argv[1]).read_text(), int(sys.argv[2])
if not text:
    print("no mix")
    sys.exit(0)
(loop,) = re.findall(r"^(?:1|\.Ltmp\d+):\n(.*?)\n\s*j\w+\s+(?:1b|\.Ltmp\d+)", text, re.MULTILINE | re.DOTALL)
lines = [line.replace("{vex}", "").split(None, 1) for line in loop.splitlines()]
vectors = [(name, operands) for name, operands in lines if name.startswith("v")]
counts = Counter(name for name, _ in vectors)
# What a product of integers or a multiplication of floats is added to is a register of its own in each chain.
first = next(name for name in ("vpdpbusd", "vpdpwssd", "vcvtdq2ps", "vfmadd231ps") if name in counts)
sums = {re.findall(r"%\w+", operands)[-1] for name, operands in vectors if name == first}
if len(sums) != chains or any(count % chains for count in counts.values()):
    sys.exit(f"count_loop: error: expected {chains} chains, got sums in {sorted(sums)} and {dict(counts)}")
print("width:", *sorted({register for _, operands in vectors for register in re.findall(r"[xyz]mm", operands)}))
print("chains:", len(sums))
for name in sorted(counts):
    print(f"{name}: {counts[name] // chains}")
print("memory operands:", loop.count("("))
