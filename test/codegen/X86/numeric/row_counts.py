#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric test of integer products for each number of rows that kernels treat otherwise.

One row, few rows and many have code of their own, at each ISA level for other numbers; many rows come in tiles, whose last
may have rows that do not exist, and in groups of 128. Weights of 32 output rows fill vectors of two panels, 40 leave a
panel, 12 a part of one; 544 columns are more than a chunk of unpacked blocks. The rows of a test are some of a few in
any order, and so are the expected ones, which NumPy computes for these few.
`row_counts.py` writes the test beside itself; `row_counts.py --check` says whether it is up to date.
"""

import importlib.util
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
SPECIFICATION = importlib.util.spec_from_file_location("x86_expected", FOLDER / "expected.py")
x86 = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(x86)
llm = x86.llm

COUNTS = 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 64, 65, 130
FEW_COUNTS = 1, 3, 5, 9, 65
DISTINCT = 5


def short_weight(test, scheme, rows, columns):
    """Values that the scheme represents exactly and that are short to write: integers times powers of two."""
    if scheme in llm.K_QUANTS:
        return llm.weight_values(test, scheme, rows, columns)
    low, high, zero, _ = llm.AFFINE[scheme]
    quants = test.random.randint(low, high + 1, (rows, columns // 32, 32))
    # The ends of the range stand in each block, so that its scale is what it was made with.
    for block in quants.reshape(-1, 32):
        block[test.random.permutation(32)[:2]] = low, high
    scales = 2.0 ** test.random.randint(-1, 2, (rows, columns // 32, 1))
    return (scales * (quants - zero)).reshape(rows, columns).astype(np.float32)


def case(test, name, op, weights, precision, counts, expected_of):
    """A function that multiplies as many rows as each of `counts` says, taken from a few."""
    columns = weights[0][0].shape[1]
    test.begin(name, f"{', '.join(map(str, counts))} rows.")
    values = test.normal(DISTINCT, columns).round(1)
    # An outlier, so that rounding the activations moves the result by more than the tolerance.
    values[:, 5] = np.resize([300, -200, 100], DISTINCT)
    kind = test.rows("distinct", values)
    expected = np.asarray(expected_of(llm.round_to(values, precision)), np.float32)
    expected_kind = test.rows("distinct_expected", expected)
    for weight_name, (_, weight_kind) in zip(("first", "second"), weights):
        test.add(f"%{weight_name} = llm.weight_ref @{weight_kind[0]} : {weight_kind[1]}")
    for count in counts:
        chosen = test.indices(*test.random.randint(0, DISTINCT, count))
        rows_kind = test.rows(f"rows_{count}", chosen)
        test.add(f"%input_{count} = llm.select_rows %distinct, %rows_{count} : {kind}, {rows_kind}")
        llm.quantize(test, kind, precision, f"input_{count}", f"rounded_{count}")
        operands = ", ".join(f"%{weight_name}" for weight_name, _ in zip(("first", "second"), weights))
        attributes = " {function = #llm.activation<silu>}" if op == "gated_linear" else ""
        test.add(f"%result_{count} = llm.{op} %rounded_{count}, {operands}{attributes}")
        kinds = ",\n    ".join(weight_kind for _, (_, weight_kind) in weights)
        test.add(f"  : {llm.rounded_type(values, precision)}, {kinds}")
        if expected.shape[1] % 8 == 0:
            test.add(f"%expected_{count} = llm.select_rows %distinct_expected, %rows_{count} : {expected_kind}, "
                     f"{rows_kind}")
        else:  # The kernel of select_rows takes whole vectors.
            test.rows(f"expected_{count}", expected[chosen])
        test.add(f"check.expect_close %result_{count}, %expected_{count} {llm.TOLERANCE}")
        test.add(f"  : {expected_kind}, {expected_kind}")
    test.end()


def row_counts():
    test = x86.Test("row_counts")
    test.lines[0] = ("// What products of integers compute in x86 kernels for each number of rows, against NumPy.\n"
                     "// Written by row_counts.py; change that, and run it again.")

    def weight(scheme, rows, columns):
        values = short_weight(test, scheme, rows, columns)
        name = f"{scheme}_{rows}x{columns}"
        return values, (name, test.weight(name, values, scheme))

    for scheme, rows, columns, counts in (("q4_0", 40, 64, COUNTS), ("q8_0", 12, 64, FEW_COUNTS),
                                          ("q4_1", 32, 544, FEW_COUNTS)):
        own = weight(scheme, rows, columns)
        for precision in llm.LARGEST:
            case(test, f"linear_{scheme}_{rows}x{columns}_{precision}", "linear", [own], precision, counts,
                 lambda values: llm.product(values, own[0]))
    for schemes, rows, columns in (("q4_0", "q8_0"), 32, 64), (("q4_K", "q6_K"), 16, 256):
        gate, up = (weight(scheme, rows, columns) for scheme in schemes)
        for precision in llm.LARGEST:
            case(test, f"gated_linear_{'_'.join(schemes)}_{precision}", "gated_linear", [gate, up], precision, FEW_COUNTS,
                 lambda values: llm.silu(llm.product(values, gate[0])) * llm.product(values, up[0]))
    return test


if __name__ == "__main__":
    llm.write([row_counts], FOLDER, __doc__)
