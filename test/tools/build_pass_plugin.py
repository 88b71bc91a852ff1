# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds examples/pass-plugin as a user does, from a copy of the folder and an installed hone, and runs it.

The commands are the blocks of sh of its README.md, in their order, with PREFIX and MODEL in the environment. Each has to
succeed, but for 'hone equiv', which has to find a difference.

Exit status: 0, all went well; 1, something failed and was named. What commands printed goes to standard output.

  build_pass_plugin.py --prefix P --model M --folder F --cxx CXX
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "pass-plugin"
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prefix", type=Path, required=True, help="where hone is installed")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for the copy; emptied")
    parser.add_argument("--cxx", required=True, help="the C++ compiler")
    options = parser.parse_args()
    prefix, model, folder = options.prefix.resolve(), options.model.resolve(), options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(EXAMPLE, folder)
    commands = "".join(FENCE.findall((folder / "README.md").read_text())).replace("\\\n", " ").splitlines()
    if not commands:
        sys.exit(f"error: {EXAMPLE}/README.md: expected blocks of sh, got none")
    environment = {**os.environ, "CXX": options.cxx, "PREFIX": str(prefix), "MODEL": str(model)}
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(f"$ {command}\n{done.stdout}", flush=True)
        expected = 1 if "/hone equiv " in command else 0
        if done.returncode != expected:
            sys.exit(f"error: expected exit status {expected}, got {done.returncode} from '{command}'\n{done.stdout}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
