"""Makes bad inputs: writes a copy of a GGUF file with one thing wrong, by a small edit of its bytes.

Every kind must be refused with a clear error, save `valid` and those that `--list` marks with '?': they are suspect, but a
reader may show that they do no harm. Nothing may crash, hang, or allocate what the file merely claims.
Meant for the small models of scripts/make_random_model.py, with their tokenizer. Needs only Python's standard library.

  mutate_gguf.py MODEL KIND OUT
  mutate_gguf.py --list                     the kinds, one per line, each with what is wrong
  mutate_gguf.py MODEL --all FOLDER         every kind, as FOLDER/KIND.gguf
"""
import argparse
import struct
import sys
from pathlib import Path

SCALAR_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9
ABSURD = 1 << 60


def string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


class Tensor:
    """One entry of the tensor table; dimensions in the file's order, innermost first."""

    def __init__(self, name, dimensions, kind, offset):
        self.name, self.dimensions, self.kind, self.offset = name, dimensions, kind, offset

    def encode(self):
        return (string(self.name) + struct.pack("<I", len(self.dimensions)) +
                b"".join(struct.pack("<Q", dimension) for dimension in self.dimensions) +
                struct.pack("<IQ", self.kind, self.offset))


class Gguf:
    """A file taken apart far enough to change one thing: encoded key-value pairs, tensor table, data section."""

    def __init__(self, data):
        self.data, self.at = data, 0
        self.magic, self.version, tensors, pairs = self.take("<4sIQQ")
        if self.magic != b"GGUF":
            raise ValueError("expected a GGUF file")
        self.tensor_count = self.pair_count = None  # what the header claims, where it is to lie
        self.pairs = {}
        for _ in range(pairs):
            key = self.take_string()
            start = self.at
            self.skip_value(self.take("<I")[0])
            self.pairs[key.decode()] = data[start:self.at]
        self.tensors = []
        for _ in range(tensors):
            name = self.take_string().decode()
            dimensions = list(self.take(f"<{self.take('<I')[0]}Q"))
            self.tensors.append(Tensor(name, dimensions, *self.take("<IQ")))
        alignment = self.pairs.get("general.alignment")
        self.alignment = struct.unpack("<I", alignment[4:])[0] if alignment else 32
        self.section = data[-(-self.at // self.alignment) * self.alignment:]

    def take(self, layout):
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def take_string(self):
        length = self.take("<Q")[0]
        self.at += length
        return self.data[self.at - length:self.at]

    def skip_value(self, kind):
        if kind == STRING:
            self.take_string()
        elif kind == ARRAY:
            element, count = self.take("<IQ")
            if element in SCALAR_FORMATS:
                self.at += struct.calcsize("<" + SCALAR_FORMATS[element]) * count
            else:
                for _ in range(count):
                    self.skip_value(element)
        else:
            self.at += struct.calcsize("<" + SCALAR_FORMATS[kind])

    def header(self):
        return struct.pack("<4sIQQ", self.magic, self.version,
                           len(self.tensors) if self.tensor_count is None else self.tensor_count,
                           len(self.pairs) if self.pair_count is None else self.pair_count)

    def metadata(self):
        return b"".join(string(key) + value for key, value in self.pairs.items())

    def table(self):
        return b"".join(tensor.encode() for tensor in self.tensors)

    def encode(self):
        front = self.header() + self.metadata() + self.table()
        return front + bytes(-len(front) % self.alignment) + self.section

    def find(self, name):
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise ValueError(f"the model has no tensor '{name}'")

    def set_number(self, key, number, kind=UINT32):
        self.pairs[key] = struct.pack("<I" + SCALAR_FORMATS[kind], kind, number)

    def set_string(self, key, text):
        self.pairs[key] = struct.pack("<I", STRING) + string(text)

    def edit_strings(self, key, edit):
        """Replaces an array of strings by what `edit` makes of the list."""
        value = self.pairs[key]
        count, at, strings = struct.unpack_from("<Q", value, 8)[0], 16, []
        for _ in range(count):
            length = struct.unpack_from("<Q", value, at)[0]
            strings.append(value[at + 8:at + 8 + length])
            at += 8 + length
        strings = edit(strings)
        self.pairs[key] = struct.pack("<IIQ", ARRAY, STRING, len(strings)) + b"".join(map(string, strings))


KINDS = {}
MAY_BE_ACCEPTED = {"valid", "merge-of-unknown-token", "token-not-utf8"}


def kind(name, description):
    """Registers an edit. It changes the Gguf that it is given, or returns the bytes to write."""
    def register(edit):
        KINDS[name] = (description, edit)
        return edit
    return register


def simple(name, description, edit):
    def ignore_result(model):
        edit(model)
    kind(name, description)(ignore_result)


kind("valid", "nothing wrong: the same bytes")(lambda m: m.encode())

# Cut short.
kind("empty", "a file of no bytes")(lambda m: b"")
kind("truncated-magic", "ends after 2 bytes")(lambda m: m.encode()[:2])
kind("truncated-header", "ends inside the header's counts")(lambda m: m.encode()[:19])
kind("truncated-metadata", "ends in the middle of the metadata")(
    lambda m: m.encode()[:24 + len(m.metadata()) // 2])
kind("truncated-table", "ends in the middle of the tensor table")(
    lambda m: m.encode()[:24 + len(m.metadata()) + len(m.table()) // 2])
kind("truncated-before-data", "ends after the tensor table")(
    lambda m: m.encode()[:24 + len(m.metadata()) + len(m.table())])
kind("truncated-data", "ends in the middle of the weights")(lambda m: m.encode()[:-(len(m.section) // 2)])


@kind("truncated-last-byte", "the last tensor lacks its last byte")
def truncated_last_byte(model):
    """Padding may follow the last tensor; its norm vectors are f32, so their size is known without a table of types."""
    last = max(model.tensors, key=lambda tensor: tensor.offset)
    if last.kind != 0:
        raise ValueError("expected the last tensor of the file to be F32")
    size = 4
    for dimension in last.dimensions:
        size *= dimension
    data = model.encode()
    return data[:len(data) - len(model.section) + last.offset + size - 1]


# The header.
simple("bad-magic", "does not start with 'GGUF'", lambda m: setattr(m, "magic", b"GGUX"))
simple("unknown-version", "GGUF version 99", lambda m: setattr(m, "version", 99))
simple("big-endian-version", "version 3 written by a big-endian machine", lambda m: setattr(m, "version", 3 << 24))
simple("absurd-tensor-count", "2^60 tensors", lambda m: setattr(m, "tensor_count", ABSURD))
simple("absurd-pair-count", "2^60 key-value pairs", lambda m: setattr(m, "pair_count", ABSURD))
simple("one-tensor-too-many", "counts one tensor more than the table has",
       lambda m: setattr(m, "tensor_count", len(m.tensors) + 1))

# The metadata.
kind("absurd-key-length", "the first key claims 2^60 bytes")(
    lambda m: m.header() + struct.pack("<Q", ABSURD) + m.encode()[32:])
simple("absurd-string-length", "a string value claims 2^60 bytes",
       lambda m: m.pairs.update({"general.name": struct.pack("<IQ", STRING, ABSURD) + b"x"}))
simple("absurd-array-count", "an array claims 2^60 strings",
       lambda m: m.pairs.update({"tokenizer.ggml.tokens": struct.pack("<IIQ", ARRAY, STRING, ABSURD)}))
simple("array-size-overflow", "an array of 2^62 32-bit numbers: its size wraps to 0",
       lambda m: m.pairs.update({"tokenizer.ggml.token_type": struct.pack("<IIQ", ARRAY, INT32, 1 << 62)}))
simple("deeply-nested-array", "100,000 arrays inside each other",
       lambda m: m.pairs.update({"general.nested": struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 100000 +
                                 struct.pack("<IQ", UINT32, 0)}))
simple("unknown-value-type", "a value of type 99", lambda m: m.pairs.update({"general.name": struct.pack("<I", 99)}))
kind("duplicate-key", "'llama.block_count' twice, with different values")(
    lambda m: (m.header()[:16] + struct.pack("<Q", len(m.pairs) + 1) + string("llama.block_count") +
               struct.pack("<II", UINT32, 7) + realigned_rest(m, len(string("llama.block_count")) + 8)))
simple("missing-architecture", "no 'general.architecture'", lambda m: m.pairs.pop("general.architecture"))
simple("unknown-architecture", "architecture 'lamma'", lambda m: m.set_string("general.architecture", "lamma"))
simple("architecture-not-a-string", "'general.architecture' is a number",
       lambda m: m.set_number("general.architecture", 1))
simple("missing-block-count", "no 'llama.block_count'", lambda m: m.pairs.pop("llama.block_count"))
simple("block-count-not-a-number", "'llama.block_count' is a string", lambda m: m.set_string("llama.block_count", "two"))
simple("zero-block-count", "no layers", lambda m: m.set_number("llama.block_count", 0))
simple("absurd-block-count", "2^32 - 1 layers", lambda m: m.set_number("llama.block_count", (1 << 32) - 1))
simple("zero-heads", "no attention heads", lambda m: m.set_number("llama.attention.head_count", 0))
simple("heads-do-not-divide", "7 attention heads", lambda m: m.set_number("llama.attention.head_count", 7))
simple("zero-kv-heads", "no key heads", lambda m: m.set_number("llama.attention.head_count_kv", 0))
simple("zero-context", "a context of no tokens", lambda m: m.set_number("llama.context_length", 0))
simple("embedding-length-differs", "'llama.embedding_length' is not what the tensors have",
       lambda m: m.set_number("llama.embedding_length", m.find("token_embd.weight").dimensions[0] * 2))
simple("epsilon-nan", "the norm's epsilon is not a number",
       lambda m: m.set_number("llama.attention.layer_norm_rms_epsilon", float("nan"), FLOAT32))
simple("rope-base-zero", "RoPE's base is 0", lambda m: m.set_number("llama.rope.freq_base", 0.0, FLOAT32))
simple("rope-dimensions-odd", "RoPE over 3 dimensions", lambda m: m.set_number("llama.rope.dimension_count", 3))
simple("alignment-zero", "'general.alignment' is 0", lambda m: m.set_number("general.alignment", 0))
simple("alignment-three", "'general.alignment' is 3", lambda m: m.set_number("general.alignment", 3))

# The tokenizer.


@kind("missing-tokenizer", "no 'tokenizer.*' at all")
def missing_tokenizer(model):
    model.pairs = {key: value for key, value in model.pairs.items() if not key.startswith("tokenizer.")}


simple("missing-merges", "a BPE tokenizer without merges", lambda m: m.pairs.pop("tokenizer.ggml.merges"))
simple("unknown-tokenizer", "tokenizer model 'gpt9'", lambda m: m.set_string("tokenizer.ggml.model", "gpt9"))
simple("unknown-pre-tokenizer", "pre-tokenizer 'smellm'", lambda m: m.set_string("tokenizer.ggml.pre", "smellm"))
simple("too-few-tokens", "one token less than the embedding has rows",
       lambda m: m.edit_strings("tokenizer.ggml.tokens", lambda tokens: tokens[:-1]))
simple("too-few-token-types", "three token types",
       lambda m: m.pairs.update({"tokenizer.ggml.token_type": struct.pack("<IIQ3i", ARRAY, INT32, 3, 1, 1, 1)}))
simple("merge-without-space", "a merge of one part",
       lambda m: m.edit_strings("tokenizer.ggml.merges", lambda merges: [b"nospace"] + merges[1:]))
simple("merge-of-unknown-token", "a merge whose result is no token",
       lambda m: m.edit_strings("tokenizer.ggml.merges", lambda merges: [b"q z"] + merges[1:]))
simple("token-not-utf8", "a token that is not UTF-8",
       lambda m: m.edit_strings("tokenizer.ggml.tokens", lambda tokens: tokens[:9] + [b"\xff\xfe"] + tokens[10:]))
simple("end-token-out-of-range", "the end-of-text id is 2^31",
       lambda m: m.set_number("tokenizer.ggml.eos_token_id", 1 << 31))

# The tensor table.
QUERY = "blk.0.attn_q.weight"
simple("missing-tensor", f"no '{QUERY}'", lambda m: m.tensors.remove(m.find(QUERY)))
simple("missing-embedding", "no 'token_embd.weight'", lambda m: m.tensors.remove(m.find("token_embd.weight")))
simple("no-tensors", "an empty tensor table", lambda m: m.tensors.clear())
simple("duplicate-tensor", f"'{QUERY}' twice", lambda m: m.tensors.append(m.find(QUERY)))
simple("unexpected-tensor", "a bias that the architecture does not have",
       lambda m: setattr(m.find(QUERY), "name", "blk.0.attn_z.weight"))
simple("unknown-tensor-type", f"'{QUERY}' of type 250", lambda m: setattr(m.find(QUERY), "kind", 250))
simple("removed-tensor-type", f"'{QUERY}' of type 4, which GGUF no longer has",
       lambda m: setattr(m.find(QUERY), "kind", 4))
simple("other-block-type", f"'{QUERY}' of a type with more bytes, or with fewer if it is F32: the tensors no longer fit together",
       lambda m: setattr(m.find(QUERY), "kind", 1 if m.find(QUERY).kind == 0 else 0))
simple("norm-quantised", "a norm of type Q4_0", lambda m: setattr(m.find("output_norm.weight"), "kind", 2))
simple("wrong-shape", "a projection with half its rows", lambda m: halve(m.find(QUERY).dimensions, 1))
simple("wrong-norm-shape", "a norm with half its elements", lambda m: halve(m.find("output_norm.weight").dimensions, 0))
simple("vocabulary-differs", "an embedding with half its rows", lambda m: halve(m.find("token_embd.weight").dimensions, 1))
simple("zero-dimension", "a dimension of 0", lambda m: m.find(QUERY).dimensions.__setitem__(1, 0))
simple("absurd-dimension", "a dimension of 2^60", lambda m: m.find(QUERY).dimensions.__setitem__(1, ABSURD))
simple("dimensions-overflow", "2^32 x 2^32 elements: the product wraps to 0",
       lambda m: m.find(QUERY).dimensions.__setitem__(slice(None), [1 << 32, 1 << 32]))
simple("row-one-short", "rows of one element less than the model's",
       lambda m: m.find(QUERY).dimensions.__setitem__(0, m.find(QUERY).dimensions[0] - 1))
simple("row-not-whole-blocks", "Q4_1 rows of 33 elements",
       lambda m: (setattr(m.find(QUERY), "kind", 3), m.find(QUERY).dimensions.__setitem__(0, 33)))
simple("nine-dimensions", "a tensor of rank 9", lambda m: m.find(QUERY).dimensions.extend([1] * 7))
kind("absurd-rank", "a tensor of rank 2^32 - 1")(
    lambda m: m.encode().replace(string(m.tensors[0].name) + struct.pack("<I", len(m.tensors[0].dimensions)),
                                 string(m.tensors[0].name) + b"\xff" * 4, 1))
simple("offset-overflow", "an offset of 2^64 - 32: offset plus size wraps",
       lambda m: setattr(m.find(QUERY), "offset", (1 << 64) - 32))
simple("offset-past-end", "an offset just past the data",
       lambda m: setattr(m.find(QUERY), "offset", -(-len(m.section) // m.alignment) * m.alignment))
simple("offset-overlap", "two tensors share their bytes",
       lambda m: setattr(m.find(QUERY), "offset", m.find("blk.0.attn_output.weight").offset))
simple("offset-unaligned", "an offset that is no multiple of the alignment",
       lambda m: setattr(m.find(QUERY), "offset", m.find(QUERY).offset + 1))


def halve(dimensions, axis):
    dimensions[axis] //= 2


def realigned_rest(model, inserted):
    """Metadata, table, padding and data, after `inserted` more bytes of metadata."""
    front = model.metadata() + model.table()
    return front + bytes(-(24 + inserted + len(front)) % model.alignment) + model.section


def mutate(data, name):
    model = Gguf(data)
    changed = KINDS[name][1](model)
    return model.encode() if changed is None else changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("kind", nargs="?")
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.list:
        for name, (description, _) in KINDS.items():
            print(f"{name:27}{'?' if name in MAY_BE_ACCEPTED else ' '} {description}")
        return 0
    if options.model is None or (options.all is None) == (options.out is None):
        parser.error("expected MODEL KIND OUT, MODEL --all FOLDER, or --list")
    if options.kind is not None and options.kind not in KINDS:
        parser.error(f"expected a kind of --list, got '{options.kind}'")
    data = options.model.read_bytes()
    try:
        if options.all:
            options.all.mkdir(parents=True, exist_ok=True)
            for name in KINDS:
                (options.all / f"{name}.gguf").write_bytes(mutate(data, name))
        else:
            options.out.write_bytes(mutate(data, options.kind))
    except (ValueError, KeyError, struct.error) as error:
        print(f"error: {options.model}: {error}; use a small model of scripts/make_random_model.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
