# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Logits of OpenVINO GenAI's own reading of a GGUF file, for measure_kl.py."""
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
from run_openvino import PRECISIONS


class OpenVINO:
    """OpenVINO with the `logits` method of a Program. `precision` is one of run_openvino.py's.

    The pipeline gives tokens alone. It can save the model that it makes of a GGUF file, which OpenVINO then runs with the
    same properties; attention is the plain one for each precision.
    """

    def __init__(self, model, precision, threads):
        import openvino
        import openvino_genai
        with tempfile.TemporaryDirectory(prefix="hone-openvino-") as folder:
            link = Path(folder, "model.gguf")
            link.symlink_to(Path(model).resolve())
            openvino_genai.LLMPipeline(str(link), "CPU", enable_save_ov_model=True)
            properties = {name: value for name, value in PRECISIONS[precision].items() if name != "ATTENTION_BACKEND"}
            if threads:
                properties["INFERENCE_NUM_THREADS"] = threads
            core = openvino.Core()
            compiled = core.compile_model(str(Path(folder, "openvino_model.xml")), "CPU", properties)
            self.request = compiled.create_infer_request()
        self.name = f"OpenVINO GenAI {openvino_genai.__version__}, precision {precision}"

    def logits(self, tokens, vocab, threads=None):
        self.request.reset_state()
        count = len(tokens)
        result = self.request.infer({"input_ids": np.array([tokens], np.int64),
                                     "attention_mask": np.ones((1, count), np.int64),
                                     "position_ids": np.arange(count, dtype=np.int64)[None],
                                     "beam_idx": np.zeros(1, np.int32)})
        return np.array(result["logits"][0])
