"""Compiles a small random model of every tensor type, shape and kind of layer, and compares it with the reference.

  compare_encodings.py --compile "hone compile" --folder DIR [--models Q4_0,mixed]
"""
import argparse
import shlex
import subprocess
import sys
from pathlib import Path

from compare_logits import BARS, compare_prompt
from program import Program, ProgramError
from prompts import ModelText, prompts_for
from reference_cache import ReferenceCache
from small_models import MODELS, make

# (activations of the compiler, bars of compare_logits.py). Integer activations of 16 bits are as good as f32 here.
RUNS = [("f32", "f32"), ("int16", "f32")]
# The coarser ones, with weights of 2 to 8 bits, signed and unsigned.
COARSE_RUNS = [("int8", "int8"), ("f16", "f16"), ("bf16", "bf16")]
COARSE_MODELS = ["Q4_0", "Q5_1", "Q8_0", "Q2_K", "Q6_K", "five-heads"]
PROMPTS = ["english", "scripts", "digits"]
OPTIONS = argparse.Namespace(no_greedy=False, max_tokens=16, threads=None, chunk=None)


def compare(program, model, bars):
    """The errors of all prompts, and the largest relative difference."""
    prompts, text, cache = prompts_for(model), ModelText(model), ReferenceCache(model)
    errors, largest = [], 0.0
    for prompt in PROMPTS:
        try:
            result = compare_prompt(prompt, prompts[prompt], Program(program), cache, text, BARS[bars], OPTIONS)
        except ProgramError as error:
            result = {"relative_difference": float("inf"), "errors": [str(error)]}
        errors += [f"{prompt}: {error}" for error in result["errors"]]
        largest = max(largest, result["relative_difference"])
    return errors, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", required=True, help="the command that compiles, without model and -o")
    parser.add_argument("--folder", type=Path, required=True, help="for models and programs")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated; default: all")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in arguments.models.split(","):
        model = make(name, arguments.folder)
        for activations, bars in RUNS + (COARSE_RUNS if name in COARSE_MODELS else []):
            program = arguments.folder / f"{name}-{activations}"
            command = [*shlex.split(arguments.compile), model, f"--activations={activations}", "-o", program]
            compiled = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            errors, largest = [compiled.stderr], float("inf")
            if compiled.returncode == 0:
                errors, largest = compare(program, model, bars)
            failures += bool(errors)
            print(f"{name} with {activations} activations: {'failed' if errors else 'agrees'}, difference {largest:.1e}")
            print("".join(f"{error}\n" for error in errors), end="", flush=True)
            program.unlink(missing_ok=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
