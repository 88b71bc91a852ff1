#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric tests of the x86 kernels: inputs, and what NumPy says the results are.

The formulas are those of the tests of the llm ops, test/dialects/LLM/numeric/expected.py; what differs are the shapes,
which are those that kernels take, and cover their tiles and what is left beside them: 4 rows of activations, 8 output
rows of a panel, 32 columns of a block, 64 positions of a page, 4 rows and 3 heads of attention.
`expected.py` writes the tests beside itself; `expected.py --check` says whether they are up to date.
"""

import importlib.util
import itertools
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
SPECIFICATION = importlib.util.spec_from_file_location(
    "llm_expected", FOLDER.parents[2] / "dialects" / "LLM" / "numeric" / "expected.py")
llm = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(llm)

PRECISIONS = "int16", "int8", "f16", "bf16"
SCHEMES = ["f32", "f16", "bf16", *llm.AFFINE]


class Test(llm.Test):
    """The file of the kernels of one op."""

    pipeline, computes, requires, panel = "x86", "computes in its x86 kernels", ("avx2",), None

    def weight(self, name, values, scheme=None, panel=None):
        """Weights come in file order; the pipeline packs them."""
        return super().weight(name, values, scheme, panel)


# ---------------------------------------------------------------------------------------------------------------------
# Rows in, rows out
# ---------------------------------------------------------------------------------------------------------------------


def embedding():
    test = Test("embedding")
    tokens = test.indices(10, 0, 7, 8, 3, 3)
    for scheme in SCHEMES:
        table = llm.weight_values(test, scheme, 11, 64 if scheme in ("f16", "q5_1") else 32)
        kind = test.weight(f"table_{scheme}", table, scheme)
        test.begin(f"embedding_{scheme}", "The first row, the last, those beside the end of a panel, and one twice.")
        tokens_type = test.rows("tokens", tokens)
        test.reference(f"table_{scheme}", kind)
        test.add(f"%result = llm.embedding %tokens, %table_{scheme} : {tokens_type},")
        test.add(f"  {kind}")
        test.expect("result", table[tokens], exact=True)
        test.end()
    return test


def select_rows():
    test = Test("select_rows")
    values = test.normal(5, 16)
    for name, rows in ("several", test.indices(4, 0, 4)), ("one", test.indices(2)):
        test.begin(name, "Rows in any order; fewer of them than workers, too.")
        input_type = test.rows("input", values)
        rows_type = test.rows("rows", rows)
        test.add(f"%result = llm.select_rows %input, %rows : {input_type}, {rows_type}")
        test.expect("result", values[rows], exact=True)
        test.end()
    return test


def add():
    test = Test("add")
    lhs, rhs = test.normal(5, 16), test.normal(5, 16)
    lhs[1, 1], rhs[1, 1] = 16777216, 1  # rounds to even in f32
    test.begin("add", "One f32 rounding for each sum.")
    kind = test.rows("lhs", lhs)
    test.rows("rhs", rhs)
    test.add(f"%result = llm.add %lhs, %rhs : {kind}")
    test.expect("result", lhs + rhs, exact=True)
    test.end()
    test.begin("static_rows", "The number of rows may be static, and an operand used twice.")
    test.constant("lhs", lhs)
    test.add(f"%result = llm.add %lhs, %lhs : {llm.tensor_type(lhs)}")
    test.expect("result", lhs + lhs, dynamic=False, exact=True)
    test.end()
    return test


def add_bias():
    test = Test("add_bias")
    for columns in 40, 21, 3:
        values, bias = test.normal(5, columns), test.normal(columns)
        values[1, 1], bias[1] = 16777216, 1  # rounds to even in f32
        kind = test.weight(f"bias_{columns}", bias)
        for rows in (5, 1) if columns == 21 else (5,):
            test.begin(f"add_bias_{columns}_rows_{rows}", "Whole vectors and a part of one.")
            input_type = test.rows("input", values[:rows])
            test.reference(f"bias_{columns}", kind)
            test.add(f"%result = llm.add_bias %input, %bias_{columns} : {input_type}, {kind}")
            test.expect("result", values[:rows] + bias, exact=True)
            test.end()
    return test


def scale():
    test = Test("scale")
    for columns, factor in (40, 0.1), (21, -12.0), (3, 0.0):
        values = test.normal(5, columns)
        for rows in (5, 1) if columns == 21 else (5,):
            test.begin(f"scale_{columns}_rows_{rows}", "Whole vectors and a part of one.")
            input_type = test.rows("input", values[:rows])
            test.add(f"%result = llm.scale %input {{factor = {factor} : f32}} : {input_type}")
            test.expect("result", values[:rows] * np.float32(factor), exact=True)
            test.end()
    return test


def rms_norm():
    test = Test("rms_norm")
    values, weight = test.normal(5, 40), test.normal(40)
    values[1] = 0
    values[2] *= 1000
    values[3] *= np.float32(1e-3)
    kind = test.weight("weight", weight)
    for name, rows, epsilon in ("epsilon_1e_5", 5, 1e-5), ("epsilon_1e_2", 5, 1e-2), ("one_row", 1, 1e-5):
        test.begin(name, "Ordinary rows, a zero row, a large row, and one that epsilon dominates.")
        input_type = test.rows("input", values[:rows])
        test.reference("weight", kind)
        test.add(f"%result = llm.rms_norm %input, %weight {{epsilon = {epsilon:.1e} : f32}} : {input_type}, {kind}")
        test.expect("result", llm.rms_norm_of(values[:rows], weight, epsilon))
        test.end()
    return test


def add_rms_norm():
    test = Test("add_rms_norm")
    values, residual, weight = test.normal(5, 40), test.normal(5, 40) * 10, test.normal(40)
    residual[1] = -values[1]
    kind = test.weight("weight", weight)
    for name, rows in ("five_rows", 5), ("one_row", 1):
        test.begin(name, "Both results; the second row's sum is zero.")
        input_type = test.rows("input", values[:rows])
        test.rows("residual", residual[:rows])
        test.reference("weight", kind)
        test.add("%sum, %normed = llm.add_rms_norm %input, %residual, %weight {epsilon = 1.0e-5 : f32}")
        test.add(f"  : {input_type}, {kind}")
        test.expect("sum", values[:rows] + residual[:rows], exact=True)
        test.expect("normed", llm.rms_norm_of(values[:rows] + residual[:rows], weight, 1e-5))
        test.end()
    return test


def quantize_rows():
    test = Test("quantize_rows")
    values = test.normal(5, 64)
    values[1, :32] = 0
    values[1, 32:] *= np.float32(1e4)
    values[2, 40] = 3000  # leaves few bits to its block
    # The scale is a power of two here, so that halves are exact: ties go to even.
    values[2, :32] = np.arange(32) / 2
    values[3, :32] = -np.arange(32) / 2
    values[4, :32] *= np.float32(1e-42)  # too small for a scale
    for precision, greatest in llm.LARGEST.items():
        values[2, 31], values[3, 31] = greatest, -greatest
        for name, rows in ("five_rows", values), ("one_row", values[:1]):
            test.begin(f"{precision}_{name}",
                       "Zero blocks, a large one, one with an outlier, ties of both signs, and none with a scale.")
            llm.quantize(test, test.rows("input", rows), precision)
            test.add(f"%result = check.convert %rounded : {llm.rounded_type(rows, precision)}")
            test.add(f"  to {llm.tensor_type(rows, dynamic=True)}")
            test.expect("result", llm.round_to(rows, precision), exact=True)
            test.end()
    llm.short_floats(test)
    return test


# ---------------------------------------------------------------------------------------------------------------------
# Products
# ---------------------------------------------------------------------------------------------------------------------


def activations(test, rows, columns, precision):
    """The lines of a product's input; returns its name, its type, and the values that it stands for."""
    values = test.normal(rows, columns)
    if precision == "f32":
        return "input", test.rows("input", values), values
    # An outlier, so that rounding the activations moves the result by more than the tolerance.
    values[:, 5] = np.resize([300, -200, 100], rows)
    input_type = test.rows("input", values)
    llm.quantize(test, input_type, precision)
    return "rounded", llm.rounded_type(values, precision), llm.round_to(values, precision)


def linear():
    test = Test("linear")

    def case(scheme, shape, rows, precision):
        weight = llm.weight_values(test, scheme, *shape)
        name = f"{scheme}_{shape[0]}x{shape[1]}_{precision}"
        kind = test.weight(name, weight, scheme)
        for count in rows:
            test.begin(f"linear_{name}_rows_{count}", "Whole panels and a rest, tiles of rows and a rest.")
            source, input_type, values = activations(test, count, shape[1], precision)
            test.reference("weight", kind)
            test.lines[-1] = test.lines[-1].replace("@weight", f"@{name}")
            test.add(f"%result = llm.linear %{source}, %weight : {input_type},")
            test.add(f"  {kind}")
            test.expect("result", llm.product(values, weight))
            test.end()

    for scheme in SCHEMES:
        case(scheme, (12, 64), (5,), "f32")
    for precision in "int16", "int8":
        for scheme in llm.AFFINE:
            case(scheme, (12, 64), (5,), precision)
    for precision in "f16", "bf16":
        for scheme in "f32", "q4_1", "bf16":
            case(scheme, (12, 64), (5,), precision)
    # The last panel is full, or all there is.
    case("q4_1", (16, 32), (1, 4), "int16")
    case("q5_0", (4, 32), (1, 5), "int16")
    case("f16", (3, 32), (1, 9), "f32")
    # One row takes four, two or one panel at a time.
    case("q8_0", (36, 32), (1, 9), "f32")
    case("f32", (20, 32), (1, 9), "f32")
    case("q4_0", (28, 32), (1, 9), "f32")
    case("q5_1", (20, 32), (1, 9), "int16")
    return test


def float_products():
    """Tiles of floats: up to 6 rows that read the packed weights, 6 or 8 that read unpacked ones, chunks of 256 columns."""
    test = Test("float_products")
    test.lines[0] = ("// What products with arithmetic in floats compute in their x86 kernels, against NumPy. Written by "
                     "expected.py; change\n// that, and run it again.")

    def cases(scheme, shape, rows, comment, precision="f32"):
        weight = llm.weight_values(test, scheme, *shape)
        name = f"{scheme}_{shape[0]}x{shape[1]}_{precision}"
        kind = test.weight(name, weight, scheme)
        for count in rows:
            test.begin(f"{name}_rows_{count}", comment)
            source, input_type, values = activations(test, count, shape[1], precision)
            test.reference(name, kind)
            test.add(f"%result = llm.linear %{source}, %{name} : {input_type},")
            test.add(f"  {kind}")
            test.expect("result", llm.product(values, weight))
            test.end()

    every = "Every tile of few rows, and what many leave beside whole tiles."
    cases("f32", (36, 32), (*range(1, 10), 13, 17, 27), every)
    cases("f16", (20, 32), (2, 3, 5, 6, 25, 64, 65), every)
    cases("bf16", (20, 32), (1, 4, 7, 26), every)
    cases("f32", (12, 32), (130,), "More rows than one unpacked chunk serves.")
    cases("q4_1", (36, 32), (2, 3, 8, 14), "Weights that are dequantised are unpacked for two rows on.")
    cases("f16", (36, 288), (4, 26), "A chunk of columns and a rest; four panels and one that is not full.")
    cases("f32", (12, 288), (27,), "Activations are widened chunk by chunk.", "f16")
    cases("bf16", (68, 32), (3, 25), "Whole units of work, and a rest.", "bf16")
    gate, up = (llm.weight_values(test, scheme, 20, 32) for scheme in ("f16", "f32"))
    kinds = test.weight("gate", gate, "f16"), test.weight("up", up, "f32")
    for count in 1, 4, 6, 29:
        test.begin(f"gated_linear_rows_{count}", "Two weights of different kinds in one tile.")
        source, input_type, values = activations(test, count, 32, "f32")
        for name, kind in zip(("gate", "up"), kinds):
            test.reference(name, kind)
        test.add(f"%result = llm.gated_linear %{source}, %gate, %up {{function = #llm.activation<silu>}}")
        test.add(f"  : {input_type}, {kinds[0]},")
        test.add(f"    {kinds[1]}")
        test.expect("result", llm.silu(llm.product(values, gate)) * llm.product(values, up))
        test.end()
    return test


def qkv():
    test = Test("qkv")
    weights = {}
    for name, rows, scheme in ("query_weight", 20, "q4_1"), ("key_weight", 8, "q4_0"), ("value_weight", 4, "q8_0"):
        values_of = llm.weight_values(test, scheme, rows, 64)
        weights[name] = values_of, test.weight(name, values_of, scheme)
    for precision in "f32", "int16":
        for count in 1, 5:
            test.begin(f"qkv_{precision}_rows_{count}", "Three schemes; fewer key and value heads than query heads.")
            source, input_type, values = activations(test, count, 64, precision)
            for name, (_, kind) in weights.items():
                test.reference(name, kind)
            test.add(f"%query, %key, %value = llm.qkv %{source}, %query_weight, %key_weight, %value_weight")
            kinds = [kind for _, kind in weights.values()]
            test.add(f"  : {input_type}, {kinds[0]},")
            test.add(f"    {kinds[1]},")
            test.add(f"    {kinds[2]}")
            for name, weight in zip(("query", "key", "value"), weights.values()):
                test.expect(name, llm.product(values, weight[0]))
            test.end()
    return test


def k_quants():
    """The ops that read weights, with K-quants: several panels, and several tiles of one."""
    test = Test("k_quants")
    test.lines[0] = ("// What ops compute in their x86 kernels where their weights are K-quants, against NumPy. Written by "
                     "expected.py;\n// change that, and run it again.")
    weights = {}
    for scheme, shape in (("q2_K", (3, 512)), ("q3_K", (2, 512)), ("q4_K", (9, 256)), ("q5_K", (2, 512)),
                          ("q6_K", (9, 256))):
        values_of = llm.weight_values(test, scheme, *shape)
        weights[scheme] = values_of, test.weight(scheme, values_of, scheme)
    for scheme, (weight, kind) in weights.items():
        test.begin(f"embedding_{scheme}", "The last row and the first.")
        tokens = test.indices(len(weight) - 1, 0)
        tokens_type = test.rows("tokens", tokens)
        test.reference(scheme, kind)
        test.add(f"%result = llm.embedding %tokens, %{scheme} : {tokens_type},")
        test.add(f"  {kind}")
        test.expect("result", weight[tokens], exact=True)
        test.end()
        for precision in "f32", "int16", "int8":
            test.begin(f"linear_{scheme}_{precision}", "A tile of rows and a rest.")
            source, input_type, values = activations(test, 5, weight.shape[1], precision)
            test.reference(scheme, kind)
            test.add(f"%result = llm.linear %{source}, %{scheme} : {input_type},")
            test.add(f"  {kind}")
            test.expect("result", llm.product(values, weight))
            test.end()
    test.begin("gated_linear", "Gate and up in different schemes.")
    source, input_type, values = activations(test, 5, 256, "int16")
    (gate, gate_kind), (up, up_kind) = weights["q4_K"], weights["q6_K"]
    test.reference("q4_K", gate_kind)
    test.reference("q6_K", up_kind)
    test.add(f"%result = llm.gated_linear %{source}, %q4_K, %q6_K {{function = #llm.activation<silu>}}")
    test.add(f"  : {input_type}, {gate_kind},")
    test.add(f"    {up_kind}")
    test.expect("result", llm.silu(llm.product(values, gate)) * llm.product(values, up))
    test.end()
    return test


def gated_activation():
    test = Test("gated_activation")
    gate, up = test.normal(5, 16), test.normal(5, 16)
    gate[1] = [0, -0.5, 20, -20, 87, -87, -700, 88.5, -88.5, 600, -600, 1e-3, -1e-3, 1e-20, 5, -5]
    test.begin("silu", "Small and large numbers of both signs; exp overflows f32, and underflows.")
    kind = test.rows("gate", gate)
    test.rows("up", up)
    test.add(f"%result = llm.gated_activation %gate, %up {{function = #llm.activation<silu>}} : {kind}")
    test.expect("result", llm.silu(gate) * up)
    test.end()
    return test


def gated_linear():
    test = Test("gated_linear")
    for schemes, precisions in (("q4_1", "q5_0"), ("f32", "int16")), (("q8_0", "bf16"), ("f32",)):
        pair = "_".join(schemes)
        weights = [llm.weight_values(test, scheme, 20, 64) for scheme in schemes]
        kinds = [test.weight(f"{name}_{pair}", weight, scheme)
                 for name, weight, scheme in zip(("gate", "up"), weights, schemes)]
        for precision in precisions:
            for count in 1, 5:
                test.begin(f"gated_linear_{pair}_{precision}_rows_{count}", "Gate and up in different schemes.")
                source, input_type, values = activations(test, count, 64, precision)
                for name, kind in zip(("gate", "up"), kinds):
                    test.reference(f"{name}_{pair}", kind)
                test.add(f"%result = llm.gated_linear %{source}, %gate_{pair}, %up_{pair} "
                         "{function = #llm.activation<silu>}")
                test.add(f"  : {input_type}, {kinds[0]},")
                test.add(f"    {kinds[1]}")
                gate, up = (llm.product(values, weight) for weight in weights)
                test.expect("result", llm.silu(gate) * up)
                test.end()
    return test


def many_rows():
    """Products of bytes of so many rows that weights are unpacked to memory and multiplied in tiles of rows."""
    test = Test("many_rows")
    test.lines[0] = ("// What products of many rows of bytes are in x86 kernels, against NumPy and few rows. Written by "
                     "expected.py;\n// change that, and run it again.")

    def begin(name, comment, schemes, shape, rows):
        """Weights, and a function that reads them, with input of all rows; returns what `multiply` takes."""
        weights = {}
        for number, scheme in enumerate(schemes):
            values = llm.weight_values(test, scheme, *shape)
            weights[f"{name}_{number}"] = values, test.weight(f"{name}_{number}", values, scheme)
        test.begin(name, comment)
        values = np.round(test.normal(rows, shape[1]), 1)
        values[:, 5] = np.resize(np.float32([300, -200, 100]), rows)
        test.rows("input", values)
        for own, (_, kind) in weights.items():
            test.reference(own, kind)
        return llm.round_to(values, "int8"), [(own, kind, weight) for own, (weight, kind) in weights.items()]

    def select(name, source, columns, indices):
        """Some rows of others; returns their type."""
        kind = f"tensor<?x{columns}xf32>"
        rows_type = test.rows(f"{name}_rows", indices)
        test.add(f"%{name} = llm.select_rows %{source}, %{name}_rows : {kind}, {rows_type}")
        return kind

    def multiply(result, source, columns, weights, attributes=""):
        """One weight, or those of gate and up."""
        kind = llm.tensor_type(np.empty((1, columns), np.float32), dynamic=True)
        llm.quantize(test, kind, "int8", source, f"{result}_input")
        op = "linear" if len(weights) == 1 else "gated_linear"
        function = "" if op == "linear" else f" {{function = #llm.activation<silu>{attributes}}}"
        operands = ", ".join(f"%{name}" for name in [f"{result}_input", *(own for own, _, _ in weights)])
        test.add(f"%{result} = llm.{op} {operands}{function}")
        test.add(f"  : tensor<?x{columns}xi8, #llm.blocked<columns = 32>>,")
        for number, (_, kind, _) in enumerate(weights, 1):
            test.add(f"    {kind}" + ("," if number < len(weights) else ""))

    def expected_of(values, weights):
        products = [llm.product(values, weight) for _, _, weight in weights]
        return np.asarray(products[0] if len(weights) == 1 else llm.silu(products[0]) * products[1], np.float32)

    def compare(name, values, weights, counts):
        """The last rows of the input, as many as `counts` say; 8 rows alone have the bits that they have among all."""
        expected = expected_of(values, weights)
        test.rows(name, expected)
        (most, columns), outputs = values.shape, expected.shape[1]
        for count in counts:
            indices = test.indices(*range(most - count, most))
            select(f"{name}_{count}_source", "input", columns, indices)
            multiply(f"{name}_{count}", f"{name}_{count}_source", columns, weights)
            kind = select(f"{name}_{count}_expected", name, outputs, indices)
            test.add(f"check.expect_close %{name}_{count}, %{name}_{count}_expected {llm.TOLERANCE} : {kind}, {kind}")
        few = test.indices(0, 1, most // 2, *range(most - 5, most))
        select(f"{name}_few_source", "input", columns, few)
        multiply(f"{name}_few", f"{name}_few_source", columns, weights)
        kind = select(f"{name}_same", f"{name}_{most}", outputs, few)
        test.add(f"check.expect_equal %{name}_few, %{name}_same : {kind}, {kind}")

    for name, comment, scheme, shape, counts in (
            ("q4_0", "Two columns of panels; whole tiles and groups of rows, and a rest.", "q4_0", (32, 64),
             (9, 15, 16, 17, 31, 32, 33, 64, 65)),
            ("q4_1", "One column of panels, one block.", "q4_1", (16, 32), (16, 33)),
            ("q5_1", "A column of one panel.", "q5_1", (8, 64), (17,)),
            ("q8_0", "Signed weights; more blocks than a chunk has.", "q8_0", (16, 544), (16,))):
        values, weights = begin(name, comment, [scheme], shape, max(counts))
        compare("result", values, weights, counts)
        test.end()

    values, weights = begin("rest", "A part of a panel beside a column.", ["q4_0"], (20, 32), 17)
    multiply("result", "input", 32, weights)
    test.expect("result", expected_of(values, weights))
    test.end()

    values, weights = begin("gated", "Two weights of a kind.", ["q4_0", "q4_0"], (16, 64), 33)
    compare("result", values, weights, (16, 33))
    test.end()

    values, weights = begin("k_quants", "Sub-blocks of a block and of half of one, with minimums and without; both kinds "
                            "in one product.", ["q4_K", "q6_K", "q2_K"], (16, 256), 17)
    for name, *own in ("q4_K", weights[0]), ("q6_K", weights[1]), ("q2_K", weights[2]), ("gated", *weights[:2]):
        compare(name, values, own, (16, 17))
    test.end()

    values, weights = begin("rounded", "Results that are rounded where they are computed.", ["q4_1", "q8_0"], (64, 32), 33)
    multiply("result", "input", 32, weights)
    test.expect("result", expected_of(values, weights))
    multiply("fused", "input", 32, weights, ", rounding = #llm.precision<int8>")
    llm.quantize(test, "tensor<?x64xf32>", "int8", "result", "separate")
    for name in "fused", "separate":
        test.add(f"%{name}_values = check.convert %{name} : tensor<?x64xi8, #llm.blocked<columns = 32>>")
        test.add("  to tensor<?x64xf32>")
    test.add("check.expect_equal %fused_values, %separate_values : tensor<?x64xf32>, tensor<?x64xf32>")
    test.end()
    return test


# ---------------------------------------------------------------------------------------------------------------------
# Attention
# ---------------------------------------------------------------------------------------------------------------------


def rope():
    test = Test("rope")
    positions = test.indices(0, 1, 7, 1000, 8191)
    for pairing in "interleaved", "halves":
        for head_dim, heads, base in (16, 3, 1e4), (32, 2, 1e5):
            values = test.normal(len(positions), heads * head_dim)
            test.begin(f"{pairing}_{head_dim}", "Positions from the first to far ones, several heads.")
            input_type = test.rows("input", values)
            positions_type = test.rows("positions", positions)
            test.add(f"%result = llm.rope %input, %positions {{base = {base:.1e} : f64, head_dim = {head_dim} : i64,")
            test.add(f"  pairing = #llm.pairing<{pairing}>}} : {input_type}, {positions_type}")
            test.expect("result", llm.rotated(values, positions, head_dim, base, pairing))
            test.end()
    return test


def kv_numbers(test, *shape):
    """Numbers of a KV memory, short since there are many."""
    return np.round(test.normal(*shape), 1).astype(np.float16)


def begin_append(test, kv, layer, keys, values, positions, sequences):
    """The lines of an append; returns the types of the memory and of the indices, and the numbers after it."""
    kind = llm.begin_kv(test, kv)
    rows_type = test.rows("keys", keys)
    test.rows("values", values)
    index_type = test.rows("positions", positions)
    test.rows("sequences", sequences)
    test.add(f"%layer = arith.constant {layer} : index")
    test.add("%after = llm.kv_append %kv[%layer], %keys, %values, %positions, %sequences")
    test.add(f"  : {kind}, {rows_type}, {index_type}")
    return kind, index_type, llm.appended(kv, layer, keys, values, positions, sequences)


def kv_append():
    test = Test("kv_append")
    kv = kv_numbers(test, 2, 2, 2, 3, 2, 16)
    keys, values = test.normal(4, 32), test.normal(4, 32)
    keys[0, 0], values[0, 1] = 1 + 2**-11, 1 + 3 * 2**-11  # ties, which go to even
    positions, sequences = test.indices(0, 2, 1, 1), test.indices(1, 0, 0, 1)
    bytes_kv = llm.byte_numbers(test, 2, 2, 2, 3, 2, 16)
    for name, comment, layer, kv, (keys, values) in (
            ("layer_0", "Two sequences in one call, rounded to f16; all else stays.", 0, kv, (keys, values)),
            ("layer_1", "Two sequences in one call, rounded to f16; all else stays.", 1, kv, (keys, values)),
            ("bytes", "Rounded to i8 with a scale for each head.", 1, bytes_kv,
             llm.kv_append_in_bytes(test, bytes_kv))):
        test.begin(name, comment)
        kind, _, after = begin_append(test, kv, layer, keys, values, positions, sequences)
        test.add(f"%result = check.convert %after : {kind} to {llm.tensor_type(after)}")
        test.constant("expected", after)
        test.add(f"check.expect_equal %result, %expected : {llm.tensor_type(after)}, {llm.tensor_type(after)}")
        test.end()
    return test


def rope_kv_append():
    test = Test("rope_kv_append")
    for rows in 1, 5:
        llm.rope_kv_append_test(test, kv_numbers(test, 2, 2, 2, 5, 2, 32), 4, rows)
    llm.rope_kv_append_test(test, llm.byte_numbers(test, 2, 2, 2, 5, 2, 32), 4, 5)
    return test


def attention():
    test = Test("attention")

    def attend(memory, kind, index_type, queries, kv, layer, positions, sequences, scale):
        queries_type = test.rows("queries", queries)
        test.add(f"%result = llm.attention %queries, %{memory}[%layer], %positions, %sequences "
                 f"{{scale = {scale} : f32}}")
        test.add(f"  : {queries_type}, {kind}, {index_type}")
        test.expect("result", llm.attended(queries, kv, layer, positions, sequences, scale))
        test.end()

    def case(name, comment, kv, queries, layer, positions, sequences, scale):
        test.begin(name, comment)
        kind = llm.begin_kv(test, kv)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add(f"%layer = arith.constant {layer} : index")
        attend("kv", kind, index_type, queries, kv, layer, positions, sequences, scale)

    positions, sequences = test.indices(0, 4, 6, 2, 3), test.indices(0, 0, 0, 1, 1)
    kv = kv_numbers(test, 2, 2, 2, 7, 2, 16)
    case("grouped_heads", "Two sequences of different lengths; three query heads to each key head; the second layer.",
         kv, test.normal(5, 96), 1, positions, sequences, 0.25)
    case("one_to_one", "As many query heads as key heads; large scores, of which the largest wins.", kv,
         test.normal(5, 32) * 100, 0, positions, sequences, 1.5)
    hidden = kv_numbers(test, 2, 1, 2, 7, 1, 16)
    hidden[:, :, 1, 4:] = np.nan
    case("hidden_positions", "What lies behind a row's position does not matter, not even a NaN.", hidden,
         test.normal(5, 32), 0, positions, sequences, 0.25)
    case("two_pages", "The last position of a page, the first of the next, and those after it.",
         kv_numbers(test, 2, 1, 2, 67, 1, 16), test.normal(5, 32), 0, test.indices(63, 64, 66, 65, 62),
         test.indices(0, 0, 0, 1, 1), 0.25)
    case("head_of_64", "A head of many vectors, and one row.", kv_numbers(test, 2, 1, 1, 9, 1, 64), test.normal(1, 64),
         0, test.indices(8), test.indices(0), 0.125)

    for heads, kv_heads, head_dim in (8, 1, 32), (8, 2, 8), (3, 1, 128), (2, 2, 80):
        case(f"heads_{heads}_over_{kv_heads}_of_{head_dim}",
             "Heads that fill tiles of three and not, of whole groups of vectors and not.",
             kv_numbers(test, 2, 1, 1, 3, kv_heads, head_dim), test.normal(2, heads * head_dim), 0, test.indices(1, 2),
             test.indices(0, 0), 0.125)
    for name, comment, numbers, rows in (
            ("few_rows", "Rows that are divided into spans of 4 pages, with one and with two of them.",
             kv_numbers(test, 2, 1, 1, 259, 1, 8), [(0, position) for position in (254, 255, 256, 258)]),
            ("many_rows", "The same in tiles of 4 rows: some go on to a second span, one row is left beside them.",
             kv_numbers(test, 2, 1, 1, 259, 1, 8), [(0, position) for position in range(250, 259)]),
            ("many_sequences", "Tiles of 4 rows, of one sequence or not, from one page to the next.",
             kv_numbers(test, 2, 1, 3, 67, 1, 8),
             [(0, 62), (0, 63), (0, 64), (0, 65), (1, 0), (2, 63), (2, 64), (0, 66), (1, 64)]),
            ("sequences_in_turn", "Tiles whose first and last row are of one sequence, and others between.",
             kv_numbers(test, 2, 1, 2, 67, 1, 8),
             [(sequence, position) for position in range(62, 67) for sequence in (0, 1)][:9])):
        case(name, comment, numbers, test.normal(len(rows), 24), 0, test.indices(*[position for _, position in rows]),
             test.indices(*[sequence for sequence, _ in rows]), 0.25)

    for length, rows in (7, test.indices(0, 4, 6)), (67, test.indices(62, 63, 64, 66)), (259, test.indices(255, 258)):
        case(f"bytes_{length}_positions", "Keys and values in i8, whose scales are factors of scores and weights.",
             llm.byte_numbers(test, 2, 1, 1, length, 1, 16), test.normal(len(rows), 48), 0, rows,
             test.indices(*[0] * len(rows)), 0.25)

    # A step: the rows of a prompt are stored, then each sees itself and those before it.
    for name, first, length in ("after_append", 1, 5), ("after_append_to_next_page", 62, 66):
        kv = kv_numbers(test, 2, 1, 1, length, 1, 16)
        kv[:, :, :, first:] = np.nan
        keys, values = test.normal(4, 16), test.normal(4, 16)
        positions, sequences = test.indices(*range(first, first + 4)), test.indices(0, 0, 0, 0)
        test.begin(name, "Keys and values are read back as they were stored, in f16.")
        kind, index_type, after = begin_append(test, kv, 0, keys, values, positions, sequences)
        attend("after", kind, index_type, test.normal(4, 32), after, 0, positions, sequences, 0.25)
    return test


# ---------------------------------------------------------------------------------------------------------------------
# Results that are rounded where they are computed
# ---------------------------------------------------------------------------------------------------------------------


def rounding():
    """Each op with `rounding` has the bits of the op without it, rounded by llm.quantize_rows, and is near NumPy's."""
    test = Test("rounding")
    test.lines[0] = ("// What ops with `rounding` compute in their x86 kernels, against llm.quantize_rows and NumPy. "
                     "Written by expected.py;\n// change that, and run it again.")

    def expect_rounded(precision, op, operands, types, columns, expected, results=("result",)):
        exact = f"tensor<?x{columns}xf32>"
        expected = np.asarray(expected, np.float32)
        for name, attribute in ("plain", ""), ("rounded", f"rounding = #llm.precision<{precision}>"):
            first, *rest = operands
            text = ", ".join(filter(None, [*rest, attribute]))
            names = ", ".join(f"%{name}_{result}" for result in results)
            test.add(f"{names} = llm.{op} {first} {{{text}}}")
            test.add(f"  : {types}")
        llm.quantize(test, exact, precision, f"plain_{results[-1]}", "quantized")
        kind, element = llm.rounded_type(expected, precision), "f32"
        if precision in llm.LARGEST:
            for name, source in ("separate", "quantized"), ("result", f"rounded_{results[-1]}"):
                test.add(f"%{name} = check.convert %{source} : {kind}")
                test.add(f"  to {exact}")
            kind = exact
            test.add(f"check.expect_equal %result, %separate : {exact}, {exact}")
            unit = float(np.abs(expected).max() / llm.LARGEST[precision] * 1.01)
        else:
            test.add(f"check.expect_equal %rounded_{results[-1]}, %quantized : {kind}, {kind}")
            element = precision
            unit = float(np.abs(expected).max() * 1e-6)  # what exp makes of numbers far below 0
        # One unit: a result that NumPy rounds otherwise by a hair may be rounded to its neighbour.
        rounded = llm.round_to(expected, precision)
        test.constant("result_expected", rounded.astype(np.float16) if precision == "f16" else rounded, element)
        actual = "result" if precision in llm.LARGEST else f"rounded_{results[-1]}"
        relative = {"f16": 1.0e-3, "bf16": 8.0e-3}.get(precision, 1.0e-5)
        test.add(f"check.expect_close %{actual}, %result_expected {{atol = {unit:.3e} : f64, rtol = {relative:.1e} : f64}}")
        test.add(f"  : {kind}, {llm.tensor_type(rounded, element)}")

    values, residual, norm = test.normal(5, 64), test.normal(5, 64), test.normal(64)
    values[1] = 0
    norm_type = test.weight("norm", norm)
    for op, precision in itertools.product(("rms_norm", "add_rms_norm"), PRECISIONS):
        test.begin(f"rounded_{op}_{precision}", "Ordinary rows and a zero row.")
        input_type = test.rows("input", values)
        test.reference("norm", norm_type)
        if op == "rms_norm":
            expect_rounded(precision, op, ("%input, %norm", "epsilon = 1.0e-5 : f32"), f"{input_type}, {norm_type}", 64,
                           llm.rms_norm_of(values, norm, 1e-5))
        else:
            test.rows("residual", residual)
            expect_rounded(precision, op, ("%input, %residual, %norm", "epsilon = 1.0e-5 : f32"), f"{input_type}, {norm_type}", 64,
                           llm.rms_norm_of(values + residual, norm, 1e-5), ("sum", "result"))
        test.end()

    gate, up = (llm.weight_values(test, scheme, 64, 32) for scheme in ("q4_1", "q8_0"))
    kinds = [test.weight(name, weight, scheme) for name, weight, scheme in (("gate", gate, "q4_1"),
                                                                              ("up", up, "q8_0"))]
    for precision, result in ("f32", "int16"), ("int16", "int16"), ("int8", "int8"), ("f16", "f16"), ("int16", "bf16"):
        for count in 1, 6:
            test.begin(f"rounded_gate_{precision}_{result}_rows_{count}",
                       "Two blocks of results, single rows and a tile of them.")
            source, input_type, rows = activations(test, count, 32, precision)
            for name, kind in zip(("gate", "up"), kinds):
                test.reference(name, kind)
            expect_rounded(result, "gated_linear", (f"%{source}, %gate, %up", "function = #llm.activation<silu>"),
                           f"{input_type}, {kinds[0]},\n    {kinds[1]}", 64,
                           llm.silu(llm.product(rows, gate)) * llm.product(rows, up))
            test.end()

    kv, positions, sequences = kv_numbers(test, 2, 1, 2, 7, 1, 64), test.indices(0, 4, 6, 2), test.indices(0, 0, 0, 1)
    queries = test.normal(4, 128)
    for precision in PRECISIONS:
        test.begin(f"rounded_attention_{precision}", "Two heads of two blocks each.")
        kind = llm.begin_kv(test, kv)
        index_type = test.rows("positions", positions)
        test.rows("sequences", sequences)
        test.add("%layer = arith.constant 0 : index")
        queries_type = test.rows("queries", queries)
        expect_rounded(precision, "attention",
                       ("%queries, %kv[%layer], %positions, %sequences", "scale = 0.125 : f32"),
                       f"{queries_type}, {kind}, {index_type}", 128,
                       llm.attended(queries, kv, 0, positions, sequences, 0.125))
        test.end()

    gate_bias, up_bias = test.normal(64), test.normal(64)
    bias_kinds = [test.weight(name, bias) for name, bias in (("gate_bias", gate_bias), ("up_bias", up_bias))]
    test.begin("rounded_gate_biases", "Biases are added before results are rounded.")
    source, input_type, rows = activations(test, 6, 32, "int16")
    for name, kind in zip(("gate", "up", "gate_bias", "up_bias"), kinds + bias_kinds):
        test.reference(name, kind)
    expect_rounded("int16", "gated_linear", (f"%{source}, %gate, %up gate_bias %gate_bias up_bias %up_bias",
                                    "function = #llm.activation<silu>"),
                   f"{input_type}, {kinds[0]},\n    {kinds[1]}", 64,
                   llm.silu(llm.product(rows, gate) + gate_bias) * (llm.product(rows, up) + up_bias))
    test.end()
    return test


TESTS = [embedding, select_rows, add, add_bias, scale, rms_norm, add_rms_norm, quantize_rows, linear, float_products,
         k_quants, qkv, gated_activation, gated_linear, many_rows, rope, kv_append, rope_kv_append, attention, rounding]

if __name__ == "__main__":
    llm.write(TESTS, FOLDER, __doc__)
