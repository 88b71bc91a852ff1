# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of programs made by hone beside llama.cpp and OpenVINO GenAI, on the same model files, interleaved.

A round runs the program's `bench` and each peer, one after the other and in the other order in every other round, with as
many threads: a prompt of --prompt tokens, and --generate tokens one by one, both from an empty context, after a run that
does not count; with --sequences, that generation for several sequences in the same steps, too. llama.cpp is run by its own
llama-bench, which does not choose tokens; hone's generation includes it, and OpenVINO's. Of llama.cpp built with clang-22
and with g++, with its own threads and with OpenMP, the best median counts. Prints medians over the rounds and their ratios,
what memory can read and the share of it that generation reaches, and the milliseconds from the start of a process to its
first output after a prompt of 16 tokens. A peer that does not take a model is left out there, and the report says why.
Use a machine that does nothing else.

  compare_generation.py SmolLM2-135M-Instruct.Q4_1.gguf                  compiles the model first, and measures that too
  compare_generation.py build/smollm2=SmolLM2-135M-Instruct.Q4_1.gguf build/1.1b=1.1b.gguf --threads 2 --rounds 7
  compare_generation.py MODEL.gguf --peers llama.cpp,openvino,openvino-f32 --sequences 8
  compare_generation.py MODEL.gguf --rounds 3 --json > speed.json        every run, and the summary

llama-bench is built by build_llama_bench.py (once) unless --llama-bench names others; OpenVINO is that of the Python that
runs this. benchmarks/run_all makes the models and that Python's environment.
Exit status: 0; 1 where a run failed; 2 for a wrong argument.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import comparison_report
import machine
import peers
import runners

ROOT = Path(__file__).resolve().parent.parent


def say(message):
    print(f"compare_generation: {message}", file=sys.stderr, flush=True)


def take_round(case, sides):
    """Runs all sides once; one that refuses the model is remembered with its reason, and not run again."""
    for side, run in sides:
        if side in case["refused"]:
            continue
        try:
            case[side].append(run())
        except runners.Refused as reason:
            say(f"{case['name']}: {side} does not take it: {reason}")
            case["refused"][side] = str(reason)


def measure_starts(case, program, compared, folder, options):
    """Milliseconds to the first output; the first start reads the files into memory and does not count."""
    tokens = folder / "tokens"
    tokens.write_text(" ".join(str(100 + token) for token in range(runners.FIRST_TOKENS)))
    sides = {"hone": lambda: runners.start_hone(program, tokens, options),
             **{peer.name: lambda peer=peer: peer.start(case["model"]) for peer in compared
                if peer.name not in case["refused"]}}
    case["start"] = {side: [] for side in sides}
    for start in range(options.starts + 1):
        for side, run in sides.items():
            milliseconds = run()
            if start:
                case["start"][side].append(milliseconds)


def measure_case(text, compared, folder, options):
    """All runs of one model beside the peers `compared`."""
    program, _, model = text.rpartition("=")
    case = {"name": Path(model).name, "model": model, "model_mb": os.path.getsize(model) / 1e6,
            "product_weights": runners.product_weights(model),
            "peers": [peer.name for peer in compared], "refused": {}, "start": {}, "hone": [],
            **{peer.name: [] for peer in compared}}
    if not program:
        program = folder / "program"
        say(f"hone compile {case['name']}")
        case["compile"] = runners.compile_model(options.hone, model, program)
    program, library = Path(program).absolute(), folder / "library.so"
    if options.sequences:
        runners.compile_model(options.hone, model, library, "--emit=shared")
    sides = [("hone", lambda: runners.run_hone(program, library, options)),
             *((peer.name, lambda peer=peer: peer.run(model)) for peer in compared)]
    for number in range(options.rounds):
        say(f"{case['name']}: round {number + 1} of {options.rounds}")
        take_round(case, sides if number % 2 == 0 else reversed(sides))
    if options.starts:
        say(f"{case['name']}: {options.starts} starts")
        measure_starts(case, program, compared, folder, options)
    comparison_report.summarize(case)
    return case


def whole_number(least):
    def parse(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got '{text}'")
        return int(text)
    return parse


def peer_names(text):
    names = text.split(",")
    unknown = [name for name in names if name not in peers.PEERS]
    if unknown or len(set(names)) != len(names):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(peers.PEERS)}, each once, got '{text}'")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="+", metavar="[PROGRAM=]MODEL", help="a model, and the program made from it")
    parser.add_argument("--hone", type=Path, default=ROOT / "build" / "bin" / "hone", help="default: build/bin/hone")
    parser.add_argument("--llama-bench", type=Path, action="append", metavar="PROGRAM",
                        help="may be given several times; the first is started for the time to first output")
    parser.add_argument("--peers", type=peer_names, default=["llama.cpp"], metavar="NAME,...",
                        help=f"some of {', '.join(peers.PEERS)}; default llama.cpp")
    parser.add_argument("--openvino", type=Path, metavar="SCRIPT", help="instead of run_openvino.py")
    parser.add_argument("--threads", type=whole_number(1), default=2, help="default 2")
    parser.add_argument("--prompt", type=whole_number(1), default=512, help="tokens of the prompt, default 512")
    parser.add_argument("--generate", type=whole_number(1), default=128, help="tokens to generate, default 128")
    parser.add_argument("--sequences", type=whole_number(0), default=0, metavar="N",
                        help="generate for N sequences at a time, too; default 0: no")
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

    compared = [peers.PEERS[name](options) for name in options.peers]
    versions = {"hone": runners.output_of([options.hone, "--version"]).strip(),
                **{peer.name: peer.versions for peer in compared}}
    result = {"machine": machine.describe(), "versions": versions, "llama_options": runners.LLAMA_OPTIONS,
              "threads": options.threads, "rounds": options.rounds, "prompt_tokens": options.prompt,
              "generate_tokens": options.generate, "sequences": options.sequences}
    if machine.warning(result["machine"]):
        say(f"warning: {machine.warning(result['machine'])}")
    result["cases"] = []
    for text in options.cases:
        with tempfile.TemporaryDirectory(prefix="hone-benchmark-") as folder:
            result["cases"].append(measure_case(text, compared, Path(folder), options))
    text = json.dumps(result, indent=2)
    if options.save:
        options.save.write_text(text + "\n")
    print(text if options.json else comparison_report.markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
