# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of OpenVINO GenAI on a GGUF file, measured as `hone bench` and llama-bench do, in a process of its own.

Tokens are given as ids. A prompt and a generation, each from an empty context and after one that does not count: all tokens
of the prompt over the seconds of the step that gives the logits after its last, and --generate tokens one by one, the first
from a context of one token, over the seconds of the call. With --sequences, that generation for several at a
time too. Figures are those of the library's own PerfMetrics.

  run_openvino.py MODEL.gguf --threads 2                       as it comes: int8 activations, 8-bit keys and values
  run_openvino.py MODEL.gguf --threads 2 --precision f32       f32 activations, keys and values in f16
  run_openvino.py MODEL.gguf --threads 2 --prompt 16 --first   a line when the first token was chosen, and no more

Exit status: 0; 1 with one line where the library is not there or does not take the model.
"""
import argparse
import json
import sys

# Properties of the pipeline. "f32" takes the plain attention, which has keys and values in f16 as hone and llama.cpp do.
PRECISIONS = {"default": {},
              "f32": {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f16",
                      "ATTENTION_BACKEND": "SDPA"}}


def tokens_of(count, start, vocabulary=256):
    """Ids that every model has; another `start` shares no beginning, so that no cache of prefixes can answer."""
    return [(start * 31 + token * 7) % vocabulary for token in range(count)]


class Runner:
    def __init__(self, options):
        import openvino
        import openvino_genai
        self.openvino, self.genai = openvino, openvino_genai
        self.pipeline = openvino_genai.LLMPipeline(options.model, "CPU", INFERENCE_NUM_THREADS=options.threads,
                                                   **PRECISIONS[options.precision])

    def generate(self, prompts, count):
        """The metrics of `count` greedy tokens after each of `prompts`, lists of ids of one length."""
        inputs = self.openvino.Tensor(self.openvino.Type.i64, self.openvino.Shape([len(prompts), len(prompts[0])]))
        mask = self.openvino.Tensor(self.openvino.Type.i64, inputs.shape)
        inputs.data[:], mask.data[:] = prompts, 1
        config = self.genai.GenerationConfig(max_new_tokens=count, ignore_eos=True, do_sample=False)
        results = self.pipeline.generate(self.genai.TokenizedInputs(inputs, mask), config)
        if any(len(tokens) != count for tokens in results.tokens):
            sys.exit(f"run_openvino: error: expected {count} tokens, got {[len(tokens) for tokens in results.tokens]}")
        return results.perf_metrics.raw_metrics

    def prompt_speed(self, count):
        self.generate([tokens_of(count, 1)], 1)
        return count / (self.generate([tokens_of(count, 2)], 1).token_infer_durations[0] * 1e-6)

    def generate_speed(self, count, sequences):
        """Tokens of all sequences per second."""
        for start in (3, 3 + sequences):
            metrics = self.generate([tokens_of(1, start + sequence) for sequence in range(sequences)], count)
        return count * sequences / (metrics.generate_durations[0] * 1e-6)


def measure(options):
    runner = Runner(options)
    if options.first:
        runner.generate([tokens_of(options.prompt, 1)], 1)
        print("{}", flush=True)
        return
    result = {"version": runner.genai.get_version(), "prompt": runner.prompt_speed(options.prompt),
              "generate": runner.generate_speed(options.generate, 1)}
    if options.sequences:
        result["sequences"] = runner.generate_speed(options.generate, options.sequences)
    print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL.gguf")
    parser.add_argument("--threads", type=int, default=2, help="default 2")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt, default 512")
    parser.add_argument("--generate", type=int, default=128, help="tokens to generate, default 128")
    parser.add_argument("--sequences", type=int, default=0, help="generate for as many at a time, too; default 0: no")
    parser.add_argument("--precision", choices=PRECISIONS, default="default", help="of activations, keys and values")
    parser.add_argument("--first", action="store_true", help="stop after the first token")
    try:
        measure(parser.parse_args())
    except (ImportError, RuntimeError, IndexError) as error:  # IndexError: of the library's own reader of GGUF
        sys.exit("run_openvino: error: " + (str(error).strip().splitlines() or [type(error).__name__])[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
