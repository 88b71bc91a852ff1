# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figures of compare_encoders.py as Markdown."""
import statistics


def gflops(row, figures):
    """Of the best run, and of the median of the rounds' medians."""
    return tuple(row["gflop"] / microseconds * 1e6
                 for microseconds in (figures["best"], statistics.median(figures["medians"])))


def cell(row, figures):
    if not figures:
        return "-"
    best, median = gflops(row, figures)
    return f"{figures['best'] / 1e3:.2f} ms, {best:.0f} ({median:.0f})"


def row_name(row):
    whole = not row["name"][0].isdigit()
    return f"{row['name']}, 1 x {row['rows']} tokens" if whole else f"{row['name']}, {row['rows']} rows"


def markdown(result):
    machine = result["machine"]
    names = list(dict.fromkeys(name for row in result["rows"] for name in row["runners"]))
    lines = [f"{machine['cpu']}, {machine['usable_cpus']} usable CPUs; {'; '.join(result['versions'].values())}; all in "
             f"{result['precision']}, {result['rounds']} interleaved rounds: the best run, its GFLOP/s, and those of the "
             "median of the rounds' medians.", "",
             "| work | threads | " + " | ".join(result["versions"].get(name, name) for name in names) + " |",
             "| --- | ---: |" + " ---: |" * len(names)]
    for row in result["rows"]:
        cells = [cell(row, row["runners"].get(name)) for name in names]
        lines.append(f"| {row_name(row)} | {row['threads']} | " + " | ".join(cells) + " |")
    differences = [figures["difference"] for row in result["rows"] for figures in row["runners"].values()
                   if "difference" in figures]
    if differences:
        lines += ["", f"Embeddings are within {max(differences):.0e} of NumPy's."]
    return "\n".join(lines)
