# Part of hone, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One run of a program made by hone, of a peer, or of the compiler, each in a process of its own, as figures."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

FIRST_TOKENS = 16  # as `hone bench` has it
# What llama-bench is asked for beyond sizes and threads. These are its defaults (flash attention by its "auto"), stated so
# that another version's cannot change what is compared: the prompt in one batch, keys and values in f16 as hone has them,
# weights repacked for this CPU. Without flash attention both measurements were a tenth slower.
LLAMA_OPTIONS = ["-b", "2048", "-ub", "512", "-fa", "on", "-ctk", "f16", "-ctv", "f16", "--repack", "1"]


class Refused(Exception):
    """A peer does not take the model; the text says why."""


def fail(message):
    print(f"compare_generation: error: {message}", file=sys.stderr)
    sys.exit(1)


def output_of(command, may_refuse=False):
    """The standard output of a command that must succeed; with `may_refuse`, exit status 1 raises Refused."""
    command = [str(part) for part in command]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        fail(f"'{command[0]}' cannot be started: {error.strerror}")
    if result.returncode != 0:
        message = (result.stderr.strip().splitlines() or ["no message"])[-1]
        if may_refuse and result.returncode == 1:
            raise Refused(message)
        fail(f"'{' '.join(command[:2])}' ended with exit status {result.returncode}: {message}")
    return result.stdout


def json_of(command, *keys, may_refuse=False, lines=False):
    """The JSON that a command prints, an object with `keys` or a list of such; with `lines`, one in each line."""
    text = output_of(command, may_refuse)
    try:
        value = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except ValueError:
        fail(f"expected JSON from '{command[0]}', got other text")
    for row in value if isinstance(value, list) else [value]:
        missing = [key for key in keys if key not in row]
        if missing:
            fail(f"expected '{missing[0]}' in the JSON of '{command[0]}', got none")
    return value


def product_weights(model):
    """Weights of a model's matrix products but the last one, which a prompt computes for one token alone; None where the
    package that reads the file is missing or cannot."""
    try:
        import gguf
        return sum(int(tensor.n_elements) for tensor in gguf.GGUFReader(model).tensors
                   if tensor.name.startswith("blk.") and len(tensor.shape) == 2)
    except (ImportError, ValueError):
        return None


def compile_model(hone, model, program, *options):
    """Seconds and peak resident memory of `hone compile`, and what it wrote."""
    command = [str(hone), "compile", str(model), "-o", str(program), *options]
    begin = time.perf_counter()
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except OSError as error:
        fail(f"'{hone}' cannot be started: {error.strerror}; build it with scripts/build")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        fail(f"'{hone} compile {model}' ended with exit status {process.returncode}")
    return {"seconds": seconds, "peak_mb": usage.ru_maxrss * 1024 / 1e6, "program_mb": os.path.getsize(program) / 1e6}


def run_hone(program, library, options):
    """A prompt and a generation, each from an empty context and after one that does not count, and what memory reads; of
    `library`, the same model, the generation of several sequences."""
    result = json_of([program, "bench", "--prompt", options.prompt, "--generate", options.generate, "--threads",
                      options.threads, "--runs", 1, "--json"], "prompt_tokens_per_s", "generate_tokens_per_s",
                     "read_gb_per_s", "weight_bytes_per_token", "first_logits_ms")
    figures = {"prompt": result["prompt_tokens_per_s"]["median"], "generate": result["generate_tokens_per_s"]["median"],
               "read_gb_per_s": result["read_gb_per_s"], "first_logits_ms": result["first_logits_ms"],
               "weight_bytes_per_token": result["weight_bytes_per_token"]}
    if options.sequences:
        script = Path(__file__).resolve().parent / "run_hone_sequences.py"
        figures |= json_of([sys.executable, script, library, "--sequences", options.sequences, "--generate",
                            options.generate, "--threads", options.threads], "sequences")
    return figures


def run_llama(program, model, options):
    """The same of llama-bench."""
    rows = json_of([program, "-m", model, "-t", options.threads, "-p", options.prompt, "-n", options.generate, "-r", 1,
                    *LLAMA_OPTIONS, "-o", "json"], "n_prompt", "n_gen", "avg_ts")
    result = {"prompt" if row["n_prompt"] else "generate": row["avg_ts"] for row in rows}
    if len(result) != 2:
        fail(f"expected a prompt and a generation from '{program}', got {len(result)} figures")
    if options.sequences:
        result["sequences"] = run_llama_sequences(program.parent / "llama-batched-bench", model, options)
    return result


def run_llama_sequences(program, model, options):
    """Tokens per second of several sequences in the same steps, by llama-batched-bench; the first of two does not count."""
    positions = -(-(options.generate + 1) // 256) * 256  # of a sequence; llama.cpp rounds up to this itself
    rows = json_of([program, "-m", model, "-t", options.threads, "-tb", options.threads, "-c",
                    options.sequences * positions, "-npp", 1, "-ntg", options.generate, "-npl",
                    f"{options.sequences},{options.sequences}", *LLAMA_OPTIONS[:-2], "--output-format", "jsonl"],
                   "speed_tg", lines=True)
    if len(rows) != 2:
        fail(f"expected two generations from '{program}', got {len(rows)}")
    return rows[-1]["speed_tg"]


def run_openvino(command, options):
    """The same of run_openvino.py, whose library may not take the model."""
    sizes = ["--prompt", options.prompt, "--generate", options.generate, "--sequences", options.sequences]
    return json_of([*command, *sizes], "prompt", "generate", *(["sequences"] if options.sequences else []),
                   may_refuse=True)


def milliseconds_to_output(command):
    """From just before a process is started until the first byte of its output arrives."""
    begin = time.perf_counter()
    with subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, close_fds=False) as process:
        first = os.read(process.stdout.fileno(), 1)
        end = time.perf_counter()
        process.stdout.read()
    if process.returncode != 0 or not first:
        fail(f"'{' '.join(map(str, command[:2]))}' ended with exit status {process.returncode}")
    return (end - begin) * 1e3


def start_hone(program, tokens, options):
    """A prompt of FIRST_TOKENS tokens (in the file `tokens`) to the first token of the answer."""
    return milliseconds_to_output([program, "generate-tokens", "--tokens", tokens, "--max-tokens", 1, "--threads",
                                   options.threads])


def start_llama(program, model, options):
    """llama-bench prints a line of JSON when it has evaluated the prompt, without an evaluation before it."""
    return milliseconds_to_output([program, "-m", model, "-t", options.threads, "-p", FIRST_TOKENS, "-n", 0, "-r", 1,
                                   "--no-warmup", *LLAMA_OPTIONS, "-o", "jsonl"])
