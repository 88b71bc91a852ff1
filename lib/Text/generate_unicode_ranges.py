#!/usr/bin/env python3
"""Writes UnicodeRanges.inc: the character classes that pre-tokenizers ask for.

usage: generate_unicode_ranges.py UNICODEDATA2_16 UNICODEDATA2_17 > UnicodeRanges.inc

Each argument is a folder that holds the 'unicodedata2' package of that Unicode version
(pip install --target FOLDER unicodedata2==16.0.0). Two versions, because the tokenizers package has two: its regular
expressions (\\p{L}, \\p{N}, \\s) know Unicode 16.0, its Digits pre-tokenizer knows Unicode 17.0.
"""
import importlib
import sys

LETTER, NUMBER, SPACE, NUMERIC = 1, 2, 4, 8


def load(folder, version):
    sys.modules.pop("unicodedata2", None)
    sys.path.insert(0, folder)
    module = importlib.import_module("unicodedata2")
    sys.path.pop(0)
    if not module.unidata_version.startswith(version):
        sys.exit(f"{folder}: expected Unicode {version}, got {module.unidata_version}")
    return module


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    regex, digits = load(sys.argv[1], "16."), load(sys.argv[2], "17.")
    ranges, last = [], None
    for code in range(0x110000):
        major = regex.category(chr(code))[0]
        space = major == "Z" or 0x09 <= code <= 0x0D or code == 0x85
        flags = (LETTER if major == "L" else 0) | (NUMBER if major == "N" else 0) | (SPACE if space else 0)
        flags |= NUMERIC if digits.category(chr(code))[0] == "N" else 0
        if flags != last:
            ranges.append(code << 8 | flags)
            last = flags
    print("// Written by generate_unicode_ranges.py; do not edit. First code point << 8 | classes.")
    per_line = 10
    for start in range(0, len(ranges), per_line):
        print(", ".join(f"0x{value:x}" for value in ranges[start:start + per_line]) + ",")


if __name__ == "__main__":
    main()
