# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the size of the runtime: lines of its sources, and the stripped bytes that it adds to programs and libraries.

The bytes are those of all sections of a file made by `hone compile` that are loaded, without the model's own: weights,
tokenizer and kernels.

  measure_runtime.py [PROGRAM ...]
"""
import argparse
import struct
import sys
from pathlib import Path

FOLDERS = ("include/hone-rt", "include/hone/Support", "include/hone/Text", "lib/Runtime", "lib/Support", "lib/Text")
OF_THE_MODEL = {".hone.weights", ".hone.tokenizer", ".hone.text"}
SHF_ALLOC, SHT_NOBITS = 2, 8


def loaded_bytes(path):
    """(bytes of the runtime, bytes of the model) in a file, by its section headers."""
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        sys.exit(f"error: {path}: expected a program or library made by hone, got a file that is not ELF")
    table, = struct.unpack_from("<Q", data, 0x28)
    count, names = struct.unpack_from("<HH", data, 0x3C)
    sections = [struct.unpack_from("<IIQQQQ", data, table + 64 * i) for i in range(count)]
    runtime = model = 0
    for name, kind, flags, _, _, size in sections:
        start = sections[names][4] + name
        text = data[start:data.index(b"\0", start)].decode()
        if flags & SHF_ALLOC and kind != SHT_NOBITS:
            runtime += 0 if text in OF_THE_MODEL else size
            model += size if text in OF_THE_MODEL else 0
    return runtime, model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", type=Path, metavar="PROGRAM", help="programs or libraries made by hone")
    programs = parser.parse_args().programs
    root = Path(__file__).resolve().parent.parent
    total = 0
    for folder in FOLDERS:
        files = [file for file in sorted((root / folder).rglob("*")) if file.suffix in (".c", ".cpp", ".h", ".inc")]
        lines = sum(len(file.read_text().splitlines()) for file in files)
        total += lines
        print(f"{folder}: {lines} lines in {len(files)} files")
    print(f"all: {total} lines")
    for program in programs:
        runtime, model = loaded_bytes(program)
        print(f"{program.name}: {runtime} bytes of runtime, {model} of the model")
    return 0


if __name__ == "__main__":
    sys.exit(main())
