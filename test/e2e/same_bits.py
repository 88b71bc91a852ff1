"""Checks that a program's results have the same bits, however the work was divided.

Logits are compared bit for bit between repeated runs, numbers of threads, and chunk sizes 1, 7, 64 and whole; greedy tokens
between repeated runs and numbers of threads. With --compile, the command is run twice (`-o OUT` is appended) and must
write the same bytes.

Exit status: 0, all the same; 1, something differs or failed.

  same_bits.py --program P --model M [--threads 1,2] [--chunks 1,7,64] [--compile "hone compile MODEL"]
"""
import argparse
import itertools
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from program import Program, ProgramError
from prompts import ModelText, prompts_for

BLOCK_ROWS = 256
LONGEST = 300  # enough to cross the pages of a KV cache, short enough for single-token chunks


def numbers(text):
    return [int(word) for word in text.split(",")]


def first_difference(one, other):
    """None, or (row, column, how many values differ). Bits are compared, so that NaNs and signed zeros count."""
    first, count = None, 0
    for row in range(0, len(one), BLOCK_ROWS):
        different = np.asarray(one[row:row + BLOCK_ROWS]).view(np.uint32) != \
            np.asarray(other[row:row + BLOCK_ROWS]).view(np.uint32)
        if different.any():
            if first is None:
                first = np.argwhere(different)[0] + (row, 0)
            count += int(different.sum())
    return (int(first[0]), int(first[1]), count) if count else None


def check_logits(name, tokens, program, vocab, threads, chunks):
    errors = []
    runs = [(t, c) for t, c in itertools.product(threads, [None] + [c for c in chunks if c < len(tokens)])]
    baseline = program.logits(tokens, vocab, *runs[0])
    for thread_count, chunk in [runs[0]] + runs[1:]:
        got = program.logits(tokens, vocab, thread_count, chunk)
        difference = first_difference(baseline, got)
        what = f"logits of '{name}' ({len(tokens)} tokens), {thread_count} thread(s), chunk {chunk or 'whole'}"
        if difference:
            row, column, count = difference
            errors.append(f"{what}: expected the bits of the first run, got {count} other values, the first at position "
                          f"{row}, token {column}: {baseline[row, column]:.9g} became {got[row, column]:.9g}")
        print(f"{'differs' if difference else 'same'}: {what}", flush=True)
    return errors


def check_greedy(name, tokens, program, threads, max_tokens):
    errors = []
    baseline = program.greedy(tokens, max_tokens, threads[0])
    for thread_count in threads:
        got = program.greedy(tokens, max_tokens, thread_count)
        what = f"greedy tokens of '{name}', {thread_count} thread(s)"
        if got != baseline:
            errors.append(f"{what}: expected {baseline}, got {got}")
        print(f"{'same' if got == baseline else 'differs'}: {what}", flush=True)
    return errors


def check_compile(command):
    """Two compilations into two folders, so that the name of the output cannot enter it unnoticed."""
    with tempfile.TemporaryDirectory(prefix="hone-e2e-") as directory:
        outputs = []
        for name in ("first", "second-time"):
            Path(directory, name).mkdir()
            outputs.append(Path(directory, name, f"{name}.program"))
            done = subprocess.run(shlex.split(command) + ["-o", str(outputs[-1])], capture_output=True, text=True)
            if done.returncode != 0 or not outputs[-1].exists():
                return [f"'{command}' failed with exit status {done.returncode}\n{done.stderr.strip()}"]
        one, other = (np.memmap(path, np.uint8, "r") for path in outputs)
        if len(one) != len(other):
            return [f"expected two compilations of the same size, got {len(one)} and {len(other)} bytes"]
        for start in range(0, len(one), 1 << 24):
            different = one[start:start + (1 << 24)] != other[start:start + (1 << 24)]
            if different.any():
                return [f"expected two compilations with the same bytes, got a first difference at byte "
                        f"{start + int(np.argmax(different))} of {len(one)}"]
    print(f"same: two compilations, {len(one)} bytes")
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="path, or a command line in quotes")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="comma-separated")
    parser.add_argument("--chunks", type=numbers, default=[1, 7, 64], help="comma-separated")
    parser.add_argument("--prompts", help="comma-separated names (prompts.py lists them)")
    parser.add_argument("--max-tokens", type=int, default=32, help="greedy tokens to compare; 0 for none")
    parser.add_argument("--compile", help="command that compiles the model, without its -o option")
    parser.add_argument("--timeout", type=float, default=600)
    options = parser.parse_args()

    prompts = prompts_for(options.model)
    default = ["chat", "long-context"] if "chat" in prompts else ["random-17", "random-300"]
    names = options.prompts.split(",") if options.prompts else default
    if unknown := [name for name in names if name not in prompts]:
        parser.error(f"expected prompts among {', '.join(prompts)}, got '{unknown[0]}'")
    vocab = ModelText(options.model).vocab
    program = Program(options.program, options.timeout)
    errors = []
    try:
        for name in names:
            tokens = prompts[name][:LONGEST]
            errors += check_logits(name, tokens, program, vocab, options.threads, options.chunks)
            if options.max_tokens:
                errors += check_greedy(name, tokens, program, options.threads, options.max_tokens)
    except ProgramError as error:
        errors.append(str(error))
    if options.compile:
        errors += check_compile(options.compile)
    for error in errors:
        print(f"error: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
