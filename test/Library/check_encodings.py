"""Logits of small models of every tensor type and odd shape have the same bits, however the work was divided.

For each model of test/e2e/small_models.py, its library: alone and in batches of four sequences, for 1, 2 and 4 threads, in
pieces of 1, 7 and 64 tokens and whole. The models of --programs are compiled to programs, too, with 1, 2 and 7 threads, which
must give the same bytes, and the library's logits.

  check_encodings.py --compile "hone compile" --folder DIR [--models Q4_0,mixed] [--programs NAME,NAME]
"""
import argparse
import filecmp
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

from check_library import check_bits, expect, failures
from hone_api import Library, Model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from program import Program  # noqa: E402
from small_models import MODELS, make  # noqa: E402

LENGTHS = (9, 33, 150, 1)  # the longest crosses a KV page and what one step holds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", required=True, help="the command that compiles, without model and -o")
    parser.add_argument("--folder", type=Path, required=True, help="for models, programs and libraries")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated; default: all")
    parser.add_argument("--programs", default="", help="models to compile to programs, with 1, 2 and 7 threads")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    def compile_to(name, model, *options):
        output = arguments.folder / name
        subprocess.run([*shlex.split(arguments.compile), str(model), *options, "-o", str(output)], check=True,
                       stderr=subprocess.DEVNULL)
        return output.resolve()

    for name in arguments.models.split(","):
        print(f"{name}:")
        file = make(name, arguments.folder)
        jobs = (1, 2, 7) if name in arguments.programs.split(",") else ()
        programs = [compile_to(f"{name}-{count}", file, "-j", str(count)) for count in jobs]
        for count, program in zip(jobs[1:], programs[1:]):
            expect(f"the same program from {count} threads", filecmp.cmp(programs[0], program, shallow=False))
        model = Model(Library(compile_to(f"lib{name}.so", file, "--emit=shared")))
        random = np.random.default_rng(1)
        prompts = [random.integers(0, model.info.vocabulary, length).tolist() for length in LENGTHS]
        check_bits(model, prompts, Program(programs[0]) if programs else None)
        model.close()
    print(f"{len(failures)} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
