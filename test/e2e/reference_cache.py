"""Reference logits, computed once per model, token sequence and version of the reference, and kept outside the tree.

The cache is `$HONE_CACHE/reference-logits`, or `~/.cache/hone/reference-logits`; deleting it is always safe. One entry is
4 bytes * positions * vocabulary: 270 MB for the longest prompt with a vocabulary of 49,152.
"""
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import gguf.quants
import numpy as np

import llama_reference


def cache_directory():
    return Path(os.environ.get("HONE_CACHE") or Path.home() / ".cache" / "hone")


def hash_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class ReferenceCache:
    """`logits(tokens, first)` as the reference's own, but mapped read-only from the cache after the first time."""

    def __init__(self, model, kv="f32"):
        self.model = Path(model)
        self.kv = kv
        self.directory = cache_directory() / "reference-logits"
        self.identity = "\n".join([hash_file(model), hash_file(llama_reference.__file__),
                                   hash_file(gguf.quants.__file__), f"kv={kv}"])
        self._reference = None

    @property
    def reference(self):
        if self._reference is None:
            self._reference = llama_reference.LlamaReference(self.model, self.kv)
        return self._reference

    def logits(self, tokens, first=0):
        key = f"{self.identity}\nfirst={first}\n{' '.join(map(str, tokens))}"
        path = self.directory / (hashlib.sha256(key.encode()).hexdigest() + ".npy")
        if not path.exists():
            print(f"computing the reference logits of {len(tokens)} tokens", file=sys.stderr)
            values = self.reference.logits(tokens, first)
            self.directory.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.directory, suffix=".part", delete=False) as file:
                np.save(file, values)
            os.replace(file.name, path)
        return np.load(path, mmap_mode="r")
