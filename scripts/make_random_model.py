"""Writes a GGUF file of the Llama architecture with random weights: any shape, any mix of types, the same bytes each time.

Weights are normal with a standard deviation of 1 / sqrt(inputs), norms are near 1, so that activations stay of order 1
through the layers; biases have a standard deviation of 0.5. Tensors are made and written one at a time: memory is bounded
by the largest. Types that the Python package `gguf` can quantise are quantised from those normal weights; K-quants are
random valid blocks whose scales are set for the same standard deviation.

  make_random_model.py OUT                                              a tiny model, under 1 MB
  make_random_model.py OUT --hidden 320 --heads 5 --kv-heads 1 --ffn 768 --type Q8_0 --type 'attn_v=F16'
  make_random_model.py OUT --tokenizer-from MODEL --vocab 2048          with the first 2,048 tokens of MODEL
  make_random_model.py OUT --preset 1.1b --type Q4_K --type 'ffn_down=Q6_K'
  make_random_model.py OUT --bias 'attn_[qkv]' --bias ffn_down          with biases of these products
  make_random_model.py OUT --architecture granite --residual-scale 0.25 with the factors of granite

--type is TYPE for all matrices, or PATTERN=TYPE for those whose name, with or without `blk.N.` and `.weight`, fits the shell
pattern; the last one that fits wins.
"""
import argparse
import fnmatch
import os
import re
import sys
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
from gguf.quants import quantize

Type = GGMLQuantizationType
QUANTISED = (Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0)
RANDOM_BLOCKS = (Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K)
TYPES = {kind.name: kind for kind in QUANTISED + RANDOM_BLOCKS}
NORMAL, CONTROL, UNUSED = 1, 3, 5
BIAS_DEVIATION = 0.5
ROWS_WEIGHTS = 1 << 22  # weights made at a time

PRESETS = {
    "tiny": dict(hidden=64, layers=2, heads=4, kv_heads=2, ffn=128, vocab=512, context=512),
    "odd": dict(hidden=320, layers=3, heads=5, kv_heads=1, ffn=768, vocab=1000, context=1024),
    "135m": dict(hidden=576, layers=30, heads=9, kv_heads=3, ffn=1536, vocab=49152, context=8192),
    "1.1b": dict(hidden=2048, layers=22, heads=32, kv_heads=4, ffn=5632, vocab=32000, context=2048),
}
MERGES = ("t h", "h e", "i n", "e r", "a n", "r e", "o n", "Ġ t", "Ġt he", "Ġ a", "in g", "an d", "Ġ and", "o u", "Ġ s",
          "e n", "e s", "o r", "i t", "Ġ w")


def random_bytes(random, *shape):
    return random.integers(0, 256, shape, dtype=np.uint8)


def f16_bytes(values):
    return values.astype("<f2")[:, None].view(np.uint8)


def pack_scales_and_minima(scales, minima):
    """The 12 bytes of Q4_K and Q5_K: eight 6-bit scales and eight 6-bit minima. [blocks, 8] each."""
    packed = np.empty((len(scales), 12), np.uint8)
    packed[:, 0:4] = scales[:, :4] | (scales[:, 4:] >> 4 << 6)
    packed[:, 4:8] = minima[:, :4] | (minima[:, 4:] >> 4 << 6)
    packed[:, 8:12] = (scales[:, 4:] & 15) | (minima[:, 4:] & 15) << 4
    return packed


def random_blocks(kind, blocks, deviation, random):
    """`blocks` valid blocks of 256 weights, [blocks, bytes], of mean about 0 and the given standard deviation.

    A quant q of b bits is uniform: mean (2^b - 1) / 2, variance (4^b - 1) / 12. Each block's scale varies by +-20 %.
    """
    unit = deviation * random.uniform(0.8, 1.2, blocks)
    if kind in (Type.Q4_K, Type.Q5_K):  # w = d * scale * q - dmin * minimum
        bits = 4 if kind == Type.Q4_K else 5
        scales = random.integers(32, 64, (blocks, 8), dtype=np.uint8)
        minima = np.minimum(scales + random.integers(0, 2, (blocks, 8), dtype=np.uint8), 63)
        d = unit / (48 * np.sqrt((4 ** bits - 1) / 12))
        quants = [random_bytes(random, blocks, 128)] if bits == 4 else [random_bytes(random, blocks, 32),
                                                                        random_bytes(random, blocks, 128)]
        return np.concatenate([f16_bytes(d), f16_bytes(d * (2 ** bits - 1) / 2),
                               pack_scales_and_minima(scales, minima), *quants], axis=1)
    if kind == Type.Q2_K:  # as above, scale and minimum in 4 bits each
        scales = random.integers(8, 16, (blocks, 16), dtype=np.uint8)
        d = unit / (11.5 * np.sqrt(1.25))
        return np.concatenate([scales | scales << 4, random_bytes(random, blocks, 64),
                               f16_bytes(d), f16_bytes(d * 1.5)], axis=1)
    if kind == Type.Q3_K:  # w = d * (scale - 32) * q, q in -4..3; random bytes give every 6-bit scale
        d = unit / (18.5 * np.sqrt(5.5))
        return np.concatenate([random_bytes(random, blocks, 32), random_bytes(random, blocks, 64),
                               random_bytes(random, blocks, 12), f16_bytes(d)], axis=1)
    assert kind == Type.Q6_K  # w = d * scale * (q - 32), 8-bit scales of either sign
    scales = random.integers(64, 128, (blocks, 16), dtype=np.int8) * random.choice(np.array([-1, 1], np.int8),
                                                                                   (blocks, 16))
    d = unit / (96 * np.sqrt(4095 / 12))
    return np.concatenate([random_bytes(random, blocks, 128), random_bytes(random, blocks, 64),
                           scales.view(np.uint8), f16_bytes(d)], axis=1)


def file_type(plan):
    """What general.file_type calls the type of most weights; some readers want it to be there."""
    weights = {}
    for _, shape, _, kind in plan:
        weights[kind] = weights.get(kind, 0) + int(np.prod(shape))
    name = max(weights, key=weights.get).name
    names = {"F32": "ALL_F32", **{f"Q{bits}_K": f"MOSTLY_Q{bits}_K_M" for bits in (3, 4, 5)}}
    return LlamaFileType[names.get(name, "MOSTLY_" + name)]


def encoded_size(kind, shape):
    block, size = GGML_QUANT_SIZES[kind]
    return int(np.prod(shape)) // block * size


def make_tensor(kind, shape, deviation, seed):
    """The bytes of a matrix, [rows, bytes of a row]; rows are made in groups so that f32 copies stay small."""
    random = np.random.default_rng(seed)
    rows, columns = shape
    data = np.empty((rows, encoded_size(kind, (columns,))), np.uint8)
    step = max(1, ROWS_WEIGHTS // columns)
    for first in range(0, rows, step):
        part = data[first:first + step]
        if kind in RANDOM_BLOCKS:
            part[:] = random_blocks(kind, len(part) * columns // 256, deviation, random).reshape(part.shape)
            continue
        weights = random.standard_normal((len(part), columns), np.float32) * np.float32(deviation)
        if kind == Type.F32:
            part[:] = weights.astype("<f4").view(np.uint8)
        elif kind == Type.F16:
            part[:] = weights.astype("<f2").view(np.uint8)
        else:
            part[:] = quantize(weights, kind).view(np.uint8).reshape(part.shape)
    return data


def tensors_of(options):
    """Yields (name, shape as [out, in], standard deviation or None for a norm), in the order of llama.cpp's converter.

    A bias comes after all else, so that the weights of a model are the same with biases and without.
    """
    head_dim = options.hidden // options.heads
    narrow = head_dim * options.kv_heads
    yield "token_embd.weight", (options.vocab, options.hidden), 1.0 if options.untied else options.hidden ** -0.5
    for layer in range(options.layers):
        prefix = f"blk.{layer}."
        yield prefix + "attn_norm.weight", (options.hidden,), None
        yield prefix + "ffn_down.weight", (options.hidden, options.ffn), options.ffn ** -0.5
        yield prefix + "ffn_gate.weight", (options.ffn, options.hidden), options.hidden ** -0.5
        yield prefix + "ffn_up.weight", (options.ffn, options.hidden), options.hidden ** -0.5
        yield prefix + "ffn_norm.weight", (options.hidden,), None
        yield prefix + "attn_k.weight", (narrow, options.hidden), options.hidden ** -0.5
        yield prefix + "attn_output.weight", (options.hidden, options.hidden), options.hidden ** -0.5
        yield prefix + "attn_q.weight", (options.hidden, options.hidden), options.hidden ** -0.5
        yield prefix + "attn_v.weight", (narrow, options.hidden), options.hidden ** -0.5
    yield "output_norm.weight", (options.hidden,), None
    if options.untied:
        yield "output.weight", (options.vocab, options.hidden), options.hidden ** -0.5
    sizes = {"attn_q": options.hidden, "attn_k": narrow, "attn_v": narrow, "attn_output": options.hidden,
             "ffn_gate": options.ffn, "ffn_up": options.ffn, "ffn_down": options.hidden}
    for layer in range(options.layers):
        for name, size in sizes.items():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in options.bias):
                yield f"blk.{layer}.{name}.bias", (size,), BIAS_DEVIATION


def type_of(name, choices):
    short = re.sub(r"^blk\.\d+\.|\.weight$", "", name)
    chosen = Type.F32
    for pattern, kind in choices:
        if fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(short, pattern):
            chosen = kind
    return chosen


def gpt2_bytes():
    """The 256 characters that stand for bytes in GPT-2's vocabulary, in the order of the bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(others)) for byte in range(256)]


def byte_tokenizer(vocab):
    """Tokens, types and merges of a small byte-level BPE tokenizer, padded with unused tokens."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    merges = list(MERGES[:max(0, vocab - 259)])
    tokens = special + gpt2_bytes() + [merge.replace(" ", "") for merge in merges]
    types = [CONTROL] * len(special) + [NORMAL] * (len(tokens) - len(special))
    return tokens, types, merges


def add_tokenizer(writer, options):
    """Writes `tokenizer.*`: built in, or the first tokens of another file with the merges that stay within them."""
    if options.tokenizer_from:
        fields = GGUFReader(str(options.tokenizer_from)).fields
        tokens = fields["tokenizer.ggml.tokens"].contents()
        types = fields["tokenizer.ggml.token_type"].contents()
        merges = fields["tokenizer.ggml.merges"].contents() if "tokenizer.ggml.merges" in fields else []
        if options.vocab < len(tokens):
            tokens, types = tokens[:options.vocab], types[:options.vocab]
            kept = set(tokens)
            merges = [merge for merge in merges if kept.issuperset([*merge.split(" "), merge.replace(" ", "")])]
        copied = ("tokens", "token_type", "merges")
        for key, field in fields.items():
            if not key.startswith("tokenizer.") or key in {f"tokenizer.ggml.{name}" for name in copied}:
                continue
            kind, value = field.types[0], field.contents()
            if key.endswith("_token_id") and value >= options.vocab:
                sys.exit(f"error: expected '{key}' below the vocabulary of {options.vocab}, got {value}")
            if key == "tokenizer.ggml.scores":
                value = (value + [0.0] * options.vocab)[:options.vocab]
            sub_type = field.types[-1] if kind == GGUFValueType.ARRAY else None
            writer.add_key_value(key, value, kind, sub_type)
    else:
        tokens, types, merges = byte_tokenizer(options.vocab)
        if len(tokens) > options.vocab:
            sys.exit(f"error: expected a vocabulary of at least {len(tokens)} for the built-in tokenizer, got "
                     f"{options.vocab}; pass --no-tokenizer")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm")
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_pad_token_id(2)
        writer.add_add_space_prefix(False)
        writer.add_add_bos_token(False)
        writer.add_chat_template("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + "
                                 "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
                                 "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
    missing = options.vocab - len(tokens)
    writer.add_token_list(tokens + [f"[PAD{i}]" for i in range(missing)])
    writer.add_token_types(types + [UNUSED] * missing)
    if merges:
        writer.add_token_merges(merges)


def write_model(options):
    plan = []
    for name, shape, deviation in tensors_of(options):
        kind = Type.F32 if len(shape) == 1 else type_of(name, options.type)
        block = GGML_QUANT_SIZES[kind][0]
        if shape[-1] % block:
            sys.exit(f"error: expected a row length that is a multiple of {block} for {kind.name}, got {shape[-1]} in "
                     f"'{name}'; choose another --type for it")
        plan.append((name, shape, deviation, kind))

    part = options.out.with_name(options.out.name + ".part")
    writer = GGUFWriter(part, options.architecture)
    writer.add_name(f"random-{options.hidden}x{options.layers}-seed{options.seed}")
    writer.add_block_count(options.layers)
    writer.add_context_length(options.context)
    writer.add_embedding_length(options.hidden)
    writer.add_feed_forward_length(options.ffn)
    writer.add_head_count(options.heads)
    writer.add_head_count_kv(options.kv_heads)
    writer.add_rope_freq_base(options.rope_base)
    writer.add_rope_dimension_count(options.hidden // options.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(options.vocab)
    if options.architecture == "granite":
        writer.add_embedding_scale(options.embedding_scale)
        writer.add_residual_scale(options.residual_scale)
        writer.add_attention_scale(options.attention_scale)
        writer.add_logit_scale(options.logit_scale)
    writer.add_file_type(file_type(plan))
    writer.add_quantization_version(2)
    if not options.no_tokenizer:
        add_tokenizer(writer, options)
    for name, shape, _, kind in plan:
        writer.add_tensor_info(name, shape, np.dtype(np.float32), encoded_size(kind, shape), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if options.zeros:
        # A hole in the file, where it may have one: padded as the writer pads what it is given.
        file = writer.fout[0]
        padded = [writer.ggml_pad(encoded_size(kind, shape), writer.data_alignment) for _, shape, _, kind in plan]
        file.truncate(writer.ggml_pad(file.tell(), writer.data_alignment) + sum(padded))
        plan = []
    for index, (_, shape, deviation, kind) in enumerate(plan):
        seed = [options.seed, index]
        if len(shape) == 1:
            mean, width = (1, 0.1) if deviation is None else (0, deviation)
            vector = mean + width * np.random.default_rng(seed).standard_normal(shape, np.float32)
            writer.write_tensor_data(vector.astype("<f4"))
        else:
            writer.write_tensor_data(make_tensor(kind, shape, deviation, seed))
    writer.close()
    os.replace(part, options.out)


def type_choice(text):
    pattern, _, name = text.rpartition("=")
    if name.upper() not in TYPES:
        raise argparse.ArgumentTypeError(f"expected a type among {', '.join(TYPES)}, got '{name}'")
    return pattern or "*", TYPES[name.upper()]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="tiny", help="sizes that no option gives")
    for name in ("hidden", "layers", "heads", "kv-heads", "ffn", "vocab", "context"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--rope-base", type=float, default=10000.0)
    parser.add_argument("--bias", action="append", default=[], metavar="PATTERN",
                        help="products that have a bias, for example '*'")
    parser.add_argument("--architecture", choices=("llama", "granite"), default="llama")
    for name, default in ("embedding", 12.0), ("residual", 0.22), ("attention", 0.015625), ("logit", 8.0):
        parser.add_argument(f"--{name}-scale", type=float, default=default, help="of granite; 0: none")
    parser.add_argument("--untied", action="store_true", help="a separate output.weight")
    parser.add_argument("--type", type=type_choice, action="append", default=[], metavar="[PATTERN=]TYPE")
    parser.add_argument("--tokenizer-from", type=Path, metavar="MODEL", help="copy the tokenizer of another GGUF file")
    parser.add_argument("--no-tokenizer", action="store_true")
    parser.add_argument("--zeros", action="store_true", help="weights of 0 that take no time and no disk")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    given_vocab = options.vocab
    for name, value in PRESETS[options.preset].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.tokenizer_from and given_vocab is None:
        options.vocab = len(GGUFReader(str(options.tokenizer_from)).fields["tokenizer.ggml.tokens"].data)
    if options.hidden % options.heads or options.heads % options.kv_heads or options.hidden // options.heads % 2:
        parser.error("expected hidden / heads to be an even integer, and heads a multiple of kv-heads, got "
                     f"{options.hidden}, {options.heads} and {options.kv_heads}")
    write_model(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
