# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a small llama model as GGUF, whole or broken on purpose. Needs nothing but Python itself.

Two layers, 64 columns, 2 heads of 32, 1 KV head, 96 columns between the feed-forward products, 40 tokens. The
embedding, which is also the output, is Q8_0, the products of attention Q4_1, the others F16, norms F32. Values are
pseudo-random and the same in each run.

  make_gguf.py OUT [--architecture NAME] [--set KEY=VALUE] [--unset KEY] [--drop TENSOR] [--add TENSOR=TYPE:ROWSxCOLUMNS]

`--architecture` renames, keys as well. `--add` replaces a tensor of the same name, in which \\x1b stands for that byte; a value is read as a Python literal,
or else as text.
"""

import argparse
import ast
import re
import struct

TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22),
         "Q5_1": (7, 32, 24), "Q8_0": (8, 32, 34), "Q6_K": (14, 256, 210)}
ALIGNMENT = 32


def metadata(architecture):
    entries = {
        "general.architecture": architecture,
        "general.name": "tiny",
        "llama.block_count": 2,
        "llama.context_length": 128,
        "llama.embedding_length": 64,
        "llama.feed_forward_length": 96,
        "llama.attention.head_count": 2,
        "llama.attention.head_count_kv": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
        "llama.rope.dimension_count": 32,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": ["<|end|>"] + [chr(33 + i) for i in range(39)],
        "tokenizer.ggml.token_type": [3] + [1] * 39,
        "tokenizer.ggml.merges": [],
        "tokenizer.ggml.eos_token_id": 0,
    }
    return {re.sub("^llama(?=[.])", architecture, key): value
            for key, value in entries.items()}


def tensors():
    """Name to type and shape, [output][input]."""
    result = {"token_embd.weight": ("Q8_0", [40, 64])}
    for layer in range(2):
        for name, kind, shape in [
                ("attn_norm", "F32", [64]), ("attn_q", "Q4_1", [64, 64]), ("attn_k", "Q4_1", [32, 64]),
                ("attn_v", "Q4_1", [32, 64]), ("attn_output", "Q4_1", [64, 64]), ("ffn_norm", "F32", [64]),
                ("ffn_gate", "F16", [96, 64]), ("ffn_up", "F16", [96, 64]), ("ffn_down", "F16", [64, 96])]:
            result[f"blk.{layer}.{name}.weight"] = (kind, shape)
    result["output_norm.weight"] = ("F32", [64])
    return result


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def number(self):
        return (self.next(2001) - 1000) / 4000


def block(kind, random):
    """One block of `kind`; scales are kept small, so that the model computes finite values."""
    size = TYPES[kind][2]
    if kind == "F32":
        return struct.pack("<f", 1 + random.number())
    if kind == "F16":
        return struct.pack("<e", random.number())
    if kind == "Q6_K":
        return bytes(random.next(256) for _ in range(size - 2)) + struct.pack("<e", 0.0001)
    scales = struct.pack("<ee", 0.02, -0.15) if kind in ("Q4_1", "Q5_1") else struct.pack("<e", 0.002)
    return scales + bytes(random.next(256) for _ in range(size - len(scales)))


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(value):
    """The type id of a metadata value, and its bytes."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return (4, struct.pack("<I", value)) if value >= 0 else (5, struct.pack("<i", value))
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, text(value)
    kind = typed(value[0])[0] if value else 8
    return 9, struct.pack("<IQ", kind, len(value)) + b"".join(typed(element)[1] for element in value)


def literal(source):
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return source


def padded(data):
    return data + bytes(-len(data) % ALIGNMENT)


def write(path, entries, shapes):
    random = Random(1)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(entries))
    for key, value in entries.items():
        kind, data = typed(value)
        header += text(key) + struct.pack("<I", kind) + data
    body = b""
    for name, (kind, shape) in shapes.items():
        identifier, elements, _ = TYPES[kind]
        header += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        header += struct.pack("<IQ", identifier, len(body))
        count = 1
        for size in shape:
            count *= size
        body += padded(b"".join(block(kind, random) for _ in range(count // elements)))
    with open(path, "wb") as file:
        file.write(padded(header) + body)


def main():
    parser = argparse.ArgumentParser(description="writes a small llama model as GGUF")
    parser.add_argument("out")
    parser.add_argument("--architecture", default="llama")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--unset", action="append", default=[], metavar="KEY")
    parser.add_argument("--drop", action="append", default=[], metavar="TENSOR")
    parser.add_argument("--add", action="append", default=[], metavar="TENSOR=TYPE:ROWSxCOLUMNS")
    arguments = parser.parse_args()
    entries, shapes = metadata(arguments.architecture), tensors()
    for pair in arguments.set:
        key, value = pair.split("=", 1)
        entries[key] = literal(value)
    for key in arguments.unset:
        del entries[key]
    for name in arguments.drop:
        del shapes[name]
    for pair in arguments.add:
        name, description = pair.split("=", 1)
        kind, sizes = description.split(":")
        shapes[name.encode().decode("unicode_escape")] = (kind, [int(size) for size in sizes.split("x")])
    write(arguments.out, entries, shapes)


if __name__ == "__main__":
    main()
