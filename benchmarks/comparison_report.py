# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From the figures of single runs to medians, spreads and ratios, and from those to Markdown."""
import statistics

from runners import FIRST_TOKENS

WORK = ("prompt", "generate")


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def best_build(rounds, work):
    """The build of llama-bench whose median is highest."""
    return max(rounds[0], key=lambda build: statistics.median(round[build][work] for round in rounds))


def summarize(case):
    """Adds "summary" to a case of {"hone": runs, "llama.cpp": runs, "start": {name: milliseconds}}."""
    ours, theirs = case["hone"], case["llama.cpp"]
    summary = {}
    for work in WORK:
        build = best_build(theirs, work)
        pairs = [(one[work], other[build][work]) for one, other in zip(ours, theirs)]
        hone, llama = (spread([pair[side] for pair in pairs]) for side in (0, 1))
        # The spread of the ratio is that of the rounds, whose two runs followed each other.
        ratio = spread([one / other for one, other in pairs])
        summary[work] = {"hone": hone, "llama.cpp": llama, "build": build,
                         "ratio": {**ratio, "median": hone["median"] / llama["median"]}}
    summary["read_gb_per_s"] = spread([run["read_gb_per_s"] for run in ours])
    bytes_read = ours[0]["weight_bytes_per_token"]
    summary["share_of_read"] = {
        side: summary["generate"][side]["median"] * bytes_read / (summary["read_gb_per_s"]["median"] * 1e9)
        for side in ("hone", "llama.cpp")}
    summary["first_logits_ms"] = spread([run["first_logits_ms"] for run in ours])
    summary["start_ms"] = {side: spread(values) for side, values in case["start"].items()}
    case["summary"] = summary


def rate(figures):
    return f"{number(figures['median'])} ({number(figures['min'])} to {number(figures['max'])})"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio_text(figures):
    return f"{figures['median']:.2f} ({figures['min']:.2f} to {figures['max']:.2f})"


def speed_table(case, sizes):
    summary = case["summary"]
    lines = ["| work | hone | llama.cpp | ratio |", "| --- | ---: | ---: | ---: |"]
    for work, label in (("prompt", f"prompt of {sizes['prompt']}"), ("generate", f"generation of {sizes['generate']}")):
        row = summary[work]
        lines.append(f"| {label}, tokens/s | {rate(row['hone'])} | {rate(row['llama.cpp'])} | {ratio_text(row['ratio'])} |")
    share = summary["share_of_read"]
    lines.append(f"| generation, share of what memory can read | {share['hone']:.0%} | {share['llama.cpp']:.0%} | |")
    if summary["start_ms"]:
        ours, theirs = summary["start_ms"]["hone"], summary["start_ms"]["llama.cpp"]
        lines.append(f"| process start to first output, prompt of {FIRST_TOKENS}, ms | {rate(ours)} | {rate(theirs)} | "
                     f"{theirs['median'] / ours['median']:.2f} |")
    return lines


def case_text(case, sizes):
    summary = case["summary"]
    read = summary["read_gb_per_s"]
    lines = [f"### {case['name']}", "", *speed_table(case, sizes), "",
             f"Memory reads {read['median']:.1f} GB/s ({read['min']:.1f} to {read['max']:.1f}); a token reads "
             f"{case['hone'][0]['weight_bytes_per_token'] / 1e6:.1f} MB of weights. llama.cpp's best build: "
             f"{summary['prompt']['build']} for the prompt, {summary['generate']['build']} for generation. First logits by "
             f"`hone bench`: {rate(summary['first_logits_ms'])} ms after program start."]
    if "compile" in case:
        made = case["compile"]
        lines.append(f"`hone compile`: {made['seconds']:.1f} s, {made['peak_mb']:.0f} MB of resident memory at most, "
                     f"a program of {made['program_mb']:.1f} MB.")
    return lines


def markdown(result):
    machine, versions = result["machine"], result["versions"]
    lines = [f"{machine['cpu']}, {result['threads']} threads of {machine['usable_cpus']} usable CPUs, medians of "
             f"{result['rounds']} interleaved rounds (lowest to highest); {versions['hone']}; llama.cpp: "
             f"{'; '.join(versions['llama.cpp'])}."]
    for case in result["cases"]:
        lines += ["", *case_text(case, {"prompt": result["prompt_tokens"], "generate": result["generate_tokens"]})]
    return "\n".join(lines)
