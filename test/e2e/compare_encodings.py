"""Compiles a small random model of every tensor type, shape and kind of layer, and compares it with the reference.

  compare_encodings.py --compile "hone compile" --folder DIR [--models Q4_0,mixed]
"""
import argparse
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
# A vocabulary that is no multiple of the 8 rows of a panel; grouped heads.
SHAPE = ["--hidden", "256", "--layers", "2", "--heads", "4", "--kv-heads", "2", "--ffn", "512", "--vocab", "1003"]
MODELS = {name: [*SHAPE, "--type", name] for name in TYPES} | {
    "mixed": [*SHAPE, "--type", "Q4_0", "--type", "attn_v=F16", "--type", "ffn_down=Q6_K", "--type", "attn_q=Q8_0"],
    "mixed-k": [*SHAPE, "--type", "Q4_K", "--type", "attn_q=Q2_K", "--type", "attn_k=Q3_K", "--type", "attn_v=Q6_K",
                "--type", "ffn_up=Q5_K", "--type", "ffn_down=Q6_K", "--type", "token_embd=Q6_K"],
    "untied": [*SHAPE, "--type", "Q8_0", "--untied"],
    "five-heads": ["--hidden", "320", "--layers", "2", "--heads", "5", "--kv-heads", "1", "--ffn", "768", "--vocab", "515",
                   "--type", "Q4_1"],
    # Biases of all products and of some; the factors of granite, all of them and two with biases.
    "biases": [*SHAPE, "--type", "Q4_1", "--type", "attn_v=F16", "--type", "ffn_down=Q8_0", "--bias", "*"],
    "some-biases": [*SHAPE, "--type", "Q4_0", "--bias", "attn_[qv]", "--bias", "ffn_up"],
    "granite": [*SHAPE, "--type", "Q4_1", "--architecture", "granite"],
    "granite-biases": [*SHAPE, "--type", "F16", "--untied", "--bias", "*", "--architecture", "granite",
                       "--embedding-scale", "0", "--attention-scale", "0", "--residual-scale", "0.5",
                       "--logit-scale", "0.5"],
}
# (activations of the compiler, bars of compare_logits.py). Integer activations of 16 bits are as good as f32 here.
RUNS = [("f32", "f32"), ("int16", "f32")]
PROMPTS = "english,scripts,digits"


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", required=True, help="the command that compiles, without model and -o")
    parser.add_argument("--folder", type=Path, required=True, help="for models and programs")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated; default: all")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name in arguments.models.split(","):
        model = arguments.folder / f"{name}.gguf"
        status, output = run(sys.executable, HERE.parents[1] / "scripts/make_random_model.py", model, *MODELS[name])
        if status:
            print(f"{name}: the model cannot be made: {output}")
            return 1
        for activations, bars in RUNS:
            program = arguments.folder / f"{name}-{activations}"
            status, output = run(*shlex.split(arguments.compile), model, f"--activations={activations}", "-o", program)
            if not status:
                status, output = run(sys.executable, HERE / "compare_logits.py", "--program", program, "--model", model,
                                     "--activations", bars, "--prompts", PROMPTS, "--max-tokens", 16)
            failures += bool(status)
            print(f"{name} with {activations} activations: {'failed' if status else 'agrees'}")
            if status:
                print(output)
            program.unlink(missing_ok=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
