# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runners of GGUF files that programs made by hone are compared with: each is built or found, and runs.

A runner has a `name`, `versions` (a line for each of its builds), `run(model)`, the figures of one round by build, and
`start(model)`, the milliseconds from the start of a process to its first output.
"""
import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import runners

FOLDER = Path(__file__).resolve().parent
# No build of llama.cpp is the fastest at everything: {compiler: arguments of build_llama_bench.py}.
BUILDS = {"clang++-22": [["--cc", "clang-22", "--cxx", "clang++-22", "--no-openmp"]],
          "g++": [["--cc", "gcc", "--cxx", "g++", "--no-openmp"], ["--cc", "gcc", "--cxx", "g++"]]}


def built_llama_benches():
    """The programs that build_llama_bench.py makes with the compilers that are there; its messages go to standard error."""
    programs = []
    for arguments in [build for compiler, builds in BUILDS.items() if shutil.which(compiler) for build in builds] or [[]]:
        command = [sys.executable, str(FOLDER / "build_llama_bench.py"), *arguments]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(result.returncode)
        programs.append(Path(result.stdout.strip()))
    return programs


def describe_build(program):
    """(short name, how that program was built), if build_llama_bench.py did that; else its path."""
    about = program.parent / "about.json"
    if not about.exists():
        return program.name, str(program)
    about = json.loads(about.read_text())
    threads = "OpenMP" if "GGML_OPENMP=ON" in about["options"] else "own threads"
    compiler = re.search(r"clang|g\+\+|$", about["compiler"])[0] or "another compiler"
    return f"{compiler} and {threads}", f"{about['package']} built natively with {about['compiler']}, {threads}"


class LlamaCpp:
    """llama-bench, in several builds, and llama-batched-bench beside each for several sequences."""
    name = "llama.cpp"

    def __init__(self, options):
        self.options = options
        programs = options.llama_bench or built_llama_benches()
        self.builds = {describe_build(program)[0]: program.absolute() for program in programs}
        self.versions = [describe_build(program)[1] for program in programs]
        if len(self.builds) != len(programs):
            runners.fail("expected builds of llama-bench of different names, got two of one name")

    def run(self, model):
        return {name: runners.run_llama(build, model, self.options) for name, build in self.builds.items()}

    def start(self, model):
        return runners.start_llama(next(iter(self.builds.values())), model, self.options)


class OpenVINO:
    """OpenVINO GenAI, which reads GGUF files itself, through run_openvino.py."""

    def __init__(self, options, name, precision, precision_text):
        self.name, self.options = name, options
        self.command = [sys.executable, options.openvino or FOLDER / "run_openvino.py"]
        self.arguments = ["--threads", options.threads, "--precision", precision]
        try:
            version = metadata.version("openvino-genai")
        except metadata.PackageNotFoundError:
            version = "of an unknown version"
        self.versions = [f"OpenVINO GenAI {version}, {precision_text}"]

    def run(self, model):
        return {self.name: runners.run_openvino([*self.command, model, *self.arguments], self.options)}

    def start(self, model):
        return runners.milliseconds_to_output([*self.command, model, *self.arguments, "--prompt", runners.FIRST_TOKENS,
                                               "--first"])


PEERS = {
    "llama.cpp": LlamaCpp,
    "openvino": lambda options: OpenVINO(options, "OpenVINO", "default",
                                         "its defaults: int8 activations, bf16 elsewhere, 8-bit keys and values"),
    "openvino-f32": lambda options: OpenVINO(options, "OpenVINO, f32", "f32", "f32 activations, f16 keys and values"),
}
