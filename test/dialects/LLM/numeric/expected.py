#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric tests of the llm ops: inputs, and what NumPy says the results are.

The formulas here are written from the descriptions of the ops, in f64, and share nothing with the compiler.
`expected.py` writes the tests beside itself; `expected.py --check` says whether they are up to date.

Quantised weights are given as their values, which `check.convert` takes into the scheme. Each block holds the largest
and smallest number of its scheme, so an encoder that takes scale and minimum from them finds the same bits again.
"""

import argparse
import pathlib
import sys
import zlib

import numpy as np

COLUMNS = 120
# Wide enough for kernels that add in f32, narrow enough to see one wrong element.
TOLERANCE = "{atol = 1.0e-5 : f64, rtol = 1.0e-5 : f64}"


# ---------------------------------------------------------------------------------------------------------------------
# Numbers as text
# ---------------------------------------------------------------------------------------------------------------------


def to_bf16(values):
    """The nearest bf16 to each f32, ties to even, as f32."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32)


def element_text(value):
    if isinstance(value, np.integer):
        return str(value)
    if np.isnan(value):
        return {2: "0x7E00", 4: "0x7FC00000"}[value.itemsize]
    text = str(value)
    mantissa, e, exponent = text.partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + e + exponent


def dense_lines(array, indent):
    """`dense<...>` of an array, one innermost row after another, broken at the column limit."""
    if array.ndim == 1:
        lines, line = [], ""
        for number, value in enumerate(array):
            item = element_text(value) + ("," if number + 1 < len(array) else "")
            if line and indent + len(line) + 1 + len(item) > COLUMNS - 24:
                lines.append(" " * indent + line)
                line = ""
            line += (" " if line else "") + item
        lines.append(" " * indent + line)
        lines[0] = lines[0][:indent - 1] + "[" + lines[0][indent:]
        lines[-1] += "]"
        return lines
    lines = []
    for number, row in enumerate(array):
        lines += dense_lines(row, indent + 1)
        if number + 1 < len(array):
            lines[-1] += ","
    lines[0] = lines[0][:indent - 1] + "[" + lines[0][indent:]
    lines[-1] += "]"
    return lines


ELEMENT_TYPES = {np.dtype(np.float16): "f16", np.dtype(np.float32): "f32", np.dtype(np.int32): "i32"}


def tensor_type(array, element=None, dynamic=False):
    sizes = ["?" if dynamic and dim == 0 else str(size) for dim, size in enumerate(array.shape)]
    return "tensor<" + "x".join(sizes + [element or ELEMENT_TYPES[array.dtype]]) + ">"


# ---------------------------------------------------------------------------------------------------------------------
# Tests as text
# ---------------------------------------------------------------------------------------------------------------------


class Test:
    """The file of one op: functions, and the weights that they refer to."""

    pipeline, computes, requires, panel = "reference", "computes", (), "8x32"

    def __init__(self, op):
        self.op = op
        # The one generator of NumPy whose stream never changes.
        self.random = np.random.RandomState(zlib.crc32(op.encode()))
        self.lines = [
            f"// What llm.{op} {self.computes}, against NumPy. Written by expected.py; change that, and run it again.",
            *(f"// REQUIRES: {feature}" for feature in self.requires),
            f"// RUN: hone-check %s --pipeline={self.pipeline}",
        ]

    def describe(self, what):
        """The first line, for a file that is not about all of one op."""
        self.lines[0] = f"// {what}, against NumPy and separate ops. Written by {pathlib.Path(sys.argv[0]).name}."

    # Inputs

    def normal(self, *shape):
        """Normally distributed f32 numbers that are short to write."""
        return np.round(self.random.standard_normal(shape), 3).astype(np.float32)

    def indices(self, *values):
        return np.array(values, np.int32)

    # Lines of the file

    def begin(self, name, comment):
        self.lines += ["", f"// {comment}", f"func.func @{name}() {{"]

    def add(self, line):
        self.lines.append("  " + line)

    def end(self):
        self.lines += ["  return", "}"]

    def constant(self, name, array, element=None):
        lines = dense_lines(array, 5)
        self.add(f"%{name} = arith.constant dense<")
        lines[-1] += f"> : {tensor_type(array, element)}"
        self.lines += lines

    def rows(self, name, array):
        """A constant with a dynamic number of rows; returns its type."""
        static, dynamic = tensor_type(array), tensor_type(array, dynamic=True)
        self.constant(f"{name}_static", array)
        self.add(f"%{name} = tensor.cast %{name}_static : {static} to {dynamic}")
        return dynamic

    def expect(self, name, array, dynamic=True, exact=False):
        """`exact` still takes 0.0 for -0.0: integers have one zero."""
        array = np.asarray(array, np.float32)
        self.constant(f"{name}_expected", array)
        tolerance = "" if exact else " " + TOLERANCE
        actual, expected = tensor_type(array, dynamic=dynamic), tensor_type(array)
        self.add(f"check.expect_close %{name}, %{name}_expected{tolerance}")
        self.add(f"  : {actual}, {expected}")

    def weight(self, name, values, scheme=None, panel="8x32", decode=False):
        """A weight of the module; returns its type. Without a scheme it is plain f32, as norms have it."""
        self.lines.append("")
        if scheme is None:
            kind = tensor_type(values)
            self.lines.append(f"llm.weight @{name} : {kind} {{")
            self.constant("values", values)
            self.add(f"llm.yield %values : {kind}")
            self.lines.append("}")
            return kind
        element = {"f32": "f32", "f16": "f16", "bf16": "bf16"}.get(scheme, f"i{scheme[1]}")

        def stored(panel, scheme=scheme, element=element):
            suffix = f", panel = <{panel}>" if panel else ""
            return tensor_type(values, element)[:-1] + f", #llm.stored<scheme = {scheme}{suffix}>>"

        kinds = [stored(None)]
        if decode:
            kinds.append(stored(None, "f32", "f32"))
        if panel:
            kinds.append(kinds[-1][:-2] + f", panel = <{panel}>>>")
        self.lines.append(f"llm.weight @{name} : {kinds[-1]} {{")
        self.constant("values", values, "f32")
        self.add(f"%0 = check.convert %values : {tensor_type(values, 'f32')} to {kinds[0]}")
        for step, (source, target) in enumerate(zip(kinds, kinds[1:])):
            op = "decode" if decode and step == 0 else "pack"
            self.add(f"%{step + 1} = llm.{op} %{step} : {source}")
            self.add(f"  to {target}")
        self.add(f"llm.yield %{len(kinds) - 1} : {kinds[-1]}")
        self.lines.append("}")
        return kinds[-1]

    def reference(self, name, kind):
        self.add(f"%{name} = llm.weight_ref @{name} : {kind}")

    def text(self):
        return "\n".join(self.lines) + "\n"


# ---------------------------------------------------------------------------------------------------------------------
# Weights
# ---------------------------------------------------------------------------------------------------------------------

# Smallest and largest integer of a scheme, its zero point, and whether it has a minimum.
AFFINE = {"q4_0": (0, 15, 8, False), "q4_1": (0, 15, 0, True), "q5_0": (0, 31, 16, False),
          "q5_1": (0, 31, 0, True), "q8_0": (-127, 127, 0, False)}


# Largest integer and zero point of a K-quant; elements of a sub-block, its largest factor, whether there is a minimum.
K_QUANTS = {"q2_K": (3, 0, 16, 15, True), "q3_K": (7, 4, 16, 31, False), "q4_K": (15, 0, 32, 63, True),
            "q5_K": (31, 0, 32, 63, True), "q6_K": (63, 32, 16, 127, False)}


def k_quant_values(test, scheme, rows, columns):
    """As `weight_values`; one sub-block of each block has the largest factors."""
    largest, zero, size, factor, has_minimum = K_QUANTS[scheme]
    blocks, sub_blocks = (rows, columns // 256, 1, 1), (rows, columns // 256, 256 // size, 1)
    quants = test.random.randint(0, largest + 1, (*sub_blocks[:3], size))
    for sub_block in quants.reshape(-1, size):
        sub_block[test.random.permutation(size)[:2]] = 0, largest
    scales, minimums = (test.random.randint(0, factor + 1, sub_blocks) for _ in range(2))
    for factors in *scales.reshape(-1, 256 // size), *minimums.reshape(-1, 256 // size):
        factors[test.random.randint(256 // size)] = factor
    # Numbers of about 1.
    step = 2.0 ** -np.ceil(np.log2(factor * max(zero, largest - zero)))
    values = test.random.randint(1, 4, blocks) * step * scales * (quants - zero)
    if has_minimum:
        values = values - test.random.randint(1, 4, blocks) * 2.0 ** -np.ceil(np.log2(factor)) * minimums
    return values.reshape(rows, columns).astype(np.float32)


def weight_values(test, scheme, rows, columns):
    """Values that the scheme represents exactly, as f32."""
    if scheme in K_QUANTS:
        return k_quant_values(test, scheme, rows, columns)
    if scheme in AFFINE:
        low, high, zero, has_minimum = AFFINE[scheme]
        quants = test.random.randint(low, high + 1, (rows, columns // 32, 32))
        for block in quants.reshape(-1, 32):
            block[test.random.permutation(32)[:2]] = low, high
        step = 4096 if scheme == "q8_0" else 256
        scales = test.random.randint(1, 16, (rows, columns // 32, 1)) / step
        minimums = test.random.randint(-64, 1, (rows, columns // 32, 1)) / 64 if has_minimum else 0
        return (scales * (quants - zero) + minimums).reshape(rows, columns).astype(np.float32)
    values = test.normal(rows, columns)
    return {"f16": lambda: values.astype(np.float16).astype(np.float32),
            "bf16": lambda: to_bf16(values)}.get(scheme, lambda: values)()


LARGEST = {"int16": 32767, "int8": 127}


def round_to(values, precision):
    """Rounded to integers with one f32 scale per 32 columns, each step in f32, or to short floats; as f32."""
    if precision == "f32":
        return values
    if precision == "f16":
        return values.astype(np.float16).astype(np.float32)
    if precision == "bf16":
        return to_bf16(values)
    blocks = values.reshape(len(values), -1, 32)
    scales = np.abs(blocks).max(axis=2, keepdims=True) / np.float32(LARGEST[precision])
    quotients = np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales != 0)
    return (np.rint(quotients) * scales).reshape(values.shape)


def product(values, weight):
    return values.astype(np.float64) @ weight.astype(np.float64).T


# ---------------------------------------------------------------------------------------------------------------------
# Rows in, rows out
# ---------------------------------------------------------------------------------------------------------------------


def embedding():
    test = Test("embedding")
    tokens = test.indices(6, 0, 3, 3)
    for scheme, columns in ("q8_0", 32), ("f16", 10):
        table = weight_values(test, scheme, 7, columns)
        kind = test.weight(f"table_{scheme}", table, scheme)
        test.begin(f"embedding_{scheme}", "The first row, the last, and one row twice.")
        tokens_type = test.rows("tokens", tokens)
        test.reference(f"table_{scheme}", kind)
        test.add(f"%result = llm.embedding %tokens, %table_{scheme} : {tokens_type},")
        test.add(f"  {kind}")
        test.expect("result", table[tokens], exact=True)
        test.end()
    return test


def select_rows():
    test = Test("select_rows")
    values, rows = test.normal(5, 7), test.indices(4, 0, 4)
    test.begin("select_rows", "Rows in any order, one of them twice.")
    input_type = test.rows("input", values)
    rows_type = test.rows("rows", rows)
    test.add(f"%result = llm.select_rows %input, %rows : {input_type}, {rows_type}")
    test.expect("result", values[rows], exact=True)
    test.end()
    return test


def add():
    test = Test("add")
    lhs, rhs = test.normal(3, 7), test.normal(3, 7)
    lhs[1, 1], rhs[1, 1] = 16777216, 1  # rounds to even in f32
    test.begin("add", "One f32 rounding for each sum.")
    kind = test.rows("lhs", lhs)
    test.rows("rhs", rhs)
    test.add(f"%result = llm.add %lhs, %rhs : {kind}")
    test.expect("result", lhs + rhs, exact=True)
    test.end()
    test.begin("static_rows", "The number of rows may be static.")
    test.constant("lhs", lhs)
    test.add(f"%result = llm.add %lhs, %lhs : {tensor_type(lhs)}")
    test.expect("result", lhs + lhs, dynamic=False, exact=True)
    test.end()
    return test


def add_bias():
    test = Test("add_bias")
    values, bias = test.normal(3, 7), test.normal(7)
    values[1, 1], bias[1] = 16777216, 1  # rounds to even in f32
    kind = test.weight("bias", bias)
    test.begin("add_bias", "The same numbers for each row; one f32 rounding for each sum.")
    input_type = test.rows("input", values)
    test.reference("bias", kind)
    test.add(f"%result = llm.add_bias %input, %bias : {input_type}, {kind}")
    test.expect("result", values + bias, exact=True)
    test.end()
    return test


def scale():
    test = Test("scale")
    values = test.normal(3, 7)
    for name, factor in ("power_of_two", 0.25), ("tenth", 0.1), ("negative", -12.0), ("zero", 0.0):
        test.begin(name, "One f32 rounding for each product, with the factor in f32.")
        input_type = test.rows("input", values)
        test.add(f"%result = llm.scale %input {{factor = {factor} : f32}} : {input_type}")
        test.expect("result", values * np.float32(factor), exact=True)
        test.end()
    return test


def rms_norm_of(values, weight, epsilon):
    values = values.astype(np.float64)
    return values * weight / np.sqrt(np.mean(values**2, axis=1, keepdims=True) + np.float32(epsilon))


def rms_norm():
    test = Test("rms_norm")
    values, weight = test.normal(4, 37), test.normal(37)
    values[1] = 0
    values[2] *= 1000
    values[3] *= np.float32(1e-3)
    kind = test.weight("weight", weight)
    for name, epsilon in ("epsilon_1e_5", 1e-5), ("epsilon_1e_2", 1e-2):
        test.begin(name, "An ordinary row, a zero row, a large row, and one that epsilon dominates.")
        input_type = test.rows("input", values)
        test.reference("weight", kind)
        test.add(f"%result = llm.rms_norm %input, %weight {{epsilon = {epsilon:.1e} : f32}} : {input_type}, {kind}")
        test.expect("result", rms_norm_of(values, weight, epsilon))
        test.end()
    return test


def add_rms_norm():
    test = Test("add_rms_norm")
    values, residual, weight = test.normal(3, 37), test.normal(3, 37) * 10, test.normal(37)
    residual[1] = -values[1]
    kind = test.weight("weight", weight)
    test.begin("add_rms_norm", "Both results; the second row's sum is zero.")
    input_type = test.rows("input", values)
    test.rows("residual", residual)
    test.reference("weight", kind)
    test.add("%sum, %normed = llm.add_rms_norm %input, %residual, %weight {epsilon = 1.0e-5 : f32}")
    test.add(f"  : {input_type}, {kind}")
    test.expect("sum", values + residual, exact=True)
    test.expect("normed", rms_norm_of(values + residual, weight, 1e-5))
    test.end()
    return test


def rounded_type(array, precision):
    """The type of rows once they are rounded."""
    if precision not in LARGEST:
        return tensor_type(array, precision, dynamic=True)
    return tensor_type(array, f"i{precision[3:]}", dynamic=True)[:-1] + ", #llm.blocked<columns = 32>>"


def quantize(test, input_type, precision, source="input", result="rounded"):
    """The line that rounds rows."""
    attribute = "" if precision == "int16" else f" {{precision = #llm.precision<{precision}>}}"
    test.add(f"%{result} = llm.quantize_rows %{source}{attribute} : {input_type}")


def short_floats(test):
    values = test.normal(3, 24)
    for precision, tie, smallest, largest in ("f16", 2**-11, 1e-7, 65519), ("bf16", 2**-8, 3e-39, 3.389e38):
        # Both ties go to even.
        values[1, :8] = 1 + tie, 1 + 3 * tie, -1 - tie, -0.0, smallest, -smallest, largest, -largest
        test.begin(precision, "Ties, denormals and large numbers; columns need not fill a block.")
        quantize(test, test.rows("input", values), precision)
        expected = round_to(values, precision)
        actual, kind = tensor_type(values, precision, dynamic=True), tensor_type(values, precision)
        test.constant("rounded_expected", expected if precision == "bf16" else expected.astype(np.float16), precision)
        test.add(f"check.expect_equal %rounded, %rounded_expected : {actual}, {kind}")
        test.end()


def quantize_rows():
    test = Test("quantize_rows")
    values = test.normal(3, 64)
    values[1, :32] = 0
    values[1, 32:] *= np.float32(1e4)
    values[2, 40] = 3000  # leaves few bits to its block
    # The scale is a power of two here, so that halves are exact: ties go to even.
    values[2, :32] = np.arange(32) / 2
    values[2, 31] = 32767
    for precision, greatest in LARGEST.items():
        values[2, 31] = greatest
        test.begin(precision, "A zero block, a large one, one with an outlier, and ties.")
        quantize(test, test.rows("input", values), precision)
        test.add(f"%result = check.convert %rounded : {rounded_type(values, precision)}")
        test.add(f"  to {tensor_type(values, dynamic=True)}")
        test.expect("result", round_to(values, precision), exact=True)
        test.end()
    short_floats(test)
    return test


# ---------------------------------------------------------------------------------------------------------------------
# Products
# ---------------------------------------------------------------------------------------------------------------------


def linear():
    test = Test("linear")
    values = test.normal(3, 64)

    def case(name, comment, weight_name, weight, kind, activations=None):
        test.begin(name, comment)
        source, input_type, attribute = "input", test.rows("input", values), ""
        rounded = values
        if activations and activations.startswith("rounded_"):
            precision = activations.removeprefix("rounded_")
            quantize(test, input_type, precision)
            source, input_type = "rounded", rounded_type(values, precision)
            rounded = round_to(values, precision)
        elif activations:
            attribute = f" {{activations = #llm.precision<{activations}>}}"
            rounded = round_to(values, activations)
        test.reference(weight_name, kind)
        test.add(f"%result = llm.linear %{source}, %{weight_name}{attribute} : {input_type},")
        test.add(f"  {kind}")
        test.expect("result", product(rounded, weight))
        test.end()

    for scheme in ["f32", "f16", "bf16", *AFFINE]:
        weight = weight_values(test, scheme, 5, 64)
        kind = test.weight(f"weight_{scheme}", weight, scheme)
        case(f"linear_{scheme}", "Fewer outputs than a panel has rows; an odd number of rows.", f"weight_{scheme}",
             weight, kind)
    weight = weight_values(test, "q4_1", 11, 64)
    kind = test.weight("weight_rounded", weight, "q4_1")
    case("activations_f32", "More outputs than a panel has rows.", "weight_rounded", weight, kind, "f32")
    # An outlier, so that rounding the activations moves the result by more than the tolerance.
    values[:, 5] = 3000, -2000, 1000
    for precision in "int16", "int8", "f16", "bf16":
        case(f"activations_{precision}", "The op rounds its activations.", "weight_rounded", weight, kind, precision)
        case(f"rounded_{precision}", "The activations come rounded, with the same result.", "weight_rounded", weight, kind,
             f"rounded_{precision}")
    weight = weight_values(test, "q8_0", 5, 64)
    kind = test.weight("weight_file_order", weight, "q8_0", panel=None)
    case("file_order", "A weight that is not packed.", "weight_file_order", weight, kind)
    values = test.normal(2, 256)
    weight = test.normal(3, 256)
    kind = test.weight("weight_decoded", weight, "q4_K", decode=True)
    case("decoded", "A weight that is decoded before it is packed.", "weight_decoded", weight, kind)
    return test


def qkv():
    test = Test("qkv")
    values = test.normal(3, 32)
    weights = {}
    for name, rows, scheme in ("query_weight", 12, "q4_1"), ("key_weight", 4, "q4_0"), ("value_weight", 4, "q5_1"):
        values_of = weight_values(test, scheme, rows, 32)
        weights[name] = values_of, test.weight(name, values_of, scheme)
    for function, attribute in ("qkv", ""), ("activations_int16", " {activations = #llm.precision<int16>}"):
        rounded = values
        if attribute:
            values[:, 5] = 3000, -2000, 1000
            rounded = round_to(values, "int16")
        test.begin(function, "Three schemes, and fewer key and value heads than query heads.")
        input_type = test.rows("input", values)
        for name, (_, kind) in weights.items():
            test.reference(name, kind)
        test.add("%query, %key, %value = llm.qkv %input, %query_weight, %key_weight, %value_weight" + attribute)
        kinds = [kind for _, kind in weights.values()]
        test.add(f"  : {input_type}, {kinds[0]},")
        test.add(f"    {kinds[1]},")
        test.add(f"    {kinds[2]}")
        for name, weight in zip(("query", "key", "value"), weights.values()):
            test.expect(name, product(rounded, weight[0]))
        test.end()
    return test


def silu(values):
    values = values.astype(np.float64)
    return values / (1 + np.exp(-values))


def gated_activation():
    test = Test("gated_activation")
    gate, up = test.normal(3, 7), test.normal(3, 7)
    gate[1] = [0, -0.5, 20, -20, 87, -87, -700]
    test.begin("silu", "Small and large numbers of both signs; exp overflows f32 in the last.")
    kind = test.rows("gate", gate)
    test.rows("up", up)
    test.add(f"%result = llm.gated_activation %gate, %up {{function = #llm.activation<silu>}} : {kind}")
    test.expect("result", silu(gate) * up)
    test.end()
    return test


def gated_linear():
    test = Test("gated_linear")
    values = test.normal(3, 64)
    gate, up = weight_values(test, "q4_1", 11, 64), weight_values(test, "q5_0", 11, 64)
    kinds = test.weight("gate", gate, "q4_1"), test.weight("up", up, "q5_0")
    for function, attribute in ("gated_linear", ""), ("activations_int16", ", activations = #llm.precision<int16>"):
        rounded = values
        if attribute:
            values[:, 5] = 300, -200, 100
            rounded = round_to(values, "int16")
        test.begin(function, "Gate and up in different schemes.")
        input_type = test.rows("input", values)
        test.reference("gate", kinds[0])
        test.reference("up", kinds[1])
        test.add(f"%result = llm.gated_linear %input, %gate, %up {{function = #llm.activation<silu>{attribute}}}")
        test.add(f"  : {input_type}, {kinds[0]},")
        test.add(f"    {kinds[1]}")
        test.expect("result", silu(product(rounded, gate)) * product(rounded, up))
        test.end()
    return test


# ---------------------------------------------------------------------------------------------------------------------
# Attention
# ---------------------------------------------------------------------------------------------------------------------


def rotated(values, positions, head_dim, base, pairing):
    """Each pair as a complex number, turned by its angle."""
    heads = values.astype(np.float64).reshape(len(values), -1, head_dim)
    pairs = head_dim // 2
    angles = positions[:, None] * np.float64(base) ** (-2 * np.arange(pairs) / head_dim)
    turn = np.cos(angles).astype(np.float32) + 1j * np.sin(angles).astype(np.float32).astype(np.float64)
    first = np.s_[..., 0::2] if pairing == "interleaved" else np.s_[..., :pairs]
    second = np.s_[..., 1::2] if pairing == "interleaved" else np.s_[..., pairs:]
    turned = (heads[first] + 1j * heads[second]) * turn[:, None, :]
    result = np.empty_like(heads)
    result[first], result[second] = turned.real, turned.imag
    return result.reshape(values.shape)


def rope():
    test = Test("rope")
    positions = test.indices(0, 1, 7, 1000, 8191)
    for pairing in "interleaved", "halves":
        for head_dim, heads, base in (6, 3, 1e4), (16, 2, 1e5):
            values = test.normal(len(positions), heads * head_dim)
            test.begin(f"{pairing}_{head_dim}", "Positions from the first to far ones, several heads.")
            input_type = test.rows("input", values)
            positions_type = test.rows("positions", positions)
            test.add(f"%result = llm.rope %input, %positions {{base = {base:.1e} : f64, head_dim = {head_dim} : i64,")
            test.add(f"  pairing = #llm.pairing<{pairing}>}} : {input_type}, {positions_type}")
            test.expect("result", rotated(values, positions, head_dim, base, pairing))
            test.end()
    return test


def kv_types(array):
    """The types of a KV memory: with all sizes, and as the model has it. Numbers in f32 are those of memory in i8."""
    _, layers, _, _, heads, head_dim = array.shape
    return tensor_type(array), f"!llm.kv<{layers}x{heads}x{head_dim}x{'i8' if array.dtype == np.float32 else 'f16'}>"


def byte_numbers(test, *shape):
    """Numbers of a KV memory in i8, of which it keeps each: multiples of 1/64, and the largest of a head is 127/64."""
    integers = np.clip(np.round(40 * test.normal(*shape)), -126, 126)
    integers[..., 1] = 127
    return (integers / 64 + 0).astype(np.float32)


def rounded_to_bytes(heads):
    """Integers with one scale for each head, the last dimension, in f32 throughout."""
    heads = heads.astype(np.float32)
    scales = np.abs(heads).max(axis=-1, keepdims=True) / np.float32(127)
    with np.errstate(invalid="ignore"):
        rounded = np.rint(heads / scales) * scales + np.float32(0)  # an integer has no -0
    return np.where(scales == 0, np.float32(0), rounded).astype(np.float32)


def begin_kv(test, array):
    static, kind = kv_types(array)
    test.constant("kv_numbers", array)
    test.add(f"%kv = check.convert %kv_numbers : {static} to {kind}")
    return kind


def appended(kv, layer, keys, values, positions, sequences):
    result = kv.copy()
    stored = rounded_to_bytes if kv.dtype == np.float32 else lambda heads: heads.astype(np.float16)
    heads, head_dim = kv.shape[4:]
    for row, (position, sequence) in enumerate(zip(positions, sequences)):
        result[0, layer, sequence, position] = stored(keys[row].reshape(heads, head_dim))
        result[1, layer, sequence, position] = stored(values[row].reshape(heads, head_dim))
    return result


def kv_append_in_bytes(test, kv):
    """The case of memory in i8: heads with ties, of zeros, and of all sizes."""
    rows, columns = 4, kv.shape[4] * kv.shape[5]
    keys, values = test.normal(rows, columns), test.normal(rows, columns) * 100
    keys[0, :3] = 127, 2.5, -3.5  # the scale is 1
    values[1] = 0
    return keys, values


def kv_append():
    test = Test("kv_append")
    kv = test.normal(2, 2, 2, 5, 2, 3).astype(np.float16)
    keys, values = test.normal(4, 6), test.normal(4, 6)
    keys[0, 0], values[0, 1] = 1 + 2**-11, 1 + 3 * 2**-11  # ties, which go to even
    positions, sequences = test.indices(0, 3, 4, 1), test.indices(1, 0, 0, 1)
    bytes_kv = byte_numbers(test, 2, 2, 2, 5, 2, 3)
    for name, comment, layer, kv, (keys, values) in (
            ("layer_0", "Two sequences in one call, rounded to f16; all else stays.", 0, kv, (keys, values)),
            ("layer_1", "Two sequences in one call, rounded to f16; all else stays.", 1, kv, (keys, values)),
            ("bytes", "Rounded to i8 with a scale for each head.", 1, bytes_kv, kv_append_in_bytes(test, bytes_kv))):
        test.begin(name, comment)
        kind = begin_kv(test, kv)
        rows_type = test.rows("keys", keys)
        test.rows("values", values)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add(f"%layer = arith.constant {layer} : index")
        test.add("%after = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences")
        test.add(f"  : {kind}, {rows_type}, {index_type}")
        after = appended(kv, layer, keys, values, positions, sequences)
        test.add(f"%result = check.convert %after : {kind} to {tensor_type(after)}")
        test.constant("expected", after)
        test.add(f"check.expect_equal %result, %expected : {tensor_type(after)}, {tensor_type(after)}")
        test.end()
    return test


def rope_kv_append_test(test, kv, query_heads, rows):
    """`test` of turned queries and of the memory after turned keys are appended; shapes as `kv` has them."""
    heads, head_dim = kv.shape[4:]
    queries, keys, values = (test.normal(rows, count * head_dim) for count in (query_heads, heads, heads))
    positions, sequences = test.indices(*([0, 3, 4, 1, 2][:rows])), test.indices(*([1, 0, 0, 1, 1][:rows]))
    for pairing in "interleaved", "halves":
        is_bytes = kv.dtype == np.float32
        test.begin(f"{pairing}_rows_{rows}" + ("_bytes" if is_bytes else ""),
                   f"Two sequences in one call; keys are turned, then rounded to {'i8' if is_bytes else 'f16'}.")
        kind = begin_kv(test, kv)
        queries_type, keys_type = test.rows("queries", queries), test.rows("keys", keys)
        test.rows("values", values)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add("%layer = arith.constant 1 : index")
        test.add("%after, %result = llm.rope_kv_append %kv[%layer], %queries, %keys, %values, %positions, %sequences")
        test.add(f"  {{base = 1.0e4 : f64, pairing = #llm.pairing<{pairing}>}}")
        test.add(f"  : {kind}, {queries_type}, {keys_type}, {index_type}")
        test.expect("result", rotated(queries, positions, head_dim, 1e4, pairing))
        turned = rotated(keys, positions, head_dim, 1e4, pairing).astype(np.float32)
        after = appended(kv, 1, turned, values, positions, sequences)
        test.add(f"%memory = check.convert %after : {kind} to {tensor_type(after)}")
        test.constant("memory_expected", after)
        # One unit of the last place: NumPy may round a turned key that is nearly a tie to the other side.
        tolerance = "atol = 3.5e-2 : f64, rtol = 1.0e-6 : f64" if is_bytes else "atol = 1.0e-6 : f64, rtol = 1.0e-3 : f64"
        test.add(f"check.expect_close %memory, %memory_expected {{{tolerance}}}")
        test.add(f"  : {tensor_type(after)}, {tensor_type(after)}")
        test.end()


def rope_kv_append():
    test = Test("rope_kv_append")
    rope_kv_append_test(test, test.normal(2, 2, 2, 5, 2, 4).astype(np.float16), 4, 4)
    rope_kv_append_test(test, byte_numbers(test, 2, 2, 2, 5, 2, 4), 4, 4)
    return test


def attended(queries, kv, layer, positions, sequences, scale):
    kv_heads, head_dim = kv.shape[4:]
    heads = queries.shape[1] // head_dim
    result = np.empty(queries.shape, np.float64)
    for row, (position, sequence) in enumerate(zip(positions, sequences)):
        for head in range(heads):
            columns = np.s_[head * head_dim:(head + 1) * head_dim]
            kv_head = head // (heads // kv_heads)
            keys, values = kv[:, layer, sequence, :position + 1, kv_head].astype(np.float64)
            scores = np.float32(scale) * (keys @ queries[row, columns].astype(np.float64))
            weights = np.exp(scores - scores.max())
            result[row, columns] = weights @ values / weights.sum()
    return result


def attention():
    test = Test("attention")

    def case(name, comment, kv, queries, layer, positions, sequences, scale):
        test.begin(name, comment)
        kind = begin_kv(test, kv)
        queries_type = test.rows("queries", queries)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add(f"%layer = arith.constant {layer} : index")
        test.add(f"%result = llm.attention %queries, %kv[%layer], %positions, %sequences {{scale = {scale} : f32}}")
        test.add(f"  : {queries_type}, {kind}, {index_type}")
        test.expect("result", attended(queries, kv, layer, positions, sequences, scale))
        test.end()

    positions, sequences = test.indices(0, 4, 6, 2, 3), test.indices(0, 0, 0, 1, 1)
    kv = test.normal(2, 2, 2, 7, 2, 4).astype(np.float16)
    case("grouped_heads", "Two sequences of different lengths; three query heads to each key head; the second layer.",
         kv, test.normal(5, 24), 1, positions, sequences, 0.5)
    case("one_to_one", "As many query heads as key heads; large scores, of which the largest wins.", kv,
         test.normal(5, 8) * 100, 0, positions, sequences, 1.5)
    hidden = test.normal(2, 1, 2, 7, 1, 4).astype(np.float16)
    hidden[:, :, 1, 4:] = np.nan
    case("hidden_positions", "What lies behind a row's position does not matter, not even a NaN.", hidden,
         test.normal(5, 8), 0, positions, sequences, 0.5)

    # A step: the rows of a prompt are stored, then each sees itself and those before it.
    for name, element in ("after_append", "f16"), ("after_append_of_bytes", "i8"):
        if element == "f16":
            kv = test.normal(2, 2, 1, 5, 1, 4).astype(np.float16)
        else:
            kv = byte_numbers(test, 2, 2, 1, 5, 1, 4)
        queries, keys, values = test.normal(3, 8), test.normal(3, 4), test.normal(3, 4)
        positions, sequences = test.indices(1, 2, 3), test.indices(0, 0, 0)
        test.begin(name, f"Keys and values are read back as they were stored, in {element}.")
        kind = begin_kv(test, kv)
        queries_type = test.rows("queries", queries)
        rows_type = test.rows("keys", keys)
        test.rows("values", values)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add("%layer = arith.constant 1 : index")
        test.add("%after = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences")
        test.add(f"  : {kind}, {rows_type}, {index_type}")
        test.add("%result = llm.attention %queries, %after[%layer], %positions, %sequences {scale = 0.5 : f32}")
        test.add(f"  : {queries_type}, {kind}, {index_type}")
        after = appended(kv, 1, keys, values, positions, sequences)
        test.expect("result", attended(queries, after, 1, positions, sequences, 0.5))
        test.end()
    return test


TESTS = [embedding, select_rows, add, add_bias, scale, rms_norm, add_rms_norm, quantize_rows, linear, qkv,
         gated_activation, gated_linear, rope, kv_append, rope_kv_append, attention]


def write(tests, folder, description):
    """The program: writes what each function of `tests` makes to `folder`, or checks that it is there."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a test is not up to date")
    check = parser.parse_args().check
    stale = []
    for make in tests:
        test = make()
        path = folder / (test.op.replace("_", "-") + ".mlir")
        text = test.text()
        if path.exists() and path.read_text() == text:
            continue
        if check:
            stale.append(path.name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"{parser.prog}: error: not up to date: {', '.join(stale)}; run {parser.prog}")


if __name__ == "__main__":
    write(TESTS, pathlib.Path(__file__).parent, __doc__)
