#!/usr/bin/env python3
"""Writes chat templates into a directory: the seed corpus of template-fuzzer."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Text"))
from chat_templates import FEATURES, TEMPLATES  # noqa: E402


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_template_seeds.py DIRECTORY")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate([*TEMPLATES.values(), *FEATURES]):
        (folder / f"{number}.jinja").write_text(source, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
