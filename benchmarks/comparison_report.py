# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From the figures of single runs to medians, spreads and ratios, and from those to Markdown.

  comparison_report.py build/benchmarks/speed.json       the tables of a comparison that was saved
"""
import json
import statistics
import sys

from runners import FIRST_TOKENS

WORK = ("prompt", "generate", "sequences")  # the last only where it was asked for


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def best_build(rounds, work):
    """The build whose median is highest."""
    return max(rounds[0], key=lambda build: statistics.median(round[build][work] for round in rounds))


def compare_speed(ours, theirs, work):
    """A peer's speed in its best build, and hone's over it. The spread of the ratio is that of the rounds, whose two runs
    followed each other."""
    build = best_build(theirs, work)
    pairs = [(one[work], other[build][work]) for one, other in zip(ours, theirs)]
    hone, peer = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    return {"speed": spread([other for _, other in pairs]), "build": build,
            "ratio": {**spread([one / other for one, other in pairs]), "median": hone / peer}}


def summarize(case):
    """Adds "summary" to a case of {"hone": runs, peer: runs by build, "start": {name: milliseconds}}."""
    ours = case["hone"]
    names = [name for name in case["peers"] if name not in case["refused"]]
    summary = {work: {"hone": spread([run[work] for run in ours]),
                      "peers": {name: compare_speed(ours, case[name], work) for name in names}}
               for work in WORK if work in ours[0]}
    summary["read_gb_per_s"] = spread([run["read_gb_per_s"] for run in ours])
    speeds = {"hone": summary["generate"]["hone"],
              **{name: peer["speed"] for name, peer in summary["generate"]["peers"].items()}}
    bytes_read = ours[0]["weight_bytes_per_token"]
    summary["share_of_read"] = {side: speed["median"] * bytes_read / (summary["read_gb_per_s"]["median"] * 1e9)
                                for side, speed in speeds.items()}
    summary["first_logits_ms"] = spread([run["first_logits_ms"] for run in ours])
    summary["start_ms"] = {side: spread(values) for side, values in case["start"].items()}
    case["summary"] = summary


def rate(figures):
    return f"{number(figures['median'])} ({number(figures['min'])} to {number(figures['max'])})"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio_text(figures):
    return f"{figures['median']:.2f} ({figures['min']:.2f} to {figures['max']:.2f})"


def row(label, hone, peers):
    cells = [label, hone, *(cell for pair in peers for cell in pair)]
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def speed_table(case, sizes):
    summary = case["summary"]
    names = list(summary["prompt"]["peers"])
    lines = [row("work", "hone", [(name, "ratio") for name in names]),
             row("---", "---:", [("---:", "---:")] * len(names))]
    for work in WORK:
        if work in summary:
            peers = summary[work]["peers"].values()
            lines.append(row(f"{sizes[work]}, tokens/s", rate(summary[work]["hone"]),
                             [(rate(peer["speed"]), ratio_text(peer["ratio"])) for peer in peers]))
    share = summary["share_of_read"]
    lines.append(row("generation, share of what memory can read", f"{share['hone']:.0%}",
                     [(f"{share[name]:.0%}", "") for name in names]))
    if summary["start_ms"]:
        start = summary["start_ms"]
        lines.append(row(f"process start to first output, prompt of {FIRST_TOKENS}, ms", rate(start["hone"]),
                         [(rate(start[name]), f"{start[name]['median'] / start['hone']['median']:.2f}") for name in names]))
    return lines


def builds_text(summary):
    """Which build of a peer that has several was the best."""
    texts = []
    for name in summary["prompt"]["peers"]:
        prompt, generate = (summary[work]["peers"][name]["build"] for work in ("prompt", "generate"))
        if (prompt, generate) != (name, name):
            texts.append(f"{name}'s best build: {prompt} for the prompt, {generate} for generation. ")
    return "".join(texts)


def case_text(case, sizes):
    summary = case["summary"]
    read = summary["read_gb_per_s"]
    lines = [f"### {case['name']}", "", *speed_table(case, sizes), "",
             f"Memory reads {read['median']:.1f} GB/s ({read['min']:.1f} to {read['max']:.1f}); a token reads "
             f"{case['hone'][0]['weight_bytes_per_token'] / 1e6:.1f} MB of weights. {builds_text(summary)}First logits by "
             f"`hone bench`: {rate(summary['first_logits_ms'])} ms after program start."]
    lines += [f"{name} does not take this file: {reason}" for name, reason in case["refused"].items()]
    if "compile" in case:
        made = case["compile"]
        lines.append(f"`hone compile`: {made['seconds']:.1f} s, {made['peak_mb']:.0f} MB of resident memory at most, "
                     f"a program of {made['program_mb']:.1f} MB.")
    return lines


def markdown(result):
    machine, versions = result["machine"], result["versions"]
    peers = "; ".join(f"{name}: {'; '.join(lines)}" for name, lines in versions.items() if name != "hone")
    lines = [f"{machine['cpu']}, {result['threads']} threads of {machine['usable_cpus']} usable CPUs, medians of "
             f"{result['rounds']} interleaved rounds (lowest to highest); {versions['hone']}; {peers}."]
    sizes = {"prompt": f"prompt of {result['prompt_tokens']}", "generate": f"generation of {result['generate_tokens']}",
             "sequences": f"generation of {result['sequences']} times {result['generate_tokens']}"}
    for case in result["cases"]:
        lines += ["", *case_text(case, sizes)]
    return "\n".join(lines)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if sys.argv[1:] in (["--help"], ["-h"]) else 2
    try:
        with open(sys.argv[1]) as file:
            text = markdown(json.load(file))
    except OSError as error:
        sys.exit(f"comparison_report: error: '{sys.argv[1]}': {error.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"comparison_report: error: expected the JSON of compare_generation.py in '{sys.argv[1]}', got other text")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
