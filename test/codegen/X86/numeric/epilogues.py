#!/usr/bin/env python3
# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the numeric tests of what x86 kernels of products do with their sums: biases and scales.

The cases are those of the llm ops, test/dialects/LLM/numeric/epilogues.py, in shapes that cover panels, parts of one,
and tiles of rows.
`epilogues.py` writes the tests beside itself; `epilogues.py --check` says whether they are up to date.
"""

import importlib.util
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent


def load(name, path):
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


x86 = load("x86_expected", FOLDER / "expected.py")
epilogues = load("llm_epilogues", FOLDER.parents[2] / "dialects" / "LLM" / "numeric" / "epilogues.py")
llm = epilogues.llm


def with_precision(test, precision):
    """What makes the input of tests of the llm ops: as it comes, or rounded."""
    def source(values):
        input_type = test.rows("input", values)
        if precision == "f32":
            return "input", input_type
        llm.quantize(test, input_type, precision)
        return "rounded", llm.rounded_type(values, precision)
    return source


def linear_epilogue():
    """Products of one weight for each way to group panels; a part of a panel reads no further than its bias goes."""
    test = x86.Test("linear_epilogue")
    test.describe("What llm.linear with a bias or a scale computes in its x86 kernels")
    for outputs, rows, precision in ((12, 5, "int16"), (36, 1, "f32"), (20, 9, "f32"), (16, 1, "int16"),
                                     (3, 5, "f32")):
        values = test.normal(rows, 32)
        epilogues.linear_epilogue_tests(test, with_precision(test, precision), values, (outputs, 32),
                                  llm.round_to(values, precision))
    return test


def qkv_bias():
    test = x86.Test("qkv_bias")
    test.describe("What llm.qkv with biases computes in its x86 kernels")
    values = test.normal(5, 32)
    epilogues.qkv_bias_tests(test, with_precision(test, "int16"), values, (20, 8, 4), llm.round_to(values, "int16"))
    return test


def gated_linear_bias():
    test = x86.Test("gated_linear_bias")
    test.describe("What llm.gated_linear with biases computes in its x86 kernels")
    # The activation of its own takes whole vectors.
    epilogues.gated_linear_bias_tests(test, with_precision(test, "f32"), test.normal(5, 32), 24)
    return test


TESTS = [linear_epilogue, qkv_bias, gated_linear_bias]

if __name__ == "__main__":
    llm.write(TESTS, FOLDER, __doc__)
