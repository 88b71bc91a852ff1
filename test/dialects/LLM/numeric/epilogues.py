#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric tests of what products do with their sums: biases and scales.

As expected.py, whose formulas it takes. Each result is near what NumPy says, and has the bits of the ops one after
another: the product, rounded to f32, the sum with the bias, the product with the scale.
`epilogues.py` writes the tests beside itself; `epilogues.py --check` says whether they are up to date.
"""

import importlib.util
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent


def load(name, path):
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


llm = load("llm_expected", FOLDER / "expected.py")


def expect_same(test, name, other, columns):
    """The bits of two values of the test are the same."""
    test.add(f"check.expect_equal %{name}, %{other} : tensor<?x{columns}xf32>, tensor<?x{columns}xf32>")


def linear_epilogue_tests(test, source, values, shape, rounded=None):
    """Cases of a bias, a scale and both: near NumPy's results, and with the bits of separate ops. `source` makes the
    input from `values`, and returns its name and type; it stands for `rounded`."""
    name = f"epilogue_{shape[0]}"
    weight, bias = llm.weight_values(test, "q4_1", *shape), test.normal(shape[0])
    kind, bias_kind = test.weight(name, weight, "q4_1", panel=test.panel), test.weight(f"bias_{shape[0]}", bias)
    exact = llm.product(values if rounded is None else rounded, weight)
    rows = f"tensor<?x{shape[0]}xf32>"
    for case, has_bias, factor in ("bias", True, None), ("scale", False, 0.1), ("bias_and_scale", True, -1.7):
        test.begin(f"{case}_{shape[0]}_rows_{len(values)}", "In this order, each rounded to f32: product, bias, scale.")
        operand, input_type = source(values)
        test.reference(name, kind)
        if has_bias:
            test.reference(f"bias_{shape[0]}", bias_kind)
        text = f" bias %bias_{shape[0]}" if has_bias else ""
        text += f" {{scale = {factor} : f32}}" if factor else ""
        test.add(f"%result = llm.linear %{operand}, %{name}{text}")
        test.add(f"  : {input_type}, {kind}")
        expected = exact + bias if has_bias else exact
        test.expect("result", expected * np.float32(factor) if factor else expected)
        test.add(f"%product = llm.linear %{operand}, %{name} : {input_type}, {kind}")
        last = "product"
        if has_bias:
            test.add(f"%biased = llm.add_bias %{last}, %bias_{shape[0]} : {rows}, {bias_kind}")
            last = "biased"
        if factor:
            test.add(f"%scaled = llm.scale %{last} {{factor = {factor} : f32}} : {rows}")
            last = "scaled"
        expect_same(test, "result", last, shape[0])
        test.end()


def linear_epilogue():
    test = llm.Test("linear_epilogue")
    test.describe("What llm.linear with a bias or a scale computes")
    linear_epilogue_tests(test, lambda values: ("input", test.rows("input", values)), test.normal(3, 32), (11, 32))
    return test


def biases_of(test, names, sizes):
    """A bias for each projection; each is a weight of the module."""
    biases = {name: test.normal(size) for name, size in zip(names, sizes)}
    return biases, {name: test.weight(f"{name}_bias", bias) for name, bias in biases.items()}


def qkv_bias_tests(test, source, values, sizes, rounded=None):
    """Cases of some biases and all: near NumPy's results, and with the bits of separate ops. As above."""
    names, columns = ("query", "key", "value"), values.shape[1]
    weights = {name: llm.weight_values(test, scheme, size, columns)
               for name, scheme, size in zip(names, ("q4_1", "q4_0", "q8_0"), sizes)}
    kinds = {name: test.weight(f"{name}_weight", weights[name], scheme, panel=test.panel)
             for name, scheme in zip(names, ("q4_1", "q4_0", "q8_0"))}
    biases, bias_kinds = biases_of(test, names, sizes)
    for chosen in ("key",), ("query", "value"), names:
        test.begin("_".join(chosen) + f"_rows_{len(values)}", "Each projection has its own bias, or none.")
        operand, input_type = source(values)
        for name in names:
            test.reference(f"{name}_weight", kinds[name])
        for name in chosen:
            test.reference(f"{name}_bias", bias_kinds[name])
        text = "".join(f" {name}_bias %{name}_bias" for name in chosen)
        test.add(f"%query, %key, %value = llm.qkv %{operand}, %query_weight, %key_weight, %value_weight{text}")
        test.add(f"  : {input_type}, {kinds['query']},")
        test.add(f"    {kinds['key']},")
        test.add(f"    {kinds['value']}")
        for name, size in zip(names, sizes):
            exact = llm.product(values if rounded is None else rounded, weights[name])
            test.expect(name, exact + biases[name] if name in chosen else exact)
            test.add(f"%{name}_product = llm.linear %{operand}, %{name}_weight : {input_type}, {kinds[name]}")
            if name in chosen:
                test.add(f"%{name}_biased = llm.add_bias %{name}_product, %{name}_bias")
                test.add(f"  : tensor<?x{size}xf32>, {bias_kinds[name]}")
            expect_same(test, name, f"{name}_biased" if name in chosen else f"{name}_product", size)
        test.end()


def qkv_bias():
    test = llm.Test("qkv_bias")
    test.describe("What llm.qkv with biases computes")
    qkv_bias_tests(test, lambda values: ("input", test.rows("input", values)), test.normal(3, 32), (12, 4, 4))
    return test


def gated_linear_bias_tests(test, source, values, rows, rounded=None):
    """Cases of one bias and both: near NumPy's results, and with the bits of separate ops. As above."""
    names, columns = ("gate", "up"), values.shape[1]
    weights = {name: llm.weight_values(test, scheme, rows, columns) for name, scheme in zip(names, ("q4_1", "q5_0"))}
    kinds = {name: test.weight(f"{name}_weight", weights[name], scheme, panel=test.panel)
             for name, scheme in zip(names, ("q4_1", "q5_0"))}
    biases, bias_kinds = biases_of(test, names, (rows, rows))
    kind = f"tensor<?x{rows}xf32>"
    for chosen in ("gate",), ("up",), names:
        test.begin("_".join(chosen) + f"_rows_{len(values)}", "Biases are added before the activation.")
        operand, input_type = source(values)
        for name in names:
            test.reference(f"{name}_weight", kinds[name])
        for name in chosen:
            test.reference(f"{name}_bias", bias_kinds[name])
        text = "".join(f" {name}_bias %{name}_bias" for name in chosen)
        test.add(f"%result = llm.gated_linear %{operand}, %gate_weight, %up_weight{text}")
        test.add("  {function = #llm.activation<silu>}")
        test.add(f"  : {input_type}, {kinds['gate']},")
        test.add(f"    {kinds['up']}")
        sums = {}
        for name in names:
            sums[name] = llm.product(values if rounded is None else rounded, weights[name])
            test.add(f"%{name}_product = llm.linear %{operand}, %{name}_weight : {input_type}, {kinds[name]}")
            if name in chosen:
                sums[name] = sums[name] + biases[name]
                test.add(f"%{name}_biased = llm.add_bias %{name}_product, %{name}_bias : {kind}, {bias_kinds[name]}")
        test.expect("result", llm.silu(sums["gate"]) * sums["up"])
        projections = ", ".join(f"%{name}_biased" if name in chosen else f"%{name}_product" for name in names)
        test.add(f"%separate = llm.gated_activation {projections} {{function = #llm.activation<silu>}} : {kind}")
        expect_same(test, "result", "separate", rows)
        test.end()


def gated_linear_bias():
    test = llm.Test("gated_linear_bias")
    test.describe("What llm.gated_linear with biases computes")
    gated_linear_bias_tests(test, lambda values: ("input", test.rows("input", values)), test.normal(3, 32), 11)
    return test


TESTS = [linear_epilogue, qkv_bias, gated_linear_bias]

if __name__ == "__main__":
    llm.write(TESTS, FOLDER, __doc__)
