# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that each pass has one name: `FuseAddRMSNormPass` in Fusion/Passes.td is `--hone-fuse-add-rms-norm`, defined in
FuseAddRMSNorm.cpp of the source folder and tested in fuse-add-rms-norm.mlir (or in the files of a folder of that name) of
the mirrored folder of test/, by a RUN line that names it.

  check_pass_names.py [--root REPOSITORY]
"""
import re
import sys

import source_tree

# A run of capitals (with the digits behind it) is one word, as in RMSNorm, QKV and X86; so is a capitalised word.
WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z][a-z]+\d*|\d+")
# Words that mix cases.
MIXED = {"RoPE": "Rope", "PaliGemma": "Paligemma"}
DEFINITION = re.compile(r"^#define GEN_PASS_DEF_(\w+)", re.MULTILINE)


def kebab(name):
    for mixed, plain in MIXED.items():
        name = name.replace(mixed, plain)
    return "-".join(WORD.findall(name)).lower()


def check_pass(root, path, line, cpp_name, flag):
    where = f"{path}:{line}"
    if not cpp_name.endswith("Pass"):
        yield f"{where}: expected a name that ends in 'Pass', got '{cpp_name}'"
        return
    stem = cpp_name[:-len("Pass")]
    expected = "hone-" + kebab(stem)
    if flag != expected:
        yield f"{where}: expected '--{expected}' for '{cpp_name}', got '--{flag}'"
    folder = path.parent.relative_to("include/hone")
    if folder.parts[0] not in ("transforms", "codegen"):
        yield f"{where}: expected passes in transforms or codegen only, got '{folder}'"
        return
    source = folder / f"{stem}.cpp"
    if not (root / source).exists():
        yield f"{where}: expected '{source}' for '{cpp_name}', got no such file"
    else:
        defined = DEFINITION.findall(source_tree.read(root, source))
        if defined != [cpp_name.upper()]:
            got = ", ".join(defined) or "none"
            yield f"{source}: expected it to define '{cpp_name}' and no other pass, got GEN_PASS_DEF of {got}"
    test = "test" / folder / f"{kebab(stem)}.mlir"
    parts = sorted(path.relative_to(root) for path in (root / test).with_suffix("").glob("*.mlir"))
    if not (root / test).exists() and not parts:
        yield f"{where}: expected a test '{test}' of '{cpp_name}', got none"
    for part in parts or [test]:
        if (root / part).exists() and not re.search(rf"RUN:.*\b{re.escape(flag)}\b", source_tree.read(root, part)):
            yield f"{part}: expected a RUN line with '{flag}', got none"


def check(root):
    problems, count = [], 0
    defined = set()
    for path, line, cpp_name, flag in source_tree.passes(root):
        count += 1
        defined.add(cpp_name.upper())
        problems += check_pass(root, path, line, cpp_name, flag)
    for path in source_tree.code(root, "transforms", "codegen"):
        for name in DEFINITION.findall(source_tree.read(root, path)):
            if name not in defined:
                problems.append(f"{path}: expected a pass of a Passes.td, got GEN_PASS_DEF_{name}")
    return problems, f"{count} passes"


if __name__ == "__main__":
    sys.exit(source_tree.main("check_pass_names.py", __doc__, check))
