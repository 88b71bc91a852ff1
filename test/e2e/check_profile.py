# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the times of a profile add up, and prints its kernels by name: check_profile.py BENCH.json"""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    figures = json.load(file)
for name, part in figures["profile"].items():
    lines = [*part["kernels"], part["waiting"], part["between_steps"]]
    if abs(sum(line["us"] for line in lines) / part["us"] - 1) > 1e-3:
        sys.exit(f"{name}: expected times that add up to {part['us']} us, got {sum(line['us'] for line in lines)}")
    print(f"{name}, {part['steps']} steps")
    for kernel in sorted(part["kernels"], key=lambda kernel: kernel["name"]):
        print(f"{kernel['name']} {kernel['calls_per_step']} calls, {kernel['bytes_per_step']} bytes,"
              f" {kernel['operations_per_step']} operations")
# Generation reads the weights that the program states, once in a step; norms' weights are among them.
part = figures["profile"]["generate"]
read = sum(kernel["bytes_per_step"] for kernel in part["kernels"]
           if not kernel["name"].startswith(("attention", "embedding")))
if read != figures["weight_bytes_per_token"]:
    sys.exit(f"expected {figures['weight_bytes_per_token']} bytes of weights, got {read}")
