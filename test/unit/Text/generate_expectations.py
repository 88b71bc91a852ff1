#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what others give for the unit tests' inputs, so that these need no Python.

usage: generate_expectations.py templates > TemplateExpectations.inc
       generate_expectations.py pieces > PieceExpectations.inc

templates: what jinja2 renders for those of test/Text/chat_templates.py and one conversation; nullptr where it raises.
pieces: how the pre-tokenizers of Hugging Face's tokenizers cut lines of test/Text/text_lines.py.
test/Text compares more of both, where the Python packages are installed.
"""
import datetime
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Text"))

# As in TemplateExpectationsTest.cpp.
INPUTS = {
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " häß €\n"},
                 {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes"}, {"role": "user", "content": "Why?"}],
    "tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>",
    "enable_thinking": False, "number": 3, "strftime_now": datetime.datetime(2025, 3, 9, 17, 5, 42).strftime,
}
# Ends of lines and spaces between words, digits and signs.
MIXTURES = ["a  b\n\n c\t \n1  2", " \n", "   ", "a\n", "x \r\n\r\ny", "\u00a0 z\u3000w", "!\n\n?", " '", "'", "12345 678", "½²Ⅻ٣"]


def literal(text):
    """A C++ string; what does not print in octal, which takes no further digits."""
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}

    def escaped(character):
        if character in named or character.isprintable():
            return named.get(character, character)
        return "".join(f"\\{byte:03o}" for byte in character.encode())
    return '"' + "".join(map(escaped, text)) + '"'


def templates():
    from chat_templates import FEATURES, TEMPLATES
    from template_against_jinja2 import environment
    peer = environment()
    for source in [*TEMPLATES.values(), *FEATURES]:
        try:
            expected = literal(peer.from_string(source).render(**INPUTS))
        except Exception:  # whatever Python code raises counts as a failed rendering
            expected = "nullptr"
        yield f"{{{literal(source)},\n {expected}}},"


def pieces():
    from text_lines import SENTENCES
    from tokenizer_against_hf import PEERS
    for name, make in PEERS.items():
        peer = make()
        for text in [*SENTENCES[:9], *SENTENCES[17:24:2], *SENTENCES[27:31], *MIXTURES]:
            cut = [literal(text[begin:end]) for _, (begin, end) in peer.pre_tokenize_str(text)]
            yield f"{{{literal(name)}, {{{', '.join(cut)}}}}},"


def main():
    kinds = {"templates": templates, "pieces": pieces}
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    print("// Written by generate_expectations.py; do not edit.")
    print(*kinds[sys.argv[1]](), sep="\n")


if __name__ == "__main__":
    main()
