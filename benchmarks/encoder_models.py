# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models for the comparison of encoders: one matrix product alone, and all-MiniLM-L6-v2 from its safetensors file.

The package of the model has no ONNX file, so its graph is written here, as exporters write it: the runners find the patterns
that they fuse. `reference` computes the same in NumPy, so that a wrong graph is noticed. All is f32.
"""
import json
import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9  # LayerNormalization came with 17; both are read by every runner of today


def read_safetensors(path):
    """{name: array} of a safetensors file; the numbers are not copied."""
    data = np.memmap(path, np.uint8, "r")
    size = int(data[:8].view("<u8")[0])
    types = {"F32": np.float32, "I64": np.int64}
    return {name: data[8 + size + about["data_offsets"][0]:8 + size + about["data_offsets"][1]]
            .view(types[about["dtype"]]).reshape(about["shape"])
            for name, about in json.loads(bytes(data[8:8 + size])).items() if name != "__metadata__"}


class Graph:
    """Nodes and constants, each named by its output."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, op, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        inputs = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def dense(self, x, weight, bias):
        """`weight` is [outputs, inputs], as torch has it."""
        return self.add("Add", self.add("MatMul", x, weight.T), bias)

    def save(self, path, inputs, output, shape):
        """`inputs` is {name: (type, shape)}."""
        graph = helper.make_graph(
            self.nodes, "encoder", [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def write_product(path, rows, inputs, outputs):
    """[rows, inputs] times a constant [inputs, outputs]."""
    graph = Graph()
    weight = np.random.default_rng(1).standard_normal((inputs, outputs), np.float32) * np.float32(inputs ** -0.5)
    result = graph.add("MatMul", "x", weight)
    graph.save(path, {"x": (TensorProto.FLOAT, [rows, inputs])}, result, [rows, outputs])


class MiniLM:
    """The weights and sizes of the model in `folder`."""

    def __init__(self, folder):
        config = json.loads(Path(folder, "config.json").read_text())
        self.weights = read_safetensors(Path(folder, "model.safetensors"))
        self.layers, self.heads, self.hidden, self.epsilon = (
            config[key] for key in ("num_hidden_layers", "num_attention_heads", "hidden_size", "layer_norm_eps"))

    def of(self, name):
        """Weight and bias of a part."""
        return self.weights[name + ".weight"], self.weights[name + ".bias"]

    def embedding_offsets(self, tokens):
        """What is added to each token's embedding: its position's and that of the first segment."""
        return (self.weights["embeddings.position_embeddings.weight"][:tokens]
                + self.weights["embeddings.token_type_embeddings.weight"][0])

    def products(self, tokens):
        """Operations of the matrix products, attention's included, for one text."""
        dense = sum(weight.size for name, weight in self.weights.items()
                    if name.startswith("encoder.layer") and weight.ndim == 2)
        return 2 * tokens * dense + 4 * self.layers * tokens * tokens * self.hidden


def write_minilm(path, model, tokens):
    """Ids [1, tokens] to the text's embedding [1, hidden]."""
    graph, width = Graph(), model.hidden // model.heads

    def norm(x, name):
        return graph.add("LayerNormalization", x, *model.of(name), axis=-1, epsilon=model.epsilon)

    def heads(x, order):
        shape = np.array([1, tokens, model.heads, width])
        return graph.add("Transpose", graph.add("Reshape", x, shape), perm=order)

    x = graph.add("Gather", model.weights["embeddings.word_embeddings.weight"], "ids")
    x = norm(graph.add("Add", x, model.embedding_offsets(tokens)), "embeddings.LayerNorm")
    for layer in range(model.layers):
        name = f"encoder.layer.{layer}."
        query, key, value = (graph.dense(x, *model.of(f"{name}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = graph.add("MatMul", heads(query, [0, 2, 1, 3]), heads(key, [0, 2, 3, 1]))
        shares = graph.add("Softmax", graph.add("Div", scores, np.float32(math.sqrt(width))), axis=-1)
        mixed = graph.add("Transpose", graph.add("MatMul", shares, heads(value, [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        mixed = graph.add("Reshape", mixed, np.array([1, tokens, model.hidden]))
        mixed = graph.dense(mixed, *model.of(f"{name}attention.output.dense"))
        x = norm(graph.add("Add", mixed, x), f"{name}attention.output.LayerNorm")
        inner = graph.dense(x, *model.of(f"{name}intermediate.dense"))
        erf = graph.add("Erf", graph.add("Div", inner, np.float32(math.sqrt(2))))
        inner = graph.add("Mul", graph.add("Mul", inner, graph.add("Add", erf, np.float32(1))),
                          np.float32(0.5))
        x = norm(graph.add("Add", graph.dense(inner, *model.of(f"{name}output.dense")), x), f"{name}output.LayerNorm")
    mean = graph.add("ReduceMean", x, axes=[1], keepdims=0)
    result = graph.add("Div", mean, graph.add("ReduceL2", mean, axes=[1], keepdims=1))
    graph.save(path, {"ids": (TensorProto.INT64, [1, tokens])}, result, [1, model.hidden])


def reference(model, ids):
    """The embedding of one text's ids, by NumPy."""
    def dense(x, name):
        weight, bias = model.of(name)
        return x @ weight.T + bias

    def norm(x, name):
        weight, bias = model.of(name)
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + model.epsilon) * weight + bias

    def heads(x):
        return x.reshape(len(ids), model.heads, -1).transpose(1, 0, 2)

    erf = np.vectorize(math.erf, otypes=[np.float32])
    x = norm(model.weights["embeddings.word_embeddings.weight"][ids] + model.embedding_offsets(len(ids)),
             "embeddings.LayerNorm")
    for layer in range(model.layers):
        name = f"encoder.layer.{layer}."
        query, key, value = (heads(dense(x, f"{name}attention.self.{part}")) for part in ("query", "key", "value"))
        shares = query @ key.transpose(0, 2, 1) / math.sqrt(model.hidden // model.heads)
        shares = np.exp(shares - shares.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(x.shape)
        x = norm(x + dense(mixed, f"{name}attention.output.dense"), f"{name}attention.output.LayerNorm")
        inner = dense(x, f"{name}intermediate.dense")
        x = norm(x + dense(inner * (1 + erf(inner / math.sqrt(2))) / 2, f"{name}output.dense"), f"{name}output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)
