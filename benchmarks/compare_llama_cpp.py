# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of programs made by hone beside llama.cpp's own llama-bench, on the same model files, interleaved.

A round runs the program's `bench` and llama-bench, one after the other and each first in every other round, with as many
threads: a prompt of --prompt tokens, and --generate tokens one by one, both from an empty context, after a run that does
not count. llama-bench does not choose tokens; hone's generation includes it. Of llama.cpp built with clang-22 and with g++,
with its own threads and with OpenMP, the best median counts. Prints medians over the rounds and their ratios, what memory can
read and the share of it that generation reaches, and the milliseconds from the start of a process to its first output after a
prompt of 16 tokens. Use a machine that does nothing else.

  compare_llama_cpp.py SmolLM2-135M-Instruct.Q4_1.gguf                   compiles the model first, and measures that too
  compare_llama_cpp.py build/smollm2=SmolLM2-135M-Instruct.Q4_1.gguf build/1.1b=1.1b.gguf --threads 2 --rounds 7
  compare_llama_cpp.py MODEL.gguf --rounds 3 --json > speed.json         every run, and the summary

llama-bench is built by build_llama_bench.py (once) unless --llama-bench names others. benchmarks/run_all makes the models.
Exit status: 0; 1 where a run failed; 2 for a wrong argument.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import comparison_report
import runners

ROOT = Path(__file__).resolve().parent.parent
# No build of llama.cpp is the fastest at everything: {compiler: arguments of build_llama_bench.py}.
BUILDS = {"clang++-22": [["--cc", "clang-22", "--cxx", "clang++-22", "--no-openmp"]],
          "g++": [["--cc", "gcc", "--cxx", "g++", "--no-openmp"], ["--cc", "gcc", "--cxx", "g++"]]}


def say(message):
    print(f"compare_llama_cpp: {message}", file=sys.stderr, flush=True)


def machine():
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    pages = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return {"cpu": cpu, "usable_cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "transparent_huge_pages": pages.read_text().strip() if pages.exists() else "unknown",
            "load_average": os.getloadavg()[0]}


def built_llama_benches():
    """The programs that build_llama_bench.py makes with the compilers that are there; its messages go to standard error."""
    programs = []
    for arguments in [build for compiler, builds in BUILDS.items() if shutil.which(compiler) for build in builds] or [[]]:
        command = [sys.executable, str(ROOT / "benchmarks" / "build_llama_bench.py"), *arguments]
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


def measure_case(text, builds, folder, options):
    """All runs of one model; `builds` are those of llama-bench by their short names."""
    program, _, model = text.rpartition("=")
    case = {"name": Path(model).name, "model": model, "model_mb": os.path.getsize(model) / 1e6, "hone": [],
            "llama.cpp": [], "start": {}}
    if not program:
        program = folder / "program"
        say(f"hone compile {case['name']}")
        case["compile"] = runners.compile_model(options.hone, model, program)
    program = Path(program).absolute()
    for round in range(options.rounds):
        say(f"{case['name']}: round {round + 1} of {options.rounds}")
        sides = [("hone", lambda: runners.run_hone(program, options)),
                 ("llama.cpp", lambda: {name: runners.run_llama(build, model, options)
                                        for name, build in builds.items()})]
        for side, run in sides if round % 2 == 0 else reversed(sides):
            case[side].append(run())
    if options.starts:
        say(f"{case['name']}: {options.starts} starts")
        tokens = folder / "tokens"
        tokens.write_text(" ".join(str(100 + token) for token in range(runners.FIRST_TOKENS)))
        case["start"] = {"hone": [], "llama.cpp": []}
        for start in range(options.starts + 1):  # the first reads the files into memory and does not count
            times = {"hone": runners.start_hone(program, tokens, options),
                     "llama.cpp": runners.start_llama(next(iter(builds.values())), model, options)}
            for side in times if start else ():
                case["start"][side].append(times[side])
    comparison_report.summarize(case)
    return case


def whole_number(least):
    def parse(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got '{text}'")
        return int(text)
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", metavar="[PROGRAM=]MODEL", help="a model, and the program made from it")
    parser.add_argument("--hone", type=Path, default=ROOT / "build" / "bin" / "hone", help="default: build/bin/hone")
    parser.add_argument("--llama-bench", type=Path, action="append", metavar="PROGRAM",
                        help="may be given several times; the first is started for the time to first output")
    parser.add_argument("--threads", type=whole_number(1), default=2, help="default 2")
    parser.add_argument("--prompt", type=whole_number(1), default=512, help="tokens of the prompt, default 512")
    parser.add_argument("--generate", type=whole_number(1), default=128, help="tokens to generate, default 128")
    parser.add_argument("--rounds", type=whole_number(1), default=7, help="default 7")
    parser.add_argument("--starts", type=whole_number(0), default=11, help="starts of each, default 11; 0: none")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print tables (the default)")
    form.add_argument("--json", action="store_true", help="print every run and the summary")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write that JSON to FILE, too")
    options = parser.parse_args()
    for text in options.cases:
        for path in filter(None, text.rpartition("=")[::2]):
            if not os.path.isfile(path):
                parser.error(f"expected the file '{path}', got none")
    for program in options.llama_bench or []:
        if not program.is_file():
            parser.error(f"expected the program '{program}', got none; leave --llama-bench out to build it")

    programs = options.llama_bench or built_llama_benches()
    builds = {describe_build(program)[0]: program.absolute() for program in programs}
    if len(builds) != len(programs):
        parser.error("expected builds of llama-bench of different names, got two of one name")
    hone = runners.output_of([options.hone, "--version"]).strip()
    versions = {"hone": hone, "llama.cpp": [describe_build(program)[1] for program in programs]}
    result = {"machine": machine(), "versions": versions,
              "llama_options": runners.LLAMA_OPTIONS, "threads": options.threads, "rounds": options.rounds,
              "prompt_tokens": options.prompt, "generate_tokens": options.generate}
    if result["machine"]["load_average"] > 0.5:
        say(f"warning: the load average is {result['machine']['load_average']:.1f}; other work spoils the figures")
    result["cases"] = []
    for text in options.cases:
        with tempfile.TemporaryDirectory(prefix="hone-benchmark-") as folder:
            result["cases"].append(measure_case(text, builds, Path(folder), options))
    text = json.dumps(result, indent=2)
    if options.save:
        options.save.write_text(text + "\n")
    print(text if options.json else comparison_report.markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
