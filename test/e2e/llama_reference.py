"""Llama and Granite in NumPy, over the dequantised weights of a GGUF file: what every program is compared with.

Written from the papers' formulas, and sharing no code with hone:

  RMSNorm   y = x / sqrt(mean(x^2) + epsilon) * w                       (Zhang and Sennrich 2019)
  RoPE      pair (x[2i], x[2i+1]) turned by position / base^(2i / d)    (Su et al. 2021; the "llama" order of GGUF,
            whose converter permutes the rows of Q and K so that the members of a pair are neighbours)
  attention softmax(q k^T / sqrt(d), causal) v, `heads / kv_heads` query heads to each key head (Ainslie et al. 2023)
  SwiGLU    down(silu(gate(x)) * up(x))                                 (Shazeer 2020)
  biases    of any of the seven products of a layer, added to its result
  Granite   embeddings times `embedding_multiplier`, scores times `attention_multiplier` instead of 1 / sqrt(d), what
            attention and feed-forward return times `residual_multiplier`, logits over `logits_scaling` (config.json's
            names; https://huggingface.co/docs/transformers/model_doc/granite)

Products are f32 (BLAS); norms, angles and softmax are computed in f64 and rounded to f32. `precision="f64"` computes
all of it in f64, which tells the rounding error of the f32 reference itself.

  llama_reference.py MODEL --tokens FILE [--output FILE] [--greedy N] [--kv f16|int8] [--precision f64]
"""
import argparse
import os
import sys
from pathlib import Path

# OpenBLAS's threads spin while they wait: on a busy machine, two take ten times as long as one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

# Models with more weights than this are dequantised matrix by matrix at each use: slower, but they fit in memory.
RESIDENT_WEIGHTS = 1_000_000_000
HEAD_ROWS = 256
QUERY_ROWS = 512


class KeysAndValues:
    """Keys and values of the positions seen so far, per layer [positions, kv_heads, head_dim]."""

    def __init__(self, layers):
        self.keys = [None] * layers
        self.values = [None] * layers
        self.length = 0

    def append(self, layer, keys, values):
        if self.keys[layer] is not None:
            keys = np.concatenate([self.keys[layer], keys])
            values = np.concatenate([self.values[layer], values])
        self.keys[layer], self.values[layer] = keys, values
        return keys, values


def round_kv(heads, kv):
    """Keys or values [positions, kv_heads, head_dim] as a cache of this precision returns them: f32, f16, or int8 with
    one f32 scale for each position and head."""
    if kv == "f16":
        return heads.astype(np.float16).astype(heads.dtype)
    if kv == "int8":
        scales = np.abs(heads).max(axis=-1, keepdims=True) / heads.dtype.type(127)
        return np.rint(heads / np.where(scales == 0, 1, scales)) * scales
    return heads


class LlamaReference:
    def __init__(self, path, kv="f32", precision="f32"):
        self.reader = GGUFReader(str(path))
        self.dtype = {"f32": np.float32, "f64": np.float64}[precision]
        self.kv = kv
        self.tensors = {tensor.name: tensor for tensor in self.reader.tensors}
        self.resident = sum(int(t.n_elements) for t in self.reader.tensors) <= RESIDENT_WEIGHTS
        self.dequantised = {}

        self.architecture = self.reader.fields["general.architecture"].contents()
        if self.architecture not in ("llama", "granite"):
            raise ValueError(f"expected architecture 'llama' or 'granite', got '{self.architecture}'")
        self.layers = self.metadata("block_count")
        self.hidden = self.metadata("embedding_length")
        self.heads = self.metadata("attention.head_count")
        self.kv_heads = self.metadata("attention.head_count_kv", self.heads)
        self.head_dim = self.metadata("attention.key_length", self.hidden // self.heads)
        self.epsilon = self.metadata("attention.layer_norm_rms_epsilon")
        self._read_factors()
        self.vocab = int(self.tensors["token_embd.weight"].shape[1])
        self.output_name = "output.weight" if "output.weight" in self.tensors else "token_embd.weight"
        self.inverse_frequencies = self._inverse_frequencies()
        self._check_tensors()

    def metadata(self, key, default=None):
        field = self.reader.fields.get(f"{self.architecture}.{key}")
        if field is None and default is None:
            raise ValueError(f"the model has no metadata '{self.architecture}.{key}'")
        return default if field is None else field.contents()

    def _read_factors(self):
        """Granite's; a factor of 0 is none."""
        self.embedding_multiplier = self.residual_multiplier = self.logits_scaling = 1.0
        self.attention_multiplier = 1 / np.sqrt(self.head_dim)
        if self.architecture == "granite":
            self.embedding_multiplier = self.metadata("embedding_scale", 0.0) or 1.0
            self.residual_multiplier = self.metadata("residual_scale", 0.0) or 1.0
            self.attention_multiplier = self.metadata("attention.scale", 0.0) or self.attention_multiplier
            self.logits_scaling = self.metadata("logit_scale")

    def _inverse_frequencies(self):
        """Radians per position of each pair, f64 [rope_dimensions / 2]."""
        dimensions = self.metadata("rope.dimension_count", self.head_dim)
        base = self.metadata("rope.freq_base", 10000.0)
        frequencies = np.float64(base) ** (-np.arange(0, dimensions, 2, dtype=np.float64) / dimensions)
        scaling = self.metadata("rope.scaling.type", "none")
        if scaling == "linear":
            frequencies /= self.metadata("rope.scaling.factor")
        elif scaling != "none":
            raise ValueError(f"expected RoPE scaling 'none' or 'linear', got '{scaling}'")
        if "rope_freqs.weight" in self.tensors:
            frequencies /= self.weight("rope_freqs.weight").astype(np.float64)
        return frequencies

    def _check_tensors(self):
        """Refuses a file with a tensor (an expert) that the formulas above would silently leave out."""
        products = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
        needed = {"token_embd.weight", "output_norm.weight"}
        needed |= {f"blk.{layer}.{name}.weight" for layer in range(self.layers)
                   for name in (*products, "attn_norm", "ffn_norm")}
        optional = {"output.weight", "rope_freqs.weight"}
        optional |= {f"blk.{layer}.{name}.bias" for layer in range(self.layers) for name in products}
        unknown = sorted(set(self.tensors) - needed - optional)
        if unknown:
            raise ValueError(f"the reference knows no tensor '{unknown[0]}'")
        missing = sorted(needed - set(self.tensors))
        if missing:
            raise ValueError(f"the model has no tensor '{missing[0]}'")

    def weight(self, name):
        """The dequantised tensor: [out, in] for a matrix."""
        if name in self.dequantised:
            return self.dequantised[name]
        tensor = self.tensors[name]
        value = dequantize(tensor.data, tensor.tensor_type).reshape(tensor.shape[::-1]).astype(self.dtype)
        if self.resident or value.ndim == 1:
            self.dequantised[name] = value
        return value

    def project(self, x, name):
        """The product of each row with `name`, plus its bias if there is one."""
        result = x @ self.weight(name + ".weight").T
        return result + self.weight(name + ".bias") if name + ".bias" in self.tensors else result

    def rms_norm(self, x, name):
        wide = x.astype(np.float64)
        scale = 1.0 / np.sqrt(np.mean(wide * wide, axis=-1, keepdims=True) + self.epsilon)
        return (wide * scale * self.weight(name)).astype(self.dtype)

    def rope(self, x, positions):
        """Turns the pairs (2i, 2i + 1) of `x`, [rows, heads, head_dim]; dimensions past the rotary ones stay."""
        angles = positions.astype(np.float64)[:, None] * self.inverse_frequencies
        cosine = np.cos(angles).astype(self.dtype)[:, None, :]
        sine = np.sin(angles).astype(self.dtype)[:, None, :]
        rotary = 2 * len(self.inverse_frequencies)
        even, odd = x[..., 0:rotary:2], x[..., 1:rotary:2]
        turned = x.copy()
        turned[..., 0:rotary:2] = even * cosine - odd * sine
        turned[..., 1:rotary:2] = even * sine + odd * cosine
        return turned

    def attention(self, queries, keys, values, positions):
        """Each query row sees the keys at its own and earlier positions; in blocks of rows to bound memory."""
        rows = queries.shape[0]
        group = self.heads // self.kv_heads
        result = np.empty((rows, self.heads, values.shape[-1]), self.dtype)
        for first in range(0, rows, QUERY_ROWS):
            block = slice(first, min(first + QUERY_ROWS, rows))
            seen = int(positions[block][-1]) + 1
            hidden = np.arange(seen)[None, :] > positions[block][:, None]
            for head in range(self.heads):
                scores = queries[block, head] @ keys[:seen, head // group].T
                scores = scores.astype(np.float64) * self.attention_multiplier
                scores[hidden] = -np.inf
                scores -= scores.max(axis=-1, keepdims=True)
                np.exp(scores, out=scores)
                scores /= scores.sum(axis=-1, keepdims=True)
                result[block, head] = scores.astype(self.dtype) @ values[:seen, head // group]
        return result.reshape(rows, -1)

    def hidden_states(self, tokens, cache):
        """The normed hidden states [rows, hidden] of `tokens`, which follow what `cache` holds already."""
        tokens = np.asarray(tokens, np.int64)
        if tokens.size and not (0 <= tokens.min() and tokens.max() < self.vocab):
            raise ValueError(f"expected token ids below {self.vocab}, got {tokens.max()} or a negative one")
        rows = len(tokens)
        positions = cache.length + np.arange(rows)
        x = self.weight("token_embd.weight")[tokens] * self.dtype(self.embedding_multiplier)
        residual_multiplier = self.dtype(self.residual_multiplier)
        for layer in range(self.layers):
            prefix = f"blk.{layer}."
            normed = self.rms_norm(x, prefix + "attn_norm.weight")
            queries = self.project(normed, prefix + "attn_q").reshape(rows, self.heads, -1)
            keys = self.project(normed, prefix + "attn_k").reshape(rows, self.kv_heads, -1)
            values = self.project(normed, prefix + "attn_v").reshape(rows, self.kv_heads, -1)
            queries, keys = self.rope(queries, positions), self.rope(keys, positions)
            keys, values = round_kv(keys, self.kv), round_kv(values, self.kv)
            keys, values = cache.append(layer, keys, values)
            mixed = self.attention(queries, keys, values, positions)
            x = x + residual_multiplier * self.project(mixed, prefix + "attn_output")
            normed = self.rms_norm(x, prefix + "ffn_norm.weight")
            gate = self.project(normed, prefix + "ffn_gate")
            with np.errstate(over="ignore"):
                gate = gate / (1 + np.exp(-gate))
            gated = gate * self.project(normed, prefix + "ffn_up")
            x = x + residual_multiplier * self.project(gated, prefix + "ffn_down")
        cache.length += rows
        return self.rms_norm(x, "output_norm.weight")

    def logits(self, tokens, first=0, out=None):
        """The logits f32 [len(tokens) - first, vocab] after each of `tokens[first:]`, all of `tokens` being read."""
        hidden = self.hidden_states(tokens, KeysAndValues(self.layers))[first:]
        if out is None:
            out = np.empty((len(hidden), self.vocab), np.float32)
        output = self.weight(self.output_name)
        for row in range(0, len(hidden), HEAD_ROWS):
            out[row:row + HEAD_ROWS] = hidden[row:row + HEAD_ROWS] @ output.T / self.dtype(self.logits_scaling)
        return out

    def generate(self, tokens, max_tokens, stop=()):
        """The greedy continuation: at most `max_tokens` ids, the last of which may be one of `stop`. The lowest id
        wins a tie."""
        cache = KeysAndValues(self.layers)
        output = self.weight(self.output_name)
        pending, generated = list(tokens), []
        while len(generated) < max_tokens:
            last = self.hidden_states(pending, cache)[-1]
            generated.append(int(np.argmax(output @ last)))
            if generated[-1] in stop:
                break
            pending = [generated[-1]]
        return generated


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=Path, required=True, help="whitespace-separated decimal token ids")
    parser.add_argument("--output", type=Path, help="write every position's logits, little-endian f32 [T][vocab]")
    parser.add_argument("--greedy", type=int, metavar="N", help="print N greedy token ids, one per line")
    parser.add_argument("--kv", choices=("f32", "f16", "int8"), default="f32", help="round keys and values to this")
    parser.add_argument("--precision", choices=("f32", "f64"), default="f32")
    options = parser.parse_args()
    reference = LlamaReference(options.model, options.kv, options.precision)
    tokens = [int(word) for word in options.tokens.read_text().split()]
    if options.output:
        reference.logits(tokens).astype("<f4").tofile(options.output)
    if options.greedy:
        print("\n".join(map(str, reference.generate(tokens, options.greedy))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
