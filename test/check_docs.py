# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that documents name only what exists: README.md, docs/**/*.md and examples/**/*.md.

Looked at are inline code, fenced blocks of sh, and links:
  paths      `lib/Text/Tokenizer.cpp`, `FuseQKV.cpp`: a file or folder of the repository; `*` and `<name>` stand for a part
  programs   `hone-opt`, `build/bin/hone-opt`: a tool, a target of CMake, a pass or a pipeline
  commands   `hone compile`: a sub-command of tools/hone.cpp
  options    `hone compile --emit`: an option that this program's sources declare; a pass (`--hone-...`) is in a Passes.td
  links      [text](file.md): relative to the document

  check_docs.py [--root REPOSITORY]
"""
import fnmatch
import re
import sys
from pathlib import PurePosixPath

import source_tree

FOLDERS = ("include", "dialects", "transforms", "codegen", "lib", "tools", "test", "docs", "scripts", "benchmarks",
           "cmake", "examples", ".ci")
SHELL = {"sh", "bash", "console"}
FENCE = re.compile(r"^[ \t]*```(\w*)[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
TREE_PATH = re.compile(rf"(?:\./)?((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*<>-]*)$")
FILE_NAME = re.compile(r"[\w*-]+\.(?:cpp|h|td|py|md|cmake|mlir|test|txt)$|CMakePresets\.json$")
PROGRAM = re.compile(r"(?:(?:\./)?build/bin/|\$PREFIX/bin/)?(hone(?:-[a-z0-9]+)*)$")
OPTION = re.compile(r"--?([a-zA-Z][\w-]*)")
TARGET = re.compile(r"(?:add_executable|add_library|add_custom_target|hone_add_\w+)\(\s*([\w-]+)")
# Options that MLIR gives hone-opt and its kin, or LLVM's command line gives every tool.
FROM_LLVM = {"help", "h", "version", "o", "pass-pipeline", "verify-diagnostics", "split-input-file", "run-reproducer",
             "verify-each", "allow-unregistered-dialect", "emit-bytecode", "remark-format",
             "remarks-filter", "load-pass-plugin", "list-passes", "cse", "canonicalize", "show-dialects"}
# Sub-commands and tools of the runtime's side take their options from the program.
PROGRAM_OPTIONS = "lib/Runtime/Options.cpp"


class Repository:
    """What documents may name."""

    def __init__(self, root):
        self.root = root
        self.files = [str(path) for path in source_tree.files(root)]
        self.names = {PurePosixPath(path).name for path in self.files}
        self.passes = {flag for *_, flag in source_tree.passes(root)}
        self.pipelines = source_tree.pipelines(root)
        self.tools = {PurePosixPath(path).stem for path in self.files if re.match(r"tools/hone[\w-]*\.cpp$", path)}
        self.targets = {name for path in self.files if path.endswith("CMakeLists.txt")
                        for name in TARGET.findall(self.read(path))}
        self.commands = dict(re.findall(r'\{"([a-z-]+)", "(hone-[a-z-]+)"', self.read("tools/hone.cpp")))
        self.options = {}

    def read(self, path):
        return source_tree.read(self.root, path) if (self.root / path).is_file() else ""

    def has_path(self, path):
        path = re.sub(r"<[^>]*>", "*", path.rstrip("/").rstrip("."))
        if (self.root / path).exists():
            return True
        return "*" in path and any(fnmatch.fnmatch(file, pattern) for file in self.files
                                   for pattern in (path, path + "/*"))

    def has_file_name(self, name):
        return any(fnmatch.fnmatch(file, name) for file in self.names) if "*" in name else name in self.names

    def is_named(self, name):
        return (name in ("hone", "hone-rt") or name in self.tools or name in self.targets or name in self.passes
                or name in self.pipelines)

    def options_of(self, source):
        """The words that `source` declares or matches as options."""
        if source not in self.options:
            text = self.read(source)
            if source == "tools/hone-translate.cpp":  # translations register themselves
                text += "".join(self.read(path) for path in self.files if path.endswith("Translation.cpp"))
            for header in re.findall(r'#include "(\w+Options?\.h)"', text):  # options that tools share
                text += self.read(f"{source.rpartition('/')[0]}/{header}")
            found = set(re.findall(r'"-{0,2}([a-zA-Z][\w-]*)"', text))
            if not source.endswith((".cpp", ".py")):  # a shell script
                for case in re.findall(r"^\s*(-[\w|-]+)\)", text, re.MULTILINE):
                    found |= {option.lstrip("-") for option in case.split("|")}
            self.options[source] = found
        return self.options[source]


def complain_option(repository, option, source, program):
    if option.startswith("hone-"):
        if option not in repository.passes | repository.pipelines:
            yield f"expected a pass of a Passes.td or a pipeline, got '--{option}'"
    elif option.startswith("mlir-") or option in FROM_LLVM:
        return
    elif option not in repository.options_of(source):
        yield f"expected an option of '{program}', got '--{option}'"


def complain_command(repository, words):
    """Complaints about a command line of a program of hone; none about other programs."""
    if words[0] in ("python3", "python") and len(words) > 1:
        words = words[1:]
    first = words[0].removeprefix("./")
    program = PROGRAM.match(words[0])
    if program:
        name, rest = program[1], words[1:]
        if name == "hone" and rest and re.match(r"[a-z][a-z-]*$", rest[0]):
            if rest[0] not in repository.commands:
                yield f"expected a command of 'hone --help', got 'hone {rest[0]}'"
                return
            name, rest = repository.commands[rest[0]], rest[1:]
        if name not in repository.tools:
            return  # reported as a name
        source = PROGRAM_OPTIONS if name == "hone-run" else f"tools/{name}.cpp"
        program = " ".join(words[:2]) if words[1:] and rest is not words[1:] else name
    elif re.match(r"(scripts|test|\.ci)/", first):
        source = program = first
        rest = words[1:]
        if not (repository.root / source).is_file():
            return  # reported as a path
    else:
        return
    for word in rest:
        option = OPTION.match(word)
        if option:
            yield from complain_option(repository, option[1], source, program)


def complain_word(repository, word):
    """Complaints about one word of code."""
    word = word.rstrip(".,;:")
    path, program = TREE_PATH.match(word), PROGRAM.match(word)
    if path:
        if not repository.has_path(path[1]):
            yield f"expected a path of the repository, got '{word}'"
    elif program:
        if not repository.is_named(program[1]):
            yield f"expected a tool, a target, a pass or a pipeline, got '{program[1]}'"
    elif FILE_NAME.match(word) and not repository.has_file_name(word):
        yield f"expected a file of the repository, got '{word}'"
    elif word.startswith("--hone-"):
        yield from complain_option(repository, OPTION.match(word)[1], "", "hone-opt")


def complain_code(repository, text):
    for command in re.split(r"&&|\|\||[|;]", text):
        words = [word.strip("'\"()") for word in command.split("#")[0].split()]
        words = [word for word in words if word and word != "$"]
        if not words:
            continue
        for word in words:
            yield from complain_word(repository, word)
        yield from complain_command(repository, words)


def complain_document(repository, path):
    text = source_tree.read(repository.root, path)
    if "Generated by scripts/generate-docs" in text[:200]:
        return
    pieces = []
    for fence in FENCE.finditer(text):
        if fence[1] in SHELL:
            body = fence[2].replace("\\\n", "  ")
            line = source_tree.line_of(text, fence.start(2))
            pieces += [(line + n, piece) for n, piece in enumerate(body.split("\n"))]
    prose = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
    pieces += [(source_tree.line_of(prose, span.start()), span[1]) for span in SPAN.finditer(prose)]
    for line, piece in sorted(pieces, key=lambda piece: piece[0]):
        for complaint in complain_code(repository, piece):
            yield f"{path}:{line}: {complaint}"
    for link in LINK.finditer(prose):
        if "://" not in link[1] and not (repository.root / path.parent / link[1]).exists():
            yield f"{path}:{source_tree.line_of(prose, link.start())}: expected a file, got a link to '{link[1]}'"


def check(root):
    repository = Repository(root)
    documents = [path for path in source_tree.files(root)
                 if path.suffix == ".md" and (path.parts[0] in ("docs", "examples") or str(path) == "README.md")]
    problems = [problem for path in documents for problem in complain_document(repository, path)]
    return problems, f"{len(documents)} documents"


if __name__ == "__main__":
    sys.exit(source_tree.main("check_docs.py", __doc__, check))
