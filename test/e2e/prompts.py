"""The token sequences that programs are judged on, and the tokenizer that makes them, built from the GGUF vocabulary.

`prompts_for(model)` gives named prompts: English, code, several scripts, a chat, a context of about 1,500 tokens,
digits, emoji. `evaluation_for(model)` gives the sections of test/Inputs/evaluation.txt, for a mean KL divergence. A model
without a tokenizer, or whose context is too short, gets seeded random ids or shortened prompts.

  prompts.py MODEL [--name PROMPT]      lists the prompts with their lengths, or prints the ids of one
"""
import argparse
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

INPUTS = Path(__file__).resolve().parent.parent / "Inputs"
CONTROL, USER_DEFINED = 3, 4
ROOM_TO_GENERATE = 64

PROMPTS = {
    "english": "The old lighthouse keeper climbed the stairs one last time, and when he reached the lamp he saw that",
    "one-token": "Once",
    "python": 'def merge_sorted(left: list[int], right: list[int]) -> list[int]:\n    """Merges two sorted lists '
              'into one."""\n    result = []\n    i = j = 0\n    while i < len(left) and j < len(right):\n',
    "c": "#include <stdint.h>\n\n/* Returns the number of bits set in `x`. */\nstatic inline unsigned popcount(uint64_t x) {\n",
    "french": "Il était une fois, dans un village au bord de la mer, une jeune fille qui rêvait de devenir "
              "astronome. Chaque soir, elle",
    "scripts": "Добрый вечер! Γειά σου, κόσμε. 今日はとても寒いですね。你好,世界。안녕하세요 여러분. שלום עולם. "
               "مرحبا بالعالم. नमस्ते दुनिया। สวัสดีชาวโลก",
    "digits": "Q: What is 1234567 + 7654321?\nA: 1234567 + 7654321 = 8888888.\n\nQ: What is 3.14159 * 2, to five "
              "places?\nA: 6.28318.\n\nQ: Solve x^2 - 5x + 6 = 0.\nA: The roots are",
    "emoji": "Review 1: best tacos in town 🌮🔥🔥 10/10 👩‍👩‍👧‍👦 will come again!! 😍\nReview 2: cold food, slow service 😡👎🏽 "
             "never again 🙅‍♀️\nReview 3:",
    "whitespace": "name\t\tquantity\n\n\n   apples  \t 12\r\n   pears       7\n\n\n\ttotal:",
    "chat": "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\nI have 3 apples and buy 4 more. How many do I have?<|im_end|>\n"
            "<|im_start|>assistant\nYou have 7 apples.<|im_end|>\n"
            "<|im_start|>user\nI eat two of them. And now?<|im_end|>\n"
            "<|im_start|>assistant\nNow you have 5 apples.<|im_end|>\n"
            "<|im_start|>user\nWrite a short poem about them.<|im_end|>\n<|im_start|>assistant\n",
    "long-context": INPUTS / "long-context.txt",
}
RANDOM_LENGTHS = {"random-1": 1, "random-2": 2, "random-17": 17, "random-64": 64, "random-300": 300}


class ModelText:
    """Vocabulary size, context length, end-of-text ids and, where the file has one, the tokenizer of a GGUF model."""

    def __init__(self, path):
        reader = GGUFReader(str(path))
        fields = reader.fields
        architecture = fields["general.architecture"].contents()
        self.context = int(fields[f"{architecture}.context_length"].contents())
        self.vocab = int(next(t for t in reader.tensors if t.name == "token_embd.weight").shape[1])
        self.end_ids = {int(fields[key].contents())
                        for key in ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id") if key in fields}
        self.tokenizer = self._tokenizer(fields) if "tokenizer.ggml.model" in fields else None

    @staticmethod
    def _tokenizer(fields):
        """SmolLM's tokenizer: each digit alone, then GPT-2's split and byte-level BPE; special tokens are whole."""
        found = fields["tokenizer.ggml.model"].contents(), fields["tokenizer.ggml.pre"].contents()
        if found != ("gpt2", "smollm"):
            raise ValueError(f"expected a tokenizer ('gpt2', 'smollm'), got {found}")
        tokens = fields["tokenizer.ggml.tokens"].contents()
        types = fields["tokenizer.ggml.token_type"].contents()
        merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
        tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=kind == CONTROL)
                                      for token, kind in zip(tokens, types) if kind in (CONTROL, USER_DEFINED)])
        return tokenizer

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def random_ids(self, length, seed):
        return np.random.default_rng([seed, length]).integers(0, self.vocab, length).tolist()


def prompts_for(model):
    """Prompt name -> token ids, for a model file; no longer than leaves room to generate."""
    text = ModelText(model)
    if text.tokenizer:
        prompts = {name: text.encode(prompt.read_text(encoding="utf-8") if isinstance(prompt, Path) else prompt)
                   for name, prompt in PROMPTS.items()}
    else:
        prompts = {name: text.random_ids(length, seed=1) for name, length in RANDOM_LENGTHS.items()}
    longest = max(1, text.context - ROOM_TO_GENERATE)
    return {name: tokens[:longest] for name, tokens in prompts.items()}


def evaluation_for(model):
    """Section title -> token ids of the evaluation text; each section is read from an empty context."""
    text = ModelText(model)
    if not text.tokenizer:
        return {f"random-{seed}": text.random_ids(min(text.context, 256), seed) for seed in range(2, 10)}
    sections = {}
    for part in (INPUTS / "evaluation.txt").read_text(encoding="utf-8").split("=== ")[1:]:
        title, _, body = part.partition(" ===\n")
        sections[title] = text.encode(body)[:text.context]
    return sections


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--name", help="print this prompt's token ids, as programs read them")
    options = parser.parse_args()
    prompts = prompts_for(options.model)
    if options.name:
        if options.name not in prompts:
            parser.error(f"expected one of {', '.join(prompts)}, got '{options.name}'")
        print(" ".join(map(str, prompts[options.name])))
        return 0
    for name, tokens in prompts.items():
        print(f"{name:20} {len(tokens):6}")
    sections = evaluation_for(options.model)
    for title, tokens in sections.items():
        print(f"{'evaluation: ' + title:45} {len(tokens):6}")
    print(f"{'evaluation, all positions':45} {sum(map(len, sections.values())):6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
