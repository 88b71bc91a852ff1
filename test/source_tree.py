# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the checks of the source tree share: its files, the passes that it defines, and its command line."""
import os
import re
import sys
from pathlib import Path

SKIPPED = {".git", ".cache", "build", "__pycache__", "shared", "node_modules"}
CODE = {".c", ".cpp", ".cu", ".h", ".td"}
PASS = re.compile(r'^def\s+(\w+)\s*:\s*(\w*Pass)<\s*"([^"]+)"', re.MULTILINE)
# A class of passes whose names share a beginning: class C<string name, ...> : Pass<"hone-..." # name, ...>.
PASS_CLASS = re.compile(r'^class\s+(\w*Pass)<string (\w+)[^>]*>\s*:\s*Pass<\s*"([^"]+)" # \2\b', re.MULTILINE)
PIPELINE = re.compile(r'PassPipelineRegistration<[^>]*>\s*(?:\w+\s*)?[({]\s*"([^"]+)"')


def default_root():
    return Path(__file__).resolve().parent.parent


def files(root, *folders):
    """Every file below `folders` (all of the tree if none is given), as sorted paths relative to `root`."""
    found = []
    for folder in folders or ("",):
        for where, folders_here, names in os.walk(root / folder):
            folders_here[:] = [name for name in folders_here if name not in SKIPPED]
            found += [(Path(where) / name).relative_to(root) for name in names]
    return sorted(found)


def code(root, *folders):
    return [path for path in files(root, *folders) if path.suffix in CODE]


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def passes(root):
    """(Passes.td, line, C++ name, command line name) of each pass, in the order of the files."""
    for path in files(root, "include/hone"):
        if path.name == "Passes.td":
            text = read(root, path)
            beginnings = {match[1]: match[3] for match in PASS_CLASS.finditer(text)}
            for match in PASS.finditer(text):
                yield path, line_of(text, match.start()), match[1], beginnings.get(match[2], "") + match[3]


def pipelines(root):
    """Names of the registered pass pipelines."""
    return {name for path in code(root, "transforms", "codegen", "lib", "tools")
            for name in PIPELINE.findall(read(root, path))}


def report(program, problems, summary):
    """Prints one line for each problem, then `summary`; returns the exit status."""
    for problem in problems:
        print(problem)
    print(f"{program}: {summary}, {len(problems)} complaint{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0


def main(program, description, check):
    """Runs `check(root)`, which returns (problems, summary), on the tree that the command line names."""
    import argparse
    parser = argparse.ArgumentParser(prog=program, description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=default_root(), help="of the repository")
    root = parser.parse_args().root.resolve()
    if not root.is_dir():
        sys.exit(f"{program}: {root}: expected a folder, got none")
    problems, summary = check(root)
    return report(program, problems, summary)
