"""The small random models that every tensor type and odd shape is tried on: their names, and how they are made."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import make_random_model  # noqa: E402

TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
# A vocabulary that is no multiple of the 8 rows of a panel; grouped heads.
SHAPE = ["--hidden", "256", "--layers", "2", "--heads", "4", "--kv-heads", "2", "--ffn", "512", "--vocab", "1003"]


def typed(*types):
    return [word for kind in types for word in ("--type", kind)]


MODELS = {name: [*SHAPE, *typed(name)] for name in TYPES} | {
    "mixed": [*SHAPE, *typed("Q4_0", "attn_v=F16", "ffn_down=Q6_K", "attn_q=Q8_0")],
    "mixed-k": [*SHAPE, *typed("Q4_K", "attn_q=Q2_K", "attn_k=Q3_K", "attn_v=Q6_K", "ffn_up=Q5_K", "ffn_down=Q6_K",
                               "token_embd=Q6_K")],
    # Layers of different types, all thirteen in one model.
    "all-types": [*SHAPE, "--layers", "3", "--untied",
                  *typed("Q4_K", "blk.0.attn_q=Q2_K", "blk.0.attn_k=Q3_K", "blk.0.attn_output=Q5_K", "blk.0.ffn_gate=Q6_K",
                         "blk.0.ffn_up=F16", "blk.0.ffn_down=BF16", "blk.1.attn_q=F32", "blk.1.attn_k=Q4_0",
                         "blk.1.attn_v=Q4_1", "blk.1.attn_output=Q5_0", "blk.1.ffn_gate=Q5_1", "blk.1.ffn_up=Q8_0",
                         "token_embd=Q6_K", "output=Q5_1")],
    "untied": [*SHAPE, "--untied", *typed("Q8_0")],
    "five-heads": ["--hidden", "320", "--layers", "2", "--heads", "5", "--kv-heads", "1", "--ffn", "736", "--vocab", "515",
                   *typed("Q4_1")],
    "five-pairs": ["--hidden", "320", "--layers", "2", "--heads", "5", "--kv-heads", "5", "--ffn", "736", "--vocab", "515",
                   "--untied", *typed("Q4_0", "token_embd=Q8_0")],
    "narrow": ["--hidden", "96", "--layers", "2", "--heads", "3", "--kv-heads", "1", "--ffn", "416", "--vocab", "301",
               *typed("BF16")],
    # Biases of all products and of some; the factors of granite, all of them and two with biases.
    "biases": [*SHAPE, "--bias", "*", *typed("Q4_1", "attn_v=F16", "ffn_down=Q8_0")],
    "some-biases": [*SHAPE, "--bias", "attn_[qv]", "--bias", "ffn_up", *typed("Q4_0")],
    "granite": [*SHAPE, "--architecture", "granite", *typed("Q4_1")],
    "granite-biases": [*SHAPE, "--untied", "--bias", "*", "--architecture", "granite", "--embedding-scale", "0",
                       "--attention-scale", "0", "--residual-scale", "0.5", "--logit-scale", "0.5", *typed("F16")],
}


def make(name, folder):
    """Writes model `name` into `folder` and returns its path."""
    model = Path(folder) / f"{name}.gguf"
    make_random_model.main([str(model), *MODELS[name]])
    return model
