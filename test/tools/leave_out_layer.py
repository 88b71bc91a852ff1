# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies a GGUF file of the Llama architecture without one of its layers; those behind it move up.

  leave_out_layer.py IN LAYER OUT
"""
import re
import sys

from gguf import GGUFReader, GGUFValueType, GGUFWriter


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, layer, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    reader = GGUFReader(source)
    writer = GGUFWriter(target, "llama")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = field.contents() - 1 if key == "llama.block_count" else field.contents()
        kind = field.types[0]
        writer.add_key_value(key, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    left_out = 0
    for tensor in reader.tensors:
        name = tensor.name
        block = re.match(r"blk\.(\d+)\.", name)
        if block and int(block[1]) == layer:
            left_out += 1
            continue
        if block and int(block[1]) > layer:
            name = f"blk.{int(block[1]) - 1}.{name[block.end():]}"
        writer.add_tensor(name, tensor.data, raw_dtype=tensor.tensor_type)
    if not left_out:
        sys.exit(f"error: {source}: expected tensors of 'blk.{layer}.', got none")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
