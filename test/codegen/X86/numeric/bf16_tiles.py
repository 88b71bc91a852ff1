#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric test of products of bf16, which AMX adds in an order of its own.

16 rows or more go in tiles of 16, four tiles of sums at a time, the last tile earlier where there are fewer rows; 256 rows
share an unpacked chunk of 256 columns. 32 output rows fill two tiles, 16 one, 8 half of one. Fewer rows, and weights of
other types, are multiplied by vectors.

Tolerances are what f32 sums may lose in any order: an addition of n numbers has n - 1 roundings of at most 2^-24, so for K
columns K 2^-24 sum |a| |w|, the largest of all results. No number here is near the denormals, which tiles take for zero.
`bf16_tiles.py` writes the test beside itself; `bf16_tiles.py --check` says whether it is up to date.
"""

import importlib.util
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
SPECIFICATION = importlib.util.spec_from_file_location("x86_expected", FOLDER / "expected.py")
x86 = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(x86)
llm = x86.llm

DISTINCT = 5


def bound(values, weight):
    return values.shape[1] * 2.0**-24 * np.abs(values).astype(np.float64) @ np.abs(weight).astype(np.float64).T


class Tiles(x86.Test):
    def __init__(self):
        super().__init__("bf16_tiles")
        self.lines[0] = ("// What products of bf16 compute in x86 kernels, against NumPy. Written by bf16_tiles.py; change "
                         "that, and run it\n// again.")

    def make_weight(self, name, rows, columns, scheme="bf16", step=1):
        """Integers of 8 bits times a power of two: exact, and short to write."""
        values = (self.random.randint(-255, 256, (rows, columns)) * step).astype(np.float32)
        return name, values, self.weight(name, values, scheme)

    def make_rows(self, columns):
        """A few rows, and what they are once they are rounded to bf16."""
        values = self.normal(DISTINCT, columns)
        return values, llm.round_to(values, "bf16")

    def begin_rows(self, name, comment, values, weights, **expected):
        """A function with these rows, and what is expected of them."""
        self.begin(name, comment)
        self.rows("distinct", values)
        for result, rows in expected.items():
            self.rows(f"distinct_{result}", np.asarray(rows, np.float32))
        for weight_name, _, kind in weights:
            self.reference(weight_name, kind)

    def choose(self, count, columns, **expected):
        """`count` of these rows, rounded, and what is expected of them, under names with the number behind."""
        chosen = self.indices(*self.random.randint(0, DISTINCT, count))
        rows_kind = self.rows(f"rows_{count}", chosen)
        kind = f"tensor<?x{columns}xf32>"
        self.add(f"%input_{count} = llm.select_rows %distinct, %rows_{count} : {kind}, {rows_kind}")
        llm.quantize(self, kind, "bf16", f"input_{count}", f"rounded_{count}")
        for name, rows in expected.items():
            kind = f"tensor<?x{rows.shape[1]}xf32>"
            if rows.shape[1] % 8 == 0:
                self.add(f"%expected_{name}_{count} = llm.select_rows %distinct_{name}, %rows_{count} : {kind}, {rows_kind}")
            else:  # The kernel of select_rows takes whole vectors.
                self.rows(f"expected_{name}_{count}", np.asarray(rows[chosen], np.float32))

    def expect_near(self, name, rows, tolerance):
        """As wide as the largest of `tolerance`; what is not sums loses less than 1e-6."""
        kind = f"tensor<?x{rows.shape[1]}xf32>"
        self.add(f"check.expect_close %{name}, %expected_{name} {{atol = {tolerance.max():.3e} : f64, rtol = 1.0e-6 : f64}}")
        self.add(f"  : {kind}, {kind}")


def linear(test, rows, columns, counts, comment):
    name, weight, kind = test.make_weight(f"w_{rows}x{columns}", rows, columns)
    given, values = test.make_rows(columns)
    expected = llm.product(values, weight)
    test.begin_rows(f"linear_{rows}x{columns}", comment, given, [(name, weight, kind)], result=expected)
    for count in counts:
        test.choose(count, columns, result=expected)
        test.add(f"%result_{count} = llm.linear %rounded_{count}, %{name}")
        test.add(f"  : tensor<?x{columns}xbf16>, {kind}")
        test.expect_near(f"result_{count}", expected, bound(values, weight))
    test.end()


def gated_linear(test, rows, columns, schemes, counts, comment):
    name = f"{'_'.join(schemes)}_{rows}x{columns}"
    # Gates of about 1, so that their function matters.
    weights = [test.make_weight(f"{part}_{name}", rows, columns, scheme, 2.0**-9)
               for part, scheme in zip(("gate", "up"), schemes)]
    given, values = test.make_rows(columns)
    gate, up = (llm.product(values, weight) for _, weight, _ in weights)
    # silu changes by less than 1.1 times what its argument does.
    gate_error, up_error = (bound(values, weight) for _, weight, _ in weights)
    tolerance = 1.1 * gate_error * np.abs(up) + np.abs(llm.silu(gate)) * up_error
    expected = llm.silu(gate) * up
    test.begin_rows(f"gated_linear_{name}", comment, given, weights, result=expected)
    for count in counts:
        test.choose(count, columns, result=expected)
        test.add(f"%result_{count} = llm.gated_linear %rounded_{count}, %{weights[0][0]}, %{weights[1][0]}"
                 " {function = #llm.activation<silu>}")
        test.add(f"  : tensor<?x{columns}xbf16>, {weights[0][2]},\n    {weights[1][2]}")
        test.expect_near(f"result_{count}", expected, tolerance)
    test.end()


def qkv(test, schemes, counts):
    columns, parts = 64, ("query", "key", "value")
    weights = [test.make_weight(f"{part}_weight", rows, columns, scheme)
               for part, rows, scheme in zip(parts, (40, 8, 16), schemes)]
    given, values = test.make_rows(columns)
    expected = {part: llm.product(values, weight) for part, (_, weight, _) in zip(parts, weights)}
    test.begin_rows("qkv", "Each of three products has tiles if its weight is bf16.", given, weights, **expected)
    for count in counts:
        test.choose(count, columns, **expected)
        results = ", ".join(f"%{part}_{count}" for part in parts)
        test.add(f"{results} = llm.qkv %rounded_{count}, {', '.join(f'%{name}' for name, _, _ in weights)}")
        kinds = ",\n    ".join(kind for _, _, kind in weights)
        test.add(f"  : tensor<?x{columns}xbf16>, {kinds}")
        for part, (_, weight, _) in zip(parts, weights):
            test.expect_near(f"{part}_{count}", expected[part], bound(values, weight))
    test.end()


def rounded(test, rows, columns, counts):
    """Biases, then integers of 32 columns that share a scale: NumPy's, or the next ones where it rounds by a hair."""
    parts = "gate", "up"
    weights = [test.make_weight(f"rounded_{part}", rows, columns, "bf16", 2.0**-9) for part in parts]
    biases = []
    for part in parts:
        bias = test.normal(rows)
        biases.append((f"{part}_bias", bias, test.weight(f"{part}_bias", bias)))
    given, values = test.make_rows(columns)
    gate, up = (llm.product(values, weight) + bias for (_, weight, _), (_, bias, _) in zip(weights, biases))
    exact = (llm.silu(gate) * up).astype(np.float32)
    expected = llm.round_to(exact, "int8")
    test.begin_rows("gated_linear_rounded", "Biases, and results that are rounded to integers where they are made.", given,
                    [*weights, *biases], result=expected)
    for count in counts:
        test.choose(count, columns, result=expected)
        test.add(f"%bytes_{count} = llm.gated_linear %rounded_{count}, %{weights[0][0]}, %{weights[1][0]} gate_bias "
                 f"%gate_bias up_bias %up_bias")
        test.add("  {function = #llm.activation<silu>, rounding = #llm.precision<int8>}")
        test.add(f"  : tensor<?x{columns}xbf16>, {weights[0][2]},\n    {weights[1][2]}")
        test.add(f"%result_{count} = check.convert %bytes_{count} : {llm.rounded_type(exact, 'int8')}")
        test.add(f"  to tensor<?x{rows}xf32>")
        test.expect_near(f"result_{count}", expected, 1.01 * np.abs(exact) / llm.LARGEST["int8"])
    test.end()


def bf16_tiles():
    test = Tiles()
    linear(test, 68, 96, (15, 16, 17, 31, 33, 48, 65), "Two tiles of output rows twice, half of one and less than that.")
    linear(test, 48, 32, (16, 80, 130), "One tile of output rows, as many of rows as have room.")
    linear(test, 8, 288, (16, 100), "Half a tile of output rows; a chunk of columns and a rest.")
    linear(test, 32, 544, (257, 272, 300), "More rows than share a chunk: one, a tile, and some more are left.")
    gated_linear(test, 24, 64, ("bf16", "bf16"), (16, 40), "Half a tile of each weight.")
    gated_linear(test, 64, 32, ("bf16", "bf16"), (33, 130), "A tile of each weight.")
    gated_linear(test, 32, 64, ("bf16", "f16"), (20,), "Weights that are multiplied together all have to be bf16.")
    qkv(test, ("bf16", "f32", "bf16"), (9, 37))
    rounded(test, 64, 32, (16, 300))
    return test


if __name__ == "__main__":
    llm.write([bf16_tiles], FOLDER, __doc__)
