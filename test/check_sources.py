# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what every file owes: at most 800 lines, and the license in the head of C, C++ and TableGen files.

A file that a script writes may be longer; it says so in its first lines ("Written by NAME", where NAME is a file).

  check_sources.py [--root REPOSITORY]
"""
import re
import sys

import source_tree

MOST_LINES = 800
LICENSE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
WRITTEN_BY = re.compile(r"(?:Written|Generated) by ([\w./-]*\w)")
HEAD = 6  # lines


def is_generated(root, path, head):
    """Whether the head names the script that writes the file, beside it or from the root."""
    match = WRITTEN_BY.search(head)
    return bool(match) and any((folder / match[1]).is_file() for folder in (root / path.parent, root))


def check(root):
    problems, paths = [], source_tree.files(root)
    for path in paths:
        data = (root / path).read_bytes()
        if b"\0" in data[:4096]:
            continue
        text = data.decode("utf-8", errors="replace")
        lines = text.splitlines()
        head = "\n".join(lines[:HEAD])
        if len(lines) > MOST_LINES and not is_generated(root, path, head):
            problems.append(f"{path}: expected at most {MOST_LINES} lines, got {len(lines)}; split it by what it does")
        if path.suffix in source_tree.CODE and LICENSE not in head:
            problems.append(f"{path}: expected '{LICENSE}' in the first {HEAD} lines, got none")
    return problems, f"{len(paths)} files"


if __name__ == "__main__":
    sys.exit(source_tree.main("check_sources.py", __doc__, check))
