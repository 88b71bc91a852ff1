"""Checks that a program's results have the same bits at each ISA level that the machine runs.

Logits of prompts are compared bit for bit with those of the first level, greedy tokens too. HONE_ISA says which level
runs. Levels that the CPU lacks are printed as skipped; with one level alone there is nothing to compare, and that is
said.

With `--near LEVEL`, for code of a level that adds floats in another order where a step has 16 rows or more, prompts of so
many tokens may differ there: by 2e-2 of the largest logit, since activations that are rounded to bf16, 2^-8 apart, may
become their neighbours. Shorter prompts are compared bit for bit there, too; tokens are not compared.

Exit status: 0, all the same; 1, something differs or failed.

  same_levels.py --program P --vocab N [--lengths 1,5,9,70] [--max-tokens 16] [--near amx]
"""
import argparse
import json
import os
import shlex
import subprocess
import sys

import numpy as np

from program import Program, ProgramError
from same_bits import first_difference, numbers

NEAR_ROWS = 16
NEAR = 2e-2


def information(command, **environment):
    """What `info --json` says."""
    done = subprocess.run([*command, "info", "--json"], capture_output=True, text=True, env=os.environ | environment)
    if done.returncode != 0:
        raise ProgramError(done.stderr.strip())
    return json.loads(done.stdout)


def tokens_of(length, vocab):
    return [(number * 7919 + length) % vocab for number in range(1, length + 1)]


def results_at(level, program, options):
    """Logits of each prompt, and the tokens that follow the longest one."""
    os.environ["HONE_ISA"] = level
    prompts = [tokens_of(length, options.vocab) for length in options.lengths]
    logits = [program.logits(tokens, options.vocab) for tokens in prompts]
    return logits, program.greedy(max(prompts, key=len), options.max_tokens)


def compare(level, first, results, baseline, lengths, is_near):
    """Lines that say what differs from the first level."""
    for length, got, expected in zip(lengths, results[0], baseline[0]):
        if is_near and length >= NEAR_ROWS:
            largest = np.abs(got - expected).max() / np.abs(expected).max()
            if not largest <= NEAR:
                yield (f"logits of {length} tokens: expected those of {first} at {level} within {NEAR:g} of the largest, got "
                       f"a difference of {largest:.2g}")
        elif difference := first_difference(expected, got):
            row, column, count = difference
            yield (f"logits of {length} tokens: expected the bits of {first} at {level}, got {count} other values, the first "
                   f"at position {row}, token {column}: {expected[row, column]:.9g} became {got[row, column]:.9g}")
    if results[1] != baseline[1] and not is_near:
        yield f"greedy tokens: expected those of {first} at {level}, {baseline[1]}, got {results[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="path, or a command line in quotes")
    parser.add_argument("--vocab", type=int, required=True)
    parser.add_argument("--lengths", type=numbers, default=[1, 5, 9, 70], help="tokens of prompts, comma-separated")
    parser.add_argument("--max-tokens", type=int, default=16, help="greedy tokens to compare")
    parser.add_argument("--near", metavar="LEVEL", help="whose logits of 16 rows or more need not have the same bits")
    options = parser.parse_args()

    command, program = shlex.split(options.program), Program(options.program)
    errors, ran, baseline = [], [], None
    try:
        # In the order of their strength.
        for level in information(command)["isa"].split(", "):
            try:
                results = results_at(level, program, options)
            except ProgramError as error:
                if "expected a level that this CPU runs" not in str(error):
                    raise
                print(f"skipped: {level}, which this CPU lacks")
                continue
            if (used := information(command, HONE_ISA=level)["isa_used"]) != level:
                errors.append(f"expected the program to run at {level}, got {used}")
            ran.append(level)
            if baseline is None:
                baseline = results
                continue
            is_near = level == options.near
            differences = list(compare(level, ran[0], results, baseline, options.lengths, is_near))
            print(f"{'differs' if differences else 'near' if is_near else 'same'}: {level}", flush=True)
            errors += differences
    except ProgramError as error:
        errors.append(str(error))
    print(f"levels that ran: {', '.join(ran)}" + ("; one alone, nothing to compare" if len(ran) == 1 else ""))
    for error in errors:
        print(f"error: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
