#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What products of many rows cost at each ISA level, by count: no CPU of the level is needed, and nothing is timed.

Compiles MODEL with int8 activations for each level, or with bf16 for weights of BF16, takes the loop over the blocks (32
columns) of unpacked weights out of the assembly of one kernel, and lets llvm-mca run it on CPUs of that level. Figures are for
16 rows, 16 output rows and 32 columns: instructions, cycles by llvm-mca's model of the CPU (first-level cache only, no
branches), and multiplications per cycle.

llvm-mca has no model of AMX. There, loads and stores of tiles are counted as those of their rows, and products of tiles, 16
cycles each by Intel's Optimization Reference Manual, are taken to run beside: the larger of both counts. The vectors' model is
that of Ice Lake, for floats that of Skylake, whose units for them are those of the CPUs that have AMX.

The compiler keeps a kernel apart where it is called more than once, so MODEL should have two layers or more.

  count_instructions.py MODEL.gguf                         the first product of one weight that is long enough
  count_instructions.py MODEL.gguf --kernel linear_q4_0_576x576 --markdown
  count_instructions.py MODEL.gguf --activations bf16      the first product of one weight of BF16

Exit status: 0; 1 where a program failed or its assembly has no such loop; 2 for a wrong argument.
"""
import argparse
import collections
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The models that LLVM 22 has of Sapphire Rapids and Zen 4 lack some of their units for vectors of 512 bits, that of Ice Lake
# the second one for floats. Levels without code of their own for floats are left out.
CPUS = {"int8": [("x86-64-v3", "haswell"), ("x86-64-v3", "znver3"), ("avx-vnni", "alderlake"),
                 ("avx-512", "icelake-server"), ("amx", "icelake-server")],
        "bf16": [("x86-64-v3", "haswell"), ("x86-64-v3", "znver3"), ("avx-512", "skylake-avx512"),
                 ("amx", "skylake-avx512")]}
KERNELS = {"int8": r"linear_q[45]_[01]_\d+x\d+", "bf16": r"linear_bf16_\d+x\d+"}
STEPS = 8  # of 4 columns, in a block
UNIT = 16 * 16  # sums
TILE_CYCLES = 16  # of a product of tiles with 16 rows
MULTIPLY = re.compile(r"vpdpbusd\s.*%([yz])mm|vpmaddubsw\s.*%([yz])mm")
MULTIPLY_FLOATS = re.compile(r"vfmadd\w+ps\s.*%([yz])mm")
FLOAT_COLUMNS = 4  # of one round of the loop over columns of floats
LANES = {"y": 8, "z": 16}
ITERATIONS = 100

Loop = collections.namedtuple("Loop", "first last")


def fail(message):
    print(f"count_instructions: error: {message}", file=sys.stderr)
    sys.exit(1)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL.gguf")
    parser.add_argument("--activations", choices=CPUS, default="int8", help="what activations are rounded to")
    parser.add_argument("--kernel", help="name of a kernel in the assembly (default: the first of one weight in 4 or 5 bits, "
                                         "or in bf16)")
    parser.add_argument("--hone-compile", type=Path, default=ROOT / "build" / "bin" / "hone-compile",
                        help="the compiler (default: that of the build folder)")
    parser.add_argument("--llvm-mca", help="llvm-mca (default: llvm-mca-22 or llvm-mca on PATH)")
    parser.add_argument("--markdown", action="store_true", help="print a table for documents")
    return parser.parse_args()


def run(command, text=None):
    try:
        result = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True)
    except OSError as error:
        fail(f"'{command[0]}' cannot be started: {error.strerror}")
    if result.returncode != 0:
        fail(f"'{Path(command[0]).name}' failed: {(result.stderr.strip().splitlines() or ['without a message'])[0]}")
    return result.stdout


def kernel_lines(assembly, name, activations):
    """Instructions and labels of the kernel `name`, or of the first product of one weight."""
    pattern = re.escape(name) if name else KERNELS[activations]
    # A kernel of several levels has its level behind its name.
    start = re.search(rf'^"?({pattern})(\.[\w-]+)?"?:.*$', assembly, re.MULTILINE)
    if not start:
        wanted = name or {"int8": "linear_q4_0_...", "bf16": "linear_bf16_..."}[activations]
        fail(f"expected a kernel '{wanted}' in the assembly, got none; name one with --kernel")
    end = assembly.index(".Lfunc_end", start.end())
    lines = [line.split("#")[0].strip() for line in assembly[start.end():end].splitlines()]
    return start[1], [line for line in lines if line and (not line.startswith(".") or line.endswith(":"))]


def find_loops(lines):
    """From a label to the last jump back to it."""
    labels = {line[:-1]: number for number, line in enumerate(lines) if line.endswith(":")}
    last = {}
    for number, line in enumerate(lines):
        jump = re.match(r"j[a-z]+\s+(\.\w+)", line)
        if jump and labels.get(jump[1], number) < number:
            last[labels[jump[1]]] = number
    return [Loop(first, end) for first, end in last.items()]


def find_block_loop(lines, level):
    """The loop over blocks, and that over steps within it; none of those with AMX."""
    loops = sorted(find_loops(lines), key=lambda loop: loop.last - loop.first)

    def has(loop, pattern, times=None):
        found = sum(bool(re.search(pattern, line)) for line in lines[loop.first:loop.last + 1])
        return found == times if times else found > 0

    if level == "amx":
        return next(((loop, None) for loop in loops if has(loop, "tdpb", 1) and has(loop, "vfmadd")), None)
    for loop in loops:
        inner = [own for own in loops if loop.first < own.first and own.last < loop.last and has(own, MULTIPLY)]
        # Loops of few rows have no loop over steps; in those of one row it is the inner one that scales sums.
        inner = [own for own in inner if not has(own, "vfmadd")]
        if inner and has(loop, "vfmadd"):
            return (loop, inner[0]) if len(inner) == 1 else None
    return None


def find_float_loop(lines, pattern):
    """The innermost loop with the most products, of those that convert nothing: weights are unpacked by then."""
    loops = find_loops(lines)
    products = {}
    for loop in loops:
        body = lines[loop.first:loop.last + 1]
        is_innermost = not any(loop.first < own.first and own.last <= loop.last for own in loops)
        if is_innermost and not any(re.match("vpmovzx|vpslld", line) for line in body):
            products[loop] = sum(bool(re.search(pattern, line)) for line in body)
    best = max(products, key=products.get, default=None)
    return best if best and products[best] else None


def expand_tiles(instruction, activations):
    """Instructions that llvm-mca knows: one for each row of a tile."""
    if instruction.startswith("tileload"):
        rows = 16 if activations == "bf16" or instruction.endswith("%tmm1") else STEPS
        return ["vmovups (%rsp), %zmm31"] * rows
    if instruction.startswith("tilestore"):
        return ["vmovups %zmm31, (%rsp)"] * 16
    return [] if re.match(r"t(ile|dp)", instruction) else [instruction]


def count(lines, level, activations):
    """What one pass through the loop over blocks executes: its instructions, them for llvm-mca, and the sums it adds to."""
    if activations == "bf16":
        executed, sums = take_floats(lines, level)
    else:
        executed, sums = take_integers(lines, level)
    executed = [line for line in executed if not line.endswith(":")]
    straight = [part for line in executed if not line.startswith("j") for part in expand_tiles(line, activations)]
    return len(executed) * UNIT / sums, straight, sums


def take_integers(lines, level):
    found = find_block_loop(lines, level)
    if not found:
        fail(f"expected one loop over blocks with one over steps in the kernel at level '{level}', got another shape")
    loop, steps = found
    if not steps:
        return lines[loop.first:loop.last + 1], UNIT
    body = lines[steps.first:steps.last + 1]
    sums = sum(LANES[match[1] or match[2]] for match in map(MULTIPLY.search, body) if match)
    return lines[loop.first:steps.first] + body * STEPS + lines[steps.last + 1:loop.last + 1], sums


def take_floats(lines, level):
    """The loop over blocks asks for memory beside that over columns; it is not counted."""
    loop = find_float_loop(lines, "tdpbf16ps" if level == "amx" else MULTIPLY_FLOATS)
    if not loop:
        fail(f"expected a loop that multiplies floats in the kernel at level '{level}', got none")
    body = lines[loop.first:loop.last + 1]
    if level == "amx":
        return body, UNIT * sum("tdpbf16ps" in line for line in body)
    products = sum(LANES[match[1]] for match in map(MULTIPLY_FLOATS.search, body) if match)
    return body * (4 * STEPS // FLOAT_COLUMNS), products // FLOAT_COLUMNS


def count_cycles(mca, cpu, instructions):
    output = run([mca, f"-mcpu={cpu}", f"-iterations={ITERATIONS}", "-mtriple=x86_64"], "\n".join(instructions) + "\n")
    return int(re.search(r"Total Cycles:\s+(\d+)", output)[1]) / ITERATIONS


def main():
    arguments = parse_arguments()
    mca = arguments.llvm_mca or shutil.which("llvm-mca-22") or shutil.which("llvm-mca")
    if not mca:
        fail("expected llvm-mca on PATH, got none; it comes with the tools of LLVM, or name it with --llvm-mca")
    rows = []
    for level, cpu in CPUS[arguments.activations]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.s"
            run([arguments.hone_compile, arguments.model, f"--isa={level}", f"--activations={arguments.activations}",
                 "--emit=asm", "-o", path])
            name, lines = kernel_lines(path.read_text(), arguments.kernel, arguments.activations)
        instructions, straight, sums = count(lines, level, arguments.activations)
        cycles = count_cycles(mca, cpu, straight) * UNIT / sums
        if level == "amx":
            cycles = max(cycles, TILE_CYCLES)
        rows.append((level, cpu, f"{instructions:.0f}", f"{cycles:.0f}", f"{UNIT * 4 * STEPS / cycles:.0f}"))
    header = ("level", "CPU of llvm-mca", "instructions", "cycles", "multiplications per cycle")
    if not arguments.markdown:
        print(f"{name}, 16 rows x 16 output rows x 32 columns")
        for row in [header, *rows]:
            print("  ".join(f"{cell:>{len(title)}}" for title, cell in zip(("x86-64-v3", "icelake-server", *header[2:]), row)))
        return
    print("| " + " | ".join(header) + " |\n| --- | --- | ---: | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
