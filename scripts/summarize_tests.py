# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up what scripts/test ran: names what failed and why tests were skipped, and ends with 'N passed, N failed'.

  summarize_tests.py --lit lit.json STATUS [--lit ...] [--others FILE]

FILE has lines 'PASS name' and 'FAIL name'. Exit status: 0 if something passed and nothing failed, otherwise 1.
"""
import argparse
import collections
import json
import re
import sys
from pathlib import Path

# Codes of lit; every other one is a failure.
PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}
LIT_ITSELF = "lit itself"
FEATURES = re.compile(r"unavailable features: (.*)")


def read_lit(path, status):
    """[(code, name, output)]; a run without results is one failure."""
    try:
        tests = json.loads(path.read_text())["tests"]
    except (OSError, ValueError, KeyError):
        return [("FAIL", LIT_ITSELF, f"expected results in '{path.name}', got none; exit status {status}")]
    results = [(test["code"], test["name"], test.get("output") or "") for test in tests]
    if status and all(code in PASSED | SKIPPED for code, *_ in results):
        results.append(("FAIL", LIT_ITSELF, f"exit status {status} though no test failed"))
    return results


def read_others(path):
    if not path or not path.exists():
        return []
    return [(*line.split(" ", 1), "") for line in path.read_text().splitlines()]


def skip_reason(output):
    features = FEATURES.search(output)
    if features:
        return f"needs {features[1].strip()}"
    return (output.strip().splitlines() or ["the test says so"])[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lit", nargs=2, action="append", required=True, metavar=("JSON", "STATUS"),
                        help="what lit's --output wrote, and the exit status of lit; once for each run")
    parser.add_argument("--others", type=Path, metavar="FILE", help="results of what is not run by lit")
    options = parser.parse_args()
    results = [result for path, status in options.lit for result in read_lit(Path(path), int(status))]
    results += read_others(options.others)

    passed = [result for result in results if result[0] in PASSED]
    skipped = [result for result in results if result[0] in SKIPPED]
    failed = [result for result in results if result[0] not in PASSED | SKIPPED]
    reasons = collections.defaultdict(list)
    for _, name, output in skipped:
        reasons[skip_reason(output)].append(name)
    for reason, names in sorted(reasons.items()):
        print(f"skipped, {reason}:", *names, sep="\n  ")
    if failed:
        print("failed:", *(f"{name} ({code})" for code, name, _ in failed), sep="\n  ")
    for _, name, output in failed:
        if name == LIT_ITSELF:  # lit has printed the output of tests
            print(f"{name}: {output}")
    print(f"{len(passed)} passed, {len(failed)} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
