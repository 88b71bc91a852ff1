#!/usr/bin/env python3
"""Compares hone's GGUF reader with the Python package gguf, which is written beside llama.cpp.

Dequantised values must have the same bits for random and extreme blocks of every type; metadata and tensor lists must
be equal for files written here (versions 2 and 3) and for each file given with --model.

Exits with 77, which CTest and lit take for "skipped", where gguf (or the NumPy that it needs) is not installed.
"""

import argparse
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import gguf
    import numpy as np
except ImportError as missing:
    print(f"SKIPPED: {missing}; install it with 'pip install gguf'")
    sys.exit(77)

# Where the f16 scales lie in a block of each type.
SCALES = {
    "F32": [], "F16": [], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
# Zeros, the least and largest denormals, the least normal, one, 1/3, the largest, infinities, a NaN.
EXTREME_F16 = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x3555, 0x7BFF, 0xFBFF,
               0x7C00, 0xFC00, 0x7E00]
EXTREME_F32 = [0, 1 << 31, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000]

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}")


def dump(tool, path):
    return json.loads(subprocess.run([tool, path], check=True, capture_output=True).stdout)


def dump_tensor(tool, path, name):
    return np.frombuffer(subprocess.run([tool, path, name], check=True, capture_output=True).stdout, np.uint32)


def compare_tensor(tool, path, name, data, tensor_type):
    """Compares bits; NaNs must be in the same places, their payloads are not specified. Returns the element count."""
    with np.errstate(all="ignore"):
        expected = gguf.quants.dequantize(data, tensor_type).ravel().view(np.uint32)
    got = dump_tensor(tool, path, name)
    if not check_equal_length(expected, got, name):
        return 0
    is_nan = [np.isnan(bits.view(np.float32)) for bits in (expected, got)]
    check(np.array_equal(*is_nan), f"{name}: NaNs in the same places")
    numbers = ~is_nan[0]
    wrong = np.flatnonzero(expected[numbers] != got[numbers])
    check(len(wrong) == 0, f"{name}: {len(wrong)} of {len(expected)} elements have other bits")
    return int(numbers.sum())


def check_equal_length(expected, got, name):
    check(len(expected) == len(got), f"{name}: expected {len(expected)} elements, got {len(got)}")
    return len(expected) == len(got)


def make_blocks(type_name, generator):
    """Bytes of a tensor: random blocks, then each extreme scale (or pair) with random, all-zero and all-one quants."""
    elements, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[type_name]]
    if type_name in ("F16", "BF16"):
        return np.arange(65536, dtype=np.uint16).view(np.uint8)
    if type_name == "F32":
        patterns = generator.integers(0, 1 << 32, 1 << 16, dtype=np.uint32)
        return np.concatenate([np.array(EXTREME_F32, np.uint32), patterns]).view(np.uint8)
    blocks = [generator.integers(0, 256, (2000, size), dtype=np.uint8)]
    offsets = SCALES[type_name]
    for first in EXTREME_F16:
        for second in EXTREME_F16 if len(offsets) == 2 else [0]:
            group = generator.integers(0, 256, (6, size), dtype=np.uint8)
            group[4] = 0
            group[5] = 255
            for offset, scale in zip(offsets, (first, second)):
                group[:, offset : offset + 2] = np.frombuffer(struct.pack("<H", scale), np.uint8)
            blocks.append(group)
    # Rows of two blocks: rows of one would hide a wrong stride.
    data = np.concatenate(blocks).ravel()
    return data[: len(data) // (size * 2) * (size * 2)].reshape(-1, size * 2)


def compare_blocks(tool, folder):
    generator = np.random.default_rng(1)
    path = folder / "blocks.gguf"
    writer = gguf.GGUFWriter(path, "test")
    tensors = {}
    for type_name in SCALES:
        data = make_blocks(type_name, generator)
        tensors[type_name] = data
        writer.add_tensor(type_name, data, raw_dtype=gguf.GGMLQuantizationType[type_name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    for type_name, data in tensors.items():
        count = compare_tensor(tool, path, type_name, data, gguf.GGMLQuantizationType[type_name])
        print(f"{type_name}: {count:,} numbers have the same bits" if not failures else f"{type_name}: see above")


def as_dumped(value):
    """A Python value as hone-gguf-dump prints it."""
    if isinstance(value, str):
        return value.encode("utf-8").decode("latin-1")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [as_dumped(element) for element in value]
    if isinstance(value, float):
        return {"float": value}
    return value


def same(dumped, expected):
    if isinstance(expected, dict):
        got, wanted = float(dumped["float"]), expected["float"]
        return struct.pack("<d", got) == struct.pack("<d", wanted) or (got != got and wanted != wanted)
    if isinstance(expected, list):
        return len(dumped) == len(expected) and all(map(same, dumped, expected))
    return type(dumped) is type(expected) and dumped == expected


def compare_metadata(dumped, expected, label):
    """`expected`: key -> (type, value)."""
    check(set(dumped) == set(expected), f"{label}: keys {sorted(set(dumped) ^ set(expected))} on one side only")
    for key, (type_name, value) in expected.items():
        entry = dumped.get(key, {"type": None, "value": None})
        check(entry["type"] == type_name, f"{label}: type of '{key}': expected {type_name}, got {entry['type']}")
        check(same(entry["value"], as_dumped(value)), f"{label}: value of '{key}'")


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def compare_written(tool, folder):
    """A version 3 file with every value type, written by GGUFWriter."""
    path = folder / "metadata.gguf"
    writer = gguf.GGUFWriter(path, "test")
    writer.add_custom_alignment(128)
    expected = {"general.architecture": ("string", "test"), "general.alignment": ("u32", 128)}

    def add(key, type_name, method, value):
        method(key, value)
        expected[key] = (type_name, value)

    for bits in (8, 16, 32, 64):
        add(f"u{bits}", f"u{bits}", getattr(writer, f"add_uint{bits}"), (1 << bits) - 1)
        add(f"i{bits}", f"i{bits}", getattr(writer, f"add_int{bits}"), -(1 << bits - 1))
    for i, value in enumerate([0.1, -0.0, 1e-45, 3.4028234663852886e38, float("inf"), float("nan")]):
        add(f"f32.{i}", "f32", writer.add_float32, single(value))
    for i, value in enumerate([0.1, -0.0, 5e-324, 1.7976931348623157e308, float("-inf"), float("nan")]):
        add(f"f64.{i}", "f64", writer.add_float64, value)
    add("true", "bool", writer.add_bool, True)
    add("false", "bool", writer.add_bool, False)
    add("string", "string", writer.add_string, "quote \" back\\slash\nänd 日本 \0 nul")
    add("strings", "array", writer.add_array, ["", "a", "ü" * 300])
    add("ints", "array", writer.add_array, [1, -2, 2147483647])
    add("floats", "array", writer.add_array, [0.5, single(0.1)])
    add("bools", "array", writer.add_array, [True, False])
    writer.add_array("bytes", b"\x00\xff")
    expected["bytes"] = ("array", [0, 255])
    add("nested", "array", writer.add_array, [[1, 2], [3], [4, 5, 6]])
    add("nested.strings", "array", writer.add_array, [["x"], ["yy", ""]])
    rows = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    writer.add_tensor("rows", rows)
    writer.add_tensor("half", np.arange(5, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    dumped = dump(tool, path)
    check(dumped["version"] == 3 and dumped["alignment"] == 128, "written: version and alignment")
    compare_metadata(dumped["metadata"], expected, "written")
    check([t["shape"] for t in dumped["tensors"]] == [[4, 3, 2], [5]], "written: shapes, innermost first")
    compare_tensor(tool, path, "rows", rows, gguf.GGMLQuantizationType.F32)
    print(f"written: {len(expected)} metadata entries compared")


def compare_version_2(tool, folder):
    """A version 2 file packed by hand."""

    def text(string):
        return struct.pack("<Q", len(string)) + string.encode()

    values = np.array([1.0, -2.5, 3.25], np.float32)
    header = b"GGUF" + struct.pack("<IQQ", 2, 1, 2)
    header += text("general.architecture") + struct.pack("<I", 8) + text("old")
    header += text("list") + struct.pack("<IIQ3h", 9, 3, 3, -1, 0, 1)
    header += text("t") + struct.pack("<IQIQ", 1, 3, 0, 0)
    path = folder / "version2.gguf"
    path.write_bytes(header + bytes(-len(header) % 32) + values.tobytes())
    dumped = dump(tool, path)
    check(dumped["version"] == 2 and dumped["alignment"] == 32, "version 2: version and alignment")
    expected = {"general.architecture": ("string", "old"), "list": ("array", [-1, 0, 1])}
    compare_metadata(dumped["metadata"], expected, "version 2")
    compare_tensor(tool, path, "t", values, gguf.GGMLQuantizationType.F32)
    print("version 2: compared")


TYPE_NAMES = {"UINT": "u", "INT": "i", "FLOAT": "f"}


def type_name(value_type):
    name = value_type.name
    for long, short in TYPE_NAMES.items():
        if name.startswith(long):
            return short + name[len(long) :]
    return name.lower()


def compare_model(tool, path):
    reader = gguf.GGUFReader(path)
    dumped = dump(tool, path)
    expected = {}
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):
            continue
        expected[key] = (type_name(field.types[0]), field.contents())
    compare_metadata(dumped["metadata"], expected, path.name)
    check(len(dumped["tensors"]) == len(reader.tensors), f"{path.name}: number of tensors")
    count = 0
    for got, tensor in zip(dumped["tensors"], reader.tensors):
        description = (tensor.name, tensor.tensor_type.name, int(tensor.data_offset), int(tensor.n_bytes))
        check((got["name"], got["type"], got["offset"], got["bytes"]) == description, f"{path.name}: {description}")
        check(got["shape"] == tensor.shape.tolist(), f"{path.name}: shape of {tensor.name}")
        count += compare_tensor(tool, path, tensor.name, tensor.data, tensor.tensor_type)
    print(f"{path.name}: {len(expected)} metadata entries, {len(reader.tensors)} tensors, {count:,} numbers compared")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dump-tool", required=True, help="the hone-gguf-dump to test")
    parser.add_argument("--model", action="append", type=Path, default=[], help="a GGUF file to compare as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare_blocks(arguments.dump_tool, Path(folder))
        compare_written(arguments.dump_tool, Path(folder))
        compare_version_2(arguments.dump_tool, Path(folder))
    for model in arguments.model:
        compare_model(arguments.dump_tool, model)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
