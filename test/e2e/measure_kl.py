"""Mean KL divergence from the f32 reference over the evaluation text: of programs, and of peers beside them.

Each section of the text is read from an empty context, and every position counts. llama.cpp is run by the Python package
llama-cpp-python, with its default f16 KV cache, on the same tokens; --openvino adds OpenVINO GenAI, in the precisions of
benchmarks/run_openvino.py.

Exit status: 0; 1 where a program failed, or its mean KL is above --max-kl or above llama.cpp's with --not-above-llama-cpp.

  measure_kl.py --model M [--program [NAME=]P ...] [--no-llama-cpp] [--openvino default f32] [--max-kl X] [--sections] [--json]
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

# OpenBLAS's threads spin while they wait: on a busy machine, two take ten times as long as one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from divergence import Divergence
from openvino_logits import OpenVINO
from program import Program, ProgramError
from prompts import ModelText, evaluation_for
from reference_cache import ReferenceCache


class LlamaCpp:
    """llama.cpp with the `logits` method of a Program."""

    def __init__(self, model, context, threads):
        import llama_cpp
        self.name = f"llama.cpp (llama-cpp-python {llama_cpp.__version__})"
        self.llama = llama_cpp.Llama(str(model), n_ctx=context, n_batch=512, logits_all=True, verbose=False,
                                     n_threads=threads, n_threads_batch=threads)

    def logits(self, tokens, vocab, threads=None):
        self.llama.reset()
        self.llama.eval(tokens)
        return np.array(self.llama.scores[:len(tokens)])


def measure(name, runner, sections, cache, vocab, threads):
    total, parts, seconds = Divergence(), {}, 0.0
    for title, tokens in sections.items():
        started = time.time()
        got = runner.logits(tokens, vocab, threads=threads)
        seconds += time.time() - started
        expected = cache.logits(tokens)
        part = Divergence()
        part.add(expected, got)
        total.add(expected, got)
        parts[title] = part.summary()
    return {"name": name, **total.summary(), "seconds": round(seconds, 2), "sections": parts}


def markdown(results, with_sections):
    lines = ["| runner | positions | mean KL | largest KL | same first choice | difference |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for result in results:
        rows = [(result["name"], result)]
        if with_sections:
            rows += [(f"· {title}", part) for title, part in result["sections"].items()]
        lines += [f"| {name} | {row['positions']} | {row['mean_kl']:.3e} | {row['max_kl']:.3e} | {row['same_first']:.2%} "
                  f"| {row['relative_difference']:.3e} |" for name, row in rows]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--program", action="append", default=[], metavar="[NAME=]P")
    parser.add_argument("--no-llama-cpp", action="store_true")
    parser.add_argument("--openvino", nargs="+", default=[], choices=["default", "f32"], metavar="PRECISION",
                        help="add OpenVINO GenAI; default or f32")
    parser.add_argument("--kv", choices=("f16", "int8"), help="add the reference with such a KV cache as a runner")
    parser.add_argument("--max-kl", type=float, help="bar on each program's mean KL")
    parser.add_argument("--not-above-llama-cpp", action="store_true", help="make llama.cpp's mean KL a bar")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sections", action="store_true", help="a line for each section of the text")
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.not_above_llama_cpp and options.no_llama_cpp:
        parser.error("--not-above-llama-cpp needs llama.cpp")

    sections = evaluation_for(options.model)
    vocab = ModelText(options.model).vocab
    cache = ReferenceCache(options.model)
    errors, results, bar = [], [], options.max_kl
    if not options.no_llama_cpp:
        try:
            runner = LlamaCpp(options.model, max(map(len, sections.values())) + 8, options.threads)
        except ImportError:
            parser.error("the package llama-cpp-python is not installed; install it or pass --no-llama-cpp")
        results.append(measure(runner.name, runner, sections, cache, vocab, options.threads))
        if options.not_above_llama_cpp:
            bar = min(results[0]["mean_kl"], bar if bar is not None else np.inf)
    for precision in options.openvino:
        try:
            runner = OpenVINO(options.model, precision, options.threads)
        except ImportError:
            parser.error("the package openvino-genai is not installed; install it or leave --openvino out")
        results.append(measure(runner.name, runner, sections, cache, vocab, options.threads))
    if options.kv:
        rounded = ReferenceCache(options.model, kv=options.kv)
        runner = type("Rounded", (), {"logits": lambda self, tokens, vocab, threads: rounded.logits(tokens)})()
        results.append(measure(f"reference, {options.kv} KV", runner, sections, cache, vocab, options.threads))
    for argument in options.program:
        name, _, command = argument.rpartition("=")
        try:
            result = measure(name or Path(command).name, Program(command, options.timeout), sections, cache, vocab,
                             options.threads)
        except ProgramError as error:
            errors.append(str(error))
            continue
        results.append(result)
        if bar is not None and result["mean_kl"] > bar:
            errors.append(f"{result['name']}: expected a mean KL of at most {bar:.3e}, got {result['mean_kl']:.3e}")
        elif not np.isfinite(result["mean_kl"]):
            errors.append(f"{result['name']}: expected finite logits, got {result['not_finite']} that are not")
    print(json.dumps({"results": results, "errors": errors}, indent=2) if options.json
          else markdown(results, options.sections))
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
