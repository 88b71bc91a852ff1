#!/usr/bin/env python3
"""Writes tokenizers in the source form of tokenizer-fuzzer into a directory: its seed corpus."""

import sys
from pathlib import Path

LETTERS = [chr(code) for code in range(ord("!"), ord("~") + 1)]
# One for each pre-tokenizer: the first byte, modulo 4, selects it.
WORDS = ["the", "there", "12345", "it's", "<|im_end|>", "<|im|>", "日本語", "Ġthe", "ĠĠ"]


def sources():
    merges = ["t h", "th e", "Ġ the", "r e", "Ġ Ġ", "1 2", "' s"]
    tokens = [*LETTERS, "Ġ", "Ċ", "ð", "Ł", "th", *(merge.replace(" ", "") for merge in merges)]
    lines = list(dict.fromkeys([*tokens, *WORDS])) + merges
    for first in "$!\"#":
        yield "\n".join([first, *(line for line in lines if line != first)])
    yield "\n".join([*LETTERS[:20], "a b"])
    yield "a\nb\na b\nab"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_tokenizer_seeds.py DIRECTORY")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources()):
        (folder / f"{number}.txt").write_text(source, encoding="utf-8")


if __name__ == "__main__":
    main()
