"""Speed of a program beside llama.cpp, on the same model file, interleaved.

Each round runs the program's own `bench` and then llama.cpp (the PyPI package llama-cpp-python, built from its source on
this machine) with as many threads, in a process of its own: a prompt of --prompt tokens in one evaluation, and --generate
tokens one by one, each from an empty context. Prints the medians over the rounds, and their ratio, as Markdown.

  compare_llama_cpp.py --program smollm2 --model SmolLM2-135M-Instruct.Q4_1.gguf [--threads 2] [--rounds 5] [--json]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def run_llama_cpp(options):
    """Runs in a process of its own; prints tokens per second as JSON."""
    import llama_cpp
    context = max(options.prompt, options.generate) + 8
    model = llama_cpp.Llama(options.model, n_ctx=context, n_batch=options.prompt, n_ubatch=min(options.prompt, 512),
                            n_threads=options.threads, n_threads_batch=options.threads, verbose=False)
    tokens = [100 + i * 37 % 40000 for i in range(options.prompt)]
    model.eval(tokens[:8])  # Touches the weights once.
    model.reset()
    start = time.perf_counter()
    model.eval(tokens)
    prompt = options.prompt / (time.perf_counter() - start)
    model.reset()
    model.eval(tokens[:1])
    start = time.perf_counter()
    for token in tokens[1:options.generate + 1]:
        model.eval([token])
    generate = options.generate / (time.perf_counter() - start)
    print(json.dumps({"prompt": prompt, "generate": generate, "version": llama_cpp.__version__}))


def run_program(options):
    command = [options.program, "bench", "--prompt", options.prompt, "--generate", options.generate, "--threads",
               options.threads, "--runs", 1, "--json"]
    result = json.loads(subprocess.run([str(part) for part in command], capture_output=True, check=True).stdout)
    return {"prompt": result["prompt_tokens_per_s"]["median"], "generate": result["generate_tokens_per_s"]["median"],
            "share": result["generate_share_of_read"], "read": result["read_gb_per_s"]}


def cpu_name():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="made by hone from --model")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--llama-cpp-alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.llama_cpp_alone:
        return run_llama_cpp(options)
    if not options.program:
        parser.error("expected --program")
    ours, theirs = [], []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        ours.append(run_program(options))
        result = subprocess.run([sys.executable, *sys.argv, "--llama-cpp-alone"], capture_output=True, check=True)
        theirs.append(json.loads(result.stdout.splitlines()[-1]))
    median = {side: {key: statistics.median(run[key] for run in runs) for key in ("prompt", "generate")}
              for side, runs in (("hone", ours), ("llama.cpp", theirs))}
    share = statistics.median(run["share"] for run in ours)
    if options.json:
        print(json.dumps({"cpu": cpu_name(), "threads": options.threads, "median": median, "share_of_read": share,
                          "hone": ours, "llama.cpp": theirs}, indent=2))
        return
    print(f"{cpu_name()}, {options.threads} threads, {os.path.basename(options.model)}, medians of {options.rounds} rounds\n")
    print(f"| work | hone | llama.cpp (llama-cpp-python {theirs[0]['version']}) | ratio |\n| --- | ---: | ---: | ---: |")
    for key, name in (("prompt", f"prompt of {options.prompt}, tokens/s"),
                      ("generate", f"generation of {options.generate}, tokens/s")):
        print(f"| {name} | {median['hone'][key]:.0f} | {median['llama.cpp'][key]:.0f} | "
              f"{median['hone'][key] / median['llama.cpp'][key]:.2f} |")
    print(f"| generation, share of what memory can read | {share:.0%} | | |")


if __name__ == "__main__":
    main()
