# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of ONNX Runtime and OpenVINO on all-MiniLM-L6-v2 in f32, whole and its matrix products alone, interleaved.

The products are those of its layers for a text of --tokens tokens, and one of 2048 x 2048 with 1024 rows, the most that a
library gets out of this machine. The whole model goes from a text's ids to its embedding, and each library's is compared
with NumPy's first. A round runs each library on each model, in turn, in a process of its own. Times are the best of all
runs, as those of measure_products.py; --products adds the figures that it saved as JSON for hone's kernels.

  compare_encoders.py --threads 1,2 --rounds 5
  compare_encoders.py --products build/benchmarks/products-*.json --save build/benchmarks/encoders.json

The model is fetched by scripts/fetch_model.py. Needs the packages of benchmarks/requirements.txt, which benchmarks/run_all
installs. Exit status: 0; 1 where a run failed or a result is wrong; 2 for a wrong argument.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import encoder_report
import machine

ROOT = Path(__file__).resolve().parent.parent
LAYER_PRODUCTS = ["384x384", "1536x384", "384x1536"]  # output x columns of a weight
LARGE_ROWS, LARGE = 1024, "2048x2048"
MOST_DIFFERENCE = 1e-5  # of an embedding of length 1, f32 beside f32


def say(message):
    print(f"compare_encoders: {message}", file=sys.stderr, flush=True)


def fail(message):
    print(f"compare_encoders: error: {message}", file=sys.stderr)
    sys.exit(1)


def fetch_model():
    result = subprocess.run([sys.executable, str(ROOT / "scripts" / "fetch_model.py"), "all-minilm-l6-v2"],
                            stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(result.returncode)
    return Path(result.stdout.strip())


def write_models(folder, tokens):
    """The cases, each with the path of its ONNX file, and NumPy's embedding of the ids that run_onnx.py takes."""
    try:
        import encoder_models
        import numpy
    except ImportError as error:
        fail(f"expected the Python package '{error.name}', got none; benchmarks/run_all installs it")
    cases = []
    for shape, rows in [*((shape, tokens) for shape in LAYER_PRODUCTS), (LARGE, LARGE_ROWS)]:
        outputs, inputs = map(int, shape.split("x"))
        path = folder / f"{shape}.onnx"
        encoder_models.write_product(path, rows, inputs, outputs)
        cases.append({"name": shape, "rows": rows, "gflop": 2e-9 * rows * inputs * outputs, "path": path})
    model = encoder_models.MiniLM(fetch_model())
    path = folder / "minilm.onnx"
    encoder_models.write_minilm(path, model, tokens)
    cases.append({"name": "all-MiniLM-L6-v2", "rows": tokens, "gflop": model.products(tokens) * 1e-9, "path": path})
    return cases, encoder_models.reference(model, numpy.arange(1000, 1000 + 7 * tokens, 7)).tolist()


def run_once(case, runner, threads, seconds):
    """The figures of run_onnx.py."""
    command = [sys.executable, ROOT / "benchmarks" / "run_onnx.py", case["path"], "--runner", runner, "--threads", threads,
               "--seconds", seconds]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        fail((result.stderr.strip().splitlines() or [f"{runner} ended with exit status {result.returncode}"])[-1])
    return json.loads(result.stdout)


def measure(options, cases, expected):
    """A row for each case and number of threads: {"best": microseconds, "medians": those of the rounds} of each runner."""
    rows = [{**{key: case[key] for key in ("name", "rows", "gflop")}, "threads": threads, "case": case,
             "runners": {runner: {"best": float("inf"), "medians": []} for runner in options.runners}}
            for case in cases for threads in options.threads]
    for number in range(options.rounds):
        say(f"round {number + 1} of {options.rounds}")
        for row in rows:
            for runner in options.runners if number % 2 == 0 else reversed(options.runners):
                run = run_once(row["case"], runner, row["threads"], options.seconds)
                figures = row["runners"][runner]
                figures["best"] = min(figures["best"], run["best"])
                figures["medians"].append(run["median"])
                if row["name"] == "all-MiniLM-L6-v2":
                    figures["difference"] = max(abs(one - other) for one, other in zip(run["output"], expected))
                    if figures["difference"] > MOST_DIFFERENCE:
                        fail(f"{runner}: expected an embedding within {MOST_DIFFERENCE} of NumPy's, got a difference of "
                             f"{figures['difference']:.1e}")
    for row in rows:
        del row["case"]
    return rows


def read_products(paths):
    """The figures of hone's kernels in f32: {(shape, rows, threads, level): times}."""
    products = {}
    for path in paths:
        try:
            for row in json.loads(path.read_text()):
                if row["scheme"] == row["activations"] == "f32":
                    products[row["shape"], row["rows"], row["threads"], row["level"]] = {
                        "best": row["microseconds"], "medians": [row["median_microseconds"]]}
        except (OSError, ValueError, KeyError, TypeError):
            fail(f"expected the JSON of measure_products.py in '{path}', got something else")
    return products


def add_products(rows, products):
    """Those of the same shape, rows and threads stand first in a row's runners, by level."""
    for row in rows:
        same = {f"hone, {level}": times for (*key, level), times in products.items()
                if key == [row["name"], row["rows"], row["threads"]]}
        row["runners"] = {**same, **row["runners"]}


def versions(runners):
    names = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
    try:
        return {runner: f"{names[runner]} {metadata.version(runner)}" for runner in runners}
    except metadata.PackageNotFoundError as error:
        fail(f"expected the Python package '{error.name}', got none; benchmarks/run_all installs it")


def numbers(text):
    if not all(part.isdecimal() and int(part) > 0 for part in text.split(",")):
        raise argparse.ArgumentTypeError(f"expected whole numbers from 1 with commas between them, got '{text}'")
    return [int(part) for part in text.split(",")]


def names(text):
    if not set(text.split(",")) <= {"onnxruntime", "openvino"}:
        raise argparse.ArgumentTypeError(f"expected some of onnxruntime, openvino, got '{text}'")
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runners", type=names, default=["onnxruntime", "openvino"], help="default onnxruntime,openvino")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="default 1,2")
    parser.add_argument("--tokens", type=int, choices=range(1, 513), metavar="N", default=128, help="default 128")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", default=5, help="default 5")
    parser.add_argument("--seconds", type=float, default=0.5, help="of one run of one model, default 0.5")
    parser.add_argument("--products", type=Path, nargs="*", default=[], metavar="FILE", help="JSON of measure_products.py")
    parser.add_argument("--json", action="store_true", help="print all figures instead of tables")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write that JSON to FILE, too")
    options = parser.parse_args()
    result = {"machine": machine.describe(), "versions": versions(options.runners), "rounds": options.rounds,
              "tokens": options.tokens, "precision": "f32"}
    if machine.warning(result["machine"]):
        say(f"warning: {machine.warning(result['machine'])}")
    products = read_products(options.products)
    with tempfile.TemporaryDirectory(prefix="hone-benchmark-") as folder:
        result["rows"] = measure(options, *write_models(Path(folder), options.tokens))
    add_products(result["rows"], products)
    text = json.dumps(result, indent=2)
    if options.save:
        options.save.write_text(text + "\n")
    print(text if options.json else encoder_report.markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
