# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks who includes whom: the table of folders in the design, read off the include lines of C, C++ and TableGen.

Headers of include/hone/X belong to the folder whose interface they are. A quoted include that is not found from
include/ is private to its folder. Only codegen names an instruction set; only hone-rt/ABI.h crosses to the runtime.

  check_layers.py [--root REPOSITORY]
"""
import os
import re
import sys
from pathlib import PurePosixPath

import source_tree

INCLUDE = re.compile(r'^[ \t]*(?:#[ \t]*)?include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)
# What comes from outside, by the first part of the path.
THIRD_PARTY = {"mlir": "MLIR", "mlir-c": "MLIR", "llvm": "LLVM", "llvm-c": "LLVM", "lld": "LLVM", "clang": "LLVM"}
MLIR = {"MLIR", "LLVM"}
ABI = "hone-rt/ABI.h"

# Folder -> what it may include besides itself and the standard library.
BELOW_DRIVER = {"dialects", "transforms", "codegen/Common", "codegen/X86", "codegen/PTX", "lib/Support", "lib/Formats",
                "lib/Text", "lib/Import", "lib/Weights", "lib/Package"} | MLIR
ALLOWED = {
    "hone-rt": set(),
    "lib/Support": set(),
    "lib/Formats": {"lib/Support"},
    "lib/Text": {"lib/Support"},
    "dialects": {"lib/Support"} | MLIR,
    "transforms": {"dialects", "lib/Support"} | MLIR,
    "codegen/Common": {"dialects", "lib/Support", ABI} | MLIR,
    "codegen/X86": {"dialects", "codegen/Common", "lib/Support", ABI} | MLIR,
    "codegen/PTX": {"dialects", "codegen/Common", "lib/Support", ABI} | MLIR,
    "lib/Import": {"lib/Formats", "lib/Text", "dialects", "lib/Support"} | MLIR,
    "lib/Weights": {"dialects", "lib/Formats", "lib/Support"} | MLIR,
    "lib/Package": {"lib/Weights", "lib/Text", "lib/Support", "LLVM", ABI},
    "lib/Compress": BELOW_DRIVER | {"lib/Evaluate", "hone-rt/hone.h"},
    "lib/Evaluate": BELOW_DRIVER | {"lib/Compress", "hone-rt/hone.h"},
    "lib/Equivalence": BELOW_DRIVER | {ABI},
    "lib/Driver": BELOW_DRIVER | {"lib/Compress", "lib/Evaluate", ABI, "hone-rt/hone.h"},
    "lib/Runtime": {"lib/Text", "lib/Support", ABI, "hone-rt/hone.h"},
}
ALLOWED["tools"] = BELOW_DRIVER | {"lib/Driver", "lib/Compress", "lib/Equivalence", "lib/Evaluate", ABI}
# Tools of the runtime's side; no other tool may see lib/Runtime.
RUNTIME_TOOLS = {"hone.cpp", "hone-run.cpp"}
RUNTIME_TOOL_MAY = {"lib/Runtime", "lib/Text", "lib/Support", ABI, "hone-rt/hone.h"}

# Headers that name an instruction set, and who may include them. The runtime asks the CPU what it can do.
ISA_HEADER = re.compile(r"^(mlir/Dialect/(X86Vector|AMX|ArmNeon|ArmSVE|ArmSME|NVGPU|AMDGPU|LLVMIR/(NVVM|ROCDL|XeVM))"
                        r"|\w*intrin\.h|cpuid\.h|llvm/IR/Intrinsics(X86|NVPTX|AArch64))")
NAMES_ISA = {"codegen/X86", "codegen/PTX", "lib/Runtime", "lib/Support"}
C_HEADERS = {"stdbool.h", "stddef.h", "stdint.h"}


def owner(path):
    """The folder of the table that `path` belongs to, or None where the table does not speak of it (tests)."""
    parts = path.parts
    if parts[:2] == ("include", "hone-rt"):
        return "hone-rt"
    if parts[:2] == ("include", "hone"):
        parts = parts[2:]
        if parts[0] not in ("dialects", "transforms", "codegen"):
            parts = ("lib", *parts)
    if parts[0] in ("dialects", "transforms", "tools"):
        return parts[0]
    if parts[0] in ("lib", "codegen") and len(parts) > 2:
        return "/".join(parts[:2])
    return None


def included(root, path, name, quoted):
    """What an include line reaches: a folder of the table, MLIR, LLVM, or None for the standard library."""
    first = name.split("/")[0]
    if first == "hone":
        return owner(PurePosixPath("include") / name)
    if first == "hone-rt":
        return name
    if first in THIRD_PARTY:
        return THIRD_PARTY[first]
    if quoted and path.suffix != ".td":
        local = PurePosixPath(os.path.normpath(path.parent / name))
        if (root / local).exists() or ".." in name:
            return owner(local)
    return None


def check(root):
    problems, lines = [], 0
    for path in source_tree.code(root, "include", "dialects", "transforms", "codegen", "lib", "tools"):
        folder = owner(path)
        if folder is None:
            problems.append(f"{path}: expected a folder of the design's table, got one that it does not name")
            continue
        runtime_tool = folder == "tools" and path.name in RUNTIME_TOOLS
        allowed = RUNTIME_TOOL_MAY if runtime_tool else ALLOWED.get(folder)
        if allowed is None:
            problems.append(f"{path}: expected '{folder}' in the table of test/check_layers.py, got none; add its line")
            continue
        text = source_tree.read(root, path)
        for match in INCLUDE.finditer(text):
            lines += 1
            name, where = match[2], f"{path}:{source_tree.line_of(text, match.start())}"
            target = included(root, path, name, match[1] == '"' or path.suffix == ".td")
            same = target == folder or (folder == "hone-rt" and str(target).startswith("hone-rt/"))
            if target is not None and not same and target not in allowed:
                may = ", ".join(sorted(allowed)) or "nothing of hone, MLIR or LLVM"
                problems.append(f"{where}: '{folder}' may not include '{name}' of '{target}'; it may include {may}")
            if ISA_HEADER.match(name) and folder not in NAMES_ISA:
                problems.append(f"{where}: '{folder}' may not include '{name}': only codegen/X86 and codegen/PTX name "
                                "an instruction set")
            if folder == "hone-rt" and target is None and name not in C_HEADERS:
                problems.append(f"{where}: expected one of {', '.join(sorted(C_HEADERS))} in plain C, got '{name}'")
    return problems, f"{lines} include lines"


if __name__ == "__main__":
    sys.exit(source_tree.main("check_layers.py", __doc__, check))
