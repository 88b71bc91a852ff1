#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists the innermost loops of a kernel that multiply, and checks the one of many rows.

  check_loops.py ASSEMBLY KERNEL INSTRUCTION [--processor NAME [--slack RATIO]] [--multiplies N] [--share PERCENT]

Of each innermost loop that has INSTRUCTION, in the order of the text, a line says how many instructions multiply, do
other arithmetic on vectors, load, and touch fixed places of the stack, which is where registers are spilled:

  linear_q4_0_64x64: 16 vpdpbusd, 0 other vector, 10 loads, 0 on the stack, 30 in all

The loop of many rows is the shortest, since its steps are not unrolled. Nothing of it may be on the stack. It may have
exactly N of INSTRUCTION, which are at least PERCENT of what it does with vectors besides loading. With a processor,
llvm-mca simulates it, and the same multiplications alone: it may take no more than RATIO times as long as these keep
their units busy. Nothing is measured, so that each machine says the same.
"""

import argparse
import re
import subprocess
import sys

ITERATIONS = 200


def loops_of(text, kernel):
    """The lines of each innermost loop: from a label to the jump back to it, without a label between."""
    begin = re.search(rf'^"?{re.escape(kernel)}"?:', text, re.MULTILINE)
    if not begin:
        sys.exit(f"check_loops.py: expected a kernel '{kernel}' in the assembly")
    label, lines = None, []
    for line in text[begin.end():].splitlines():
        if re.match(r"\t\.size\b", line):
            return
        if found := re.match(r"(\.L\w+):", line):
            label, lines = found[1], []
        elif line.startswith("\t") and not line.startswith("\t."):
            lines.append(line.split("#")[0].strip())
            if label and re.fullmatch(rf"j\w+\s+{re.escape(label)}", lines[-1]):
                yield lines
                label, lines = None, []


def operation(line):
    return line.removeprefix("{vex}").split()[0]


class Loop:
    """An innermost loop, and what its instructions are."""

    def __init__(self, lines, instruction):
        self.lines, self.instruction = lines, instruction
        self.multiplies = [line for line in lines if operation(line) == instruction]
        vectors = [line for line in lines if re.search(r"%[xyz]mm", line)]
        self.loads = [line for line in vectors if operation(line).startswith(("vmov", "vpbroadcast", "vbroadcast"))
                      and "(" in line]
        self.others = [line for line in vectors if line not in self.multiplies and line not in self.loads]
        self.stack = [line for line in lines if re.search(r"(?<![\w,])-?\d*\(%(rsp|rbp)\)", line)]

    def describe(self):
        return (f"{len(self.multiplies)} {self.instruction}, {len(self.others)} other vector, {len(self.loads)} loads, "
                f"{len(self.stack)} on the stack, {len(self.lines)} in all")


def simulate(lines, processor):
    """llvm-mca's reports on a loop: cycles of an iteration, and how long its instructions keep their units busy."""
    result = subprocess.run(["llvm-mca", "-mtriple=x86_64", f"-mcpu={processor}", f"-iterations={ITERATIONS}"],
                            input="\n".join(lines) + "\n", capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"check_loops.py: llvm-mca: {result.stderr.strip()}")
    read = {name: float(re.search(rf"^{name}:\s+([\d.]+)", result.stdout, re.MULTILINE)[1])
            for name in ("Total Cycles", "Block RThroughput")}
    return read["Total Cycles"] / ITERATIONS, read["Block RThroughput"]


def check(loop, options):
    """What is wrong with the loop of many rows."""
    if loop.stack:
        yield f"expected no instruction on the stack, got '{loop.stack[0]}'"
    if options.multiplies is not None and len(loop.multiplies) != options.multiplies:
        yield f"expected {options.multiplies} {loop.instruction}, got {len(loop.multiplies)}"
    share = 100 * len(loop.multiplies) / (len(loop.multiplies) + len(loop.others))
    if share < options.share:
        yield f"expected {options.share:g} % of the vector instructions to multiply, got {share:.0f} %"
    if options.processor:
        cycles, _ = simulate(loop.lines, options.processor)
        _, least = simulate(loop.multiplies, options.processor)
        print(f"many rows: {cycles:.2f} cycles on {options.processor}, {least:.2f} of multiplications")
        if cycles > options.slack * least:
            yield f"expected at most {options.slack:.2f} x {least:.2f} cycles, got {cycles:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assembly")
    parser.add_argument("kernel")
    parser.add_argument("instruction")
    parser.add_argument("--multiplies", type=int)
    parser.add_argument("--share", type=float, default=0)
    parser.add_argument("--processor")
    parser.add_argument("--slack", type=float, default=1.15)
    options = parser.parse_args()
    with open(options.assembly) as file:
        loops = [Loop(lines, options.instruction) for lines in loops_of(file.read(), options.kernel)]
    loops = [loop for loop in loops if loop.multiplies]
    if not loops:
        sys.exit(f"check_loops.py: expected a loop with {options.instruction} in '{options.kernel}'")
    for loop in loops:
        print(f"{options.kernel}: {loop.describe()}")
    many = min(loops, key=lambda loop: len(loop.lines))
    problems = list(check(many, options))
    for problem in problems:
        print(f"check_loops.py: {options.kernel}: many rows: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
