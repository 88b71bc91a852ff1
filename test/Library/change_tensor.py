"""Copies a GGUF file with one tensor changed: its rows in the opposite order.

  change_tensor.py MODEL TENSOR OUT
"""
import shutil
import sys

from gguf import GGUFReader


def main():
    model, name, out = sys.argv[1:]
    shutil.copyfile(model, out)
    tensor = next(tensor for tensor in GGUFReader(out, "r+").tensors if tensor.name == name)
    tensor.data[:] = tensor.data[::-1].copy()
    tensor.data.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
