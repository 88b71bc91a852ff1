# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws the figures that compare_generation.py saved, as two small SVG files that are the same for the same figures.

  speed.svg   tokens per second of each runner: median, lowest and highest of the rounds
  limits.svg  generation's share of the rate at which memory is read, and the share of the peak of f32 arithmetic that a
              prompt's products come to: one measure for all runners; those that compute in integers may exceed it

  plot_results.py build/benchmarks/speed.json --output docs/images --peaks build/benchmarks/encoders.json

The peak is the most of any f32 product or plain loop in the files of --peaks, which are those of compare_encoders.py and
measure_products.py, with as many threads; without it, or where a model's size is unknown, limits.svg has memory alone.
Exit status: 0; 1 where a file is not what was expected; 2 for a wrong argument.
"""
import argparse
import json
import sys
from pathlib import Path

GREY = "#7d8590"  # read on white and on black
COLOURS = {"hone": "#2f81f7", "llama.cpp": "#e69f00", "OpenVINO": "#009e73", "OpenVINO, f32": "#cc79a7"}
PANELS = {"prompt": "prompt, tokens/s", "generate": "generation, tokens/s", "sequences": "several sequences, tokens/s"}
STYLE = {"svg.hashsalt": "hone", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif",
         "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
         **{f"{part}.color": GREY for part in ("text", "xtick", "ytick")}, "axes.labelcolor": GREY, "axes.edgecolor": GREY}


def fail(message):
    print(f"plot_results: error: {message}", file=sys.stderr)
    sys.exit(1)


def speeds(case, work):
    """{runner: {"min", "median", "max"}}, hone first."""
    summary = case["summary"][work]
    return {"hone": summary["hone"], **{name: peer["speed"] for name, peer in summary["peers"].items()}}


def peak_gflops(texts, threads):
    """The most f32 operations per second, in billions, among the rows of `texts` with as many threads; None: no row."""
    rates = [0.0]
    for value in map(json.loads, texts):
        if isinstance(value, dict):  # of compare_encoders.py
            rates += [row["gflop"] / figures["best"] * 1e6 for row in value["rows"] if row["threads"] == threads
                      for figures in row["runners"].values()]
        else:
            rates += [row["peak_gop_per_s"] for row in value if row["threads"] == threads and row["activations"] == "f32"]
    return max(rates) or None


def shares(case, peak):
    """{panel: {runner: share}}"""
    result = {"generation, share of memory's rate": case["summary"]["share_of_read"]}
    if peak and case.get("product_weights"):
        result["prompt, share of the f32 peak"] = {
            name: speed["median"] * 2 * case["product_weights"] / (peak * 1e9)
            for name, speed in speeds(case, "prompt").items()}
    return result


def runner_names(cases):
    return list(dict.fromkeys(name for case in cases for name in speeds(case, "prompt")))


def figure(pyplot, cases, panels, draw):
    """A panel of each of `panels`, the models below one another, the runners of a model too; `draw` adds one mark."""
    names = runner_names(cases)
    height = 0.8 + len(cases) * (0.25 + 0.17 * len(names))
    drawing, axes = pyplot.subplots(1, len(panels), figsize=(8, height), sharey=True, squeeze=False, layout="constrained")
    for axis, panel in zip(axes[0], panels):
        for place, case in enumerate(cases):
            for index, name in enumerate(names):
                draw(axis, panel, case, name, place + (index + 0.5) / len(names) * 0.8 - 0.4,
                     0.8 / len(names), COLOURS.get(name, GREY))
        axis.set_title(panel, fontsize=9, loc="left")
        axis.grid(axis="x", color=GREY, alpha=0.25)
    axes[0][0].set_yticks(range(len(cases)), [case["name"].removesuffix(".gguf") for case in cases])
    axes[0][0].set_ylim(len(cases) - 0.5, -0.5)
    handles = [pyplot.Line2D([], [], marker="o", linestyle="", color=COLOURS.get(name, GREY), label=name) for name in names]
    drawing.legend(handles=handles, loc="outside lower center", ncols=len(names))
    return drawing


def draw_speeds(pyplot, cases):
    def draw(axis, panel, case, name, place, width, colour):
        work = next(work for work, title in PANELS.items() if title == panel)
        speed = speeds(case, work).get(name) if work in case["summary"] else None
        if speed:
            error = [[speed["median"] - speed["min"]], [speed["max"] - speed["median"]]]
            axis.errorbar(speed["median"], place, xerr=error, fmt="o", color=colour, markersize=4, capsize=2)
    panels = [title for work, title in PANELS.items() if any(work in case["summary"] for case in cases)]
    drawing = figure(pyplot, cases, panels, draw)
    for axis in drawing.axes:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(pyplot.matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(pyplot.NullLocator())
    return drawing


def draw_limits(pyplot, cases, peak):
    def draw(axis, panel, case, name, place, width, colour):
        share = shares(case, peak).get(panel, {}).get(name)
        if share is not None:
            axis.barh(place, share, height=width * 0.8, color=colour)
    drawing = figure(pyplot, cases, list(dict.fromkeys(panel for case in cases for panel in shares(case, peak))), draw)
    for axis in drawing.axes:
        axis.axvline(1, color=GREY, linestyle="--")
        axis.xaxis.set_major_formatter(pyplot.matplotlib.ticker.PercentFormatter(1))
        axis.set_xlim(0, max(1.05, axis.get_xlim()[1]))
    return drawing


def read(path):
    try:
        return path.read_text()
    except OSError as error:
        fail(f"'{path}': {error.strerror}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speed", type=Path, metavar="SPEED.json")
    parser.add_argument("--peaks", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks"), metavar="FOLDER",
                        help="default build/benchmarks")
    options = parser.parse_args()
    texts = [read(path) for path in options.peaks]
    try:
        import matplotlib.ticker  # noqa: F401, of pyplot.matplotlib
        from matplotlib import pyplot
    except ImportError:
        fail("expected the Python package 'matplotlib', got none; benchmarks/run_all installs it")
    pyplot.rcParams.update(STYLE)
    try:
        result = json.loads(read(options.speed))
        cases = result["cases"]
        peak = peak_gflops(texts, result["threads"])
        drawings = {"speed.svg": draw_speeds(pyplot, cases), "limits.svg": draw_limits(pyplot, cases, peak)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fail(f"expected the JSON of compare_generation.py and of --peaks, got something else ({error})")
    options.output.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        drawing.savefig(options.output / name, transparent=True, metadata={"Date": None, "Creator": None})
        print(options.output / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
