# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How fast the products of the x86 kernels are, alone, beside what the machine can do at most.

Makes a module with one product per shape and encoding, compiles its kernels as `hone compile` does (build/bin/
hone-time-kernels), and times them. In the same run a plain loop measures the peak of the instructions that the product is
made of (fused multiplication and addition of f32; products of bytes or of 16-bit integers where activations are rounded to
these; of the level's vector width), one for each encoding that of the mix of instructions which it cannot do without
(products, conversion and scaling of their sums; codegen/X86/InstructionMix.cpp says which), and another one the rate at
which memory is read. Each figure is the best of many short runs; weights lie in memory that caches do not hold. A
multiplication and an addition are two operations. --mix prints the mixes instead of the products.
With --json each figure comes with a hash of the results, which are the same bits for all levels and numbers of threads.

  measure_products.py                                             the products of a small encoder in f32, 1 and 128 rows
  measure_products.py --shapes 5632x2048 --schemes f16,q4_0 --rows 1,8,512 --threads 1,2
  measure_products.py --shapes 512x512 --schemes q4_0,q6_K --activations int8 --rows 1 --threads 1,2 --mix
  measure_products.py --op gated_linear --shapes 1536x576 --schemes q4_1 --activations int8 --level avx-512 --json

A shape is [output rows]x[columns] of a weight. Exit status: 0; 1 where a run failed; 2 for a wrong argument.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENCODER = ["384x384", "1536x384", "384x1536"]  # the products of MiniLM's layers
ELEMENTS = {"f32": "f32", "f16": "f16", "bf16": "bf16", "q8_0": "i8", "q4_0": "i4", "q4_1": "i4", "q5_0": "i5",
            "q5_1": "i5", "q2_K": "i2", "q3_K": "i3", "q4_K": "i4", "q5_K": "i5", "q6_K": "i6"}
PRECISIONS = ["f32", "f16", "bf16", "int16", "int8"]
LEVELS = ["x86-64-v3", "avx-vnni", "avx-512"]
OPS = {"linear": 1, "gated_linear": 2, "qkv": 3}  # and how many weights of the shape they have


def fail(message):
    print(f"measure_products: error: {message}", file=sys.stderr)
    sys.exit(1)


def numbers(text):
    if not re.fullmatch(r"[1-9]\d{0,4}(,[1-9]\d{0,4})*", text):
        raise argparse.ArgumentTypeError(f"expected whole numbers from 1 with commas between them, got '{text}'")
    return text


def shape(text):
    if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"expected ROWSxCOLUMNS, got '{text}'")
    return text


def one_of(names):
    def parse(text):
        for name in text.split(","):
            if name not in names:
                raise argparse.ArgumentTypeError(f"expected some of {', '.join(names)} with commas between, got '{text}'")
        return text.split(",")
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=shape, nargs="+", default=ENCODER, metavar="ROWSxCOLUMNS",
                        help=f"shapes of weights (default: {' '.join(ENCODER)})")
    parser.add_argument("--schemes", type=one_of(list(ELEMENTS)), default=["f32"],
                        help="how weights are stored, such as f16,q4_0")
    parser.add_argument("--activations", choices=PRECISIONS, default="f32",
                        help="precision that activations are rounded to; f32 for weights of floats (default: f32)")
    parser.add_argument("--op", choices=list(OPS), default="linear", help="the op that multiplies (default: linear)")
    parser.add_argument("--rows", type=numbers, default="1,128", help="numbers of rows (default: 1,128)")
    parser.add_argument("--threads", type=numbers, default="1", help="numbers of threads (default: 1)")
    parser.add_argument("--level", choices=LEVELS, default="x86-64-v3", help="ISA level (default: x86-64-v3)")
    parser.add_argument("--seconds", type=float, default=0.3, help="time for each figure (default: 0.3)")
    parser.add_argument("--memory-mb", type=int, default=256, help="weights are repeated up to this size (default: 256)")
    parser.add_argument("--hone-time-kernels", type=Path, default=ROOT / "build" / "bin" / "hone-time-kernels",
                        help="the program that times (default: that of the build folder)")
    parser.add_argument("--mix", action="store_true", help="print a table of the mixes of instructions")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    return parser.parse_args()


def weight_type(rows, columns, scheme):
    return f"tensor<{rows}x{columns}x{ELEMENTS[scheme]}, #llm.stored<scheme = {scheme}>>"


def module_text(rows, columns, scheme, op):
    """One function with one product, whose weights no file holds: they are not evaluated."""
    kind, input_type, result_type = weight_type(rows, columns, scheme), f"tensor<?x{columns}xf32>", f"tensor<?x{rows}xf32>"
    names = [f"w{number}" for number in range(OPS[op])]
    lines = []
    for name in names:
        lines += [f"llm.weight @{name} : {kind} {{", f"  %0 = llm.file_tensor \"{name}\" : {kind}",
                  f"  llm.yield %0 : {kind}", "}"]
    lines += [f"func.func @product(%x: {input_type}) -> {result_type} {{"]
    lines += [f"  %{name} = llm.weight_ref @{name} : {kind}" for name in names]
    if op == "linear":
        lines += [f"  %r = llm.linear %x, %w0 : {input_type}, {kind}"]
    elif op == "gated_linear":
        lines += [f"  %r = llm.gated_linear %x, %w0, %w1 {{function = #llm.activation<silu>}}",
                  f"    : {input_type}, {kind}, {kind}"]
    else:
        lines += ["  %r:3 = llm.qkv %x, %w0, %w1, %w2", f"    : {input_type}, {kind}, {kind}, {kind}"]
    return "\n".join(lines + [f"  return %r#0 : {result_type}" if op == "qkv" else f"  return %r : {result_type}", "}", ""])


def run(arguments, text, scheme):
    """What hone-time-kernels measured for the kernels of a module: a list with one entry per number of threads."""
    # Weights of floats keep activations in f32 where integers are asked for.
    passes = (f"func.func(hone-assign-activation-precision{{precision={arguments.activations}}},hone-quantize-activations),"
              "hone-pack-weights,hone-outline-kernels")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "product.mlir"
        path.write_text(text)
        command = [arguments.hone_time_kernels, path, f"--row-counts={arguments.rows}", f"--thread-counts={arguments.threads}",
                   f"--level={arguments.level}", f"--passes={passes}", f"--seconds={arguments.seconds}",
                   f"--memory-mb={arguments.memory_mb}", f"--peak={peak_of(arguments, scheme)}"]
        try:
            result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
        except OSError as error:
            fail(f"'{arguments.hone_time_kernels}' cannot be started: {error.strerror}; build it with scripts/build "
                 "hone-time-kernels")
    if result.returncode != 0:
        fail(f"hone-time-kernels ended with exit status {result.returncode}")
    return json.loads(result.stdout)


def peak_of(arguments, scheme):
    integers = arguments.activations.startswith("int") and scheme not in ("f32", "f16", "bf16")
    return arguments.activations if integers else "f32"


def figures_of(arguments, text, scheme, measured):
    rows, columns = map(int, text.split("x"))
    for team in measured:
        for kernel in team["kernels"]:
            if not kernel["op"].endswith("." + arguments.op):
                continue
            rate = 2 * rows * columns * OPS[arguments.op] * kernel["rows"] / kernel["seconds"]
            read = kernel["weight_bytes"] / kernel["seconds"]
            mix = kernel.get("mix", {"instructions": {}, "ops_per_s": 0, "core_ops_per_s": 0})
            yield {"op": arguments.op, "shape": text, "scheme": scheme, "activations": arguments.activations,
                   "level": team["level"], "rows": kernel["rows"], "threads": team["threads"],
                   "microseconds": kernel["seconds"] * 1e6, "median_microseconds": kernel["median_seconds"] * 1e6,
                   "runs": kernel["runs"], "gop_per_s": rate / 1e9, "peak_gop_per_s": team["peak_ops_per_s"] / 1e9,
                   "share_of_peak": share(rate, team["peak_ops_per_s"]), "mix": mix["instructions"],
                   "mix_gop_per_s": mix["ops_per_s"] / 1e9, "core_mix_gop_per_s": mix["core_ops_per_s"] / 1e9,
                   "mix_share_of_peak": share(mix["ops_per_s"], team["peak_ops_per_s"]),
                   "share_of_mix": share(rate, mix["ops_per_s"]),
                   "gb_per_s": read / 1e9, "read_gb_per_s": team["read_bytes_per_s"] / 1e9,
                   "share_of_read": read / team["read_bytes_per_s"], "result_hash": kernel["result_hash"]}


def share(rate, limit):
    return rate / limit if limit else None


def percent(value):
    return "-" if value is None else f"{value:.1%}"


def print_rows(heads, left, rows):
    """A table in Markdown, its first `left` columns of text."""
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * left + " ---: |" * (len(heads) - left))
    for cells in rows:
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def print_table(figures):
    heads = ["shape", "weights", "rows", "threads", "us", "Gop/s", "peak", "share", "mix", "share", "GB/s", "read",
             "share"]
    print_rows(heads, 2, ([row["shape"], row["scheme"], row["rows"], row["threads"], f"{row['microseconds']:.1f}",
                           f"{row['gop_per_s']:.1f}", f"{row['peak_gop_per_s']:.1f}", percent(row["share_of_peak"]),
                           f"{row['mix_gop_per_s']:.1f}", percent(row["share_of_mix"]), f"{row['gb_per_s']:.1f}",
                           f"{row['read_gb_per_s']:.1f}", percent(row["share_of_read"])] for row in figures))


def print_mixes(figures):
    """One line for each encoding and number of threads: what 32 columns, a row, and a vector of output rows need."""
    heads = ["weights", "activations", "level", "instructions", "threads", "Gop/s", "of one", "share of peak"]
    lines = {(row["scheme"], row["threads"]): row for row in figures}
    print_rows(heads, 4, ([row["scheme"], row["activations"], row["level"],
                           ", ".join(f"{count} {name}" for name, count in row["mix"].items()), row["threads"],
                           f"{row['mix_gop_per_s']:.1f}", f"{row['core_mix_gop_per_s']:.1f}",
                           percent(row["mix_share_of_peak"])] for row in lines.values()))


def main():
    arguments = parse_arguments()
    figures = []
    for text in arguments.shapes:
        for scheme in arguments.schemes:
            measured = run(arguments, module_text(*text.split("x"), scheme, arguments.op), scheme)
            figures += figures_of(arguments, text, scheme, measured)
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        (print_mixes if arguments.mix else print_table)(figures)


if __name__ == "__main__":
    main()
