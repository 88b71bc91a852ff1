"""Checks that compiling holds no more than 500 MB and the largest tensor in memory, however large the model is.

What counts is the peak of resident memory, mapped pages of the model and of the program among it.

Exit status: 0, below the bar; 1, above it, or the command failed.

  compile_memory.py --model M --compile "hone compile M -o OUT"
"""
import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from gguf import GGUFReader

FIXED = 500_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--compile", required=True)
    options = parser.parse_args()
    largest = max(int(tensor.n_bytes) for tensor in GGUFReader(str(options.model)).tensors)
    process = subprocess.Popen(shlex.split(options.compile))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    peak, size = usage.ru_maxrss * 1024, options.model.stat().st_size
    print(f"peak {peak / 1e6:.0f} MB for a model of {size / 1e6:.0f} MB whose largest tensor has {largest / 1e6:.0f} MB")
    if process.returncode:
        print(f"expected the command to succeed, got {process.returncode}")
    elif peak > FIXED + largest:
        print(f"expected a peak of at most {(FIXED + largest) / 1e6:.0f} MB")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
