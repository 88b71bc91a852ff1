"""Compares a program's logits and greedy tokens with the reference, prompt by prompt.

For each prompt the program generates up to 64 tokens, and then gives the logits of prompt and continuation together. The
bars are the largest |difference| over the largest |reference logit|, and the mean KL(reference || program).

Greedy tokens cannot be compared by running both sides freely: after one legitimate near-tie the texts differ for good.
So the reference reads the program's own tokens, and at each position gives its opinion of the next one. The program must
agree wherever the reference's two best logits are further apart than twice the difference measured on this prompt (each of
the two may be off by that much). It must also have chosen the first maximum of its own logits, to the bit, because how
the text was cut into steps may not change the result, and it may stop early only at an end-of-text token.

Exit status: 0, every bar held; 1, one was missed or the program failed.

  compare_logits.py --program P --model M [--activations f32|default] [--prompts NAME,NAME] [--json]
"""
import argparse
import json
import os
import sys
import time
from pathlib import Path

# OpenBLAS's threads spin while they wait: on a busy machine, two take ten times as long as one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from divergence import Divergence
from program import Program, ProgramError
from prompts import ROOM_TO_GENERATE, ModelText, prompts_for
from reference_cache import ReferenceCache

# Largest relative difference and largest mean KL of each prompt. With f32 activations what is left is the order of the
# sums (6e-6 and 1e-11 between the reference and llama.cpp over f32 weights and keys, on SmolLM2) and an f16 KV cache
# (2e-3 and 1e-6 at worst). The default activations are judged by measure_kl.py; these bars only catch blunders:
# llama.cpp is at 0.06 and 5e-3 here.
BARS = {"f32": (3e-3, 1e-5), "f16": (5e-3, 1e-4), "bf16": (3e-2, 1e-3), "int8": (6e-2, 1e-2), "default": (0.15, 1e-2)}
ERRORS_SHOWN = 3  # of the greedy tokens of one prompt


def check_greedy(generated, expected, own, bound, end_ids, wanted):
    """`expected` and `own`: the reference's and the program's logits before each generated token and, where it stopped early,
    after the last. Returns the errors, and at how many positions the two differ or could."""
    errors, close = [], 0
    for index, token in enumerate(generated):
        first = int(np.argmax(own[index]))
        if token != first:
            errors.append(f"generated token {index}: expected {first}, the first maximum of the program's own logits, "
                          f"got {token}")
        second_best, best = np.partition(expected[index], -2)[-2:]
        if best - second_best <= 2 * bound:
            close += 1
        elif token != int(np.argmax(expected[index])):
            errors.append(f"generated token {index}: expected {int(np.argmax(expected[index]))}, "
                          f"got {token}; the reference's margin is {best - second_best:.4g}, "
                          f"the difference bound {2 * bound:.4g}")
    if len(generated) > wanted:
        errors.append(f"expected at most {wanted} generated tokens, got {len(generated)}")
    elif len(generated) < wanted and not (generated and generated[-1] in end_ids):
        next_token = int(np.argmax(own[len(generated)]))
        if next_token not in end_ids:
            errors.append(f"expected {wanted} generated tokens or an end of text, got {len(generated)}; "
                          f"the next would be {next_token}")
    return errors, close


def compare_prompt(name, tokens, program, cache, text, bars, options):
    """One prompt's figures and errors."""
    started = time.time()
    wanted = 0 if options.no_greedy else max(0, min(options.max_tokens, text.context - len(tokens)))
    generated = program.greedy(tokens, wanted, options.threads) if wanted else []
    outside = [token for token in generated if not 0 <= token < text.vocab]
    if outside:
        raise ProgramError(f"expected token ids below {text.vocab}, got {outside[0]}")
    sequence = tokens + (generated if len(generated) < wanted else generated[:-1])
    got = program.logits(sequence, text.vocab, options.threads, options.chunk)

    divergence = Divergence()
    last = len(tokens) - 1
    divergence.add(cache.logits(tokens), got[:last + 1])
    prompt_summary = divergence.summary()
    errors, close = [], 0
    if wanted:
        expected = cache.logits(sequence, last)
        divergence.add(expected[1:], got[last + 1:])
        errors, close = check_greedy(generated, expected, got[last:], divergence.max_difference, text.end_ids, wanted)
    if len(errors) > ERRORS_SHOWN:
        errors[ERRORS_SHOWN:] = [f"and {len(errors) - ERRORS_SHOWN} more about the generated tokens"]
    summary = divergence.summary()
    if divergence.not_finite:
        errors.insert(0, f"expected finite logits, got {divergence.not_finite} that are not, the first at position "
                         f"{divergence.worst[0]}, token {divergence.worst[1]}")
    elif summary["relative_difference"] > bars[0]:
        errors.append(f"expected a relative difference of at most {bars[0]:g}, got {summary['relative_difference']:.3g} "
                      f"at position {divergence.worst[0]}, token {divergence.worst[1]}")
    if not divergence.not_finite and summary["mean_kl"] > bars[1]:
        errors.append(f"expected a mean KL of at most {bars[1]:g}, got {summary['mean_kl']:.3g}")
    return {"prompt": name, "tokens": len(tokens), "generated": len(generated), "close_margins": close,
            "prompt_only": prompt_summary, **summary, "seconds": round(time.time() - started, 2), "errors": errors}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="path, or a command line in quotes")
    parser.add_argument("--model", type=Path, required=True, help="the GGUF file that it was compiled from")
    parser.add_argument("--activations", choices=sorted(BARS), default="f32", help="which bars to apply")
    parser.add_argument("--max-difference", type=float, help="bar on the relative difference, instead of the built-in")
    parser.add_argument("--max-kl", type=float, help="bar on each prompt's mean KL, instead of the built-in")
    parser.add_argument("--prompts", help="comma-separated names; all without it (prompts.py lists them)")
    parser.add_argument("--max-tokens", type=int, default=ROOM_TO_GENERATE)
    parser.add_argument("--no-greedy", action="store_true")
    parser.add_argument("--kv", choices=("f32", "f16", "int8"), default="f32",
                        help="the reference rounds keys and values to this, too")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--chunk", type=int)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for each run of the program")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    bars = BARS[options.activations]
    bars = (bars[0] if options.max_difference is None else options.max_difference,
            bars[1] if options.max_kl is None else options.max_kl)
    prompts = prompts_for(options.model)
    names = options.prompts.split(",") if options.prompts else list(prompts)
    if unknown := [name for name in names if name not in prompts]:
        parser.error(f"expected prompts among {', '.join(prompts)}, got '{unknown[0]}'")
    text = ModelText(options.model)
    cache = ReferenceCache(options.model, options.kv)
    program = Program(options.program, options.timeout)

    results = []
    if not options.json:
        print(f"{'prompt':14} {'tokens':>6} {'difference':>11} {'mean KL':>10} {'same 1st':>9} {'greedy':>7} {'close':>6}")
    for name in names:
        try:
            result = compare_prompt(name, prompts[name], program, cache, text, bars, options)
        except ProgramError as error:
            result = {"prompt": name, "tokens": len(prompts[name]), "errors": [str(error)]}
        results.append(result)
        if options.json:
            continue
        if "mean_kl" in result:
            print(f"{name:14} {result['tokens']:6} {result['relative_difference']:11.3e} {result['mean_kl']:10.3e} "
                  f"{result['same_first']:9.2%} {result['generated']:7} {result['close_margins']:6}", flush=True)
        for error in result["errors"]:
            print(f"error: {name}: {error}", flush=True)
    failed = sum(bool(result["errors"]) for result in results)
    if options.json:
        print(json.dumps({"activations": options.activations, "max_difference": bars[0], "max_kl": bars[1],
                          "failed": failed, "prompts": results}, indent=2))
    else:
        print(f"{len(results) - failed} of {len(results)} prompts within {bars[0]:g} (difference) and {bars[1]:g} (mean KL)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
