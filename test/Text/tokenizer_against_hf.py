#!/usr/bin/env python3
"""Compares hone's token ids with those of Hugging Face's `tokenizers`, and decode(encode(x)) with x.

usage: tokenizer_against_hf.py --tool PATH --model GGUF [--lines N] [--exhaustive]

The vocabulary and merges come from the GGUF file. Its own pre-tokenizer is compared on them as they are; then each
pre-tokenizer, by its published pattern, on them and a merge for every pair of bytes and every three digits: with
those, a cut in another place almost always gives other ids. --exhaustive adds every code point in several surroundings. Exits with 77, which means skipped, if a
Python module or the model is missing.
"""
import argparse
import os
import subprocess
import struct
import sys
import tempfile


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


try:
    import gguf
    import tokenizers
    from tokenizers import Regex, Tokenizer, AddedToken, decoders, models, pre_tokenizers
except ImportError as missing:
    skip(f"Python module '{missing.name}' is missing")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from text_lines import exhaustive_lines, varied_lines  # noqa: E402

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


PEERS = {
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
    "gpt-2": lambda: split_then_bytes(GPT2),
    "llama-bpe": lambda: split_then_bytes(LLAMA3),
    "qwen2": lambda: split_then_bytes(QWEN2),
}


def read_source(path):
    fields = gguf.GGUFReader(path).fields
    get = lambda key, default=None: fields[key].contents() if key in fields else default  # noqa: E731
    prefix = "tokenizer.ggml."
    return {
        "model": get(prefix + "model", ""), "pre": get(prefix + "pre", ""),
        "tokens": get(prefix + "tokens", []), "types": get(prefix + "token_type", []),
        "merges": get(prefix + "merges", []),
        "ids": [get(prefix + name + "_token_id", 0xFFFFFFFF) for name in ("bos", "eos", "unknown", "padding")],
        "add_bos": bool(get(prefix + "add_bos_token", False)),
        "add_space_prefix": bool(get(prefix + "add_space_prefix", False)),
        "template": get("tokenizer.chat_template", ""),
    }


def write_dump(source, pre, path):
    out = bytearray()

    def word(value):
        out.extend(struct.pack("<I", value))

    def string(text):
        data = text.encode()
        word(len(data))
        out.extend(data)

    string(source["model"])
    string(pre)
    word(len(source["tokens"]))
    for token in source["tokens"]:
        string(token)
    word(len(source["types"]))
    for kind in source["types"]:
        word(kind)
    word(len(source["merges"]))
    for merge in source["merges"]:
        string(merge)
    for value in source["ids"]:
        word(value)
    word(source["add_bos"])
    word(source["add_space_prefix"])
    string(source["template"])
    with open(path, "wb") as file:
        file.write(out)


def build_peer(source, pre):
    vocabulary = {token: i for i, token in enumerate(source["tokens"])}
    merges = [tuple(merge.split(" ")) for merge in source["merges"]]
    peer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=pre == "llama-bpe"))
    peer.pre_tokenizer = PEERS[pre]()
    peer.decoder = decoders.ByteLevel()
    peer.add_special_tokens([AddedToken(token, normalized=False, special=True)
                             for token, kind in zip(source["tokens"], source["types"]) if kind == 3])
    return peer


def byte_symbols():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(rest)}}


def missing_bytes(source):
    known = set(source["tokens"])
    return bytes(byte for byte, symbol in byte_symbols().items() if symbol not in known)


def with_dense_merges(source):
    symbols = byte_symbols().values()
    pairs = [(left, right) for left in symbols for right in symbols]
    triples = [(left + middle, right) for left in "0123456789" for middle in "0123456789" for right in "0123456789"]
    tokens, known, merges = list(source["tokens"]), set(source["tokens"]), list(source["merges"])
    merged = set(merges)
    for token in [*symbols, *map("".join, pairs + triples)]:
        if token not in known:
            known.add(token)
            tokens.append(token)
    merges += [f"{left} {right}" for left, right in pairs + triples if f"{left} {right}" not in merged]
    types = source["types"] and source["types"] + [1] * (len(tokens) - len(source["types"]))
    return {**source, "tokens": tokens, "merges": merges, "types": types}


class Tool:
    def __init__(self, tool, dump):
        self.process = subprocess.Popen([tool, dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, size):
        data = self.process.stdout.read(size)
        if len(data) != size:
            sys.exit(f"error: the tool ended early, status {self.process.wait()}")
        return data

    def word(self):
        return struct.unpack("<I", self.read(4))[0]

    def ask(self, data, allow_special):
        self.process.stdin.write(struct.pack("<IB", len(data), allow_special) + data)
        self.process.stdin.flush()
        count = self.word()
        ids = list(struct.unpack(f"<{count}i", self.read(4 * count)))
        dropped = self.word()
        decoded = self.read(self.word())
        return ids, dropped, decoded, self.read(self.word())


def check_invalid_utf8(tool, missing):
    """decode(encode(x)) == x for bytes that are no text, with the bytes of no token left out."""
    state, failures = 1, 0
    for _ in range(500):
        data = bytearray()
        for _ in range(40):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            data.append(state >> 56)
        data = bytes(data)
        kept = data.translate(None, missing)
        _, dropped, decoded, streamed = tool.ask(data, True)
        if decoded != kept or dropped != len(data) - len(kept) or streamed != kept.decode(errors="replace").encode():
            failures += 1
            print(f"MISMATCH in bytes {data!r}: {decoded!r}, streamed {streamed!r}")
    return failures


def compare(source, pre, title, tool_path, lines, folder):
    dump = os.path.join(folder, pre + ".dump")
    write_dump(source, pre, dump)
    peer, tool, missing = build_peer(source, pre), Tool(tool_path, dump), missing_bytes(source)
    different = inexact = tokens = size = 0
    for line in lines:
        data = line.encode()
        ids, _, decoded, streamed = tool.ask(data, True)
        expected = peer.encode(line, add_special_tokens=False).ids
        tokens += len(expected)
        size += len(data)
        if ids != expected:
            different += 1
            if different <= 10:
                at = next((i for i, pair in enumerate(zip(ids, expected)) if pair[0] != pair[1]),
                          min(len(ids), len(expected)))
                print(f"MISMATCH {title} at token {at}: {line[:200]!r}\n  expected {expected[at:at + 8]}, "
                      f"got {ids[at:at + 8]}")
        kept = data.translate(None, missing)
        if decoded != kept or streamed != kept.decode(errors="replace").encode():
            inexact += 1
            if inexact <= 10:
                print(f"NOT EXACT {title}: {line[:200]!r} gives {decoded[:200]!r}")
    bad_bytes = check_invalid_utf8(tool, missing)
    print(f"{title}: {len(lines)} lines, {size} bytes, {tokens} tokens: {different} different, "
          f"{inexact} not decoded exactly, {bad_bytes} of 500 invalid byte strings wrong", flush=True)
    tool.process.stdin.close()
    tool.process.wait()
    return different + inexact + bad_bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="hone-tokenize")
    parser.add_argument("--model", required=True, help="a GGUF file with a byte-level BPE vocabulary")
    parser.add_argument("--lines", type=int, default=10000)
    parser.add_argument("--exhaustive", action="store_true")
    arguments = parser.parse_args()
    if not os.path.exists(arguments.model):
        skip(f"model '{arguments.model}' is missing")
    source = read_source(arguments.model)
    specials = [token for token, kind in zip(source["tokens"], source["types"]) if kind == 3]
    lines = varied_lines(arguments.lines, specials)
    if arguments.exhaustive:
        lines += exhaustive_lines()
    print(f"tokenizers {tokenizers.__version__}, {len(source['tokens'])} tokens, {len(source['merges'])} merges")
    with tempfile.TemporaryDirectory() as folder:
        wrong = 0
        if source["pre"] in PEERS:
            wrong += compare(source, source["pre"], source["pre"] + ", as in the file", arguments.tool, lines, folder)
        dense = with_dense_merges(source)
        wrong += sum(compare(dense, pre, pre + ", dense merges", arguments.tool, lines, folder) for pre in PEERS)
    print("FAILED" if wrong else "PASSED")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
