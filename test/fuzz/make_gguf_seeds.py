#!/usr/bin/env python3
"""Writes small GGUF files, right and slightly wrong, into a directory: the seed corpus of gguf-fuzzer."""

import struct
import sys
from pathlib import Path

# Bytes of each scalar value type, by the number it has in a file.
SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
# Elements and bytes of a block, by the number of the tensor type.
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
          11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 30: (1, 2)}


def text(string):
    return struct.pack("<Q", len(string)) + string.encode()


def entry(key, value_type, payload):
    return text(key) + struct.pack("<I", value_type) + payload


def array(element_type, count, payload=b""):
    return struct.pack("<IQ", element_type, count) + payload


def tensor(name, shape, tensor_type, offset):
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, tensor_type, offset)


def gguf(entries=(), tensors=(), data=b"", version=3, alignment=32, counts=None):
    tensor_count, entry_count = counts or (len(tensors), len(entries))
    header = b"GGUF" + struct.pack("<IQQ", version, tensor_count, entry_count) + b"".join([*entries, *tensors])
    return header + bytes(-len(header) % alignment) + data


def seeds():
    architecture = entry("general.architecture", STRING, text("llama"))
    yield "empty", gguf()
    yield "v2", gguf([architecture], version=2)
    yield "scalars", gguf([entry(f"k{t}", t, b"\1" * size) for t, size in SCALARS.items()])
    yield "arrays", gguf([entry(f"a{t}", ARRAY, array(t, 3, b"\1" * size * 3)) for t, size in SCALARS.items()])
    strings = array(STRING, 3, text("a") + text("") + text("token"))
    yield "strings", gguf([entry("tokenizer.ggml.tokens", ARRAY, strings)])
    nested = array(ARRAY, 2, strings + array(ARRAY, 1, array(4, 2, b"\1" * 8)))
    yield "nested", gguf([entry("nested", ARRAY, nested)])
    for tensor_type, (elements, size) in BLOCKS.items():
        data = bytes(i * 37 & 0xFF for i in range(size * 2))
        yield f"tensor-{tensor_type}", gguf([architecture], [tensor("t.weight", [elements, 2], tensor_type, 0)], data)
    aligned = entry("general.alignment", 4, struct.pack("<I", 8))
    two = [tensor("a", [2], 0, 0), tensor("b", [1, 1, 1, 3], 1, 8)]
    yield "aligned", gguf([aligned], two, bytes(14), alignment=8)
    yield "overlap", gguf([aligned], [tensor("a", [3], 0, 0), tensor("b", [1], 0, 8)], bytes(16), alignment=8)
    yield "twice", gguf([], [tensor("a", [1], 0, 0), tensor("a", [1], 0, 32)], bytes(64))
    yield "beyond", gguf([], [tensor("a", [1 << 20], 0, 0)], bytes(32))
    yield "overflow", gguf([], [tensor("a", [1 << 32, 1 << 32], 0, (1 << 64) - 32)])
    yield "counts", gguf(counts=(1 << 63, 1 << 63))
    yield "unsupported", gguf([], [tensor("a", [256], 16, 0)], bytes(256))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_gguf_seeds.py DIRECTORY")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (folder / f"{name}.gguf").write_bytes(data)


if __name__ == "__main__":
    main()
