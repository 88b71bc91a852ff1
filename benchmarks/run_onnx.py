# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times an ONNX model of one input in ONNX Runtime or OpenVINO, all in f32, in a process of its own. Prints JSON.

  run_onnx.py MODEL.onnx --runner onnxruntime --threads 2 --seconds 0.5

The input is random numbers, or the ids 1000, 1007, ... The figures are microseconds of single runs after some that do not
count: "best" of all and their median. "output" is the beginning of the result.
Exit status: 0; 1 with one line where the library is not there or does not take the model.
"""
import argparse
import json
import statistics
import sys
import time

import numpy as np

BEFORE = 10  # runs that do not count


def open_onnxruntime(path, threads):
    """(a function from an input to the output, input's shape, whether it is ids)"""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    # Bound once: what is measured is the model, not the way of the numbers through Python.
    binding = session.io_binding()

    def run(value):
        binding.bind_cpu_input(entry.name, value)
        binding.bind_output(session.get_outputs()[0].name)
        return lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0]
    return run, entry.shape, "int64" in entry.type


def open_openvino(path, threads):
    import openvino
    core = openvino.Core()
    model = core.compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                                             "INFERENCE_PRECISION_HINT": "f32"})
    request, entry = model.create_infer_request(), model.input(0)

    def run(value):
        request.set_input_tensor(openvino.Tensor(value))
        return request.infer, lambda: request.get_output_tensor().data
    return run, list(entry.shape), entry.element_type == openvino.Type.i64


RUNNERS = {"onnxruntime": open_onnxruntime, "openvino": open_openvino}


def measure(options):
    run, shape, is_ids = RUNNERS[options.runner](options.model, options.threads)
    value = (np.arange(1000, 1000 + 7 * shape[-1], 7).reshape(shape) if is_ids
             else np.random.default_rng(2).standard_normal(shape, np.float32))
    once, output = run(value)
    for _ in range(BEFORE):
        once()
    times, end = [], time.perf_counter() + options.seconds
    while not times or time.perf_counter() < end:
        begin = time.perf_counter()
        once()
        times.append((time.perf_counter() - begin) * 1e6)
    return {"best": min(times), "median": statistics.median(times), "runs": len(times),
            "output": np.ravel(output())[:384].tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.onnx")
    parser.add_argument("--runner", choices=RUNNERS, required=True)
    parser.add_argument("--threads", type=int, default=1, help="default 1")
    parser.add_argument("--seconds", type=float, default=0.5, help="default 0.5")
    options = parser.parse_args()
    try:
        print(json.dumps(measure(options)))
    except Exception as error:  # each library has exceptions of its own
        sys.exit(f"run_onnx: error: {options.runner}: " + (str(error).strip().splitlines() or [type(error).__name__])[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
