"""Compiles every damaged file that mutate_gguf.py makes, and checks how it is refused.

A damaged file gets exit status 1, exactly one line on standard error that names the file, and leaves nothing behind: no
program, no temporary file. Kinds that mutate_gguf.py marks with `?` are allowed to compile; so is a model without a
tokenizer, whose program must then refuse a prompt in one line but still take token ids.

  bad_models.py --compile "hone compile" --model SMALL.gguf [--kinds NAME,NAME]
  bad_models.py --compile "hone compile" --types FOLDER      small models of every tensor type, damaged where types matter
"""
import argparse
import itertools
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import mutate_gguf
from small_models import TYPES, make

SECONDS = 60
# What depends on the type of the tensors.
KINDS_OF_TYPES = ["truncated-data", "truncated-last-byte", "other-block-type", "row-one-short", "wrong-shape", "dimensions-overflow",
                  "offset-past-end", "offset-overlap", "offset-overflow"]
# Compiles, but has no text side.
WITHOUT_TOKENIZER = {"missing-tokenizer"}


def run(command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, **kwargs)


def check_refused(result, name):
    """Errors in how a command that must fail failed."""
    lines = result.stderr.splitlines()
    if result.returncode != 1:
        return [f"expected exit status 1, got {result.returncode}; standard error: {result.stderr[:300]!r}"]
    if len(lines) != 1 or "error: " not in lines[0]:
        return [f"expected one line with an error, got {result.stderr[:500]!r}"]
    if name not in lines[0]:
        return [f"expected the line to name {name}, got {lines[0]!r}"]
    return []


def check_without_tokenizer(program):
    refused = run([program, "--prompt", "hello"])
    errors = check_refused(refused, program.name)
    tokens = program.with_name("tokens.txt")
    tokens.write_text("1 2 3")
    answer = run([program, "generate-tokens", "--tokens", tokens, "--max-tokens", "2"])
    tokens.unlink()
    if answer.returncode != 0 or len(answer.stdout.split()) != 2:
        errors.append(f"expected two tokens, got {answer.stdout!r} {answer.stderr!r}")
    return errors


def check_kind(kind, allowed, model, command, folder):
    bad = folder / f"{kind}.gguf"
    bad.write_bytes(mutate_gguf.mutate(model, kind))
    out = folder / "out"
    result = run([*command, bad, "-o", out])
    errors = []
    if result.returncode == 0 and kind in WITHOUT_TOKENIZER:
        errors = check_without_tokenizer(out)
    elif result.returncode != 0 or not allowed:
        errors = check_refused(result, bad.name)
        left = sorted(path.name for path in folder.iterdir() if path != bad)
        if left:
            errors.append(f"expected nothing to be left, got {', '.join(left)}")
    for path in folder.iterdir():
        path.unlink()
    return errors, result.stderr.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", required=True, help="the command that compiles, without model and -o")
    models = parser.add_mutually_exclusive_group(required=True)
    models.add_argument("--model", type=Path, help="a small valid model")
    models.add_argument("--types", type=Path, metavar="FOLDER", help="for small models of every tensor type")
    parser.add_argument("--kinds", help="comma-separated; all without it")
    parser.add_argument("--verbose", action="store_true", help="print what each file was told")
    arguments = parser.parse_args()
    names = arguments.kinds.split(",") if arguments.kinds else KINDS_OF_TYPES if arguments.types else list(mutate_gguf.KINDS)
    files = [make(kind, arguments.types) for kind in TYPES] if arguments.types else [arguments.model]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for file, name in itertools.product(files, names):
            errors, told = check_kind(name, name in mutate_gguf.MAY_BE_ACCEPTED, file.read_bytes(),
                                      shlex.split(arguments.compile), Path(folder))
            if arguments.verbose:
                print(f"{file.stem:8} {name:26} {told}")
            for error in errors:
                print(f"{file.stem}, {name}: {error}")
            failures += bool(errors)
    count = len(files) * len(names)
    print(f"{count - failures} of {count} kinds handled as they should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
