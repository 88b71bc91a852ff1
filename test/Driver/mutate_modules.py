"""Changes modules at random, line by line and number by number, and checks that hone-compile answers each with a program
or with one line that says what is wrong: never with a crash, never with an endless run.

  mutate_modules.py --compile hone-compile --model SMALL.gguf --folder DIR [--seed N] [--count N]
"""
import argparse
import random
import re
import subprocess
from pathlib import Path

PHASES = ["import", "compressed", "fused", "scheduled"]
NUMBER = re.compile(r"\b\d+\b")
WORD = re.compile(r"%[\w.]+|@[\w.]+|#llm\.\w+<[^>]*>|i32|f32|i16|index|q4_1|q8_0|f16")
NUMBERS = ["0", "1", "2", "7", "31", "33", "-1", "4294967296", "9223372036854775807", "?"]
SECONDS = 60


def replace_one(line, pattern, choose, rng):
    found = list(pattern.finditer(line))
    if not found:
        return line
    match = rng.choice(found)
    return line[:match.start()] + choose(match.group()) + line[match.end():]


def mutate(text, rng):
    lines, words = text.split("\n"), WORD.findall(text)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        kind, at = rng.random(), rng.randrange(len(lines))
        if kind < 0.25:
            del lines[at]
        elif kind < 0.4:
            lines.insert(rng.randrange(len(lines)), lines[at])
        elif kind < 0.75:
            near = lambda number: rng.choice([*NUMBERS, str(int(number) + 1), str(max(0, int(number) - 1))])
            lines[at] = replace_one(lines[at], NUMBER, near, rng)
        elif kind < 0.9:
            lines[at] = replace_one(lines[at], WORD, lambda _: rng.choice(words), rng)
        else:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    texts = {phase: subprocess.run([options.compile, options.model, "--emit=mlir", f"--stop-after={phase}"],
                                   capture_output=True, text=True, check=True).stdout for phase in PHASES}
    rng, failures, accepted = random.Random(options.seed), 0, 0
    for number in range(options.count):
        phase = rng.choice(PHASES)
        case, out = options.folder / f"case-{number}.mlir", options.folder / "out"
        case.write_text(mutate(texts[phase], rng))
        try:
            result = subprocess.run([options.compile, case, f"--start-at={phase}", "-o", out], capture_output=True,
                                    text=True, errors="replace", timeout=SECONDS)
            status, told = result.returncode, result.stderr.strip()
        except subprocess.TimeoutExpired:
            status, told = "no end", ""
        accepted += status == 0
        if status not in (0, 1) or (status == 1 and len(told.split("\n")) != 1):
            failures += 1
            print(f"{case} after {phase}: status {status}: {told[:300]}")
        else:
            case.unlink()
    print(f"{options.count} changed modules: {accepted} compiled, {options.count - accepted - failures} refused, "
          f"{failures} mishandled")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
