# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a module of many functions, one of which holds an add_rms_norm."""


def function(name, body):
    return f"""func.func @{name}(%x: tensor<?x32xf32>, %w: tensor<32xf32>) -> tensor<?x32xf32> {{
  {body}
  return %0 : tensor<?x32xf32>
}}"""


for number in range(4):
    print(function(f"before_{number}", "%0 = llm.add %x, %x : tensor<?x32xf32>"))
print(function("interesting", "%0, %1 = llm.add_rms_norm %x, %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, "
                              "tensor<32xf32>"))
for number in range(4):
    print(function(f"after_{number}", "%0 = llm.add %x, %x : tensor<?x32xf32>"))
