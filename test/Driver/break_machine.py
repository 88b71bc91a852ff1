# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Breaks a machine file in many ways, each in a file of this folder, and compiles model.gguf for it.

  break_machine.py MACHINE.json
"""
import copy
import json
import subprocess
import sys
from pathlib import Path


def broken(good):
    """Names of files and what is in them: text, or objects to be written as JSON."""
    yield "empty", ""
    yield "cut", json.dumps(good)[:-1]
    yield "deep", "[" * 100000
    yield "long", json.dumps(good) + " " * (1 << 20)
    yield "array", []

    def changed(**fields):
        return {**copy.deepcopy(good), **fields}

    yield "format", changed(format="hone-plan")
    yield "version", changed(version=2)
    yield "name", changed(name="")
    yield "absent", {field: value for field, value in good.items() if field != "l2_bytes"}
    yield "negative", changed(latency_ns=-3)
    yield "fraction", changed(read_mb_per_s=1.5)
    yield "unknown", changed(l4_bytes=1)
    yield "peaks", changed(peaks={})
    peak, entry = good["peaks"][0], good["tuning"][0]
    yield "level", changed(peaks=[{**peak, "level": "sse2"}])
    yield "twice", changed(peaks=[peak, peak])
    yield "entry", changed(tuning=[7])
    yield "choice", changed(tuning=[{**entry, "tile_rows": 0}])
    yield "kernels", changed(tuning=[entry, entry])


def main():
    names = ["missing"]
    for name, content in broken(json.loads(Path(sys.argv[1]).read_text())):
        Path(f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        names.insert(-1, name)
    for name in names:
        run = subprocess.run(["hone-compile", "model.gguf", "--machine", f"{name}.json", "-o", "out"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(run.stdout, end="")
        if run.returncode != 1 or run.stdout.count("\n") != 1:
            sys.exit(f"break_machine.py: {name}.json: expected status 1 and one line, got {run.returncode}")


main()
